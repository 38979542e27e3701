"""Where a project keeps what is finished of a fine-tuning, and what it was trained on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from db.errors import EncoderError, LabelError
from db.finetuned.kept import DECISIONS_FILE
from db.project import OpenProject
from db.records.clip_changes import withdrawn_clips
from db.store.files import write_whole
from db.store.lock import FINETUNE_LOCK, locked
from learner.finetuning.kept import Kept, digest, unwritable


def one_at_a_time(project: OpenProject) -> AbstractContextManager[None]:
    """Refuse a second fine-tuning of the project, also by another process.

    Raises:
        EncoderError: one is under way.
    """

    def refused(owner: str) -> EncoderError:
        return EncoderError(
            f"A fine-tuning of {project.directory} is under way already (process {owner}); wait for it or stop it."
        )

    return locked(project.directory / FINETUNE_LOCK, refused=refused)


def kept_in(project: OpenProject, document: dict[str, Any], *, decisions: dict[str, Any]) -> Kept:
    """The folder of these settings. Folders of other decisions go: nothing continues them.

    Args:
        document: see `Kept`; its `decisions` stands for the decisions.
        decisions: what is kept beside it for a person to look up.

    Raises:
        EncoderError: it cannot be written to.
    """
    for folder in project.finetune_dir.glob("*/"):
        if _decisions_of(folder) != document["decisions"]:
            shutil.rmtree(folder, ignore_errors=True)
    kept = Kept(project.finetune_dir / digest(document), document)
    try:
        write_whole(kept.folder / DECISIONS_FILE, json.dumps(decisions) + "\n")
    except OSError as error:
        raise unwritable(kept.folder, error) from error
    return kept


def _decisions_of(folder: Path) -> Any:
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        return found.get("decisions") if isinstance(found, dict) else None
    return None


def refuse_withdrawn(project: OpenProject, kept: Kept, clip_ids: Iterable[int]) -> None:
    """End a training that has seen clips which are withdrawn by now, and remove what it has left.

    Raises:
        LabelError: there are some.
    """
    with project.read() as session:
        gone = set(withdrawn_clips(session)) & set(clip_ids)
    if gone:
        shutil.rmtree(kept.folder, ignore_errors=True)
        clips = "A clip that the network learns from was" if len(gone) == 1 else f"{len(gone)} clips that it learns from were"
        raise LabelError(f"{clips} withdrawn meanwhile; give the same command again to start without.")
