"""A data folder of Kaldi passes the checks that Kaldi makes."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from db.errors import FormatError
from db.exports.choice import AudioAs, ExportChoice, LabelKind
from db.models import Clip
from db.project import OpenProject
from learner.handover.export import export_project
from tests.db.exports.formats.awkward import CLIPS, LABEL_OF
from tests.filled_projects import add_clips, answer
from tests.learner.audio_files import import_files, noise, written


def table(path: Path) -> dict[str, str]:
    """A file of Kaldi: sorted by bytes, each key once."""
    lines = path.read_bytes().decode().removesuffix("\n").split("\n")
    found = dict(line.split(" ", 1) for line in lines)
    assert list(found) == sorted(found, key=str.encode)
    assert len(found) == len(lines)
    return found


def checked(folder: Path) -> dict[str, str]:
    """`utils/validate_data_dir.sh` checks this: the labels by utterance."""
    speakers, labels = table(folder / "utt2spk"), table(folder / "utt2label")
    assert list(table(folder / "text")) == list(speakers) == list(labels)
    assert list(speakers.values()) == sorted(speakers.values(), key=str.encode), "sorted by speaker, too"
    assert all(utterance.startswith(speaker) for utterance, speaker in speakers.items())
    of_speaker = {speaker: utterances.split() for speaker, utterances in table(folder / "spk2utt").items()}
    assert of_speaker == {each: [u for u, s in speakers.items() if s == each] for each in of_speaker}
    recordings = table(folder / "wav.scp")
    if (folder / "segments").exists():
        segments = {key: value.split() for key, value in table(folder / "segments").items()}
        assert list(segments) == list(speakers)
        assert {recording for recording, _, _ in segments.values()} == set(recordings)
    else:
        assert list(recordings) == list(speakers)
    assert not any(character in "".join(speakers) for character in " \t\n")
    return labels


def test_spans_are_segments_of_their_recording(awkward: OpenProject, tmp_path: Path) -> None:
    assert export_project(awkward, "kaldi", tmp_path / "out").rows == len(CLIPS)
    labels = checked(tmp_path / "out")
    assert sorted(labels.values()) == sorted(LABEL_OF.values())
    assert labels["ä-long_00000250_00000500"] == "nan"
    assert labels["a_b-two_lines_" + next(k for k in labels if k.startswith("a_b-")).rpartition("_")[2]] == "True"
    assert table(tmp_path / "out" / "segments")["ä-long_00000500_00000750"] == "long 0.500000 0.750000"
    recordings = table(tmp_path / "out" / "wav.scp")
    assert recordings["long"] == "audio/long.wav"
    assert all(soundfile.info(tmp_path / "out" / path).frames for path in recordings.values())
    assert table(tmp_path / "out" / "utt2transcript")["ä-long_00000250_00000500"] == "Line 8 of text"
    splits = table(tmp_path / "out" / "utt2split")
    assert (splits["ä-long_00000500_00000750"], len(splits)) == ("test", len(CLIPS) - 1)


def test_whole_files_and_cut_clips_are_recordings(awkward: OpenProject, awkward_files: OpenProject, tmp_path: Path) -> None:
    export_project(awkward_files, "kaldi", tmp_path / "files")
    assert len(checked(tmp_path / "files")) == 7
    export_project(awkward, "kaldi", tmp_path / "cut", choice=ExportChoice(audio=AudioAs.CUT))
    assert len(checked(tmp_path / "cut")) == len(CLIPS)
    assert not (tmp_path / "cut" / "segments").exists()


def test_a_label_of_two_words_is_one_word_in_text(project: OpenProject, tmp_path: Path) -> None:
    (clip,) = import_files(project, [written(tmp_path / "a.wav", noise(0.1))])
    with project.write() as session:
        session.connection().exec_driver_sql("UPDATE label SET name = 'very sad' WHERE name = 'sad'")
    answer(project, clip, "very sad")
    export_project(project, "kaldi", tmp_path / "out")
    assert table(tmp_path / "out" / "text") == {"a": "very_sad"}
    assert checked(tmp_path / "out") == {"a": "very sad"}


def test_other_files_than_wav_go_through_ffmpeg_with_their_names_quoted(project: OpenProject, tmp_path: Path) -> None:
    (clip,) = import_files(project, [written(tmp_path / "a'; rm b.flac", noise(0.1))])
    answer(project, clip)
    export_project(project, "kaldi", tmp_path / "out")
    (command,) = table(tmp_path / "out" / "wav.scp").values()
    assert command == """ffmpeg -nostdin -loglevel error -i 'audio/a'"'"'; rm b.flac' -f wav -c:a pcm_s16le - |"""


def test_names_that_become_the_same_stay_apart(project: OpenProject, tmp_path: Path) -> None:
    clips = add_clips(project, 4)
    with project.write() as session:
        for clip, (name, speaker) in zip(
            clips, [("a b.wav", "x"), ("a_b.wav", "x"), ("x.wav", None), ("a-b.wav", "x-")], strict=True
        ):
            stored = session.get_one(Clip, clip)
            stored.file_name, stored.speaker = name, speaker
    for clip in clips:
        answer(project, clip)
    export_project(project, "kaldi", tmp_path / "out", choice=ExportChoice(audio=AudioAs.NONE))
    assert len(checked(tmp_path / "out")) == 4
    assert len(table(tmp_path / "out" / "spk2utt")) == 3, "the clip without a speaker is not one of speaker x"


def test_without_audio_paths_that_no_line_holds_are_refused(project: OpenProject, tmp_path: Path) -> None:
    (clip,) = import_files(project, [written(tmp_path / "two\nlines.wav", noise(0.1))])
    answer(project, clip)
    with pytest.raises(FormatError, match=r"which has a line break or such in it; export with audio copied"):
        export_project(project, "kaldi", tmp_path / "out", choice=ExportChoice(audio=AudioAs.NONE))


def test_clips_without_a_label_are_refused(project: OpenProject, tmp_path: Path) -> None:
    add_clips(project, 1)
    choice = ExportChoice(audio=AudioAs.NONE, kinds=frozenset(LabelKind))
    with pytest.raises(
        FormatError, match="kaldi has a label for each clip, and clip 1 has none; leave clips without a label out"
    ):
        export_project(project, "kaldi", tmp_path / "out", choice=choice)
