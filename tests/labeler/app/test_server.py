"""What the app's process has loaded before the first visitor comes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from labeler.app.server import SCRIPT

REPOSITORY = Path(__file__).resolve().parents[3]
PAGES = REPOSITORY / "labeler" / "app" / "pages"


def test_every_page_is_loaded_at_start() -> None:
    """A page is a file `NAME.py` with a function `show_NAME`; `pages/main.py` loads them for the first visitor only.

    The start page belongs to another server.
    """
    pages = {path.stem for path in PAGES.rglob("*.py") if f"def show_{path.stem}()" in path.read_text(encoding="utf-8")}
    script = "import sys, labeler.app.server; print(*(name.rpartition('.')[2] for name in sys.modules if '.app.pages.' in name))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=REPOSITORY).stdout
    assert {"label", "grid", "review"} <= pages
    assert pages - {*loaded.split()} == {"start"}


def test_streamlit_finds_no_folder_that_it_would_take_for_pages() -> None:
    """It runs the files of a folder `pages` beside its script by themselves, until the script has named the pages once."""
    assert SCRIPT.is_file()
    assert not (SCRIPT.parent / "pages").exists()
