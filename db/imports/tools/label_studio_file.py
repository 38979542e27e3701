"""Import of what Label Studio exports: JSON and JSON-MIN, with the choices of several people, and predictions.

In JSON a task holds its annotations; in JSON-MIN each annotation is an object of its own, in which the choices stand beside the
data. Regions, texts and ratings are not read, only choices for a whole task.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from db.imports.handed_over import HandedAnswer, HandedOverRow, HandedSuggestion
from db.imports.json_lines import problem_in
from db.imports.manifest import BadRow
from db.imports.remarks import Remarks
from db.imports.tools.clips import TaskClips
from db.imports.tools.json_list import listed_objects
from db.imports.tools.label_studio_survey import OTHER_ANSWER, min_choices, surveyed
from db.imports.tools.values import count_in, label_in, moment_in, score_in, seconds_in, text_in, uuid_in
from db.models import Answer

TASKS = "tasks.json"
"""The file of an export of Earmark, which is a folder."""
_AFTER_CHOICES = frozenset(("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"))


def read_label_studio(
    path: Path,
    *,
    choices: str | None = None,
    audio_key: str | None = None,
    audio_folder: Path | None = None,
    remarks: Remarks | None = None,
) -> Iterator[HandedOverRow | BadRow]:
    """The tasks of an export, read while the caller iterates.

    The whole file is looked through first, so a damaged one gives no row.

    A cancelled annotation is a skipped clip, `ground_truth` makes an answer gold, `lead_time` its seconds. A prediction is a
    suggestion, never an answer. Drafts are no answers. Of Label Studio's users, JSON-MIN only has numbers.

    Args:
        path: the file, or the folder that Earmark exported.
        choices: the name of the choices that are the labels (`from_name`); needed where tasks hold several.
        audio_key: where in `data` the audio is addressed; needed where that is not clear.
        audio_folder: where the audio lies; by default the folder of the file.
        remarks: takes what is noticed about many tasks; complete once the last row is read.

    Raises:
        FormatError: the file cannot be read, is no such export, or it must be named which choices or which audio is meant.
    """
    file = Path(os.path.abspath(path / TASKS if path.is_dir() else path))
    found = surveyed(file, choices=choices, audio_key=audio_key)
    remarks = Remarks() if remarks is None else remarks
    return _Reader(file, found.choices, found.audio_key, audio_folder, remarks).rows()


class _Reader:
    def __init__(self, path: Path, choices: str | None, audio_key: str, audio_folder: Path | None, remarks: Remarks) -> None:
        self._path, self._choices, self._audio_key, self._remarks = path, choices, audio_key, remarks
        self._clips = TaskClips(path, audio_folder=audio_folder, what="task", remarks=remarks)

    def rows(self) -> Iterator[HandedOverRow | BadRow]:
        for number, task in enumerate(listed_objects(self._path, what="task"), start=1):
            yield self._row(number, task)

    def _row(self, number: int, task: dict[str, Any]) -> HandedOverRow | BadRow:
        if problem := problem_in(task):
            return self._clips.bad(number, problem)
        if "data" not in task:
            return self._row_of_min(number, task)
        data = task["data"]
        if not isinstance(data, dict):
            return self._clips.bad(number, "has data that are no JSON object; export it once more")
        clip = self._clips.clip(number, data.get(self._audio_key), {k: v for k, v in data.items() if k != self._audio_key})
        if isinstance(clip, BadRow):
            return clip
        if _objects(task.get("drafts")):
            self._remarks.add("drafts", lambda count: f"{_tasks(count)} a draft; only what was submitted is an answer.")
        answers = (self._answer(annotation) for annotation in _objects(task.get("annotations")))
        suggestions = (self._suggestion(prediction) for prediction in _objects(task.get("predictions")))
        return HandedOverRow(
            clip=clip,
            answers=tuple(answer for answer in answers if answer is not None),
            suggestions=tuple(each for each in suggestions if each is not None),
        )

    def _row_of_min(self, number: int, task: dict[str, Any]) -> HandedOverRow | BadRow:
        chosen = min_choices(task)
        if self._choices is not None and self._choices in task:
            chosen.setdefault(self._choices, task[self._choices])
        used = {self._audio_key, *chosen, *(_AFTER_CHOICES if "annotator" in task else ())}
        clip = self._clips.clip(number, task.get(self._audio_key), {k: v for k, v in task.items() if k not in used})
        if isinstance(clip, BadRow):
            return clip
        value = chosen.get(self._choices or "")
        listed = value.get("choices") if isinstance(value, dict) else [value]
        answer = self._labelled(listed if isinstance(listed, list) else [], unsure=chosen.get(OTHER_ANSWER) is not None)
        given = None if answer is None else _given(answer, task, annotator=task.get("annotator"))
        return HandedOverRow(clip=clip, answers=() if given is None else (given,))

    def _answer(self, annotation: dict[str, Any]) -> HandedAnswer | None:
        if annotation.get("was_cancelled") is True:
            answer: tuple[Answer, str | None] | None = (Answer.SKIP, None)
        else:
            labels, unsure = self._chosen(annotation)
            answer = self._labelled(labels, unsure=unsure)
        return None if answer is None else _given(answer, annotation, annotator=annotation.get("completed_by"))

    def _labelled(self, labels: list[Any], *, unsure: bool) -> tuple[Answer, str | None] | None:
        names = [name for label in labels if (name := label_in(label)) is not None]
        if len(names) == 1:
            return Answer.LABEL, names[0]
        if unsure:
            return Answer.UNSURE, None
        if names:
            self._remarks.add(
                "several", lambda count: f"{_annotations(count)} several labels at once; no answer was taken of them."
            )
        else:
            self._remarks.add(
                "none", lambda count: f"{_annotations(count)} no choice for the whole clip; no answer was taken of them."
            )
        return None

    def _chosen(self, annotation: dict[str, Any]) -> tuple[list[Any], bool]:
        """What was chosen as the label, and whether the annotator was unsure."""
        labels: list[Any] = []
        unsure = False
        for result in _objects(annotation.get("result")):
            value = result.get("value")
            if result.get("type") != "choices" or not isinstance(value, dict) or not isinstance(value.get("choices"), list):
                continue
            if "start" in value or "end" in value:
                self._remarks.add(
                    "regions", lambda count: f"{_annotations(count)} labels of parts of a file; these are not read."
                )
            elif result.get("from_name") == OTHER_ANSWER:
                unsure = True
            elif result.get("from_name") == self._choices:
                labels += value["choices"]
        return labels, unsure

    def _suggestion(self, prediction: dict[str, Any]) -> HandedSuggestion | None:
        labels, _ = self._chosen(prediction)
        names = [name for label in labels if (name := label_in(label)) is not None]
        if len(names) != 1:
            return None
        origin = text_in(prediction.get("model_version")) or "label-studio"
        return HandedSuggestion(label=names[0], origin=origin, score=score_in(prediction.get("score")))


def _given(answer: tuple[Answer, str | None], annotation: Mapping[str, Any], *, annotator: Any) -> HandedAnswer:
    ours = annotation.get("earmark")
    ours = ours if isinstance(ours, dict) else {}
    return HandedAnswer(
        answer=answer[0],
        label=answer[1],
        annotator=_name_of(annotator),
        gold=annotation.get("ground_truth") is True,
        given_at=moment_in(annotation.get("created_at")),
        uuid=uuid_in(annotation.get("unique_id")),
        seconds=seconds_in(annotation.get("lead_time")),
        plays=count_in(ours.get("plays")),
        reason=text_in(ours.get("reason")),
        # Where somebody began from a prediction, its label was already chosen.
        suggestion_shown=ours.get("suggestion_shown") is True or annotation.get("parent_prediction") is not None,
    )


def _name_of(annotator: Any) -> str | None:
    """Who completed an annotation: an e-mail address, a name, or the number of a user."""
    if isinstance(annotator, dict):
        names = [text_in(annotator.get(key)) for key in ("first_name", "last_name")]
        full = " ".join(name for name in names if name)
        return text_in(annotator.get("email")) or text_in(annotator.get("username")) or full or _name_of(annotator.get("id"))
    if isinstance(annotator, int) and not isinstance(annotator, bool):
        return f"user {annotator}"
    return text_in(annotator)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _tasks(count: int) -> str:
    return "1 task has" if count == 1 else f"{count} tasks have"


def _annotations(count: int) -> str:
    return "1 annotation or prediction has" if count == 1 else f"{count} annotations or predictions have"
