"""IEMOCAP: labels and texts lie in a file for each dialogue, and name the turns, which are the audio files.

    Session1/dialog/EmoEvaluation/Ses01F_impro01.txt    [6.2901 - 8.2357]  Ses01F_impro01_F000  neu  [2.5000, 2.5000, 2.5000]
    Session1/dialog/transcriptions/Ses01F_impro01.txt   Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.
    Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav

The letter at the beginning (`Ses01F`) is that of the actor who wore the markers of motion capture; the letter of the turn is that
of the speaker.

Source: C. Busso and others, Language Resources and Evaluation 42(4), 2008, and the corpus' documentation. Most papers use four
labels, with excitement counted as happiness, and hold out one session after the other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.corpora.corpus import Corpus, LeftOutError, Reader, StrangeFileError, Utterance, matched
from db.imports.text_lines import encoding_of, problem_with

_FOUR = {"ang": "anger", "hap": "happiness", "exc": "happiness", "neu": "neutral", "sad": "sadness"}
_FIVE = {**_FOUR, "exc": "excitement"}
_ALL = {**_FIVE, "fru": "frustration", "fea": "fear", "sur": "surprise", "dis": "disgust", "oth": "other"}
_NO_AGREEMENT = "xxx"
_SCALES = ("valence", "activation", "dominance")
"""From 1 to 5, means over the annotators."""
_TURN = re.compile(r"((Ses\d\d)[FM]_((impro|script)\w+))_([FM])([0-9X]+)")
_NUMBER = r"(\d{1,3}(?:\.\d{1,9})?)"
_LABELLED = re.compile(rf"\[[^\]]*\]\s+(\w+)\s+(\w{{2,9}})\s+\[{_NUMBER}, *{_NUMBER}, *{_NUMBER}\]")
_SPOKEN = re.compile(r"(\w+)\s+\[[^\]]*\]:\s*(.*)")
_NAMED_WITHIN = 200
"""Characters of a line in which the turn is named."""
_EVALUATIONS = ("dialog", "EmoEvaluation")
_Evaluations = dict[str, list[tuple[str, dict[str, float]]]]
"""For each turn, label and scores of each line that can be read; no line of a turn that has only damaged ones."""
_MOST_BYTES = 1 << 24
"""Of a dialogue's file; those of the corpus have some ten thousand."""


class _Dialogues:
    """Describes turns; the files of the last dialogue are remembered, since a folder lists its turns one after the other."""

    def __init__(self, labels: Mapping[str, str], *, leave_out: bool) -> None:
        self._labels, self._leave_out = labels, leave_out
        self._place: tuple[str, str] | None = None
        self._evaluations: _Evaluations = {}
        self._texts: dict[str, str] = {}

    def utterance(self, path: str) -> Utterance:
        """As `Reader` has it."""
        folders = os.path.dirname(path).split("/")
        if folders[-2:-1] == ["dialog"] or folders[-1] == "dialog":
            raise LeftOutError("dialogue", _dialogues)
        turn = matched(_TURN, path, like="Ses01F_impro01_F000.wav")
        dialogue, session, scenario, kind, letter, _ = turn.groups()
        if folders[-3:-1] != ["sentences", "wav"]:
            raise StrangeFileError(
                "It does not lie in Session…/sentences/wav/DIALOGUE/ as in the distribution, so its label is not found; "
                "import the folder of the corpus as it is distributed.",
                kind="place",
            )
        self._read("/".join(folders[:-3]), dialogue)
        code, scores = self._evaluated(turn[0], dialogue)
        if self._leave_out and code not in self._labels:
            raise LeftOutError("other labels", _others)
        extra: dict[str, Any] = {"session": session, "emotion": code, "scenario": scenario, **scores}
        extra["spoken"] = "improvised" if kind == "impro" else "scripted"
        extra["gender"] = "female" if letter == "F" else "male"
        return Utterance(
            label=self._labels.get(code), speaker=f"{session}{letter}", transcript=self._texts.get(turn[0]) or None, extra=extra
        )

    def _evaluated(self, turn: str, dialogue: str) -> tuple[str, dict[str, float]]:
        """Code of the label, and scores."""
        file, found = f"dialog/EmoEvaluation/{dialogue}.txt", self._evaluations.get(turn)
        if found is None:
            raise StrangeFileError(f"Its label is not in {file}; complete the folder of the corpus.", kind="label")
        again = "take this file from the distribution again"
        if not found:
            raise StrangeFileError(f"Its line in {file} is damaged; {again}.", kind="damaged")
        codes = dict.fromkeys(code for code, _ in found)
        if len(codes) > 1:
            raise StrangeFileError(f"It has several labels in {file} ({', '.join(codes)}); {again}.", kind="several labels")
        return found[0]

    def _read(self, session: str, dialogue: str) -> None:
        if self._place == (session, dialogue):
            return
        self._place = (session, dialogue)
        self._evaluations = _evaluations(os.path.join(session, *_EVALUATIONS, f"{dialogue}.txt"))
        self._texts = {}
        for line in _lines(os.path.join(session, "dialog", "transcriptions", f"{dialogue}.txt")):
            if found := _SPOKEN.match(line):
                self._texts.setdefault(found[1], found[2].strip())


def _evaluations(path: str) -> _Evaluations:
    """What a dialogue's file says of each turn in it."""
    evaluations: _Evaluations = {}
    for line in _lines(path):
        turn = _TURN.search(line[:_NAMED_WITHIN])
        if turn is None:
            continue
        lines = evaluations.setdefault(turn[0], [])
        if found := _LABELLED.match(line):
            _, code, *scores = found.groups()
            lines.append((code.lower(), dict(zip(_SCALES, map(float, scores), strict=True))))
    return evaluations


def _lines(path: str) -> list[str]:
    """The lines of a dialogue's file, in UTF-8, UTF-16 or Windows' Western encoding; none if it is not there or no text."""
    try:
        if os.path.getsize(path) > _MOST_BYTES:
            return []
        encoding = encoding_of(Path(path))
        with open(path, "rb") as file:
            raw = file.read(_MOST_BYTES)
    except (OSError, ValueError, FormatError):
        return []
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return [line for line in text.splitlines() if problem_with(line) is None]


def _listed(folder: str) -> Iterator[str]:
    """The turns in all files of evaluations below a folder."""
    for here, folders, files in os.walk(folder):
        folders.sort()
        if tuple(here.split("/")[-2:]) == _EVALUATIONS:
            for name in sorted(files):
                if name.endswith(".txt") and not name.startswith("."):
                    yield from _evaluations(os.path.join(here, name))


def _dialogues(count: int) -> str:
    files = "1 file holds a whole dialogue and was" if count == 1 else f"{count} files hold whole dialogues and were"
    return f"{files} left out; the turns of a dialogue are clips."


def _others(count: int) -> str:
    turns = "1 turn with another label, or without one, was" if count == 1 else f"{count} turns with other labels, or none, were"
    return f"{turns} left out; --corpus iemocap-all takes them all."


def _reader(labels: Mapping[str, str], leave_out: bool) -> Reader:
    return _Dialogues(labels, leave_out=leave_out).utterance


def _corpus(name: str, title: str, about: str, labels: Mapping[str, str], *, leave_out: bool) -> Corpus:
    return Corpus(
        name=name,
        title=f"IEMOCAP (Interactive Emotional Dyadic Motion Capture), {title}",
        about=about,
        labels=tuple(dict.fromkeys(labels.values())),
        licence="for research, after a signed release form",
        address="https://sail.usc.edu/iemocap/",
        example="Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav",
        reader=partial(_reader, labels, leave_out),
        listed=_listed,
    )


IEMOCAP = _corpus(
    "iemocap",
    "the usual four labels",
    "5531 turns in English by 10 actors in 5 sessions; excitement counts as happiness, and turns with other labels are left out.",
    _FOUR,
    leave_out=True,
)
IEMOCAP_FIVE = _corpus(
    "iemocap-five",
    "the usual four labels and excitement",
    "The same 5531 turns, with happiness and excitement kept apart.",
    _FIVE,
    leave_out=True,
)
IEMOCAP_ALL = _corpus(
    "iemocap-all",
    "all labels",
    f"All 10039 turns as they were annotated; turns without agreement ({_NO_AGREEMENT}) come in without a label.",
    _ALL,
    leave_out=False,
)
