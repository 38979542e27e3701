"""Warnings of an import as lines: what holds for many files is printed once."""

from __future__ import annotations

from collections.abc import Sequence

EACH = 3
"""Up to so many files with the same warning are named one by one."""


def warning_lines(warnings: Sequence[dict[str, str]]) -> list[str]:
    """One line for each file, or for all files with the same warning if they are many.

    Args:
        warnings: `{"file_name", "warning"}` each, as an import reports them.
    """
    files: dict[str, list[str]] = {}
    for each in warnings:
        files.setdefault(each["warning"], []).append(each["file_name"])
    lines = []
    for warning, names in files.items():
        if len(names) <= EACH:
            lines += [f"warning {name}: {warning}" for name in names]
        else:
            lines.append(f"warning {names[0]} and {len(names) - 1} others: {warning}")
    return lines
