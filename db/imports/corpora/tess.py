"""TESS: `OAF_back_angry.wav` is the older actress, "Say the word back", anger.

Source of the codes: M. K. Pichora-Fuller and K. Dupuis, Toronto emotional speech set, 2020 (Scholars Portal Dataverse).
"""

from __future__ import annotations

import re

from db.imports.corpora.corpus import Corpus, Utterance, matched

LABELS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "pleasant surprise",
    "sad": "sad",
}
_AGES = {"OAF": 64, "YAF": 26}
_NAME = re.compile(rf"(OAF?|YAF)_([A-Za-z'-]+)_({'|'.join(LABELS)})", re.IGNORECASE)
"""One file of the distribution, OA_bite_neutral.wav, lacks its F."""


def _utterance(path: str) -> Utterance:
    speaker, word, emotion = matched(_NAME, path, like="OAF_back_angry.wav").groups()
    speaker = "YAF" if speaker.upper() == "YAF" else "OAF"
    extra = {"word": word, "gender": "female", "age": _AGES[speaker]}
    return Utterance(label=LABELS[emotion.lower()], speaker=speaker, transcript=f"Say the word {word}.", extra=extra)


TESS = Corpus(
    name="tess",
    title="TESS (Toronto Emotional Speech Set)",
    about="2800 recordings of 200 words in English by 2 women, 7 emotions.",
    labels=tuple(LABELS.values()),
    licence="CC BY-NC-ND 4.0",
    address="https://doi.org/10.5683/SP2/E8H2MF",
    example="OAF_angry/OAF_back_angry.wav",
    reader=lambda: _utterance,
)
