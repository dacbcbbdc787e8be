"""Markdown in Slack's own markup, for notifications, screen readers and where blocks are refused."""

import re
from collections.abc import Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from adapters.markdown_tables import table

_parser: Final = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
_parser.disable(["html_block", "html_inline", "reference", "image"])
_PLAIN: Final = re.compile(r" {0,3}[^\W\d_](?:[^*_~`\\<>&\[\]|\n\r]|\[\d{1,3}\](?![(:]))*")  # a line without any markup
_TOO_DEEP: Final = re.compile(r"^(?:[ \t]*(?:>|[-*+]|\d+[.)])){20}", re.MULTILINE)  # the parser gives up, and so do we
_BRACKETS: Final = 500  # the time that the parser takes grows with the square of those that open

_SIGNS: Final = {"strong": "*", "em": "_", "s": "~"}
_ADDRESS: Final = str.maketrans({"<": "%3C", ">": "%3E", "|": "%7C", " ": "%20", "&": "&amp;"})


def of_quiet(text: str) -> str:
    """Markdown that `quiet` has seen to, as Slack's own markup says it."""
    if _PLAIN.fullmatch(text):
        return text.strip()
    if _TOO_DEEP.search(text) or text.count("[") > _BRACKETS:
        return escaped(text)
    return _all(SyntaxTreeNode(_parser.parse(text)).children)


def escaped(text: str) -> str:
    """Text that says in Slack's markup what it says here: nobody is called, nothing becomes a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def linked(label: str, url: str) -> str:
    """A link in Slack's markup; the label is markup already."""
    return f"<{url.translate(_ADDRESS)}|{' '.join(label.split()) or escaped(url)}>"


def _all(nodes: Sequence[SyntaxTreeNode]) -> str:
    return "\n\n".join(block for node in nodes if (block := _block(node)))


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "heading":
            bold = _inline(node.children).replace("*", "")
            return f"*{bold}*" if bold else ""
        case "bullet_list" | "ordered_list":
            return _list(node)
        case "blockquote":
            return _margin("> ", "> ", _all(node.children))
        case "fence" | "code_block" | "table":
            return _code(table(node.to_tokens()).aligned() if node.type == "table" else node.content)
        case "hr":
            return "———"
    return _inline(node.children)


def _list(node: SyntaxTreeNode) -> str:
    first = node.attrs.get("start", 1)
    number = first if isinstance(first, int) else 1
    marks = ["•" if node.type == "bullet_list" else f"{number + at}." for at in range(len(node.children))]
    items = ["\n".join(filter(None, map(_block, item.children))) for item in node.children]
    return "\n".join(_margin(f"{mark} ", "    ", item) for mark, item in zip(marks, items, strict=True))


def _margin(first: str, others: str, text: str) -> str:
    return first + text.replace("\n", f"\n{others}")


def _code(text: str) -> str:
    inside = escaped(text.rstrip("\n")).replace("```", "`\u200b`\u200b`")
    return f"```\n{inside}\n```"


def _inline(nodes: Sequence[SyntaxTreeNode]) -> str:
    return "".join(map(_span, nodes))


def _span(node: SyntaxTreeNode) -> str:
    match node.type:
        case "strong" | "em" | "s":
            sign, inside = _SIGNS[node.type], _inline(node.children)
            return f"{sign}{inside}{sign}" if inside.strip() else inside
        case "link":
            label, url = _inline(node.children), str(node.attrs.get("href", ""))
            return linked(label, url) if re.match("https?://", url) else label
        case "code_inline":
            code = escaped(node.content)
            return code if "`" in code or not code.strip() else f"`{code}`"
        case "softbreak" | "hardbreak":
            return "\n"
        case "inline":
            return _inline(node.children)
    return escaped(node.content)
