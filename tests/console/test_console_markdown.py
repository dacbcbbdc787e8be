"""The console's Markdown: what it lays out, what it leaves alone, and that no text keeps it busy."""

import pytest

from tests.console.conftest import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

RENDER = """async ([source, streaming]) => {
  const { blocks, settled } = await import("/console/static/markdown.js");
  const cited = number => number > 2 ? null : Object.assign(document.createElement("button"), { textContent: number });
  return blocks(streaming ? settled(source) : source, cited).map(node => node.outerHTML).join("");
}"""
GLUE, JOINER = "\u202f", "\u2060"
LINK = 'target="_blank" rel="noopener noreferrer nofollow"'

WHOLE = [
    ("a **b** *c* _d_ __e__", "<p>a <strong>b</strong> <em>c</em> <em>d</em> <strong>e</strong></p>"),
    ("`f` ~~g~~ `**a**`", "<p><code>f</code> <s>g</s> <code>**a**</code></p>"),
    ("**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"),
    ("snake_case_name, 2 * 3 * 4, \\*not\\*", "<p>snake_case_name, 2 * 3 * 4, *not*</p>"),
    ("one\ntwo\n\nthree", "<p>one\ntwo</p><p>three</p>"),
    ("# A\n### B #", "<h2>A</h2><h4>B</h4>"),
    ("- a\n- b\n  - c\n- d", "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>"),
    ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
    ("1. a\n\n2. b", '<ol start="1"><li>a</li><li>b</li></ol>'),
    ("1. a\n   - b\n2. c", '<ol start="1"><li>a<ul><li>b</li></ul></li><li>c</li></ol>'),
    ("- a\n1. b", '<ul><li>a</li></ul><ol start="1"><li>b</li></ol>'),
    ("- a\n\n  b\n- c", "<ul><li>a<p>b</p></li><li>c</li></ul>"),
    ("text:\n- a\n\nend", "<p>text:</p><ul><li>a</li></ul><p>end</p>"),
    ("> a\n> b", "<blockquote><p>a\nb</p></blockquote>"),
    ("```py\n# a\n- b\n```\nc", "<pre><code># a\n- b</code></pre><p>c</p>"),
    ("```\nopen", "<pre><code>open</code></pre>"),
    ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
    (
        "| a | b |\n|---|:-:|\n| 1 | **2** |\n| 3 |",
        '<div class="table" tabindex="0"><table><thead><tr><th>a</th><th>b</th></tr></thead>'
        "<tbody><tr><td>1</td><td><strong>2</strong></td></tr><tr><td>3</td></tr></tbody></table></div>",
    ),
    ("a | b", "<p>a | b</p>"),
    ("[x](https://a.ch/b_(c))", f'<p><a href="https://a.ch/b_(c)" {LINK}>x</a></p>'),
    ("see https://a.ch/b_c_d.", f'<p>see <a href="https://a.ch/b_c_d" {LINK}>https://a.ch/b_c_d</a>.</p>'),
    ("[x](javascript:alert(1)) [y](/console) [z](file:///etc)", "<p><span>x</span> <span>y</span> <span>z</span></p>"),
    ("![alt](https://a.ch/x.png)", "<p>alt</p>"),
    ("a [1] b", f"<p>a{GLUE}<button>1</button>{JOINER} b</p>"),
    ("a [1, 2].", f"<p>a{GLUE}<button>1</button><button>2</button>{JOINER}.</p>"),
    ("a [3] b [1,9]", "<p>a [3] b [1,9]</p>"),
    ("<b>a</b> &amp; <!-- c -->", "<p>&lt;b&gt;a&lt;/b&gt; &amp;amp; &lt;!-- c --&gt;</p>"),
    ("", ""),
]
HALF = [
    ("a **b", "<p>a <strong>b</strong></p>"),
    ("a **b ", "<p>a <strong>b</strong></p>"),
    ("a *", "<p>a</p>"),
    ("a `b", "<p>a <code>b</code></p>"),
    ("a [1", "<p>a</p>"),
    ("a [text](https://a", "<p>a</p>"),
    ("a\n-", "<p>a</p>"),
    ("- a\n- ", "<ul><li>a</li></ul>"),
    ("a\n\n| b | c |\n|--", "<p>a</p>"),
    ("```\n**a", "<pre><code>**a</code></pre>"),
    ("whole.", "<p>whole.</p>"),
]
ENDLESS = [
    "[",
    "*a",
    "**a",
    "_a ",
    "`",
    "> ",
    "- ",
    "![a](",
    "a|",
    "|-",
    "~~a",
    "[1,",
    "https://",
    "\\",
    "<",
    "# ",
    "1. ",
]


async def test_markdown_becomes_elements(stage: Stage) -> None:
    page = await stage.page()
    for source, html in WHOLE:
        assert await page.evaluate(RENDER, [source, False]) == html, source


async def test_a_half_written_answer_shows_no_marks(stage: Stage) -> None:
    page = await stage.page()
    for source, html in HALF:
        assert await page.evaluate(RENDER, [source, True]) == html, source


async def test_no_text_keeps_the_browser_busy(stage: Stage) -> None:
    page = await stage.page()
    timed = f"async source => {{ const begun = performance.now(); await ({RENDER})([source, true]); "
    timed += "return performance.now() - begun; }"
    for part in ENDLESS:
        for source in (
            part * 8000,
            (part + "\n") * 4000,
            "  " * 20 + part * 4000,
            "\n".join(" " * n + part for n in range(300)),
        ):
            assert await page.evaluate(timed, source) < 2000, part


async def test_a_passage_is_found_whatever_its_marks(stage: Stage) -> None:
    page = await stage.page()
    mark = """async ([text, excerpt]) => {
      const { blocks } = await import("/console/static/markdown.js");
      const { highlight } = await import("/console/static/highlight.js");
      const root = document.createElement("div");
      root.append(...blocks(text));
      highlight(root, excerpt);
      return [...root.querySelectorAll("mark")].map(node => node.textContent);
    }"""
    text = "# Title\n\nNothing here.\n\nThe **train** to Zürich costs 40 francs,\nsecond class.\n\n- The train is late."
    found = await page.evaluate(mark, [text, "Title\n\nThe **train** to Zürich costs 40 francs, second …"])
    assert found == ["The", "train", "to Zürich costs 40 francs,\nsecond"]
    assert await page.evaluate(mark, [text, "entirely other words that the text does not hold"]) == []
    assert await page.evaluate(mark, [text, ""]) == []
