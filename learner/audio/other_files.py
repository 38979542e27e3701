"""What a file is that has the name of an audio file but holds something else, and what to do about it."""

from __future__ import annotations

HEAD_BYTES = 1024
"""Bytes from the beginning that are enough to know."""

_STARTS = (
    (b"version https://git-lfs", "is a Git LFS pointer in place of the audio; fetch the audio with `git lfs pull`"),
    (b"/annex/objects/", "is a git-annex pointer in place of the audio; fetch the audio with `git annex get`"),
    (b"../.git/annex/", "is a git-annex pointer in place of the audio; fetch the audio with `git annex get`"),
    (b".git/annex/", "is a git-annex pointer in place of the audio; fetch the audio with `git annex get`"),
    (b"PK\x03\x04", "is a ZIP archive and not an audio file; unpack it"),
    (b"\x1f\x8b", "is a gzip archive and not an audio file; unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive and not an audio file; unpack it"),
    (b"Rar!", "is a RAR archive and not an audio file; unpack it"),
    (b"%PDF", "is a PDF document and not an audio file; leave it out"),
    (b"\x00\x05\x16\x07", "is a side file of macOS and not an audio file; leave it out"),
)
_DAMAGED = (
    (b"RIFX", "WAV"),
    (b"RF64", "WAV"),
    (b"BW64", "WAV"),
    (b"riff", "W64"),
    (b"FORM", "AIFF"),
    (b"caff", "CAF"),
    (b".snd", "AU"),
    (b"ID3", "MP3"),
    (b"RIFF", "WAV"),
    (b"fLaC", "FLAC"),
    (b"OggS", "Ogg"),
)
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<script", b"<body")


def what_it_is(head: bytes) -> str:
    """The end of a sentence on a file that starts with these bytes and that no decoder opens: what it is, and the remedy."""
    for start, words in _STARTS:
        if head.startswith(start):
            return words
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_WEB_PAGE) or (text.startswith((b"<?xml", b"<!--")) and b"<html" in text):
        return "is a web page (HTML), such as a server sends instead of the audio; download the audio again"
    if text.startswith((b"<?xml", b"{")):
        return "is an answer in text (XML or JSON), such as a server sends instead of the audio; download the audio again"
    if not head.strip(b"\0"):
        return "holds nothing but zero bytes, so its download or copy did not end; copy it again"
    for start, name in _DAMAGED:
        if head.startswith(start):
            return f"starts as {name} but cannot be read (damaged or cut short); copy it again"
    return "is not an audio file that Earmark can read; convert it to WAV or FLAC"
