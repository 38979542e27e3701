"""A probe from audio to report: each clip is encoded once, and its vector is the one that `embed` would store."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.errors import EncoderError, FeatureError, LabelError
from db.project import OpenProject
from learner.audio.decoding import decode
from learner.corpora import encoding
from learner.corpora.candidates import Candidate, ProbedEncoder
from learner.corpora.clips import manifest_clips, project_clips
from learner.corpora.vector_cache import VectorCache, cache_folder
from learner.encoders.registry import encoder_named
from learner.features.precision import as_stored
from learner.probing.probe_report import ProbeReport, probe_encoders
from learner.probing.scoring import HeldOutPredictions, all_predictions
from tests.corpora import corpus
from tests.filled_projects import answer
from tests.learner.audio_files import cut, import_files, noise, tone, written

SAMPLES = Path(__file__).parents[3] / "sample_data"


@contextmanager
def unwatched(_what: str, _unit: str) -> Iterator[Callable[[int, int], None]]:
    """No progress bar."""
    yield lambda done, total: None


def tones(folder: Path, *, speakers: int = 4, extra: Sequence[str] = ()) -> Path:
    """A manifest of low and high tones in noise from some speakers; `extra` are lines to add."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["file_name,label,speaker"]
    for number in range(speakers * 6):
        low = number % 2 == 0
        written(folder / f"{number}.wav", tone(200 if low else 1500, 0.3) + noise(0.3, seed=number))
        lines.append(f"{number}.wav,{'low' if low else 'high'},s{number % speakers}")
    manifest = folder / "labels.csv"
    manifest.write_text("\n".join([*lines, *extra]) + "\n")
    return manifest


def probed(manifest: Path, cache: Path, *encoders: str) -> ProbeReport:
    return probe_encoders(manifest_clips(manifest), encoders=encoders or ("logmel",), cache=cache, watch=unwatched)


def test_labels_that_are_easy_are_predicted(tmp_path: Path) -> None:
    report = probed(tones(tmp_path / "audio"), tmp_path / "cache")
    document = report.to_json()
    assert set(document) == {"results", "best", "clips", "speakers", "labels", "folds", "remarks"}
    assert (document["clips"], document["speakers"], document["labels"], document["folds"]) == (24, 4, 2, 4)
    keys = ["encoder", "layers", "pooling", "speaker_norm", "ua", "ua_low", "ua_high", "dim"]
    assert [list(result) for result in document["results"]] == [keys] * 4
    nested = {key: value for key, value in document["best"].items() if key.startswith("nested")}
    assert document["best"] == {**document["results"][0], **nested}
    assert list(nested) == ["nested_ua", "nested_ua_low", "nested_ua_high"]
    assert 0.9 < nested["nested_ua_low"] <= nested["nested_ua"] == nested["nested_ua_high"] == 1.0
    assert {(result["pooling"], result["speaker_norm"], result["dim"]) for result in document["results"]} == {
        ("mean", False, 64), ("mean", True, 64), ("mean+std", False, 128), ("mean+std", True, 128),
    }  # fmt: skip
    uas = [result["ua"] for result in document["results"]]
    assert uas == sorted(uas, reverse=True)


def test_candidates_are_what_embed_would_store() -> None:
    clips = [noise(0.5, seed=1), tone(440, 0.9), noise(0.4, seed=2)]
    one = ProbedEncoder("bundled")
    encoded = as_stored(one.encoder.encode(clips))
    candidates = one.candidates(speakers=False)
    assert [candidate.layers for candidate in candidates[::2]] == ["0", "1", "2", "3", "mean", "all", "2,3"]
    for candidate in candidates:
        expected = encoder_named("bundled", layers=candidate.layers, pooling=candidate.pooling)
        assert one.width(candidate) == expected.dim
        features = one.features(encoded, candidate)
        np.testing.assert_allclose(features, as_stored(expected.encode(clips)).astype(np.float32), rtol=2e-3, atol=1e-4)


def test_layers_that_an_encoder_has_by_default_are_among_the_candidates() -> None:
    one = ProbedEncoder("bundled")
    several = Candidate("bundled", "0,3", "mean+std", speaker_norm=False)
    assert one.width(several) == encoder_named("bundled", layers="0,3", pooling="mean+std").dim
    one._default = "0,3"
    assert "0,3" in [candidate.layers for candidate in one.candidates(speakers=True)]


def test_each_clip_is_encoded_once_for_all_layers_and_never_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = tones(tmp_path / "audio")
    first = probed(manifest, tmp_path / "cache", "bundled", "logmel").to_json()
    kept = list((tmp_path / "cache").rglob("*"))
    assert {path.suffix for path in kept if path.is_file()} == {".npy", ".json"}

    def refused(*_: object) -> Iterator[object]:
        raise AssertionError("A clip is encoded again.")

    monkeypatch.setattr(encoding, "audio_info", refused)
    assert probed(manifest, tmp_path / "cache", "bundled", "logmel").to_json() == first


def test_predictions_are_kept_until_labels_speakers_or_audio_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest, cache = tones(tmp_path / "audio"), tmp_path / "cache"
    text, first = manifest.read_text(), probed(manifest, cache).to_json()
    scored: list[int] = []

    def spy(makers: Sequence[object], *arguments: Any, **options: Any) -> list[HeldOutPredictions]:
        scored.append(len(makers))
        return all_predictions(makers, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("learner.probing.probe_report.all_predictions", spy)
    assert probed(manifest, cache).to_json() == first
    assert len(probed(manifest, cache, "logmel", "bundled").results) == 32
    manifest.write_text(text.replace("0.wav,low", "0.wav,high"))
    probed(manifest, cache)
    manifest.write_text(text.replace("0.wav,low,s0", "0.wav,low,s1"))
    probed(manifest, cache)
    manifest.write_text(text)
    probed(manifest, cache)
    written(tmp_path / "audio" / "3.wav", noise(0.8, seed=77))
    probed(manifest, cache)
    assert scored == [0, 28, 4, 4, 0, 4]


def test_a_clip_that_changed_is_encoded_anew(tmp_path: Path) -> None:
    manifest = tones(tmp_path / "audio")
    clips = manifest_clips(manifest).clips
    encoder = encoder_named("logmel")
    cache = tmp_path / "cache"

    def encoded() -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
        known = VectorCache(cache, fingerprint="f", width=encoder.dim)
        return encoding.encode_clips(clips, encoder, known, progress=lambda done, total: None).vectors

    before = encoded()
    written(tmp_path / "audio" / "3.wav", noise(0.8, seed=77))
    after = encoded()
    assert np.flatnonzero((before != after).any(axis=1)).tolist() == [3]
    np.testing.assert_array_equal(after[3], as_stored(encoder.encode([decode(tmp_path / "audio" / "3.wav")]))[0])


def test_a_damaged_cache_counts_for_nothing(tmp_path: Path) -> None:
    manifest = tones(tmp_path / "audio")
    first = probed(manifest, tmp_path / "cache").to_json()
    for damaged, share in ((".npy", 0.5), (".json", 0.5), (".npy", 0.0)):
        for path in (tmp_path / "cache").rglob(f"*{damaged}"):
            cut(path, share)
        assert probed(manifest, tmp_path / "cache").to_json() == first


def test_hostile_lines_are_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "audio"
    folder.mkdir()
    (folder / "text.wav").write_text("no audio")
    (folder / "empty.wav").touch()
    cut(written(folder / "short.flac", noise(1.0)), 0.5)
    os.mkfifo(folder / "pipe.wav")
    bad = ["text.wav", "empty.wav", "short.flac", "pipe.wav", "gone.wav", "../../../nowhere.wav", "http://a/b.wav"]
    extra = [*(f"{name},low,s0" for name in bad), "unlabelled.wav,,s0", "0.wav,high,s1", ",low,s0"]
    manifest = tones(folder, extra=extra)

    report = probed(manifest, tmp_path / "cache", "logmel", "bundled")

    assert report.clips == 24
    assert report.unlabelled == 1
    assert sorted(clip.file_name for clip in report.left_out) == sorted([*bad, "line 35 of labels.csv"])
    assert all(clip.reason.endswith((".", ".'")) for clip in report.left_out)


def test_spans_and_long_clips_are_encoded_as_embed_encodes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learner.features.embed.LONG_SECONDS", 1.0)
    path = written(tmp_path / "long.wav", noise(4.0))
    (tmp_path / "spans.csv").write_text("file_name,start,end,label\nlong.wav,,,a\nlong.wav,1.0,1.5,b\nlong.wav,0.5,,b\n")
    encoder = encoder_named("logmel")
    clips = manifest_clips(tmp_path / "spans.csv").clips
    cache = VectorCache(tmp_path / "cache", fingerprint="f", width=encoder.dim)
    found = encoding.encode_clips(clips, encoder, cache, progress=lambda done, total: None)
    spans = [decode(path), decode(path, start=1.0, end=1.5), decode(path, start=0.5)]
    np.testing.assert_allclose(found.vectors.astype(np.float32), encoder.encode(spans), rtol=2e-3, atol=1e-3)


def test_a_project_is_probed_on_its_own_labels(project: OpenProject, tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{n}.wav", tone(200 if n % 2 else 1500, 0.3) + noise(0.3, seed=n)) for n in range(20)]
    clips = import_files(project, paths)
    for number, clip in enumerate(clips[:16]):
        answer(project, clip, "angry" if number % 2 else "sad")
    answer(project, clips[0], "happy", annotator="reviewer", gold=True)

    labelled = project_clips(project)
    report = probe_encoders(labelled, encoders=["logmel"], cache=cache_folder(project), watch=unwatched)

    assert [clip.label for clip in labelled.clips[:3]] == ["happy", "angry", "sad"]
    assert (report.clips, report.labels, report.speakers, report.grouped, report.unlabelled) == (16, 3, 0, False, 4)
    assert not any(result.candidate.speaker_norm for result in report.results)
    assert (project.features_dir / "probe").is_dir()


@pytest.mark.parametrize(
    ("lines", "said"), [([], "no clip with a label"), (["0.wav,low,s0", "1.wav,low,s1"], "all labelled 'low'")]
)
def test_one_label_is_nothing_to_probe_on(tmp_path: Path, lines: list[str], said: str) -> None:
    tones(tmp_path)
    manifest = tmp_path / "other.csv"
    manifest.write_text("\n".join(["file_name,label,speaker", *lines, "gone.wav,,"]) + "\n")
    with pytest.raises(LabelError, match=said):
        probed(manifest, tmp_path / "cache")


def test_files_that_are_all_gone_are_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file_name,label\ngone.wav,a\nlost.wav,b\n")
    with pytest.raises(LabelError, match=r"2 left out, the first since: .*gone.wav' does not exist"):
        probed(tmp_path / "labels.csv", tmp_path / "cache")


def test_a_cache_that_cannot_be_written_says_where_another_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    with pytest.raises(FeatureError, match="EARMARK_CACHE"):
        probed(tones(tmp_path / "audio"), tmp_path / "cache")


def test_the_cache_lies_where_it_was_asked_for(project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARMARK_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder(None) == tmp_path / "xdg" / "earmark" / "probe"
    assert cache_folder(project) == project.features_dir / "probe"
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "mine"))
    assert cache_folder(project) == tmp_path / "mine" / "probe"


def test_an_unknown_encoder_is_refused_before_any_other_encodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learner.probing.probe_report.encode_clips", None)
    with pytest.raises(EncoderError, match="no encoder 'nonsense'"):
        probed(tones(tmp_path), tmp_path / "cache", "logmel", "nonsense")


def test_the_sample_clips(tmp_path: Path) -> None:
    with (SAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        speakers = {row["speaker"] for row in csv.DictReader(file)}
    report = probed(SAMPLES / "manifest.csv", tmp_path / "cache")
    assert report.speakers == len(speakers)
    assert report.grouped
    assert report.nested is not None
    assert report.best.ua.value >= report.nested.value - 0.05
    assert report.best.ua.low > 1 / report.labels


@pytest.mark.corpora
def test_emodb_with_hand_made_features(tmp_path: Path) -> None:
    """Leave one speaker out; UA as is and with per-speaker normalisation, as measured elsewhere."""
    expected = {"logmel": (0.516, 0.685)} | ({"egemaps": (0.678, 0.800)} if find_spec("opensmile") else {})
    report = probed(corpus("emodb"), tmp_path / "cache", *expected)
    assert (report.clips, report.speakers, report.folds) == (535, 10, 10)
    found = {
        (result.candidate.encoder, result.candidate.speaker_norm): result.ua.value
        for result in report.results
        if result.candidate.pooling != "mean"
    }
    for encoder, (plain, by_speaker) in expected.items():
        assert found[encoder, False] == pytest.approx(plain, abs=0.02)
        assert found[encoder, True] == pytest.approx(by_speaker, abs=0.02)
