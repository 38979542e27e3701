"""What the names of a corpus' files say: an example of each code, odd names of the distributions, and names that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from db.errors import FormatError
from db.imports.corpora.folder import read_corpus
from db.imports.corpora.registry import CORPORA, corpus_named
from db.imports.manifest import SourceRow
from db.imports.remarks import Remarks
from tests.db.imports.corpora.named_files import named, rejected, rows_by_name


def row(folder: Path, corpus: str, name: str) -> SourceRow:
    """The row of a file of this name, which must belong to the corpus."""
    return rows_by_name(named(folder, name), corpus)[name]


@pytest.mark.parametrize(
    ("name", "label", "speaker", "transcript", "extra"),
    [
        ("wav/03a01Fa.wav", "happiness", "03", "Der Lappen liegt auf dem Eisschrank.", {"sentence": "a01", "take": "a"}),
        ("wav/08b10Wd.wav", "anger", "08", "Die wird auf dem Platz sein, wo wir sie immer hinlegen.", {"gender": "female"}),
        ("16a04La.flac", "boredom", "16", "Heute abend könnte ich es ihm sagen.", {"gender": "female"}),
        ("12a05Ea.wav", "disgust", "12", None, {"gender": "male"}),
        ("13b01Ac.wav", "fear", "13", None, {}),
        ("15b02Nb.wav", "neutral", "15", None, {}),
        ("11b09Td.wav", "sadness", "11", None, {}),
        ("09a07N.wav", "neutral", "09", None, {"sentence": "a07"}),
    ],
)
def test_emodb(tmp_path: Path, name: str, label: str, speaker: str, transcript: str | None, extra: dict[str, str]) -> None:
    found = row(tmp_path, "emodb", name)
    assert (found.label, found.speaker) == (label, speaker)
    assert transcript is None or found.transcript == transcript
    assert {"corpus": "emodb", **extra}.items() <= found.extra.items()


def test_ravdess(tmp_path: Path) -> None:
    found = row(tmp_path, "ravdess", "Actor_12/03-01-06-01-02-01-12.wav")
    assert (found.label, found.speaker, found.transcript) == ("fearful", "actor12", "Dogs are sitting by the door")
    assert found.extra == {
        "corpus": "ravdess",
        "vocal_channel": "speech",
        "intensity": "normal",
        "sentence": "02",
        "repetition": "01",
        "gender": "female",
    }


def test_ravdess_leaves_songs_out_unless_they_are_wanted(tmp_path: Path) -> None:
    named(tmp_path, *(f"03-0{channel}-0{emotion}-02-01-02-05.wav" for channel in (1, 2) for emotion in (2, 3, 4)))
    remarks = Remarks()
    assert {found.extra["vocal_channel"] for found in rows_by_name(tmp_path, "ravdess", remarks).values()} == {"speech"}
    assert remarks.sentences() == ["3 files are songs and were left out; --corpus ravdess-all takes songs, too."]
    both = [found.extra["vocal_channel"] for found in rows_by_name(tmp_path, "ravdess-all").values()]
    assert sorted(both) == ["song"] * 3 + ["speech"] * 3
    assert list(rejected(named(tmp_path / "video", "02-01-06-01-02-01-12.mp4"), "ravdess").values()) == [
        "Its name begins with 02, a video without sound; leave it out."
    ]


@pytest.mark.parametrize(
    ("name", "label", "speaker", "transcript", "level"),
    [
        ("AudioWAV/1001_DFA_ANG_XX.wav", "anger", "1001", "Don't forget a jacket.", "unspecified"),
        ("1091_IEO_HAP_HI.wav", "happy", "1091", "It's eleven o'clock.", "high"),
        ("1002_IEO_DIS_MD.wav", "disgust", "1002", "It's eleven o'clock.", "medium"),
        ("1003_WSI_FEA_LO.wav", "fear", "1003", "We'll stop in a couple of minutes.", "low"),
        ("1004_TIE_NEU_XX.wav", "neutral", "1004", "That is exactly what happened.", "unspecified"),
        ("1040_ITH_SAD_X.wav", "sad", "1040", "I think I have a doctor's appointment.", "unspecified"),
    ],
)
def test_crema_d(tmp_path: Path, name: str, label: str, speaker: str, transcript: str, level: str) -> None:
    found = row(tmp_path, "crema-d", name)
    assert (found.label, found.speaker, found.transcript, found.extra["level"]) == (label, speaker, transcript, level)


def test_crema_d_is_read_once_though_it_is_distributed_in_two_formats(tmp_path: Path) -> None:
    named(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav", "AudioMP3/1001_DFA_ANG_XX.mp3", "AudioMP3/1001_IEO_ANG_HI.mp3")
    remarks = Remarks()
    assert list(rows_by_name(tmp_path, "crema-d", remarks)) == ["AudioWAV/1001_DFA_ANG_XX.wav"]
    assert remarks.sentences() == ["The folder AudioMP3 (2 files) was left out: AudioWAV holds the same clips."]
    assert len(rows_by_name(named(tmp_path / "mp3", "AudioMP3/1001_DFA_ANG_XX.mp3"), "crema-d")) == 1


@pytest.mark.parametrize(
    ("name", "label", "speaker", "sentence"),
    [
        ("AudioData/DC/a01.wav", "anger", "DC", "a01"),
        ("ALL/JE_sa15.wav", "sadness", "JE", "sa15"),
        ("JK/su02.wav", "surprise", "JK", "su02"),
        ("KL/n30.wav", "neutral", "KL", "n30"),
        ("KL_d03.wav", "disgust", "KL", "d03"),
        ("KL_f03.wav", "fear", "KL", "f03"),
        ("KL_h03.wav", "happiness", "KL", "h03"),
    ],
)
def test_savee(tmp_path: Path, name: str, label: str, speaker: str, sentence: str) -> None:
    found = row(tmp_path, "savee", name)
    assert (found.label, found.speaker, found.transcript) == (label, speaker, None)
    assert found.extra == {"corpus": "savee", "sentence": sentence, "gender": "male"}


@pytest.mark.parametrize(
    ("name", "label", "speaker", "transcript"),
    [
        ("OAF_angry/OAF_back_angry.wav", "angry", "OAF", "Say the word back."),
        ("YAF_pleasant_surprised/YAF_youth_ps.wav", "pleasant surprise", "YAF", "Say the word youth."),
        ("OAF_neutral/OA_bite_neutral.wav", "neutral", "OAF", "Say the word bite."),
        ("YAF_sad/YAF_bar_sad.wav", "sad", "YAF", "Say the word bar."),
    ],
)
def test_tess(tmp_path: Path, name: str, label: str, speaker: str, transcript: str) -> None:
    found = row(tmp_path, "tess", name)
    assert (found.label, found.speaker, found.transcript) == (label, speaker, transcript)
    assert found.extra["age"] == (64 if speaker == "OAF" else 26)


STRANGE = {
    "emodb": ["03a01Xa.wav", "99a01Fa.wav", "03a03Fa.wav", "notes.wav", "03a01Fa (copy).wav"],
    "ravdess": ["03-01-09-01-01-01-01.wav", "03-01-01-01-01-01-25.wav", "03-01-01.wav", "03-01-01-01-01-01-01-01.wav"],
    "crema-d": ["1001_DFA_ANG.wav", "1001_ABC_ANG_XX.wav", "101_DFA_ANG_XX.wav"],
    "savee": ["AB_a01.wav", "a01.wav", "DC_x01.wav", "DC/a1.wav"],
    "tess": ["XAF_back_angry.wav", "OAF_angry.wav", "OAF_back_bored.wav"],
}


@pytest.mark.parametrize("corpus", STRANGE)
def test_a_name_that_does_not_fit_is_rejected_in_one_sentence(tmp_path: Path, corpus: str) -> None:
    found = rejected(named(tmp_path, *STRANGE[corpus]), corpus)
    assert sorted(found) == sorted(STRANGE[corpus])
    assert all(reason.count(". ") == 0 and reason.endswith((".", "KL.")) for reason in found.values())
    assert rows_by_name(tmp_path, corpus) == {}


def test_files_that_are_rejected_for_one_reason_are_one_remark(tmp_path: Path) -> None:
    remarks = Remarks()
    rows_by_name(named(tmp_path, "x.wav", "y.wav", "a01.wav", "DC_a01.wav"), "savee", remarks)
    assert remarks.sentences() == [
        "rejected 'a01.wav': Its speaker is not known; the file must lie in a folder called DC, JE, JK or KL.",
        "rejected 2 files, the first 'x.wav': 'x.wav' is not named like a file of this corpus "
        "(such as DC_a01.wav or DC/a01.wav); correct its name, or import it without --corpus.",
    ]


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    names = ["'; DROP TABLE clip;--.wav", "two\nlines.wav", "<b>.wav", "🐦.wav", "OAF_" + "a" * 200 + "_.wav"]
    for corpus in CORPORA:
        assert sorted(rejected(named(tmp_path, *names), corpus)) == sorted(names)


def test_files_without_sound_are_passed_over(tmp_path: Path) -> None:
    named(tmp_path, "wav/03a01Fa.wav", "lablaut/03a01Fa.lablaut", "erkennung.txt", "erklaerung.txt")
    assert [found.file_name for found in read_corpus(tmp_path, "emodb")] == ["wav/03a01Fa.wav"]


def test_what_is_no_folder_or_no_corpus_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("file_name\n")
    with pytest.raises(FormatError, match="is not a folder; --corpus emodb takes the folder of the corpus"):
        read_corpus(tmp_path / "m.csv", "emodb")
    with pytest.raises(FormatError, match="There is no corpus 'timit'; use one of: emodb, ravdess"):
        read_corpus(tmp_path, "timit")


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=CORPORA)
def test_every_corpus_is_described(corpus: Any) -> None:
    assert corpus_named(corpus.name) is corpus
    assert len(set(corpus.labels)) == len(corpus.labels) > 1
    assert corpus.address.startswith("http")
    assert corpus.about.endswith(".")
    assert corpus.licence
