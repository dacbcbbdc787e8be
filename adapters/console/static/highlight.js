// Finds a passage in a rendered document: the words are compared, so that Markdown's marks do not matter.

const LEAST = 4;

/** Marks the longest run of the excerpt's words under `root`; returns the first mark, or null. */
export function highlight(root, excerpt) {
  const words = wordsOf(root);
  const wanted = excerpt.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const { start, length } = longestRun(words.map(({ word }) => word), wanted);
  if (length < Math.min(LEAST, wanted.length) || !length) return null;
  return mark(words.slice(start, start + length));
}

function wordsOf(root) {
  const words = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const match of node.data.matchAll(/[\p{L}\p{N}]+/gu)) {
      words.push({ word: match[0].toLowerCase(), node, from: match.index, to: match.index + match[0].length });
    }
  }
  return words;
}

function longestRun(words, wanted) {
  let best = { start: 0, length: 0 };
  let above = new Uint32Array(wanted.length + 1);
  let row = new Uint32Array(wanted.length + 1);
  words.forEach((word, index) => {
    wanted.forEach((other, column) => {
      const length = word === other ? above[column] + 1 : 0;
      row[column + 1] = length;
      if (length > best.length) best = { start: index + 1 - length, length };
    });
    [above, row] = [row, above];
  });
  return best;
}

function mark(words) {
  const spans = new Map();
  for (const { node, from, to } of words) spans.set(node, { from: spans.get(node)?.from ?? from, to });
  const marks = [...spans].map(([node, { from, to }]) => {
    const range = document.createRange();
    range.setStart(node, from);
    range.setEnd(node, to);
    const wrapper = document.createElement("mark");
    range.surroundContents(wrapper);
    return wrapper;
  });
  return marks[0];
}
