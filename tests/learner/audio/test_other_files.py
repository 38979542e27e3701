"""Files that have the name of an audio file and are something else: named for what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import AudioError
from learner.audio.decoding import audio_info

OTHERS = [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 64044\n", "Git LFS pointer", "git lfs pull"),
    (b"/annex/objects/SHA256E-s64044--4d7a.wav\n", "git-annex pointer", "git annex get"),
    (b"<!DOCTYPE html>\n<html><body>Log in</body></html>", "web page", "download the audio again"),
    (b"\n  <HTML><head></head></HTML>", "web page", "download the audio again"),
    (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML", "download the audio again"),
    (b'{"message": "Not found"}', "JSON", "download the audio again"),
    (b"PK\x03\x04" + bytes(100), "ZIP archive", "unpack it"),
    (bytes(5000), "zero bytes", "copy it again"),
    (b"FORM\x00\x00", "AIFF", "cut short"),
    (b"fLaC\x00\x00", "cut short", "copy it again"),
    (b"Dear diary, this is no audio at all.", "not an audio file", "convert it to WAV or FLAC"),
]


@pytest.mark.parametrize(("content", "what", "remedy"), OTHERS, ids=[what for _, what, _ in OTHERS])
def test_each_is_named_with_its_remedy(tmp_path: Path, content: bytes, what: str, remedy: str) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioError) as refused:
        audio_info(tmp_path / "a.wav")
    message = str(refused.value)
    assert message.startswith(f"'{tmp_path / 'a.wav'}' ")
    assert what in message
    assert remedy in message
