"""With a good token, audio and pictures need no database: while somebody keeps it locked, clips play."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.errors import ClipError
from db.models import Clip, ClipState
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from labeler.app.api import clip_media
from labeler.app.api import routes as routes_module
from labeler.app.api.known_clips import KnownClips
from labeler.app.sign_in.tokens import Media
from learner.withdrawal.withdraw import withdraw
from tests.filled_projects import add_clips
from tests.labeler.app.test_routes import Page, page_of
from tests.learner.audio_files import import_files, noise, written
from tests.supervised_processes import wait_for


@pytest.fixture
def page(project: OpenProject, tmp_path: Path) -> Iterator[Page]:
    """A page of Ann's."""
    with page_of(project, tmp_path / "audio") as opened:
        yield opened


@contextmanager
def no_database(page: Page) -> Iterator[None]:
    """Whoever asks the database fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page.project.engine.pool, "connect", lambda: pytest.fail("the database was asked"))
        yield


def test_what_was_handed_out_plays_without_the_database(page: Page) -> None:
    (clip,) = page.next()
    with no_database(page):
        assert page.client.get(clip["audio"]).content == (page.folder / clip["file_name"]).read_bytes()
        assert page.client.get(f"{clip['audio']}?level=1&as=wav").status_code == 200
        assert page.client.get(clip["picture"]).status_code == 200


def test_a_clip_is_looked_up_once(page: Page) -> None:
    address = page.tokens.for_media(Media(page.clips[0], None))
    assert page.client.get(f"/earmark/audio/{address}").status_code == 200
    with no_database(page):
        assert page.client.get(f"/earmark/picture/{address}").status_code == 200


def test_requests_that_wait_for_a_lock_hold_up_neither_audio_nor_pages(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty annotators' requests wait for somebody who writes; all threads and connections would be theirs."""
    monkeypatch.setattr("db.store.engine.BUSY_SECONDS", 5)
    (clip,) = page.next()
    fresh = page.tokens.for_media(Media(page.clips[-1], None))
    waiting = [threading.Thread(target=lambda: page.post("next", {"session": page.session, "want": 1})) for _ in range(40)]
    with page.project.write() as session:
        annotator_named(session, "somebody who writes")
        for thread in waiting:
            thread.start()
        wait_for(lambda: page.project.engine.pool.checkedout() > routes_module._AT_THE_DATABASE, what="the others to wait")  # type: ignore[attr-defined]
        begun = time.monotonic()
        assert page.client.get(clip["audio"]).status_code == 200
        assert page.client.get(f"/earmark/audio/{fresh}").status_code == 200
        with page.project.read() as reader:
            assert reader.get(Clip, page.clips[0]) is not None
        assert time.monotonic() - begun < 2
    for thread in waiting:
        thread.join(30)


def test_a_file_that_was_moved_and_imported_again_plays_from_its_new_place(page: Page, tmp_path: Path) -> None:
    (clip,) = page.next()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    old = page.folder / clip["file_name"]
    content = old.read_bytes()
    (elsewhere / old.name).write_bytes(content)
    import_files(page.project, [elsewhere / old.name])
    # The old place now holds other audio, so the clip moves to the other one.
    written(old, noise(0.4, seed=77))
    import_files(page.project, [old])
    assert page.client.get(clip["audio"]).content == content
    with page.project.read() as session:
        assert session.get_one(Clip, clip["clip"]).state == ClipState.READY


def test_a_broken_clip_is_answered_at_once_and_set_aside_when_the_database_is_free(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_media, "_SET_ASIDE_SECONDS", 0.1)
    (clip,) = page.next()
    written(page.folder / clip["file_name"], noise(0.4, seed=99))
    with page.project.write() as session:
        annotator_named(session, "somebody who writes")
        begun = time.monotonic()
        assert page.client.get(clip["audio"]).status_code == 410
        assert time.monotonic() - begun < 5

    def is_set_aside() -> bool:
        with page.project.read() as session:
            return session.get_one(Clip, clip["clip"]).state == ClipState.BROKEN

    wait_for(is_set_aside, what="the clip to be set aside")


def test_only_the_clips_used_last_stay_in_memory(project: OpenProject) -> None:
    clips = add_clips(project, 4)
    known = KnownClips(project, most=2)
    for clip in clips[:2]:
        known.read(clip)
    known.kept(clips[0])
    known.read(clips[2])
    assert [known.kept(clip) is not None for clip in clips] == [True, False, True, False]
    with pytest.raises(ClipError):
        known.read(999)
    assert os.path.basename(known.read(clips[3]).audio.path) == "3.wav"


def test_a_withdrawn_clip_is_silent_though_it_was_known(page: Page) -> None:
    clip, other = page.next(2)
    assert page.client.get(clip["audio"]).status_code == 200
    withdraw(page.project, [clip["clip"]])
    for address in (clip["audio"], f"{clip['audio']}?as=wav", clip["picture"]):
        reply = page.client.get(address)
        assert (reply.status_code, "There is no clip" in reply.text) == (400, True)
    assert page.client.get(other["audio"]).status_code == 200
