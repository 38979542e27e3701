"""Which clips an unfinished or finished fine-tuning has seen, and that it goes when one of them is withdrawn.

A folder of `OpenProject.finetune_dir` holds one fine-tuning. `DECISIONS_FILE` in it lists its clips.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from pathlib import Path

DECISIONS_FILE = "decisions.json"


def forget_kept(finetune_dir: Path, clips: Collection[int]) -> None:
    """Delete what fine-tunings keep that have seen one of these clips, or that do not say which they have seen."""
    for folder in finetune_dir.glob("*/") if clips else ():
        try:
            seen = set(json.loads((folder / DECISIONS_FILE).read_text(encoding="utf-8"))["clips"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            seen = set(clips)
        if not seen.isdisjoint(clips):
            shutil.rmtree(folder, ignore_errors=True)
