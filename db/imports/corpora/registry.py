"""All corpora that `--corpus` knows. A new one is a file in this room and its line here."""

from __future__ import annotations

from db.errors import FormatError
from db.imports.corpora.corpus import Corpus
from db.imports.corpora.crema_d import CREMA_D
from db.imports.corpora.emodb import EMODB
from db.imports.corpora.iemocap import IEMOCAP, IEMOCAP_ALL, IEMOCAP_FIVE
from db.imports.corpora.ravdess import RAVDESS, RAVDESS_ALL
from db.imports.corpora.savee import SAVEE
from db.imports.corpora.tess import TESS

CORPORA: dict[str, Corpus] = {
    corpus.name: corpus for corpus in (EMODB, RAVDESS, RAVDESS_ALL, CREMA_D, SAVEE, TESS, IEMOCAP, IEMOCAP_FIVE, IEMOCAP_ALL)
}


def corpus_named(name: str) -> Corpus:
    """The corpus of this name.

    Raises:
        FormatError: there is none.
    """
    corpus = CORPORA.get(name)
    if corpus is None:
        raise FormatError(f"There is no corpus {name!r}; use one of: {', '.join(CORPORA)}.")
    return corpus
