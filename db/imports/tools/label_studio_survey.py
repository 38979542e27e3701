"""A first look through an export of Label Studio: which choices it holds, and where its tasks address their audio."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.file_names import shown
from db.imports.folder import AUDIO_SUFFIXES
from db.imports.tools.json_list import listed_objects

OTHER_ANSWER = "earmark_answer"
"""The choices in an export of Earmark that hold an answer which is no label."""
_USUAL_AUDIO = "audio"
_SERVED = re.compile(r"/data/(?:local-files|upload)/", re.IGNORECASE)
_SHOWN = 12


@dataclass(frozen=True)
class Survey:
    """What the reader of an export must know first."""

    choices: str | None
    """The name of the choices that are the labels; None if no task has any."""
    audio_key: str


def surveyed(path: Path, *, choices: str | None, audio_key: str | None) -> Survey:
    """Look through the whole file.

    Raises:
        FormatError: it cannot be read or is no such export, or it is not clear which choices or which audio is meant.
    """
    found: Counter[str] = Counter()
    audio: Counter[str] = Counter()
    tasks = 0
    for task in listed_objects(path, what="task"):
        tasks += 1
        data = task.get("data", task)
        if isinstance(data, dict):
            audio.update(_addresses(data) if audio_key is None else [key for key in (audio_key,) if key in data])
        found.update(_choices_in(task))
    found.pop(OTHER_ANSWER, None)
    if tasks == 0:
        raise FormatError(f"{path} holds no task; export the tasks of the project once more.")
    return Survey(_one_choice(path, found, choices), _one_audio(path, audio, audio_key))


def min_choices(task: Mapping[str, Any]) -> dict[str, Any]:
    """The choices of a task of JSON-MIN by their name: what Label Studio writes between `id` and `annotator`."""
    keys = list(task)
    if "id" not in task or "annotator" not in task:
        return {}
    between = keys[keys.index("id") + 1 : keys.index("annotator")]
    return {key: task[key] for key in between if _is_choice(task[key])}


def _is_choice(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get("choices"), list))


def _choices_in(task: Mapping[str, Any]) -> set[str]:
    if "data" not in task:
        return set(min_choices(task))
    names = set()
    for part in ("annotations", "predictions"):
        given = task.get(part)
        for each in given if isinstance(given, list) else ():
            results = each.get("result") if isinstance(each, dict) else None
            for result in results if isinstance(results, list) else ():
                if isinstance(result, dict) and result.get("type") == "choices" and isinstance(result.get("from_name"), str):
                    names.add(result["from_name"])
    return names


def _addresses(data: Mapping[str, Any]) -> list[str]:
    """The keys under which a file of audio is addressed; the usual one alone, if it is there."""
    if isinstance(data.get(_USUAL_AUDIO), str):
        return [_USUAL_AUDIO]
    return [key for key, value in data.items() if isinstance(value, str) and _is_audio(value)]


def _is_audio(value: str) -> bool:
    if len(value) > 4096:
        return False
    name = re.split(r"[?#]", value, maxsplit=1)[0] if "d=" not in value else value
    return os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES or _SERVED.search(value) is not None


def _one_choice(path: Path, found: Counter[str], wanted: str | None) -> str | None:
    names = _listed(found)
    if wanted is not None:
        if found and wanted not in found:
            raise FormatError(f"{path} has no choices {shown(wanted)}; name one of: {names}.")
        return wanted
    if len(found) > 1:
        raise FormatError(f"{path} has several choices ({names}); name those that are the labels with --label-column.")
    return next(iter(found), None)


def _one_audio(path: Path, found: Counter[str], wanted: str | None) -> str:
    if wanted is not None:
        if not found:
            raise FormatError(f"No task of {path} has {shown(wanted)} in its data; name the key of the audio with --audio-key.")
        return wanted
    if not found:
        raise FormatError(f"No task of {path} names a file of audio; if one does, name its key with --audio-key.")
    if len(found) > 1 and found[_USUAL_AUDIO] == 0:
        raise FormatError(
            f"The tasks of {path} name several files ({_listed(found)}); name the key of the audio with --audio-key."
        )
    return _USUAL_AUDIO if found[_USUAL_AUDIO] else next(iter(found))


def _listed(names: Counter[str]) -> str:
    listed = ", ".join(shown(name) for name in sorted(names)[:_SHOWN])
    return listed + (", …" if len(names) > _SHOWN else "")
