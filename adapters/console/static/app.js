// The chat: one conversation a person and tab, kept in the tab itself.

import { ask, get, judge } from "./api.js";
import { closePanel, openSource } from "./panel.js";
import { turnView } from "./turn.js";

const form = document.getElementById("composer");
const input = document.getElementById("question");
const send = document.getElementById("send");
const scroller = document.getElementById("scroller");
const transcript = document.getElementById("transcript");
const welcome = document.getElementById("welcome");
const announcer = document.getElementById("announcer");
const picker = document.getElementById("person");

let person;
let talk = { id: "", turns: [] };
let asking = null;
let recalled = 0;
let ready = false;
let waiting = false;
let following = true;
let lastTop = 0;

function load() {
  talk = JSON.parse(stored(storageKey())) ?? fresh();
  for (const record of talk.turns) if (record.state === "open") record.state = "stopped";
  transcript.replaceChildren(...talk.turns.map((record) => shownTurn(record).root));
  settle();
  follow();
}

function save() {
  try {
    sessionStorage.setItem(storageKey(), JSON.stringify(talk));
    if (person) sessionStorage.setItem("hausgeist:person", person);
  } catch {
    // A full or forbidden store only means that a reload starts anew.
  }
}

function stored(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function storageKey() {
  return `hausgeist:talk:${person ?? ""}`;
}

function fresh() {
  return { id: Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(""), turns: [] };
}

function startAnew() {
  stop();
  closePanel();
  talk = fresh();
  save();
  load();
  input.focus();
}

function settle() {
  welcome.hidden = talk.turns.length > 0;
  const busy = asking !== null;
  document.body.classList.toggle("asking", busy);
  send.setAttribute("aria-label", busy ? "Stop showing the answer" : "Send");
  send.title = busy ? "Stop showing (Esc)" : "Send (Enter)";
  send.disabled = !busy && !input.value.trim();
}

function shownTurn(record) {
  const asker = person;
  const view = turnView(record, {
    retry: () => !asking && answer(record, view),
    open: (source) => openSource(source, asker),
    judge: async (verdict, removed) => {
      await judge(record.trace_id, verdict, removed, asker);
      save();
    },
  });
  return view;
}

function submit() {
  const question = input.value.trim();
  if (!question || asking) return;
  // Who asks is known only once the page is set up; a question sent before is asked then.
  waiting = !ready;
  if (waiting) return;
  input.value = "";
  recalled = 0;
  fitInput();
  const record = { question, state: "open", text: "" };
  talk.turns.push(record);
  const view = shownTurn(record);
  transcript.append(view.root);
  answer(record, view);
}

async function answer(record, view) {
  Object.assign(record, { state: "open", text: "", error: null, sources: [], hidden: "", remarks: "", refused: false, verdict: null, trace_id: "" });
  asking = { record, view, abort: new AbortController() };
  const mine = asking;
  view.status("Thinking");
  view.draw();
  settle();
  save();
  follow();
  for await (const { name, data } of ask(record.question, talk.id, person, mine.abort.signal)) {
    if (asking !== mine) return;
    take(record, view, name, data);
  }
  if (asking === mine) asking = null;
  save();
  settle();
}

function take(record, view, name, data) {
  if (name === "status") {
    view.status(data.text);
    announcer.textContent = data.text;
  } else if (name === "piece") {
    record.text += data.text;
    view.drawSoon();
  } else if (name === "answer") {
    Object.assign(record, data, { state: "done" });
    view.draw();
    announcer.textContent = record.refused ? "No answer found" : `Answer ready, ${record.sources.length} sources`;
  } else {
    Object.assign(record, { state: "failed", error: data });
    view.draw();
    announcer.textContent = data.message;
  }
}

function stop() {
  if (!asking) return false;
  const { record, view, abort } = asking;
  asking = null;
  abort.abort();
  record.state = "stopped";
  view.draw();
  save();
  settle();
  input.focus();
  return true;
}

/** Goes to the end and stays there, however the transcript grows, until the person scrolls up to read. */
function follow() {
  following = true;
  scroller.scrollTop = scroller.scrollHeight;
}

function noticeScroll() {
  const up = scroller.scrollTop < lastTop;
  lastTop = scroller.scrollTop;
  if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80) following = true;
  else if (up) following = false;
}

function recall(step) {
  const questions = talk.turns.map(({ question }) => question);
  const next = Math.min(Math.max(recalled + step, 0), questions.length);
  if (next === recalled) return;
  recalled = next;
  input.value = next ? questions[questions.length - next] : "";
  fitInput();
  settle();
}

function fitInput() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, 200)}px`;
}

function typed(event) {
  const plainKey = !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey;
  const untouched = !input.value || recalled > 0;
  // While an input method composes (Japanese, say), Enter only ends the composition.
  if (event.key === "Enter" && plainKey && !event.isComposing) {
    event.preventDefault();
    submit();
  } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && plainKey && untouched) {
    event.preventDefault();
    recall(event.key === "ArrowUp" ? 1 : -1);
  }
}

function shortcut(event) {
  const inField = event.target.closest("input, textarea, select");
  if (event.key === "Escape") {
    if (closePanel() || stop()) event.preventDefault();
  } else if (event.key === "/" && !inField && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    input.focus();
  }
}

function offer(examples) {
  const offers = examples.map((example) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dir = "auto";
    button.textContent = example;
    button.addEventListener("click", () => {
      input.value = example;
      submit();
      input.focus();
    });
    return button;
  });
  document.getElementById("examples").replaceChildren(...offers);
}

function offerPeople(people) {
  if (!people.length) return;
  picker.replaceChildren(
    ...people.map(({ id, name, groups }) => new Option(groups.length ? `${name} (${groups.join(", ")})` : name, id)),
  );
  const before = stored("hausgeist:person");
  person = people.some(({ id }) => id === before) ? before : people[0].id;
  picker.value = person;
  document.getElementById("playing").hidden = false;
}

async function begin() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!stop()) submit();
  });
  input.addEventListener("keydown", typed);
  input.addEventListener("input", () => {
    recalled = 0;
    fitInput();
    settle();
  });
  scroller.addEventListener("scroll", noticeScroll, { passive: true });
  new ResizeObserver(() => following && follow()).observe(transcript);
  document.addEventListener("keydown", shortcut);
  document.getElementById("anew").addEventListener("click", startAnew);
  picker.addEventListener("change", () => {
    stop();
    closePanel();
    person = picker.value;
    load();
    save();
  });
  try {
    const { people, examples } = await get("/console/api/setup");
    offer(examples);
    offerPeople(people);
  } catch (error) {
    announcer.textContent = error.message;
  }
  load();
  document.body.classList.add("ready");
  ready = true;
  if (waiting) submit();
}

begin();
