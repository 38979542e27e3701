"""RAVDESS: seven two-digit numbers, `03-01-06-01-02-01-12.wav`: modality, vocal channel, emotion, intensity, statement,
repetition, actor.

Source of the codes: S. R. Livingstone and F. A. Russo, PLoS ONE 13(5), 2018, and the page of the corpus.
"""

from __future__ import annotations

import re

from db.imports.corpora.corpus import Corpus, LeftOutError, StrangeFileError, Utterance, matched

LABELS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
_STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
_NAME = re.compile(r"(0[1-3])-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-(0[1-9]|1\d|2[0-4])")


def _utterance(path: str) -> Utterance:
    groups = matched(_NAME, path, like="03-01-06-01-02-01-12.wav").groups()
    modality, channel, emotion, intensity, statement, repetition, actor = groups
    if modality == "02":
        raise StrangeFileError("Its name begins with 02, a video without sound; leave it out.", kind="video")
    return Utterance(
        label=LABELS[emotion],
        speaker=f"actor{actor}",
        transcript=_STATEMENTS[statement],
        extra={
            "vocal_channel": "speech" if channel == "01" else "song",
            "intensity": "normal" if intensity == "01" else "strong",
            "sentence": statement,
            "repetition": repetition,
            "gender": "male" if int(actor) % 2 else "female",
        },
    )


def _speech(path: str) -> Utterance:
    utterance = _utterance(path)
    if utterance.extra["vocal_channel"] == "song":
        raise LeftOutError("song", _songs)
    return utterance


def _songs(count: int) -> str:
    files = "1 file is a song and was" if count == 1 else f"{count} files are songs and were"
    return f"{files} left out; --corpus ravdess-all takes songs, too."


_LICENCE = "CC BY-NC-SA 4.0"
_ADDRESS = "https://doi.org/10.5281/zenodo.1188976"

RAVDESS = Corpus(
    name="ravdess",
    title="RAVDESS (Ryerson Audio-Visual Database of Emotional Speech and Song), speech only",
    about="1440 recordings of 2 sentences in English by 24 actors, 8 emotions.",
    labels=tuple(LABELS.values()),
    licence=_LICENCE,
    address=_ADDRESS,
    example="Actor_12/03-01-06-01-02-01-12.wav",
    reader=lambda: _speech,
)
RAVDESS_ALL = Corpus(
    name="ravdess-all",
    title="RAVDESS, speech and song",
    about="Also 1012 recordings in which the sentences are sung; the column vocal_channel tells them apart.",
    labels=tuple(LABELS.values()),
    licence=_LICENCE,
    address=_ADDRESS,
    example="Actor_12/03-02-06-01-02-01-12.wav",
    reader=lambda: _utterance,
)
