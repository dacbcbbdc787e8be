// Lays out the Markdown of a document that the page brought as plain text.

import { withoutTitle } from "./markdown.js";

const text = document.getElementById("text");
const title = document.querySelector("h1").textContent;
text.replaceWith(...withoutTitle({ title, text: text.textContent }));
