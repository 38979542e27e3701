"""Manifests become corpora with fixed parts; what cannot be used is one sentence, and the others go on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from db.errors import LabelError
from learner.corpora.clips import ProbeClip
from learner.many_corpora.corpora.parts import TEST, TRAIN, VALIDATION, parts_of
from learner.many_corpora.corpora.reading import ReadCorpora, corpus_name, read_corpora
from learner.many_corpora.spectrograms.spectrogram_cache import SpectrogramCache
from tests.learner.audio_files import noise, written
from tests.learner.many_corpora.tiny_corpora import listed, unwatched


def read(*manifests: Path, order: tuple[str, ...] = ()) -> ReadCorpora:
    cache = SpectrogramCache(manifests[0].parent / "cache")
    return read_corpora(manifests, split_seed=0, order=order, cache=cache, watch=unwatched)


def corpus(folder: Path, name: str, labels: list[str], *, speakers: bool = True) -> Path:
    """One clip for each of these labels."""
    for number in range(len(labels)):
        path = folder / f"{number}.wav"
        if not path.exists():
            written(path, noise(0.1, seed=number))
    rows = [{"file": f"{number}.wav", "label": label, "speaker": f"s{number % 5}"} for number, label in enumerate(labels)]
    return listed(folder / f"{name}.csv", rows if speakers else [{"file": row["file"], "label": row["label"]} for row in rows])


def test_bad_corpora_are_a_sentence_each_and_the_others_go_on(tmp_path: Path) -> None:
    good = corpus(tmp_path, "good", ["a", "a", "a", "a", "a", "b", "b", "b", "b", "b"] * 2)
    found = read(
        good,
        corpus(tmp_path, "one", ["a"] * 12),
        corpus(tmp_path, "few", ["a", "b"] * 4),
        listed(tmp_path / "gone.csv", [{"file": f"gone{number}.wav", "label": "ab"[number % 2]} for number in range(12)]),
        tmp_path / "nothing.csv",
    )
    assert [each.name for each in found.corpora] == ["good"]
    assert {name: reason.split(";")[0] for name, reason in found.refused.items() if name != "nothing"} == {
        "one": "one has labelled clips of one label only ('a')",
        "few": "few has 8 labelled clips, at least 10 are needed",
        "gone": "gone has 0 readable clips, at least 10 are needed",
    }
    assert "nothing.csv" in found.refused["nothing"]
    assert len(found.left_out["gone"]) == 12


def test_without_a_usable_corpus_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="one label only"):
        read(corpus(tmp_path, "one", ["a"] * 12))
    with pytest.raises(LabelError, match="both be the corpus 'one'"):
        read(tmp_path / "one.csv", tmp_path / "one.tsv")


def test_uneven_labels_and_labels_of_one_part_are_remarked_on(tmp_path: Path) -> None:
    (found,) = read(corpus(tmp_path, "uneven", ["often"] * 48 + ["once"], speakers=False)).corpora
    assert [remark for remark in found.remarks if "random" not in remark] == [
        "uneven: 'often' has 48 times as many clips as 'once'.",
        "uneven: 'once' has training clips only, so it is not tested; add clips of other speakers.",
    ]
    assert "files are split at random" in found.remarks[0]


def test_labels_are_in_the_order_of_numbers_or_as_asked(tmp_path: Path) -> None:
    numbers, words = corpus(tmp_path, "numbers", ["9", "10"] * 10), corpus(tmp_path, "words", ["low", "mid", "high", "mid"] * 5)
    assert [each.labels for each in read(numbers, words, order=("low", "mid", "high")).corpora] == [
        ["9", "10"],
        ["low", "mid", "high"],
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/emo db!.csv", "emo_db"), ("a/manifest.jsonl", "a"), ("a/..csv", "corpus"), ("a/émotions.tsv", "émotions")],
)
def test_the_name_of_a_corpus_can_be_that_of_a_file(path: str, name: str) -> None:
    assert corpus_name(Path(path)) == name


def clips(speakers: list[str | None]) -> list[ProbeClip]:
    return [
        ProbeClip(file_name=f"{number}", path=f"/{number}", start=0, end=None, label="", speaker=speaker)
        for number, speaker in enumerate(speakers)
    ]


def test_whole_speakers_are_held_out_and_every_part_has_every_label() -> None:
    speakers: list[str | None] = [f"s{number % 10}" for number in range(200)]
    y = np.arange(200) // 10 % 4
    parts = parts_of(clips(speakers), y, classes=4, seed=3)
    assert parts.by_speaker
    assert np.array_equal(parts.of, parts_of(clips(speakers), y, classes=4, seed=3).of)
    whose = [{speakers[row] for row in parts.rows(part)} for part in (TRAIN, VALIDATION, TEST)]
    assert [len(each) for each in whose] == [6, 2, 2]
    assert sum(map(len, whose)) == len(set.union(*whose))
    assert all({*y[parts.rows(part)].tolist()} == {0, 1, 2, 3} for part in (TRAIN, VALIDATION, TEST))


def test_without_speakers_files_are_split_and_rare_labels_are_in_every_part() -> None:
    y = np.array([0] * 95 + [1] * 5)
    parts = parts_of(clips([None] * 100), y, classes=2, seed=0)
    assert not parts.by_speaker
    assert [len(parts.rows(part)) for part in (TRAIN, VALIDATION, TEST)] == pytest.approx([60, 20, 20], abs=3)
    assert [int(y[parts.rows(part)].sum()) for part in (TRAIN, VALIDATION, TEST)] == [3, 1, 1]
