// The state page: reads the state every few seconds and says so when it cannot.

import { get } from "./api.js";

const EVERY = 5000;
const KINDS = {
  embedded: "runs on this machine, started by Hausgeist",
  remote: "runs on its own server",
  extractive: "no model: passages are quoted as they are",
};
const summary = document.getElementById("summary");
const text = (id, value) => {
  document.getElementById(id).textContent = value;
};

async function update() {
  try {
    draw(await get("/console/api/state"));
  } catch (error) {
    summary.dataset.state = "bad";
    text("headline", "The state cannot be read");
    text("checked", error instanceof TypeError ? "Hausgeist does not answer; trying again" : error.message);
  }
}

function draw(state) {
  const bad = state.parts.filter((part) => !part.ok).length;
  summary.dataset.state = bad ? "bad" : "good";
  text("headline", bad ? `${bad} of ${state.parts.length} parts ${bad === 1 ? "needs" : "need"} attention` : "Everything works");
  text("checked", `Checked at ${new Date().toLocaleTimeString()}`);
  text("documents", state.documents.toLocaleString());
  text("passages", state.passages.toLocaleString());
  text("synced", state.last_sync ? ago(state.last_sync) : "never");
  document.getElementById("synced").title = state.last_sync;
  text("uptime", duration(state.uptime));
  text("model", state.model);
  text("model-kind", KINDS[state.model_kind] ?? state.model_kind);
  text("version", `Hausgeist ${state.version}`);
  document.getElementById("parts").replaceChildren(...state.parts.map(row));
  document.body.classList.add("ready");
}

function row({ name, ok, detail }) {
  const item = document.getElementById("part").content.cloneNode(true).firstElementChild;
  item.dataset.ok = ok;
  item.querySelector(".name").textContent = name;
  item.querySelector(".detail").textContent = detail;
  item.querySelector(".verdict").textContent = ok ? "works" : "does not work";
  return item;
}

function ago(time) {
  const seconds = (Date.now() - new Date(time).getTime()) / 1000;
  if (Number.isNaN(seconds)) return time;
  return seconds < 60 ? "just now" : `${duration(seconds).split(" ").slice(0, 2).join(" ")} ago`;
}

function duration(seconds) {
  const units = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const at = units.findIndex(([length]) => seconds >= length);
  if (at === -1) return "0 s";
  const [length, unit] = units[at];
  const rest = units[at + 1] && Math.floor((seconds % length) / units[at + 1][0]);
  return `${Math.floor(seconds / length)} ${unit}${rest && unit !== "min" ? ` ${rest} ${units[at + 1][1]}` : ""}`;
}

update();
setInterval(() => document.hidden || update(), EVERY);
document.addEventListener("visibilitychange", () => document.hidden || update());
