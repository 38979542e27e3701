"""Writes docs/commands.md from `--help`, so that the reference always agrees with the commands."""

from __future__ import annotations

from pathlib import Path

import click
from click.testing import CliRunner

from labeler.cli.main import main

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"


def command_reference() -> str:
    """The whole document, as Markdown."""
    parts = ["# Commands\n\nWhat `--help` prints; `make commands` writes this file.\n", _section([])]
    for name, command in sorted(main.commands.items()):
        parts.append(_section([name]))
        if isinstance(command, click.Group):
            parts += [_section([name, part]) for part in sorted(command.commands)]
    return "\n".join(parts)


def _section(arguments: list[str]) -> str:
    title = " ".join(["earmark", *arguments])
    result = CliRunner().invoke(main, [*arguments, "--help"], prog_name="earmark", terminal_width=100, env={"COLUMNS": "100"})
    return f"## {title}\n\n```\n{result.stdout.strip()}\n```\n"


if __name__ == "__main__":
    REFERENCE.write_text(command_reference(), encoding="utf-8")
