"""CREMA-D: `1001_DFA_ANG_XX.wav` is actor 1001, sentence DFA, anger, unspecified level.

Source of the codes: H. Cao and others, IEEE Transactions on Affective Computing 5(4), 2014, and the corpus' README.
"""

from __future__ import annotations

import os
import re

from db.imports.corpora.corpus import Corpus, LeftOutError, Utterance, matched

LABELS = {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
_LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}
"""One file of the distribution, 1040_ITH_SAD_X.wav, has a single X."""
_TEXTS = {
    "IEO": "It's eleven o'clock.",
    "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.",
    "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.",
    "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
_NAME = re.compile(rf"(1\d{{3}})_({'|'.join(_TEXTS)})_({'|'.join(LABELS)})_({'|'.join(_LEVELS)})", re.IGNORECASE)


def _utterance(path: str) -> Utterance:
    actor, sentence, emotion, level = matched(_NAME, path, like="1001_DFA_ANG_XX.wav").groups()
    folder = os.path.dirname(path)
    if os.path.basename(folder) == "AudioMP3" and os.path.isdir(os.path.join(os.path.dirname(folder), "AudioWAV")):
        raise LeftOutError(
            "mp3", lambda count: f"The folder AudioMP3 ({count} files) was left out: AudioWAV holds the same clips."
        )
    return Utterance(
        label=LABELS[emotion.upper()],
        speaker=actor,
        transcript=_TEXTS[sentence.upper()],
        extra={"sentence": sentence.upper(), "level": _LEVELS[level.upper()]},
    )


CREMA_D = Corpus(
    name="crema-d",
    title="CREMA-D (Crowd-Sourced Emotional Multimodal Actors Dataset)",
    about="7442 recordings of 12 sentences in English by 91 actors, 6 emotions.",
    labels=tuple(LABELS.values()),
    licence="Open Database License 1.0",
    address="https://github.com/CheyneyComputerScience/CREMA-D",
    example="AudioWAV/1001_DFA_ANG_XX.wav",
    reader=lambda: _utterance,
)
