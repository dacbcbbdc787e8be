// Markdown as DOM nodes. Text only ever becomes a text node and an address only an http(s) link,
// so nothing in an answer or a document can become markup or script.

const FENCE = /^ {0,3}(```+|~~~+)\s*([\w+-]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.+?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^(\s*)([-*+•]|\d{1,9}[.)])\s+(?=\S)/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
const DEEPEST = 6;

// The repetitions are bounded: hostile text must not make the browser search for ever.
const INLINE = new RegExp(
  [
    "\\\\(?<escaped>[\\\\`*_{}\\[\\]()#+.!|<>~-])",
    "(?<ticks>`{1,3})(?<code>(?!`)[^\\n]{1,1000}?)\\k<ticks>(?!`)",
    "!?\\[(?<label>[^\\]\\n]{1,300})\\]\\((?<target>[^\\s()]{0,1000}(?:\\([^\\s()]{0,200}\\)[^\\s()]{0,500})?)(?:\\s+\"[^\"\\n]{0,200}\")?\\)",
    "\\[(?<cited>\\d{1,3}(?:\\s?,\\s?\\d{1,3}){0,9})\\]",
    "(?<url>https?://[^\\s<>\"`]{1,1000})",
    "\\*\\*(?<bold>(?=\\S).{1,1000}?\\S?)\\*\\*",
    "(?<![\\w_])__(?<bold2>(?=\\S).{1,1000}?)__(?![\\w_])",
    "\\*(?<italic>(?=[^\\s*]).{0,1000}?[^\\s*])\\*",
    "(?<![\\w_])_(?<italic2>(?=[^\\s_]).{0,1000}?[^\\s_])_(?![\\w_])",
    "~~(?<struck>(?=\\S).{1,1000}?)~~",
  ].join("|"),
  "gsu",
);

/** The blocks of `source` as elements; `cited(number)` gives the node for a citation, or null for plain text. */
export function blocks(source, cited = () => null, depth = 0) {
  const lines = source.replace(/\r\n?/g, "\n").split("\n");
  const nodes = [];
  let at = 0;
  const takeWhile = (holds) => {
    const taken = [];
    while (at < lines.length && holds(lines[at], at)) taken.push(lines[at++]);
    return taken;
  };
  const isTable = (index) => lines[index].includes("|") && index + 1 < lines.length && lines[index + 1].includes("-") && TABLE_RULE.test(lines[index + 1]);
  const opens = (line, index) =>
    FENCE.test(line) || HEADING.test(line) || RULE.test(line) || (depth < DEEPEST && (QUOTE.test(line) || ITEM.test(line))) || isTable(index);

  while (at < lines.length) {
    const line = lines[at];
    if (!line.trim()) {
      at++;
    } else if (FENCE.test(line)) {
      const fence = line.match(FENCE)[1];
      at++;
      const code = takeWhile((next) => !next.trimStart().startsWith(fence));
      at++;
      nodes.push(element("pre", element("code", code.join("\n"))));
    } else if (HEADING.test(line)) {
      const [, hashes, text] = line.match(HEADING);
      at++;
      nodes.push(element(`h${Math.min(6, hashes.length + 1)}`, ...inline(text, cited)));
    } else if (RULE.test(line)) {
      at++;
      nodes.push(element("hr"));
    } else if (isTable(at)) {
      const header = lines[at];
      at += 2;
      nodes.push(table(header, takeWhile((next) => next.includes("|") && next.trim()), cited));
    } else if (depth < DEEPEST && QUOTE.test(line)) {
      const quoted = takeWhile((next) => QUOTE.test(next)).map((next) => next.replace(QUOTE, ""));
      nodes.push(element("blockquote", ...blocks(quoted.join("\n"), cited, depth + 1)));
    } else if (depth < DEEPEST && ITEM.test(line)) {
      nodes.push(list(lines, at, cited, depth, (end) => (at = end)));
    } else {
      const first = lines[at++];
      const rest = takeWhile((next, index) => next.trim() && !opens(next, index));
      nodes.push(element("p", ...inline([first, ...rest].map((text) => text.trim()).join("\n"), cited)));
    }
  }
  return nodes;
}

/** What of a half-written answer can be shown already: open marks are closed, half links and table rows held back. */
export function settled(source) {
  if ((source.match(/^ {0,3}(```|~~~)/gm) ?? []).length % 2) return source;
  const cut = source.lastIndexOf("\n\n") + 1;
  let tail = source
    .slice(cut)
    .replace(/(^|\n)[ \t]*(?:[-*+•]|\d{1,3}[.)]?|#{1,6}|>)[ \t]*$/, "$1")
    .replace(/(^|\n)\|[^\n]*(?:\n[|:\- ]*)?$/, "$1")
    .replace(/!?\[[^\]\n]{0,300}$|!?\[[^\]\n]{1,300}\]\([^)\s]{0,1000}$/, "")
    .replace(/[*_`~]+$/, "");
  if ((tail.match(/`/g) ?? []).length % 2) return source.slice(0, cut) + tail + "`";
  if ((tail.match(/\*\*/g) ?? []).length % 2) tail = tail.trimEnd() + "**";
  return source.slice(0, cut) + tail;
}

/** The blocks of a document, without the title that its page shows already. */
export function withoutTitle({ title, text }) {
  const nodes = blocks(text);
  return nodes[0]?.localName === "h2" && nodes[0].textContent === title ? nodes.slice(1) : nodes;
}

/** The words of `source` alone. */
export function plain(source) {
  return blocks(settled(source)).map((node) => {
    node.querySelectorAll("th, td, li").forEach((cell) => cell.append(" ")); // else cells run into one another
    return node.textContent.trim();
  }).join(" ");
}

/** Makes `parent` hold `nodes`, leaving alone what is the same: a selection and the screen reader stay where they are. */
export function refresh(parent, nodes) {
  nodes.forEach((node, index) => {
    const old = parent.childNodes[index];
    if (!old) parent.append(node);
    else if (!old.isEqualNode(node)) old.replaceWith(node);
  });
  while (parent.childNodes.length > nodes.length) parent.lastChild.remove();
}

function list(lines, from, cited, depth, moveTo) {
  const ordered = /\d/.test(lines[from].match(ITEM)[2]);
  const outer = lines[from].match(ITEM)[1].length;
  const result = element(ordered ? "ol" : "ul");
  if (ordered) result.start = Number.parseInt(lines[from].match(ITEM)[2], 10);
  let at = from;
  while (at < lines.length) {
    const mark = lines[at].match(ITEM);
    if (!mark || mark[1].length > outer + 1 || mark[1].length < outer || /\d/.test(mark[2]) !== ordered || RULE.test(lines[at])) break;
    const width = mark[0].length;
    const own = [lines[at++].slice(width)];
    while (at < lines.length && belongs(lines, at, outer)) own.push(lines[at++].replace(new RegExp(`^\\s{0,${width}}`), ""));
    result.append(item(own, cited, depth));
    const next = lines.findIndex((line, index) => index >= at && line.trim());
    if (next > at && next !== -1 && ITEM.test(lines[next])) at = next;
  }
  moveTo(at);
  return result;
}

function belongs(lines, at, outer) {
  const indent = lines[at].match(/^\s*/)[0].length;
  if (lines[at].trim()) {
    const lazy = lines[at - 1].trim() && !ITEM.test(lines[at]) && !HEADING.test(lines[at]) && !FENCE.test(lines[at]);
    return indent > outer + 1 || (lazy && !QUOTE.test(lines[at]));
  }
  const next = lines[at + 1] ?? "";
  return next.trim() !== "" && next.match(/^\s*/)[0].length > outer + 1;
}

function item(lines, cited, depth) {
  const inner = blocks(lines.join("\n"), cited, depth + 1);
  // A tight item holds its text itself, without a paragraph around it.
  return element("li", ...inner.flatMap((node) => (node.localName === "p" && inner[0] === node ? [...node.childNodes] : [node])));
}

function table(header, rows, cited) {
  const cells = (row) =>
    row.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim());
  const width = cells(header).length;
  const line = (kind, row) => element("tr", ...cells(row).slice(0, width).map((cell) => element(kind, ...inline(cell, cited))));
  const body = element("table", element("thead", line("th", header)), element("tbody", ...rows.map((row) => line("td", row))));
  const frame = element("div", body);
  frame.className = "table";
  frame.tabIndex = 0;
  return frame;
}

function inline(text, cited, depth = 0) {
  if (depth > DEEPEST) return [text];
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const found = span(match, cited, depth);
    const before = text.slice(end, match.index);
    // A citation stays with the word before it.
    nodes.push(found[0]?.localName === "button" ? before.replace(/ $/, "\u202f") : before, ...found);
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}

function span(match, cited, depth) {
  const { escaped, code, label, target, cited: numbers, url, bold, bold2, italic, italic2, struck } = match.groups;
  const within = (text) => inline(text, cited, depth + 1);
  if (escaped !== undefined) return [escaped];
  if (code !== undefined) return [element("code", code.trim())];
  if (label !== undefined) return match[0].startsWith("!") ? [label] : [link(target, within(label))];
  if (numbers !== undefined) return citations(match[0], numbers, cited);
  if (url !== undefined) {
    const address = url.replace(/[.,;:!?)\]*_'’]+$/, "");
    return [link(address, [address]), url.slice(address.length)];
  }
  if ((bold ?? bold2) !== undefined) return [element("strong", ...within(bold ?? bold2))];
  if ((italic ?? italic2) !== undefined) return [element("em", ...within(italic ?? italic2))];
  return [element("s", ...within(struck))];
}

function citations(text, numbers, cited) {
  const nodes = numbers.split(",").map((number) => cited(Number(number)));
  // A word joiner keeps the full stop after a citation from starting a line of its own.
  return nodes.every((node) => node) ? [...nodes, "\u2060"] : [text];
}

function link(target, content) {
  let address;
  try {
    address = new URL(target);
  } catch {
    address = null;
  }
  if (address?.protocol !== "http:" && address?.protocol !== "https:") return element("span", ...content);
  const anchor = element("a", ...content);
  anchor.href = address.href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
  return anchor;
}

function element(name, ...content) {
  const node = document.createElement(name);
  node.append(...content.filter((part) => part !== ""));
  return node;
}
