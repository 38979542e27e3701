"""IEMOCAP: labels and texts come from the files of a dialogue, for the turns that are audio files. All of it is made up here."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from db.imports.corpora.folder import read_corpus
from db.imports.manifest import SourceRow
from db.imports.remarks import Remarks
from db.imports.speaker_column import speakers_from
from tests.db.imports.corpora.named_files import named, rejected, rows_by_name

EVALUATION = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()
A-E3:\tval 3; act 2; dom  2;\t()

[10.0100 - 11.3925]\tSes01F_impro01_M000\texc\t[4.5000, 3.5000, 3.0000]
[14.8872 - 18.0175]\tSes01F_impro01_F001\thap\t[4.0000, 3.0000, 3.0000]
[19.2900 - 20.7875]\tSes01F_impro01_M001\tfru\t[2.0000, 3.0000, 3.0000]
[21.3257 - 24.7400]\tSes01F_impro01_F002\txxx\t[2.5000, 3.0000, 3.0000]
"""
TRANSCRIPTION = """Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.
Ses01F_impro01_M000 [010.0100-011.3925]: Yes: at last!
M: [BREATHING]
Ses01F_impro01_F001 [014.8872-018.0175]:
"""
WAV = "Session1/sentences/wav/Ses01F_impro01"
TURNS = tuple(f"Ses01F_impro01_{turn}" for turn in ("F000", "F001", "F002", "M000", "M001"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A session with one dialogue of five turns, and a second session with a scripted one."""
    named(tmp_path, *(f"{WAV}/{turn}.wav" for turn in TURNS), "Session1/dialog/wav/Ses01F_impro01.wav")
    named(tmp_path, "Session5/sentences/wav/Ses05M_script01_1b/Ses05M_script01_1b_M012.wav")
    write(tmp_path / "Session1", "Ses01F_impro01", EVALUATION, TRANSCRIPTION)
    one = "[1.00 - 2.00]\tSes05M_script01_1b_M012\tang\t[1.6667, 4.0000, 4.3333]\n"
    write(tmp_path / "Session5", "Ses05M_script01_1b", one, "Ses05M_script01_1b_M012 [001.0000-002.0000]: No.\n")
    return tmp_path


def write(session: Path, dialogue: str, evaluation: str, transcription: str) -> None:
    for folder, text in (("EmoEvaluation", evaluation), ("transcriptions", transcription)):
        (session / "dialog" / folder).mkdir(parents=True, exist_ok=True)
        (session / "dialog" / folder / f"{dialogue}.txt").write_text(text)


def test_a_turn_has_label_speaker_text_and_session(corpus: Path) -> None:
    found = rows_by_name(corpus, "iemocap")
    first = found[f"{WAV}/Ses01F_impro01_F000.wav"]
    assert (first.label, first.speaker, first.transcript) == ("neutral", "Ses01F", "Excuse me.")
    assert first.extra == {
        "corpus": "iemocap",
        "session": "Ses01",
        "emotion": "neu",
        "scenario": "impro01",
        "valence": 2.5,
        "activation": 2.5,
        "dominance": 2.5,
        "spoken": "improvised",
        "gender": "female",
    }


def test_the_speaker_is_that_of_the_turn_and_not_of_the_markers(corpus: Path) -> None:
    found = rows_by_name(corpus, "iemocap")
    assert found[f"{WAV}/Ses01F_impro01_M000.wav"].speaker == "Ses01M"
    scripted = found["Session5/sentences/wav/Ses05M_script01_1b/Ses05M_script01_1b_M012.wav"]
    assert (scripted.speaker, scripted.extra["session"], scripted.extra["scenario"]) == ("Ses05M", "Ses05", "script01_1b")
    assert (scripted.label, scripted.transcript, scripted.extra["spoken"]) == ("anger", "No.", "scripted")


def test_excitement_counts_as_happiness_unless_it_is_kept_apart(corpus: Path) -> None:
    def labels(name: str) -> dict[str, str | None]:
        found = rows_by_name(corpus / "Session1", name)
        return {Path(row.file_name).stem[-4:]: row.label for row in found.values()}

    assert labels("iemocap") == {"F000": "neutral", "F001": "happiness", "M000": "happiness"}
    assert labels("iemocap-five") == {"F000": "neutral", "F001": "happiness", "M000": "excitement"}
    everything = {**labels("iemocap-five"), "M001": "frustration", "F002": None}
    assert labels("iemocap-all") == everything


def test_what_is_left_out_is_stated(corpus: Path) -> None:
    remarks = Remarks()
    rows_by_name(corpus, "iemocap", remarks)
    assert remarks.sentences() == [
        "1 file holds a whole dialogue and was left out; the turns of a dialogue are clips.",
        "2 turns with other labels, or none, were left out; --corpus iemocap-all takes them all.",
    ]


def test_the_transcript_is_what_was_spoken(corpus: Path) -> None:
    found = rows_by_name(corpus, "iemocap")
    assert found[f"{WAV}/Ses01F_impro01_M000.wav"].transcript == "Yes: at last!"
    assert found[f"{WAV}/Ses01F_impro01_F001.wav"].transcript is None


def test_a_session_may_be_imported_alone(corpus: Path) -> None:
    assert len(rows_by_name(corpus / "Session5", "iemocap")) == 1


def test_turns_without_their_label_are_rejected(corpus: Path) -> None:
    named(corpus, f"{WAV}/Ses01F_impro01_F099.wav", "elsewhere/Ses01F_impro01_F000.wav", f"{WAV}/other.wav")
    reasons = rejected(corpus, "iemocap")
    assert reasons[f"{WAV}/Ses01F_impro01_F099.wav"] == (
        "Its label is not in dialog/EmoEvaluation/Ses01F_impro01.txt; complete the folder of the corpus."
    )
    assert reasons["elsewhere/Ses01F_impro01_F000.wav"].startswith("It does not lie in Session…/sentences/wav/DIALOGUE/")
    assert "is not named like a file of this corpus (such as Ses01F_impro01_F000.wav)" in reasons[f"{WAV}/other.wav"]
    assert len(reasons) == 3


def test_turns_whose_line_is_damaged_or_doubled_are_explained(corpus: Path) -> None:
    path = corpus / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    text = EVALUATION.replace("neu\t[2.5000", "neu\t[2.5oops")
    text += "[14.8872 - 18.0175]\tSes01F_impro01_F001\tang\t[4.0000, 3.0000, 3.0000]\n"
    text += "[10.0100 - 11.3925]\tSes01F_impro01_M000\texc\t[4.5000, 3.5000, 3.0000]\n"
    path.write_text(text)
    again = "take this file from the distribution again."
    assert rejected(corpus, "iemocap") == {
        f"{WAV}/Ses01F_impro01_F000.wav": f"Its line in dialog/EmoEvaluation/Ses01F_impro01.txt is damaged; {again}",
        f"{WAV}/Ses01F_impro01_F001.wav": (
            f"It has several labels in dialog/EmoEvaluation/Ses01F_impro01.txt (hap, ang); {again}"
        ),
    }
    assert rows_by_name(corpus, "iemocap")[f"{WAV}/Ses01F_impro01_M000.wav"].label == "happiness"


def test_turns_without_audio_are_counted(corpus: Path) -> None:
    remarks = Remarks()
    (corpus / WAV / "Ses01F_impro01_M000.wav").unlink()
    write(corpus / "Session2", "Ses02F_impro01", EVALUATION.replace("Ses01", "Ses02"), "")
    assert len(rows_by_name(corpus, "iemocap", remarks)) == 3
    assert remarks.sentences()[-1] == (
        "The corpus lists 6 clips that have no audio file here, the first 'Ses01F_impro01_M000'; complete its folder."
    )


def test_files_that_macos_lays_beside_the_real_ones_are_ignored(corpus: Path) -> None:
    remarks, before = Remarks(), rows_by_name(corpus, "iemocap")
    named(corpus, f"{WAV}/._Ses01F_impro01_F000.wav")
    for folder in ("EmoEvaluation", "transcriptions"):
        (corpus / "Session1/dialog" / folder / "._Ses01F_impro01.txt").write_bytes(b"\0\5\x16\7Ses01F_impro01_F777")
    assert rows_by_name(corpus, "iemocap", remarks) == before
    assert not rejected(corpus, "iemocap")
    assert len(remarks.sentences()) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_files_of_a_dialogue_may_have_other_encodings(corpus: Path, encoding: str) -> None:
    spoken = TRANSCRIPTION.replace("Excuse me.", "Déjà vu… “Café”.")
    for folder, text in (("EmoEvaluation", EVALUATION), ("transcriptions", spoken)):
        path = corpus / "Session1/dialog" / folder / "Ses01F_impro01.txt"
        path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    row = rows_by_name(corpus, "iemocap")[f"{WAV}/Ses01F_impro01_F000.wav"]
    assert (row.label, row.transcript) == ("neutral", "Déjà vu… “Café”.")


def test_sessions_are_folds(corpus: Path) -> None:
    rows = speakers_from("session", read_corpus(corpus, "iemocap"), remarks=Remarks())
    found = {row.file_name[-8:-4]: (row.speaker, row.extra.get("speaker")) for row in rows if isinstance(row, SourceRow)}
    assert found == {
        "F000": ("Ses01", "Ses01F"),
        "F001": ("Ses01", "Ses01F"),
        "M000": ("Ses01", "Ses01M"),
        "M012": ("Ses05", "Ses05M"),
    }


@pytest.mark.parametrize("damage", ["missing", "folder", "bytes", "numbers"])
def test_damaged_files_of_a_dialogue_reject_its_turns_and_nothing_else(corpus: Path, damage: str) -> None:
    path = corpus / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage == "bytes":
        path.write_bytes(b"\xff\x00[" * 1000)
    elif damage == "numbers":
        path.write_text(f"[1 - 2]\tSes01F_impro01_F000\tneu\t[{'9' * 500}, nan, inf]\n" * 3)
    assert len(rejected(corpus, "iemocap-all")) == len(TURNS)
    kept = rows_by_name(corpus, "iemocap-all")
    assert len(kept) == 1
    assert all(math.isfinite(row.extra["valence"]) for row in kept.values())


def test_a_missing_transcription_leaves_the_transcript_empty(corpus: Path) -> None:
    (corpus / "Session1/dialog/transcriptions/Ses01F_impro01.txt").unlink()
    found = rows_by_name(corpus, "iemocap")
    assert {row.transcript for row in found.values()} == {None, "No."}
    assert len(found) == 4
