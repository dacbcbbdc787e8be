// One question and its answer on the page, shown from a plain record that the transcript keeps.

import { blocks, plain, refresh, settled } from "./markdown.js";
import { aboutOf } from "./panel.js";

/** Shows `record`; `on` has `retry()`, `open(source)` and `judge(verdict, removed)`. */
export function turnView(record, on) {
  const root = document.getElementById("turn").content.cloneNode(true).firstElementChild;
  const part = (name) => root.querySelector(`.${name}`);
  let frame = 0;

  const text = (name, value) => {
    part(name).textContent = value;
  };
  const show = (name, shown) => {
    part(name).hidden = !shown;
  };

  function citation(number) {
    const source = record.sources?.find((candidate) => candidate.number === number);
    if (!source && record.state !== "open") return null;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "cite";
    button.textContent = number;
    button.dataset.number = number;
    button.title = source ? source.title : "";
    button.setAttribute("aria-label", `Source ${number}`);
    return button;
  }

  function draw() {
    cancelAnimationFrame(frame);
    frame = 0;
    const open = record.state === "open";
    root.dataset.state = record.refused ? "refused" : record.state;
    part("answer").setAttribute("aria-busy", String(open));
    refresh(part("prose"), blocks(open ? settled(record.text) : record.text, citation));
    show("prose", record.text);
    show("status", open && !record.text);
    show("refusal", record.state === "done" && record.refused);
    show("stopped", record.state === "stopped");
    show("failure", record.state === "failed");
    text("message", record.error?.message ?? "");
    show("failure .retry", record.error?.again);
    text("trace", record.error?.trace_id ? `Trace ${record.error.trace_id}` : "");
    show("masked", record.hidden);
    text("hidden-kinds", record.hidden ?? "");
    show("remarks", record.remarks);
    text("remarks", record.remarks ?? "");
    drawSources();
    show("actions", record.state === "done" && record.trace_id);
    text("answer-trace", record.trace_id ?? "");
    drawVerdict();
  }

  function drawSources() {
    const cards = (record.sources ?? []).map((source) => {
      const card = document.getElementById("source").content.cloneNode(true).firstElementChild;
      card.querySelector(".number").textContent = source.number;
      card.querySelector(".title").textContent = source.title || source.doc_id;
      card.querySelector(".about").textContent = aboutOf(source);
      card.querySelector(".excerpt").textContent = plain(source.excerpt);
      card.querySelector("button").dataset.number = source.number;
      return card;
    });
    refresh(part("source-list"), cards);
    show("sources", cards.length);
  }

  function drawVerdict() {
    for (const button of root.querySelectorAll("[data-verdict]")) {
      button.setAttribute("aria-pressed", String(button.dataset.verdict === record.verdict));
    }
    show("undo", record.verdict);
    text("thanks", record.verdict ? "Thank you." : "");
  }

  async function judge(verdict) {
    const before = record.verdict;
    const removed = before === verdict;
    record.verdict = removed ? null : verdict;
    drawVerdict();
    try {
      if (before && !removed) await on.judge(before, true);
      await on.judge(verdict, removed);
    } catch (error) {
      record.verdict = before;
      drawVerdict();
      text("thanks", `Not kept: ${error.message}`);
    }
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(record.text);
      part("copy").title = "Copied";
      part("copy").classList.add("did");
    } catch {
      part("copy").title = "The browser does not allow copying";
    }
  }

  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches(".retry")) on.retry();
    else if (button.matches(".copy")) copy();
    else if (button.matches(".undo")) {
      root.querySelector(`[data-verdict="${record.verdict}"]`).focus();
      judge(record.verdict);
    } else if (button.dataset.verdict) judge(button.dataset.verdict);
    else {
      const source = record.sources?.find(({ number }) => number === Number(button.dataset.number));
      if (source) on.open(source);
    }
  });
  text("question", record.question);
  draw();

  return {
    root,
    draw,
    status: (what) => text("status-text", what),
    /** Draws at the screen's own pace, however fast the pieces come. */
    drawSoon: () => {
      frame ||= requestAnimationFrame(draw);
    },
  };
}
