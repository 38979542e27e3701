"""`python -m benchmarks [NAME ...]`: measure all rows (or those named) and print the table; if all, write it to docs/ too."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from pathlib import Path

import benchmarks
from benchmarks.measuring.rows import ROWS, table, write

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main() -> None:
    """Measure and write."""
    for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks."):
        if module.name != "benchmarks.__main__":
            importlib.import_module(module.name)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"one or more of {', '.join(sorted(ROWS))} (default: all, and the table is written)",
    )
    names = parser.parse_args().names
    unknown = sorted(set(names) - set(ROWS))
    if unknown:
        parser.error(f"there is no row {unknown[0]!r}; the rows are {', '.join(sorted(ROWS))}")
    measured = []
    for name in names or sorted(ROWS):
        print(f"Measuring {name} ...", flush=True)
        measured.append((ROWS[name], ROWS[name].measure()))
    print(table(measured))
    if not names:
        write(measured, markdown=DOCS / "benchmarks.md", document=DOCS / "benchmarks.json")


if __name__ == "__main__":
    main()
