"""What the documents say exists."""

import re
from pathlib import Path

import click
import pytest

from ops.cli import cli

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> set[str]:
    """All commands of the command line, with their groups."""
    found = set(cli.commands)
    for name, command in cli.commands.items():
        found |= {f"{name} {sub}" for sub in command.commands} if isinstance(command, click.Group) else set()
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_named_exist(page: Path) -> None:
    for words in re.findall(r"(?:^|[`\s]|bin/)hausgeist ([a-z][a-z-]*)", page.read_text()):
        assert words in commands(), words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_make_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for page in PAGES:
        for target in re.findall(r"`?make ([a-z]+)", page.read_text()):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_nothing_of_this_workplace_is_named() -> None:
    names = re.compile(r"/work/|/root/|farm-|pypi\.org|files\.pythonhosted|registry\.npmjs|deb\.debian")
    tops = (path for path in ROOT.iterdir() if path.name not in {".venv", ".git"})
    for path in (path for top in tops for path in (top.rglob("*") if top.is_dir() else [top])):
        if (
            path.is_file()
            and path.suffix in {".py", ".md", ".toml", ".txt", ".js", ".html", ".json", ".jsonl"}
            and path != Path(__file__)
        ):
            assert not names.search(path.read_text(errors="ignore")), path
