"""Clips whose audio lies elsewhere are played through Earmark, and no browser learns where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.models import Clip, ClipState
from learner.audio.elsewhere import local_copy as local_copy_module
from learner.audio.elsewhere.failures import AudioUnreachable
from learner.audio.elsewhere.local_copy import forget_remembered
from learner.imports.source import import_source
from tests.labeler.app.test_clip_media import Page, page
from tests.learner.audio.elsewhere.storage import BUCKET, elsewhere, put, remove, wav

__all__ = ["elsewhere", "page"]


@pytest.fixture
def clip_id(elsewhere: Path, page: Page) -> int:
    """A clip of a bucket."""
    put("a.wav", wav(1))
    import_source(page.project, BUCKET)
    with page.project.read() as session:
        return session.scalars(select(Clip.id)).one()


def hides_the_bucket(reply: Any) -> bool:
    return b"secret-bucket" not in reply.content and "secret-bucket" not in str(reply.headers)


def test_the_server_sends_the_bytes_and_their_parts(page: Page, clip_id: int) -> None:
    whole = page.client.get(page.address(clip_id))
    part = page.client.get(page.address(clip_id), headers={"Range": "bytes=100-199"})
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, wav(1), "audio/wav")
    assert (part.status_code, part.content) == (206, wav(1)[100:200])
    picture = page.client.get(page.address(clip_id, "picture"))
    assert picture.content.startswith(b"\x89PNG")
    opus = page.client.get(page.address(clip_id), params={"as": "opus", "level": "1"})
    assert all(hides_the_bucket(reply) for reply in (whole, part, picture, opus))


def test_handing_out_a_clip_asks_no_store(page: Page, clip_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_copy_module, "status_of_object", lambda address: pytest.fail("the store was asked"))
    (clip,) = page.next()
    assert clip["bytes"] == len(wav(1))
    assert "secret-bucket" not in str(clip)


def test_a_changed_object_is_set_aside_and_not_played(page: Page, clip_id: int) -> None:
    put("a.wav", wav(2))
    forget_remembered()
    reply = page.client.get(page.address(clip_id))
    assert (reply.status_code, hides_the_bucket(reply)) == (410, True)
    assert "holds other audio than was imported" in reply.text
    with page.project.read() as session:
        clip = session.get_one(Clip, clip_id)
        assert (clip.state, "secret-bucket" in str(clip.problem)) == (ClipState.BROKEN, False)


def test_an_object_out_of_reach_is_not_called_broken(page: Page, clip_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    remove("a.wav")
    forget_remembered()
    missing = page.client.get(page.address(clip_id))
    put("a.wav", wav(1))

    def gone(address: str) -> None:
        raise AudioUnreachable("'a.wav' cannot be reached; check the network and try again later.")

    monkeypatch.setattr(local_copy_module, "status_of_object", gone)
    monkeypatch.setattr(local_copy_module, "object_cache", lambda: _NothingKept())
    forget_remembered()
    unreachable = page.client.get(page.address(clip_id))
    for reply, sentence in ((missing, "does not exist"), (unreachable, "cannot be reached")):
        assert (reply.status_code, sentence in reply.text, hides_the_bucket(reply)) == (410, True, True)
    with page.project.read() as session:
        assert session.get_one(Clip, clip_id).state is ClipState.READY


class _NothingKept:
    def find(self, address: str) -> None:
        return None
