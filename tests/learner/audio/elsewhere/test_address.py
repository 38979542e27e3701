"""Which addresses are taken, and that none is stored which holds a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import FormatError
from learner.audio.address import checked_address, is_address
from learner.audio.reader import shown


def test_paths_are_no_addresses() -> None:
    assert not any(
        is_address(path) for path in ("/a/b.wav", "a.wav", "/a/s3://b.wav", "C:\\a.wav", Path("s3://b/a.wav"), "a: b.wav")
    )
    assert all(is_address(text) for text in ("s3://b/a.wav", "zip::s3://b/a.zip", "zip://a.wav::/x/a.zip"))


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("s3://bucket/a b.wav", "s3://bucket/a b.wav"),
        ("S3://bucket/a?b#c.wav", "s3://bucket/a?b#c.wav"),
        ("https://host:8443/a.wav", "https://host:8443/a.wav"),
        ("zip::s3://bucket/a.zip", "zip://::s3://bucket/a.zip"),
        ("zip://in/a.wav::/x/../a.zip", "zip://in/a.wav::/a.zip"),
    ],
)
def test_an_address_is_stored_in_one_form(given: str, stored: str) -> None:
    assert checked_address(given) == stored
    assert checked_address(stored) == stored


@pytest.mark.parametrize(
    "given",
    [
        *("https://user:hunter2@host/a.wav", "s3://AKIA:hunter2@bucket/a.wav", "zip::https://host/a.zip?token=hunter2"),
        *("https://host/a.wav?X-Amz-Signature=hunter2", "https://host/a.wav#hunter2"),
        *("file:///etc/hunter2", "ftp://host/hunter2", "simplecache::s3://b/hunter2", "zip://a::zip://b::s3://c/hunter2"),
        *("http://169.254.169.254/latest/hunter2", "http://[fe80::1]/hunter2", "http://metadata.google.internal/hunter2"),
        *("s3:///hunter2", "https://?hunter2"),
    ],
)
def test_what_holds_a_secret_or_leads_into_this_machine_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(FormatError) as refused:
        checked_address(given)
    assert "hunter2" not in str(refused.value)


def test_messages_show_the_name_of_an_object_only() -> None:
    assert shown("s3://bucket/prefix/a.wav") == "'a.wav'"
    assert shown("zip://in/b.wav::s3://bucket/a.zip") == "'b.wav'"
