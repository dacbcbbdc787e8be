"""Every story is told on every platform, and what docs/parity.md says of them is so."""

import importlib
import inspect
from pathlib import Path

import pytest

from tests.conformance.differences import DIFFERENCES
from tests.conformance.parity import CAPABILITIES, PAGE, filled
from tests.conformance.surface import PLATFORMS, Story

HERE = Path(__file__).parent


def stories() -> dict[str, Story]:
    """All stories, by name."""
    found: list[tuple[str, Story]] = []
    for path in sorted(HERE.glob("test_*.py")):
        if path != Path(__file__):
            module = importlib.import_module(f"tests.conformance.{path.stem}")
            found += [(name, story) for name, story in vars(module).items() if name.startswith("test_")]
    names = [name for name, _ in found]
    assert len(names) == len(set(names)), "two stories have one name"
    return dict(found)


def test_both_platforms_are_told_the_same_stories(request: pytest.FixtureRequest) -> None:
    told: dict[object, set[str]] = {platform: set() for platform in PLATFORMS}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.path.parent == HERE and hasattr(item, "callspec"):
            told[next(iter(item.callspec.params.values()))].add(item.originalname)
    slack, teams = told.values()
    assert slack == teams or request.config.getoption("keyword")  # who asked for some gets some


def test_a_story_uses_the_port_alone_and_is_never_skipped() -> None:
    for name, story in stories().items():
        assert list(inspect.signature(story).parameters) in (["surface"], ["two_replicas"]), name
        assert {mark.name for mark in getattr(story, "pytestmark", [])} <= {"timeout"}, name
    for path in HERE.glob("test_*.py"):
        if path != Path(__file__):
            text = path.read_text()
            assert "on_slack" not in text and "on_teams" not in text and ".platform" not in text, path


def test_every_story_shows_something_that_people_can_do() -> None:
    named = [f"test_{story}" for one in CAPABILITIES for story in one.stories.split()]
    assert sorted(named) == sorted(stories())


def test_every_difference_is_told_as_one() -> None:
    marked = {name for name, story in stories().items() if hasattr(story, "differs")}
    assert {one.story for one in DIFFERENCES} == marked
    assert len({(one.story, one.platform) for one in DIFFERENCES}) == len(DIFFERENCES)
    for name in marked:
        assert len([one for one in DIFFERENCES if one.story == name]) < len(PLATFORMS), "no platform can do it"


def test_the_page_says_so_too() -> None:
    page = PAGE.read_text()
    assert filled(page) == page, "run `python -m tests.conformance.parity`"
    assert len(page.splitlines()) < 70
