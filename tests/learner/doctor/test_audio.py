"""Audio that went, came back elsewhere, changed, or holds nothing to hear."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from db.errors import FormatError
from db.models import Clip
from db.project import OpenProject
from db.records.clips import clip_audio
from learner.doctor.examination import Examination, examine_audio
from learner.doctor.finding import Finding
from learner.imports.source import import_source
from tests.filled_projects import answer
from tests.learner.audio_files import cut, noise, tone, written


def audio_findings(project: OpenProject, *, relink: Path | None = None, audio: int | None = None) -> dict[str, Finding]:
    """By kind."""
    return {each.kind: each for each in checked(project, relink=relink, audio=audio).findings}


def checked(project: OpenProject, *, relink: Path | None = None, audio: int | None = None) -> Examination:
    return examine_audio(project, audio=audio, relink=relink)


def recorded(project: OpenProject, folder: Path) -> Path:
    """Three files of noise, imported."""
    folder.mkdir()
    for number in range(3):
        written(folder / f"{number}.wav", noise(0.2, seed=number))
    import_source(project, folder)
    return folder


@pytest.fixture
def recordings(project: OpenProject, tmp_path: Path) -> Path:
    """The same in a project on SQLite."""
    return recorded(project, tmp_path / "recordings")


def test_sound_audio_gives_no_finding(project: OpenProject, recordings: Path) -> None:
    os.utime(recordings / "0.wav")
    result = checked(project)
    assert result.findings == []
    assert result.clips_decoded == 3


def test_missing_and_changed_files_are_counted_and_named(project: OpenProject, recordings: Path) -> None:
    (recordings / "0.wav").unlink()
    written(recordings / "1.wav", noise(0.2, seed=9))
    found = audio_findings(project)
    assert set(found) == {"missing", "changed"}
    assert (found["missing"].count, found["missing"].examples) == (1, (str(recordings / "0.wav"),))
    assert found["missing"].what == "1 audio file is not where it was."
    assert found["missing"].remedy == "Bring them back, or let `earmark doctor --relink FOLDER` find them where they are now."
    assert found["changed"].examples == (str(recordings / "1.wav"),)
    assert checked(project).clips_decoded == 1


def test_a_folder_that_was_moved_is_found_again_by_its_content(any_project: OpenProject, tmp_path: Path) -> None:
    recordings = recorded(any_project, tmp_path / "recordings")
    answer(any_project, 1)
    moved = tmp_path / "disk" / "elsewhere"
    moved.parent.mkdir()
    recordings.rename(moved)
    (moved / "0.wav").rename(moved / "renamed.wav")
    assert audio_findings(any_project)["missing"].count == 3

    result = checked(any_project, relink=tmp_path / "disk")
    assert result.is_well
    assert sorted(result.relinked) == [
        (str(recordings / "0.wav"), str(moved / "renamed.wav")),
        (str(recordings / "1.wav"), str(moved / "1.wav")),
        (str(recordings / "2.wav"), str(moved / "2.wav")),
    ]
    # The import knows the files where they are now.
    report = import_source(any_project, moved)
    assert (report.added, report.known) == (0, 3)


def test_only_the_same_bytes_count(project: OpenProject, recordings: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (recordings / "0.wav").rename(tmp_path / "gone.wav")
    written(other / "0.wav", noise(0.2, seed=9))
    (other / "fifo").mkdir()
    os.mkfifo(other / "fifo" / "0.wav")
    (other / "loop").symlink_to(other)
    found = checked(project, relink=other)
    assert found.relinked == []
    assert [finding.kind for finding in found.findings] == ["missing"]


def test_files_of_another_size_are_not_read(
    project: OpenProject, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (recordings / "0.wav").unlink()
    (tmp_path / "other").mkdir()
    written(tmp_path / "other" / "long.wav", noise(3.0))

    def never(_path: str) -> str:
        raise AssertionError

    monkeypatch.setattr("learner.doctor.relinking.content_hash", never)
    assert checked(project, relink=tmp_path / "other").relinked == []


def test_two_files_of_the_same_bytes_become_one(any_project: OpenProject, tmp_path: Path) -> None:
    """The bytes were known by another path already, which is where they are found."""
    recordings = recorded(any_project, tmp_path / "recordings")
    with any_project.write() as session:
        first, second = session.get_one(Clip, 1), session.get_one(Clip, 2)
        second.end, second.file.size = 0.1, first.file.size
        second.content_hash = second.file.content_hash = first.content_hash
    (recordings / "1.wav").unlink()
    assert len(checked(any_project, relink=recordings).relinked) == 1
    with any_project.read() as session:
        assert {clip_audio(session, clip_id).path for clip_id in (1, 2)} == {str(recordings / "0.wav")}
        assert len(session.scalars(select(Clip)).all()) == 3


def test_a_folder_that_is_none_is_named(project: OpenProject, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is no folder"):
        checked(project, relink=tmp_path / "none")


def test_what_is_wrong_with_the_sound_is_counted_by_kind(project: OpenProject, tmp_path: Path) -> None:
    sound = noise(0.3, seed=1)
    silence = np.zeros_like(sound)
    loud = np.clip(tone(440, 0.3) * 4, -1, 1)
    written(tmp_path / "fine.wav", sound)
    written(tmp_path / "silent.wav", silence)
    written(tmp_path / "constant.wav", silence + 0.3)
    written(tmp_path / "clipped.wav", loud)
    written(tmp_path / "left dead.wav", np.stack([silence, sound], axis=1))
    written(tmp_path / "opposite.wav", np.stack([sound, -sound], axis=1))
    written(tmp_path / "far too loud.wav", sound * 1e5, subtype="FLOAT")
    written(tmp_path / "cut later.wav", noise(0.5, seed=2))
    import_source(project, tmp_path)
    status = os.stat(tmp_path / "cut later.wav")
    with project.write() as session:
        # As if it had been imported like this, by an older version that did not notice.
        cut(tmp_path / "cut later.wav", 0.5)
        file = session.scalars(select(Clip).where(Clip.file_name == "cut later.wav")).one().file
        file.size, file.mtime_ns = os.stat(file.path).st_size, status.st_mtime_ns
        os.utime(file.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    found = {kind: sorted(finding.examples) for kind, finding in audio_findings(project).items()}
    assert found == {
        "silent": ["constant.wav", "silent.wav"],
        "clipped": ["clipped.wav"],
        "dead-channels": ["left dead.wav"],
        "cancelled-channels": ["opposite.wav"],
        "too-loud": ["far too loud.wav"],
        "undecodable": ["cut later.wav"],
    }
    assert audio_findings(project)["silent"].what == "2 of 8 decoded clips are silent."


def test_a_few_loud_samples_are_no_clipping(project: OpenProject, tmp_path: Path) -> None:
    samples = noise(1.0)
    samples[::2000] = 1.0
    written(tmp_path / "clicks.wav", samples)
    import_source(project, tmp_path)
    assert audio_findings(project) == {}


def test_a_sample_is_decoded_unless_all_are_wanted(project: OpenProject, recordings: Path) -> None:
    assert recordings.is_dir()
    assert [checked(project, audio=count).clips_decoded for count in (0, 2, None)] == [0, 2, 3]
