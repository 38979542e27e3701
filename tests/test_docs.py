"""The README names only commands, files and make targets that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labeler.cli.main import main
from scripts.command_reference import REFERENCE, command_reference
from scripts.format_examples import PAGE, format_examples

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_every_command_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"^earmark --project \S+ (\w+)", README, flags=re.MULTILINE))
    named |= set(re.findall(r"`earmark (\w+)", README))
    assert {"init", "import", "embed", "serve", "export", "upgrade"} <= named
    assert named - {"COMMAND"} <= set(main.commands)


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (REPOSITORY / link.partition("#")[0]).exists()] == []


def test_every_make_target_that_the_readme_names_exists() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in [*re.findall(r"^make (\w+)", README, flags=re.MULTILINE), "lint", "types", "bench", "soak", "screenshots"]:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_the_command_reference_is_what_the_commands_print() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == command_reference(), "run `make commands`"


def test_the_page_on_formats_shows_what_they_hold() -> None:
    assert PAGE.read_text(encoding="utf-8") == format_examples(), "run `make formats`"


@pytest.mark.parametrize("page", ["docs/architecture.md", "scripts/formats_page_end.md", "docs/security.md", "CONTRIBUTING.md"])
def test_every_file_that_a_page_for_developers_names_is_there(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:db|learner|labeler|tests|benchmarks|scripts)/[\w./-]*)`", text))
    assert len(named) >= 3
    assert sorted(path for path in named if not (REPOSITORY / path).exists()) == []
    modules = set(re.findall(r"`((?:db|learner|labeler)(?:\.\w+)+)`", text))
    paths = {module: REPOSITORY / module.replace(".", "/") for module in modules}
    assert sorted(name for name, path in paths.items() if not path.is_dir() and not path.with_suffix(".py").exists()) == []
