"""What is finished of an experiment, as JSON: one file a fold and run, beside the settings that all of them belong to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import EncoderError
from db.store.files import write_whole
from learner.finetuning.folds import Fold
from learner.finetuning.result import RunOfFold

Place = tuple[int, int]
"""Number of a fold, and of a run."""
_SETTINGS = "settings.json"


class Kept:
    """The folder of one experiment."""

    def __init__(self, folder: Path, document: dict[str, Any]) -> None:
        """Make the folder, or go on with what it holds.

        Args:
            document: everything that results depend on, in JSON's types.

        Raises:
            EncoderError: it holds an experiment with other settings, is damaged, or cannot be written to.
        """
        self.folder, self.document = folder, document
        path = folder / _SETTINGS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
            if before is None:
                write_whole(path, json.dumps(document, indent=2, sort_keys=True) + "\n")
                return
            if not isinstance(before, dict):
                raise ValueError
        except OSError as error:
            raise unwritable(folder, error) from error
        except (ValueError, RecursionError) as error:
            raise EncoderError(f"{path} is damaged; remove the folder {folder} to start again.") from error
        changed = sorted(key for key in {*before, *document} if before.get(key) != document.get(key))
        if changed:
            raise EncoderError(
                f"{folder} holds an experiment with other settings ({', '.join(changed)}); "
                "continue with those, or choose another --output."
            )

    def folder_of(self, place: Place) -> Path:
        """Where a run keeps its state while it trains."""
        return self.folder / f"fold-{place[0] + 1}-run-{place[1] + 1}"

    def run(self, place: Place, fold: Fold) -> RunOfFold | None:
        """A run that is finished."""
        try:
            kept = json.loads(self.folder_of(place).with_suffix(".json").read_text(encoding="utf-8"))
            predicted = np.array(kept["predicted"], dtype=np.int64)
            if predicted.shape == fold.test.shape:
                return RunOfFold(predicted, float(kept["seconds"]), tuple(map(str, kept["remarks"])))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return None

    def keep(self, place: Place, run: RunOfFold, *, beside: Callable[[Path], None] | None = None) -> None:
        """Keep a run; the states of its training are not needed any more.

        Args:
            beside: writes what else is kept of it, given the folder.
        """
        document = {"predicted": run.predicted.tolist(), "seconds": run.seconds, "remarks": list(run.remarks)}
        try:
            if beside is not None:
                beside(self.folder)
            write_whole(self.folder_of(place).with_suffix(".json"), json.dumps(document) + "\n")
        except OSError as error:
            raise unwritable(self.folder, error) from error
        with suppress(OSError):
            for path in self.folder_of(place).iterdir():
                path.unlink()
            self.folder_of(place).rmdir()


def digest(content: Any) -> str:
    """The same for the same content, in 20 digits; it names a folder."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def unwritable(folder: Path, error: OSError) -> EncoderError:
    """The error of a folder that there is no room in."""
    return EncoderError(
        f"{folder} cannot be written to ({error.strerror}); make room, or choose another --output. What is finished is kept."
    )
