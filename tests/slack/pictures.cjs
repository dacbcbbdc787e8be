// Blocks from standard input as HTML, by a renderer of others: a list of lists of blocks in, a list of strings out.
const { createElement } = require("react");
const { renderToStaticMarkup } = require("react-dom/server");
const { Message } = require("slack-blocks-to-jsx");
const { readFileSync } = require("node:fs");

const users = [
  { id: "U0ANNA", name: "Anna Keller" },
  { id: "U0GEIST", name: "Hausgeist" },
];
const shown = JSON.parse(readFileSync(0, "utf8")).map((blocks) =>
  renderToStaticMarkup(
    createElement(Message, { blocks, theme: "light", name: "", logo: "", data: { users }, withoutWrapper: true }),
  ),
);
process.stdout.write(JSON.stringify(shown));
