"""A web site is a source: politely read, never beyond its own server, and only what changed is sent again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.embedder import HashEmbedder
from rag.errors import SourceError
from rag.library import Library
from rag.sources import Failure, Reach, Source, web
from tests.rag.shelf import Shelf
from tests.rag.site import WebSite, web_site


@pytest.fixture
def site() -> Iterator[WebSite]:
    with web_site() as served:
        served.pages["/"] = html("Home", '<a href="leave.html">Leave</a> <a href="/travel?lang=en#top">Travel</a>')
        served.pages["/leave.html"] = html("Leave", "Everybody has 25 days of leave. <a href='/'>Home</a>")
        served.pages["/travel?lang=en"] = html("Travel", "We go by train.")
        yield served


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    library = Library.open(tmp_path / "data", HashEmbedder(), Reach(tmp_path / "copies", pause=0))
    yield Shelf(library, tmp_path)
    library.close()


def html(title: str, body: str, head: str = "") -> str:
    return f"<!doctype html><html><head><title>{title}</title>{head}</head><body><p>{body}</p></body></html>"


def failures(site: WebSite, shelf: Shelf, path: str = "") -> dict[str, str]:
    entries = Source(site.url + path).entries(Reach(shelf.folder / "copies", pause=0))
    return {it.path: it.reason for it in entries if isinstance(it, Failure)}


async def test_links_are_followed_and_only_what_changed_is_sent_again(site: WebSite, shelf: Shelf) -> None:
    source = Source(site.url)
    assert shelf.library.sync(source).indexed == 3
    site.asked.clear()
    site.pages["/leave.html"] = html("Leave", "Everybody has 30 days of leave.")
    report = shelf.library.sync(source)
    assert (report.indexed, report.unchanged, report.removed) == (1, 2, 0)
    assert [path for path, status in site.asked if status == 200] == ["/leave.html"]
    document = shelf.library.document("leave.html", frozenset())
    assert document
    assert document.origin == f"{site.url}leave.html"
    assert "30 days" in document.text


def test_a_fresh_index_gets_pages_that_did_not_change(site: WebSite, shelf: Shelf, tmp_path: Path) -> None:
    shelf.library.sync(Source(site.url))
    fresh = Library.open(tmp_path / "fresh", HashEmbedder(), Reach(shelf.folder / "copies", pause=0))
    assert fresh.sync(Source(site.url)).indexed == 3
    fresh.close()


def test_the_sitemap_says_what_there_is(site: WebSite, shelf: Shelf) -> None:
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    site.pages["/robots.txt"] = f"User-agent: *\nDisallow: /private\nSitemap: {site.url}all.xml"
    site.pages["/all.xml"] = f"<sitemapindex {space}><sitemap><loc>{site.url}some.xml</loc></sitemap></sitemapindex>"
    named = ["leave.html", "private/pay", "gone", "hidden"]
    urls = "".join(f"<url><loc>{site.url}{name}</loc></url>" for name in named)
    site.pages["/some.xml"] = f"<urlset {space}>{urls}<url><loc>http://127.0.0.1:1/other</loc></url></urlset>"
    site.pages["/private/pay"] = html("Pay", "Much")
    site.pages["/hidden"] = html("Hidden", "Not for robots", '<meta name="robots" content="noindex">')
    assert shelf.library.sync(Source(site.url)).indexed == 1
    assert failures(site, shelf) == {
        "gone": "answers 404",
        "hidden": "it asks not to be indexed",
        "private/pay": "its robots.txt asks not to read it",
    }
    assert "/private/pay" not in [path for path, _ in site.asked]


def test_nothing_leads_to_another_server(site: WebSite, shelf: Shelf) -> None:
    with web_site() as inside:
        inside.pages["/secret"] = html("Secret", "Inner things")
        site.moved["/leave.html"] = f"{inside.url}secret"
        site.pages["/travel?lang=en"] = html(
            "Travel", f'<a href="{inside.url}secret">x</a> <a href="file:///etc/passwd">y</a>'
        )
        assert failures(site, shelf) == {"leave.html": "leads to another server"}
        site.moved["/"] = inside.url
        with pytest.raises(SourceError, match=r"leads to .* ingest that instead"):
            failures(site, shelf)
        assert inside.asked == []


async def test_a_page_that_fails_for_now_stays_and_one_that_is_gone_goes(site: WebSite, shelf: Shelf) -> None:
    shelf.library.sync(Source(site.url))
    site.answers |= {"/leave.html": 500, "/travel?lang=en": 404}
    report = shelf.library.sync(Source(site.url))
    assert (report.unchanged, report.removed) == (1, 1)
    assert shelf.library.document("leave.html", frozenset())
    assert not shelf.library.document("travel?lang=en", frozenset())
    site.answers["/robots.txt"] = 500
    with pytest.raises(SourceError, match=r"robots\.txt answers 500"):
        shelf.library.sync(Source(site.url))
    assert shelf.library.document("leave.html", frozenset())


def test_what_is_too_much_is_left_and_said(site: WebSite, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.library.sync(Source(site.url))
    monkeypatch.setattr(web, "PAGES", 1)
    report = shelf.library.sync(Source(site.url))
    assert (report.unchanged, report.removed) == (1, 0)
    assert "stopped after 1 pages" in report.failed[0][1]


def test_a_site_below_an_address_with_its_key(site: WebSite, shelf: Shelf) -> None:
    site.pages["/docs/"] = html("Docs", '<a href="a">a</a> <a href="/leave.html">out</a> <a href="../b">b</a>')
    site.pages["/docs/a"] = "plain text of a"
    keyed = replace(Reach(shelf.folder / "copies", pause=0), keys={site.url: "token", "http://127.0.0.1": "wrong"})
    assert [entry.doc_id for entry in Source(f"{site.url}docs/").entries(keyed) if not isinstance(entry, Failure)] == [
        "docs/",
        "docs/a",
    ]
    assert set(site.keys) == {"Bearer token"}


@pytest.mark.parametrize(
    "sitemap", ["<urlset><url>", '<!DOCTYPE x [<!ENTITY a "b">]><urlset>&a;</urlset>', "\x1f\x8bjunk"]
)
def test_a_sitemap_that_is_none_takes_nothing_for_gone(sitemap: str, site: WebSite, shelf: Shelf) -> None:
    shelf.library.sync(Source(site.url))
    site.pages["/sitemap.xml"] = sitemap
    report = shelf.library.sync(Source(site.url))
    assert report.removed == 0


INSIDE = (
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest",
    "http://localhost:{port}/leave.html",
    "http://127.0.0.2:{port}/leave.html",
    "http://127.1:{port}/leave.html",
    "http://2130706433:{port}/leave.html",
    "http://127.0.0.1:1/",
    "http://127.0.0.1:{port}@169.254.169.254/",
    "//169.254.169.254/latest",
    "https://127.0.0.1:{port}/leave.html",
    "ftp://127.0.0.1:{port}/leave.html",
    "file:///etc/passwd",
)


@pytest.mark.parametrize("address", INSIDE)
def test_neither_links_nor_redirects_nor_sitemaps_lead_inside(address: str, site: WebSite, shelf: Shelf) -> None:
    target = address.format(port=site.port)
    site.pages["/"] = html("Home", f'<a href="{target}">x</a> <a href="/moved">y</a>', f'<base href="{target}">')
    site.moved["/moved"] = target
    site.pages["/robots.txt"] = f"Sitemap: {target}"
    report = shelf.library.sync(Source(site.url))
    assert report.indexed == 1
    site.pages["/robots.txt"] = f"Sitemap: {site.url}map.xml"
    urls = "".join(f"<url><loc>{it}</loc></url>" for it in (f"{site.url}moved", target.replace("&", "&amp;")))
    site.pages["/map.xml"] = f"<urlset>{urls}</urlset>"
    site.asked.clear()
    assert shelf.library.sync(Source(site.url)).failed == [("moved", "leads to another server")]
    assert [path for path, _ in site.asked] == ["/robots.txt", "/map.xml", "/moved"]


def test_what_is_no_address_is_a_failure_of_its_own(site: WebSite, shelf: Shelf) -> None:
    site.pages["/"] = html("Home", '<a href="http://[::1/">x</a> <a href="/moved">y</a>')
    site.moved["/moved"] = "http://[::1/"
    report = shelf.library.sync(Source(site.url))
    assert (report.indexed, [path for path, _ in report.failed]) == (1, ["moved"])


class Endless(dict[str, str]):
    """Pages without end: each links to two more that nobody has seen."""

    def __contains__(self, path: object) -> bool:
        return path not in ("/robots.txt", "/sitemap.xml")

    def get(self, path: str, default: object = None) -> str:
        return html(f"Day {path}", f'<a href="{path}/next">x</a> <a href="{path}?session={len(path)}">y</a>')


def test_a_site_without_end_is_read_to_its_bound(site: WebSite, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages = Endless()
    monkeypatch.setattr(web, "PAGES", 50)
    report = shelf.library.sync(Source(site.url))
    assert report.indexed == 50
    assert report.failed[-1][1].startswith("stopped after 50 pages")
    assert len(site.asked) == 52


def test_redirects_in_a_circle_end(site: WebSite, shelf: Shelf) -> None:
    site.pages["/"] = html("Home", '<a href="/a">a</a> <a href="/self">s</a>')
    site.moved |= {"/a": "/b", "/b": "/c", "/c": "/a", "/self": "/self"}
    report = shelf.library.sync(Source(site.url))
    assert (report.indexed, report.failed) == (1, [])
    assert len(site.asked) == 7


def test_rules_that_moved_within_the_site_hold(site: WebSite, shelf: Shelf) -> None:
    site.moved["/robots.txt"] = "/rules.txt"
    site.pages["/rules.txt"] = "User-agent: *\nDisallow: /leave.html"
    assert failures(site, shelf)["leave.html"] == "its robots.txt asks not to read it"
