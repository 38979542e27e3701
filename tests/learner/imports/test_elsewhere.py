"""Imports of addresses, and that nothing but the command line makes Earmark fetch one."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from db.errors import AudioError, FormatError
from db.models import AudioFile, Clip, ClipState
from db.project import OpenProject
from db.records.clips import clip_audio
from labeler.app.incoming.request import ImportRequest
from labeler.cli.main import main
from learner.audio.elsewhere import local_copy as local_copy_module
from learner.audio.elsewhere import objects
from learner.audio.elsewhere.failures import AudioUnreachable
from learner.audio.elsewhere.local_copy import forget_remembered
from learner.doctor.audio import look_at_paths
from learner.features.embed import _decoded_clip
from learner.imports.source import import_source
from learner.withdrawal.withdraw import withdraw
from tests.learner.audio.elsewhere.storage import BUCKET, elsewhere, put, remove, wav

__all__ = ["elsewhere"]


@pytest.fixture(autouse=True)
def _kept(elsewhere: Path) -> Path:
    return elsewhere


def test_what_lies_in_a_bucket_becomes_clips_with_their_hashes_and_addresses(project: OpenProject) -> None:
    first = put("day/happy/a.wav", wav(1))
    put("day/happy/notes.txt", b"no audio")
    put("day/happy/.b.wav", wav(2))
    put("day/sad/c.wav", b"damaged")
    report = import_source(project, f"{BUCKET}/day", labels_from_folders=True, labels_as="Ann")
    assert (report.added, report.labels, [row["file_name"] for row in report.rejected]) == (1, 1, ["sad/c.wav"])
    with project.read() as session:
        file = session.scalars(select(AudioFile)).one()
        assert (file.path, file.content_hash) == (first, hashlib.sha256(wav(1)).hexdigest())
        assert session.scalars(select(Clip.file_name)).all() == ["happy/a.wav"]
    assert import_source(project, f"{BUCKET}/day").known == 1


def test_the_command_imports_an_archive(project: OpenProject) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("happy/a.wav", wav(1))
    put("all.zip", packed.getvalue())
    command = ["--project", str(project.directory), "import", f"zip::{BUCKET}/all.zip", "--json"]
    result = CliRunner().invoke(main, command)
    assert json.loads(result.stdout)["added"] == 1
    with project.read() as session:
        assert session.scalars(select(AudioFile.path)).one() == f"zip://happy/a.wav::{BUCKET}/all.zip"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (f"{BUCKET}/nothing", "does not exist"),
        ("https://ann:hunter2@host/a", "holds a user name"),
        ("https://host/list?token=hunter2", "holds a user name"),
        ("sftp://host/hunter2", "kind of address is not known"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_sentence_and_is_kept_nowhere(
    project: OpenProject, address: str, sentence: str
) -> None:
    with pytest.raises(FormatError, match=sentence) as refused:
        import_source(project, address)
    assert "hunter2" not in str(refused.value)
    assert b"hunter2" not in b"".join(path.read_bytes() for path in project.directory.rglob("*") if path.is_file())


def test_options_for_manifests_are_refused(project: OpenProject) -> None:
    with pytest.raises(FormatError, match="leave the other options out"):
        import_source(project, BUCKET, speaker_from="session")


def test_a_changed_object_is_set_aside_and_never_encoded(project: OpenProject) -> None:
    put("a.wav", wav(1))
    import_source(project, BUCKET)
    put("a.wav", wav(2))
    forget_remembered()
    with project.read() as session:
        clip = clip_audio(session, session.scalars(select(Clip.id)).one())
    decoded = _decoded_clip(clip, 16_000)
    assert isinstance(decoded, AudioError)
    assert str(decoded) == "'a.wav' holds other audio than when it was imported; import it again."
    assert look_at_paths(project, progress=lambda *_: None).tallies["changed"].count == 1
    assert import_source(project, BUCKET).added == 1
    with project.read() as session:
        assert session.get_one(Clip, clip.clip_id).state is ClipState.REPLACED
        assert session.get_one(Clip, clip.clip_id).problem == "a.wav holds other audio now."


def test_without_a_network_an_import_rejects_and_damages_nothing(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a.wav", wav(1))
    import_source(project, BUCKET)
    put("b.wav", wav(2))

    def gone(address: str) -> None:
        raise AudioUnreachable("It cannot be reached.")

    monkeypatch.setattr(local_copy_module, "status_of_object", gone)
    forget_remembered()
    report = import_source(project, BUCKET)
    assert (report.known, [row["reason"] for row in report.rejected]) == (1, ["It cannot be reached."])
    monkeypatch.undo()


def test_the_doctor_names_objects_that_cannot_be_fetched(project: OpenProject) -> None:
    put("a.wav", wav(1))
    import_source(project, BUCKET)
    remove("a.wav")
    forget_remembered()
    assert look_at_paths(project, progress=lambda *_: None).tallies["elsewhere"].count == 1


def test_a_withdrawn_clip_leaves_no_copy(project: OpenProject, elsewhere: Path) -> None:
    put("a.wav", wav(1))
    put("b.wav", wav(2))
    import_source(project, BUCKET)
    with project.read() as session:
        clip_id = session.scalars(select(Clip.id).where(Clip.file_name == "a.wav")).one()
    withdraw(project, [clip_id])
    left = [path.name.rpartition("-")[2] for path in elsewhere.rglob("*") if path.is_file()]
    assert left == [hashlib.sha256(wav(2)).hexdigest()]


@pytest.mark.parametrize(
    "name",
    [
        "memory://secret-bucket/a.wav",
        "zip://a.wav::memory://secret-bucket/a.zip",
        "http://169.254.169.254/a.wav",
        "s3://bucket/a.wav",
    ],
)
def test_a_manifest_never_makes_earmark_fetch_an_address(
    project: OpenProject, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a.wav", wav(1))
    monkeypatch.setattr(objects, "_opened", lambda address: pytest.fail(f"{address} was opened"))
    with open(tmp_path / "list.csv", "w", newline="") as file:
        csv.writer(file).writerows([["file_name"], [name]])
    (tmp_path / "list.jsonl").write_text(json.dumps({"file_name": name}))
    for source in ("list.csv", "list.jsonl"):
        report = import_source(project, tmp_path / source)
        assert (report.added, len(report.rejected)) == (0, 1)
    with project.read() as session:
        assert session.execute(text("SELECT count(*) FROM audio_file")).scalar() == 0


@pytest.mark.parametrize("typed", ["s3://bucket/a", "http://169.254.169.254/", "zip::memory://secret-bucket/a.zip"])
def test_a_page_cannot_start_an_import_of_an_address(project: OpenProject, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages take whole paths only (`labeler.app.pages.setup.adding.source`); this is what would run if one slipped through."""
    monkeypatch.setattr(objects, "_opened", lambda address: pytest.fail(f"{address} was opened"))
    monkeypatch.chdir(project.directory)
    arguments = ImportRequest(source=Path(typed)).arguments()
    result = CliRunner().invoke(main, ["--project", str(project.directory), *arguments])
    assert result.exit_code == 1
