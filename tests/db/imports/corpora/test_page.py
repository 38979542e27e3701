"""docs/corpora.md lists every corpus with its labels, licence, address and an example, as the code has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.imports.corpora.corpus import Corpus
from db.imports.corpora.registry import CORPORA

PAGE = (Path(__file__).parents[4] / "docs" / "corpora.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=CORPORA)
def test_the_page_describes_the_corpus(corpus: Corpus) -> None:
    assert f"| `{corpus.name}` | " in PAGE
    for stated in (corpus.licence, corpus.address):
        assert f"| {stated} |" in PAGE


@pytest.mark.parametrize("name", ["emodb", "ravdess", "crema-d", "savee", "tess", "iemocap"])
def test_the_page_lists_labels_and_an_example(name: str) -> None:
    (line,) = (line for line in PAGE.splitlines() if line.startswith((f"| `{name}` | `", f"| `{name}`, ")))
    assert f" | {', '.join(CORPORA[name].labels)} | " in line
    assert CORPORA[name].example in line
