// The side panel that shows the document behind a source.

import { documentAddress, get } from "./api.js";
import { highlight } from "./highlight.js";
import { withoutTitle } from "./markdown.js";

const panel = document.getElementById("panel");
const title = document.getElementById("panel-title");
const about = document.getElementById("panel-about");
const text = document.getElementById("panel-text");
const inTab = document.getElementById("panel-tab");
const origin = document.getElementById("panel-origin");
const behind = [document.querySelector("main"), document.querySelector(".top")];
const covers = matchMedia("(max-width: 60rem)");
let opener = null;
let latest = 0;

/** Opens the source's document at the passage it cites. */
export async function openSource(source, person) {
  const mine = ++latest;
  if (panel.hidden) opener = document.activeElement;
  title.textContent = source.title || source.doc_id;
  about.textContent = aboutOf(source);
  inTab.href = documentAddress(source.doc_id, person);
  origin.hidden = !/^https?:\/\//i.test(source.link);
  if (!origin.hidden) origin.href = source.link;
  text.replaceChildren();
  panel.hidden = false;
  document.body.classList.add("with-panel");
  setBehind(covers.matches);
  title.focus();
  const shown = await read(source, person);
  if (mine === latest) shown();
}

/** Closes the panel and gives the keyboard back to where it was; false if it was closed already. */
export function closePanel() {
  if (panel.hidden) return false;
  latest++;
  panel.hidden = true;
  document.body.classList.remove("with-panel");
  setBehind(false);
  opener?.focus();
  return true;
}

/** "page · owner · date", as far as they are known. */
export function aboutOf({ page, owner, date, stale }) {
  return [page ? `p. ${page}` : "", owner, readableDate(date), stale ? "may be out of date" : ""].filter(Boolean).join(" · ");
}

/** On a narrow screen the panel covers the page, and the keyboard must not wander behind it. */
function setBehind(inert) {
  for (const part of behind) part.inert = inert;
}

async function read(source, person) {
  try {
    const found = await get(documentAddress(source.doc_id, person));
    return () => {
      text.replaceChildren(...withoutTitle(found));
      const first = highlight(text, source.excerpt);
      if (first) first.scrollIntoView({ block: "center" });
      else text.scrollTop = 0;
    };
  } catch (error) {
    return () => {
      const note = document.createElement("p");
      note.className = "quiet";
      note.textContent = error.message;
      text.replaceChildren(note);
    };
  }
}

function readableDate(date) {
  if (!/^\d{4}-\d\d-\d\d/.test(date)) return date;
  const day = new Date(`${date.slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(day.getTime()) ? date : day.toLocaleDateString(undefined, { dateStyle: "medium", timeZone: "UTC" });
}

covers.addEventListener("change", () => setBehind(covers.matches && !panel.hidden));
document.getElementById("panel-close").addEventListener("click", closePanel);
