"""The documents name what there is: each command, each setting, each make target; and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yincai.cli import main as door

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def page(name: str) -> str:
    return (ROOT / name).read_text()


def test_each_command_is_in_the_reference() -> None:
    named = page("docs/reference/commands.md").replace("-", " ")
    commands = [door.spoken(name) for name in door.own_commands()]
    assert commands
    assert [name for name in commands if f"`yincai {name}" not in named] == []


def test_each_setting_is_in_the_reference() -> None:
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    settings = set(re.findall(r"\"((?:YINCAI_[A-Z_]+|DATABASE_URL))\"", source))
    assert len(settings) > 5
    assert sorted(name for name in settings if f"`{name}`" not in page("docs/reference/settings.md")) == []


def test_each_make_target_is_told_to_developers() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", page("Makefile"), re.MULTILINE)) - {
        "help",
        "clean",
        "format",
        "setup",
    }
    told = set(re.findall(r"`?(?:make )?([a-z-]+)[`, ]", page("docs/how-to/develop.md")))
    assert sorted(targets - told) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text())
    broken = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert broken == []


def test_each_picture_is_drawn_by_make_plots_and_shown_in_a_page() -> None:
    drawn = set()
    for path in (ROOT / "tools/plots").glob("*.py"):
        for listed in re.findall(r"^PICTURES = \{(.*?)\}", path.read_text(), re.MULTILINE | re.DOTALL):
            drawn |= set(re.findall(r"\"([a-z0-9-]+)\":", listed))
    pages = "".join(path.read_text() for path in (ROOT / "docs/explanation/measurement").glob("*.md"))
    shown = set(re.findall(r"\]\(images/([a-z0-9-]+)\.svg\)", pages))
    assert drawn
    assert drawn == shown == {path.stem for path in (ROOT / "docs/explanation/measurement/images").glob("*.svg")}
