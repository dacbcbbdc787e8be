"""Any Markdown that a model may write or a document may smuggle in, and how CommonMark reads it."""

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

signs = st.characters(exclude_categories=("Cs", "Zs", "Zl", "Zp", "Cc"))
words = st.text(signs, min_size=1, max_size=60) | st.text("שלוםعالم🙂👩‍👩‍👧ß", min_size=1, max_size=20)
lines = st.lists(words, max_size=30).map(" ".join)
HOSTILE = [
    "<!channel>",
    "< !here|x>",
    "<!EVERYONE>",
    "<!subteam^S123|ops>",
    "<@U123>",
    "<#C1|general>",
    "&lt;!channel&gt;",
    "\\<!here>",
    "@channel",
    "[https://bank.example](https://evil.example)",
    '[bank.example `x`](<https://evil.example> "title")',
    "[a [b] c](javascript:alert(1))",
    "[write](mailto:a@b.example)",
    "![logo](https://cdn.example/i.png)",
    "[![bank.example](https://a.example/i)](https://evil.example)",
    "<https://evil.example|bank.example>",
    "<javascript:alert(1)>",
    "[1]: https://evil.example",
    "[1]",
    "[rules](https://house.example/rules_(new))",
    "`[x](y)` and ``a ` b``",
    "`",
    "``",
    "```",
    "~~~",
    "[",
    "](",
    "\\",
    "<",
    "**bold**",
    "> ",
    "- ",
    "    ",
]
hostile = st.lists(st.sampled_from(HOSTILE) | words, max_size=20).flatmap(
    lambda parts: st.lists(st.sampled_from(["", " ", "\n", "\n\n"]), min_size=len(parts), max_size=len(parts)).map(
        lambda gaps: "".join(part + gap for part, gap in zip(parts, gaps, strict=True))
    )
)
fenced = st.builds(
    "{}{}\n{}{}".format,
    st.sampled_from(["```", "~~~", "````"]),
    st.sampled_from(["", "python"]),
    lines,
    st.sampled_from(["\n```", "\n~~~", "\n````", ""]),
)
listed = st.lists(lines, min_size=1, max_size=8).map(lambda items: "\n".join(f"- {item}" for item in items))
cells = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="|\\`"), max_size=30)
tables = (
    st.integers(1, 24)
    .flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=30))
    .map(lambda rows: "\n".join(_row(row) for row in [rows[0], ["---"] * len(rows[0]), *rows[1:]]))
)
plain = st.lists(lines | listed, max_size=12).map("\n\n".join)
markdown = st.lists(lines | listed | fenced | tables | hostile, max_size=8).map("\n\n".join)

commonmark = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
commonmark.disable(["reference", "image", "html_block", "html_inline"])
commonmark.options["maxNesting"] = 1000


def _row(row: list[str]) -> str:
    return f"| {' | '.join(row)} |"


def read(text: str) -> str:
    """The letters and digits that people read in Markdown, in order."""
    return letters("".join(_read(commonmark.parse(text))))


def letters(text: str) -> str:
    """The letters and digits of a text."""
    return "".join(filter(str.isalnum, text))


def links(text: str) -> list[tuple[str, str]]:
    """The links that the Markdown has, as label and target."""
    found: list[tuple[str, str]] = []
    for token in commonmark.parse(text):
        opened = ""
        for child in token.children or []:
            if child.type == "link_open":
                opened, label = str(child.attrs["href"]), ""
            elif child.type == "link_close":
                found.append((label, opened))
            elif opened:
                label += child.content
    return found


def _read(tokens: list[Token]) -> list[str]:
    return [
        part for token in tokens for part in (_read(token.children) if token.children is not None else [token.content])
    ]
