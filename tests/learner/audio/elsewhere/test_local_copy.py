"""Objects become local files: fetched once, again when they change, and never taken for damaged when they are out of reach."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from learner.audio.decoding import audio_info, content_hash, decode
from learner.audio.elsewhere import local_copy as local_copy_module
from learner.audio.elsewhere.cache import ObjectCache
from learner.audio.elsewhere.failures import AudioRefused, AudioUnreachable, failure
from learner.audio.elsewhere.local_copy import forget_remembered, local_copy
from learner.audio.elsewhere.objects import fetch, objects_below
from learner.audio.reader import AudioMissing
from tests.learner.audio.elsewhere.storage import BUCKET, put, remove, wav


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were fetched, one after the other."""
    addresses: list[str] = []

    def noted(address: str, target: Path) -> None:
        addresses.append(address)
        fetch(address, target)

    monkeypatch.setattr(local_copy_module, "fetch", noted)
    return addresses


def test_an_object_is_fetched_once_for_its_header_its_hash_and_its_sound(fetched: list[str]) -> None:
    address = put("a.wav", wav(1))
    assert audio_info(address).duration == 0.5
    assert content_hash(address) == hashlib.sha256(wav(1)).hexdigest()
    assert len(decode(address, start=0.1, end=0.3)) == 3200
    forget_remembered()
    assert len(decode(address)) == 8000
    assert fetched == [address]


def test_a_changed_object_is_fetched_again_and_its_old_copy_goes(fetched: list[str], elsewhere: Path) -> None:
    address = put("a.wav", wav(1))
    content_hash(address)
    put("a.wav", wav(2))
    forget_remembered()
    assert content_hash(address) == hashlib.sha256(wav(2)).hexdigest()
    assert len(fetched) == 2
    assert len([path for path in elsewhere.rglob("*") if path.is_file()]) == 1


def test_an_object_that_changes_while_it_is_fetched_is_not_kept_under_the_old_version(monkeypatch: pytest.MonkeyPatch) -> None:
    address = put("a.wav", wav(1))
    contents = iter((wav(2), wav(3)))

    def changing(address: str, target: Path) -> None:
        fetch(address, target)
        if (content := next(contents, None)) is not None:
            put("a.wav", content)

    monkeypatch.setattr(local_copy_module, "fetch", changing)
    assert content_hash(address) == hashlib.sha256(wav(3)).hexdigest()


def test_without_a_network_what_was_fetched_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, not_kept = put("a.wav", wav(1)), put("b.wav", wav(2))
    content_hash(kept)

    def gone(address: str) -> None:
        raise AudioUnreachable("It cannot be reached.")

    monkeypatch.setattr(local_copy_module, "status_of_object", gone)
    forget_remembered()
    assert len(decode(kept)) == 8000
    with pytest.raises(AudioUnreachable):
        decode(not_kept)


def test_an_object_that_is_gone_is_missing_although_a_copy_is_here() -> None:
    address = put("a.wav", wav(1))
    content_hash(address)
    remove("a.wav")
    forget_remembered()
    with pytest.raises(AudioMissing, match=r"^'a.wav' does not exist; put the object back"):
        decode(address)


def test_an_object_larger_than_the_cache_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_AUDIO_CACHE_GB", "0.001")
    with pytest.raises(AudioMissing, match="raise EARMARK_AUDIO_CACHE_GB"):
        audio_info(put("long.wav", wav(1, seconds=40)))


def test_the_cache_stays_within_its_size_and_drops_what_was_used_least_recently(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path, most_bytes=1000)

    def add(number: int) -> None:
        kept = cache.add(f"s3://b/{number}", size=100, version=1, write=lambda path: _written(path, bytes(100)))
        os.utime(kept.path, (number, number))

    for number in range(8):
        add(number)
    cache.find("s3://b/0")
    for number in range(8, 12):
        add(number)
    left = [number for number in range(12) if cache.find(f"s3://b/{number}")]
    assert 0 in left
    assert left[1:] == list(range(left[1], 12))
    assert len(left) <= 10


def test_a_fetch_that_fails_leaves_nothing(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(address: str, target: Path) -> None:
        _written(target, b"half")
        raise AudioUnreachable("It cannot be reached.")

    monkeypatch.setattr(local_copy_module, "fetch", failing)
    with pytest.raises(AudioUnreachable):
        content_hash(put("a.wav", wav(1)))
    assert [path for path in elsewhere.rglob("*") if path.is_file()] == []


def test_copies_are_for_this_user_only() -> None:
    kept = local_copy(put("a.wav", wav(1)))
    assert kept.path.stat().st_mode & 0o077 == 0
    assert kept.path.parent.stat().st_mode & 0o077 == 0


def test_what_lies_below_an_address_is_named_relative_to_it() -> None:
    put("one/b.wav", wav(1))
    put("one/two/a.wav", wav(2))
    put("one-more/c.wav", wav(3))
    assert [name for name, _ in objects_below(f"{BUCKET}/one")] == ["b.wav", "two/a.wav"]


class _ExpiredError(Exception):
    """As botocore's."""


@pytest.mark.parametrize(
    ("raised", "kind", "sentence"),
    [
        (ImportError("Install s3fs to access S3"), AudioMissing, "earmark\\[s3\\]"),
        (_ExpiredError("ExpiredToken: AKIA hunter2"), AudioRefused, "credentials have expired"),
        (PermissionError("AKIA hunter2"), AudioRefused, "may not be read with these credentials"),
        (type("NoCredentialsError", (Exception,), {})("hunter2"), AudioRefused, "without credentials"),
        (FileNotFoundError("The specified bucket does not exist hunter2"), AudioMissing, "bucket that does not exist"),
        (ConnectionResetError("https://hunter2@host"), AudioUnreachable, "cannot be reached"),
        (RuntimeError("hunter2"), AudioUnreachable, "RuntimeError"),
    ],
)
def test_what_a_store_raises_becomes_a_sentence_without_its_text(
    raised: Exception, kind: type[AudioMissing], sentence: str
) -> None:
    error = failure(raised, "'a.wav'")
    assert type(error) is kind
    assert "hunter2" not in str(error)
    with pytest.raises(kind, match=sentence):
        raise error


def _written(path: Path, content: bytes) -> None:
    path.write_bytes(content)
