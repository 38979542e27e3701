"""EmoDB, the Berlin Database of Emotional Speech: `03a01Fa.wav` is speaker 03, text a01, joy (Freude), take a.

Source of the codes: F. Burkhardt and others, A Database of German Emotional Speech, Interspeech 2005, and its page.
"""

from __future__ import annotations

import re

from db.imports.corpora.corpus import Corpus, Utterance, matched

LABELS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "N": "neutral",
    "T": "sadness",
}
"""By the first letter of the German word (Wut, Langeweile, Ekel, Angst, Freude, neutral, Trauer)."""
_MEN = frozenset(("03", "10", "11", "12", "15"))
_TEXTS = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
_NAME = re.compile(rf"(03|08|09|1[0-6])({'|'.join(_TEXTS)})([{''.join(LABELS)}])([a-z]?)", re.IGNORECASE)


def _utterance(path: str) -> Utterance:
    speaker, sentence, letter, take = matched(_NAME, path, like="03a01Fa.wav").groups()
    extra = {"sentence": sentence.lower(), "take": take.lower(), "gender": "male" if speaker in _MEN else "female"}
    return Utterance(
        label=LABELS[letter.upper()],
        speaker=speaker,
        transcript=_TEXTS[sentence.lower()],
        extra={k: v for k, v in extra.items() if v},
    )


EMODB = Corpus(
    name="emodb",
    title="EmoDB (Berlin Database of Emotional Speech)",
    about="535 sentences in German by 10 actors, 7 emotions.",
    labels=tuple(LABELS.values()),
    licence="freely available for research",
    address="http://emodb.bilderbar.info",
    example="wav/03a01Fa.wav",
    reader=lambda: _utterance,
)
