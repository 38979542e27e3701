"""SAVEE: `DC/a01.wav`, or `DC_a01.wav` in one folder, is speaker DC, anger, sentence 1. The texts are not in the names.

Source of the codes: the corpus' Info.txt; S. Haq and P. J. B. Jackson, Multimodal Emotion Recognition, 2010.
"""

from __future__ import annotations

import os
import re

from db.imports.corpora.corpus import Corpus, StrangeFileError, Utterance, matched

LABELS = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "sa": "sadness",
    "su": "surprise",
}
SPEAKERS = ("DC", "JE", "JK", "KL")
_NAME = re.compile(rf"(?:({'|'.join(SPEAKERS)})_)?(sa|su|[adfhn])(\d\d)", re.IGNORECASE)


def _utterance(path: str) -> Utterance:
    speaker, emotion, sentence = matched(_NAME, path, like="DC_a01.wav or DC/a01.wav").groups()
    speaker = (speaker or os.path.basename(os.path.dirname(path))).upper()
    if speaker not in SPEAKERS:
        raise StrangeFileError(
            f"Its speaker is not known; the file must lie in a folder called {', '.join(SPEAKERS[:-1])} or KL.", kind="speaker"
        )
    # A number is that of a sentence of this emotion: a04 and d04 are different sentences.
    emotion = emotion.lower()
    return Utterance(label=LABELS[emotion], speaker=speaker, extra={"sentence": f"{emotion}{sentence}", "gender": "male"})


SAVEE = Corpus(
    name="savee",
    title="SAVEE (Surrey Audio-Visual Expressed Emotion)",
    about="480 sentences in English by 4 men, 7 emotions.",
    labels=tuple(LABELS.values()),
    licence="freely available for research, after registration",
    address="http://kahlan.eps.surrey.ac.uk/savee/",
    example="AudioData/DC/a01.wav",
    reader=lambda: _utterance,
)
