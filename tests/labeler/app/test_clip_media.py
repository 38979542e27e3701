"""Audio and pictures by token: in which form, made when, and what happens when many want them or they are very long."""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.applications import Starlette
from starlette.testclient import TestClient

from db.models import Clip, ClipState
from db.project import OpenProject
from db.records.clips import ClipAudio
from db.records.people.annotators import annotator_named
from labeler.app.api import clip_media as clip_media_module
from labeler.app.api.routes import routes
from labeler.app.media.disk_cache import DiskCache
from labeler.app.media.pictures import Pictures
from labeler.app.media.playable import AudioFiles
from labeler.app.sign_in.tokens import Media, Tokens
from tests.filled_projects import standing
from tests.learner.audio_files import import_files, noise, tone, written
from tests.supervised_processes import wait_for

RATE = 44_100


@dataclass
class Page:
    """What a browser does, without a browser."""

    client: TestClient
    project: OpenProject
    tokens: Tokens
    folder: Path

    def clip(self, name: str, samples: np.ndarray[Any, np.dtype[np.float32]], *, span: tuple[float, float] | None = None) -> int:
        path = written(self.folder / name, samples, sampling_rate=RATE)
        (clip_id,) = import_files(self.project, [path], spans=None if span is None else {name: span})
        return clip_id

    def address(self, clip_id: int, kind: str = "audio") -> str:
        return f"/earmark/{kind}/{self.tokens.for_media(Media(clip_id, None))}"

    def next(self, **more: Any) -> list[dict[str, Any]]:
        with self.project.write() as session:
            token = self.tokens.for_session(annotator_named(session, "Ann").id)
        reply = self.client.post("/earmark/api/next", json={"session": token, "want": 5, **more})
        clips: list[dict[str, Any]] = reply.json()["clips"]
        return clips

    def stretch(self, clip_id: int, seconds: float) -> None:
        """Have the database state another length, as for a clip of many hours."""
        with self.project.write() as session:
            clip = session.get_one(Clip, clip_id)
            clip.end = clip.file.duration = seconds

    @property
    def cached(self) -> list[str]:
        return sorted(path.suffix for path in (self.project.cache_dir / "audio").iterdir())


@pytest.fixture
def page(project: OpenProject, tmp_path: Path) -> Iterator[Page]:
    """A page of an annotator, in a project without clips."""
    folder = tmp_path / "files"
    folder.mkdir()
    tokens = Tokens(project.info().secret)
    with TestClient(Starlette(routes=routes(project, tokens)), raise_server_exceptions=False) as client:
        yield Page(client, project, tokens, folder)


def stereo(seconds: float, hertz: float = 300) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.stack([tone(hertz, seconds, sampling_rate=RATE)] * 2, axis=1)


def test_opus_where_the_browser_asks_for_it_and_the_original_otherwise(page: Page) -> None:
    address = page.address(page.clip("a.wav", stereo(2.0)))
    original, opus = page.client.get(address), page.client.get(address, params={"as": "opus"})
    assert (original.headers["Earmark-Form"], opus.headers["Earmark-Form"]) == ("file", "opus")
    assert opus.headers["content-type"] == "audio/ogg"
    assert soundfile.info(io.BytesIO(opus.content)).subtype == "OPUS"
    assert len(opus.content) < len(original.content) / 8


def test_opus_in_parts_with_context_and_at_the_common_loudness(page: Page) -> None:
    address = page.address(page.clip("a.wav", stereo(12.0), span=(3.0, 5.0)))
    asked = {"as": "opus", "around": "1", "level": "1"}
    whole = page.client.get(address, params=asked)
    assert soundfile.info(io.BytesIO(whole.content)).duration == pytest.approx(10.0, abs=0.01)
    assert float(whole.headers["Earmark-Gain"]) != 0
    part = page.client.get(address, params=asked, headers={"Range": "bytes=100-199", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[100:200])


def test_sounds_are_made_when_their_clips_are_handed_out(page: Page) -> None:
    for number in range(3):
        page.clip(f"{number}.wav", stereo(1.0, hertz=300 + number))
    page.next(opus=True)
    wait_for(lambda: page.cached == [".ogg"] * 3, what="three sounds to be made ahead")


def test_nothing_is_made_for_files_that_are_sent_as_they_are(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    ahead = clip_media_module.ClipMedia._sound_ahead

    async def watched(self: clip_media_module.ClipMedia, clip_id: int, wanted: Any) -> None:
        await ahead(self, clip_id, wanted)
        done.append(clip_id)

    monkeypatch.setattr(clip_media_module.ClipMedia, "_sound_ahead", watched)
    clips = [page.clip(f"{number}.wav", stereo(1.0, hertz=300 + number)) for number in range(3)]
    page.next(opus=False)
    wait_for(lambda: sorted(done) == clips, what="the clips to be looked at")
    assert page.cached == []


def test_what_was_played_is_stored_with_the_decision(page: Page) -> None:
    page.clip("a.wav", stereo(1.0))
    (clip,) = page.next(opus=True)
    answer = {
        "uuid": "0b8ff4ea-9a9c-4f5c-8f0e-1d0c9c1e6f10",
        "ticket": clip["ticket"],
        "answer": "label",
        "label": "happy",
        "heard": {"form": "opus"},
    }
    reply = page.client.post("/earmark/api/decisions", json={"answers": [answer]})
    assert reply.json()["results"][0]["status"] == "saved"
    assert [decision.circumstances for decision in standing(page.project)] == [{"form": "opus"}]


def test_many_requests_for_one_slow_picture_keep_no_audio_waiting(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, quick = page.clip("slow.wav", stereo(1.0)), page.clip("quick.wav", stereo(1.0, hertz=500), span=(0.2, 0.8))
    go_on, made = threading.Event(), []
    picture = Pictures.picture

    def slowly(self: Pictures, clip: ClipAudio) -> Path:
        made.append(clip.clip_id)
        assert go_on.wait(20)
        return picture(self, clip)

    monkeypatch.setattr(Pictures, "picture", slowly)
    with ThreadPoolExecutor(8) as browsers:
        waiting = [browsers.submit(page.client.get, page.address(slow, "picture")) for _ in range(8)]
        wait_for(lambda: len(made) > 0, what="the picture to be begun")
        audio = page.client.get(page.address(quick))
        assert not any(request.done() for request in waiting)
        go_on.set()
        assert [request.result().status_code for request in waiting] == [200] * 8
    assert audio.status_code == 200
    assert made == [slow], "one job for all who wait"


def test_a_clip_too_long_for_wav_is_refused_and_not_called_broken(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DiskCache, "file", lambda *_arguments, **_options: pytest.fail("it was begun"))
    clip_id = page.clip("a.wav", tone(300, 1.0, sampling_rate=RATE))
    page.stretch(clip_id, 38 * 3600)
    reply = page.client.get(page.address(clip_id), params={"as": "wav"})
    assert reply.status_code == 400
    assert reply.json()["error"].endswith("lasts 38 h and is too long to be played in one piece; import shorter spans of it.")
    with page.project.read() as session:
        assert session.get_one(Clip, clip_id).state == ClipState.READY


def served_with_room(page: Page, monkeypatch: pytest.MonkeyPatch, room: int) -> TestClient:
    """The same project, with a cache of so many bytes."""
    monkeypatch.setattr(clip_media_module, "AudioFiles", functools.partial(AudioFiles, most_bytes=room))
    return TestClient(Starlette(routes=routes(page.project, page.tokens)), raise_server_exceptions=False)


def spans_of_two_seconds(page: Page, count: int) -> list[int]:
    """Clips whose WAV takes 177 kB each."""
    return [page.clip(f"{seed}.wav", noise(3.0, seed=seed, sampling_rate=RATE), span=(0.5, 2.5)) for seed in range(count)]


def test_the_cache_keeps_its_size_however_much_is_asked_for(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty clips of two hours once put 4.3 GiB into a cache of 2 GiB."""
    clips = spans_of_two_seconds(page, 6)
    with served_with_room(page, monkeypatch, 400_000) as client:
        for clip_id in clips:
            assert client.get(page.address(clip_id)).status_code == 200
            assert sum(path.stat().st_size for path in (page.project.cache_dir / "audio").iterdir()) <= 400_000


def test_a_clip_larger_than_the_cache_is_refused_and_not_called_broken(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    (clip_id,) = spans_of_two_seconds(page, 1)
    with served_with_room(page, monkeypatch, 100_000) as client:
        reply = client.get(page.address(clip_id))
    assert reply.status_code == 400
    assert "do not fit into the cache" in reply.json()["error"]
    with page.project.read() as session:
        assert session.get_one(Clip, clip_id).state == ClipState.READY


def test_while_the_cache_is_full_of_what_is_being_sent_the_page_tries_again(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = spans_of_two_seconds(page, 2)
    with served_with_room(page, monkeypatch, 300_000) as client:
        with monkeypatch.context() as slow_browser:
            slow_browser.setattr(DiskCache, "release", lambda *_arguments: None)
            assert client.get(page.address(first)).status_code == 200
        reply = client.get(page.address(second))
        assert (reply.status_code, reply.json()["error"][-22:]) == (503, "try again in a minute.")
    with page.project.read() as session:
        assert session.get_one(Clip, second).state == ClipState.READY
