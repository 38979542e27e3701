"""Files are found below a folder by the ends of the addresses that other tools give them."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.imports.file_names import NameProblemError
from db.imports.remarks import Remarks
from db.imports.tools.media_addresses import MediaAddresses


def addresses(folder: Path, *files: str, by_ends: bool = True) -> MediaAddresses:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return MediaAddresses(str(folder), Remarks(), by_ends=by_ends)


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("/data/local-files/?d=corpus/wav/a%20%23%2541.wav", "wav/a #%41.wav"),
        ("/data/local-files/?d=corpus/wav/a b+c.wav", "corpus/wav/a b+c.wav"),
        ("http://localhost:8080/data/local-files/?d=a.wav", "a.wav"),
        ("/data/upload/3/5ab12c34-a.wav", "3/5ab12c34-a.wav"),
        ("/data/upload/3/5ab12c34-a.wav", "a.wav"),
        ("https://ls.example.org/label/data/upload/3/5ab12c34-a%26b.wav", "5ab12c34-a&b.wav"),
        ("s3://bucket/corpus/a%20b.wav", "corpus/a%20b.wav"),
        ("gs://bucket/corpus/a.wav", "a.wav"),
        ("azure-blob://container/a.wav", "a.wav"),
        ("https://example.org/x/a%20b.wav?token=1", "a b.wav"),
        ("corpus/a.wav", "a.wav"),
        ("/somewhere/else/a.wav", "else/a.wav"),
    ],
)
def test_finds_the_file(tmp_path: Path, address: str, file: str) -> None:
    found = addresses(tmp_path, file).find(address)
    assert (found.path, found.if_missing) == (str(tmp_path / file), None)


def test_prefers_the_longest_end_and_then_the_path_itself(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "a.wav"
    places = addresses(tmp_path, "below/a.wav", "below/x/a.wav", "elsewhere/a.wav")
    below = MediaAddresses(str(tmp_path / "below"), Remarks(), by_ends=True)
    assert below.find("/data/local-files/?d=corpus/x/a.wav").path == str(tmp_path / "below/x/a.wav")
    assert below.find("/data/local-files/?d=" + str(elsewhere)[1:]).path == str(elsewhere)
    assert places.find("/data/local-files/?d=below/a.wav").path == str(tmp_path / "below/a.wav")


def test_two_addresses_are_not_one_file(tmp_path: Path) -> None:
    places = addresses(tmp_path, "a.wav")
    places.find("s3://bucket/one/a.wav")
    assert places.find("s3://bucket/one/a.wav").path == str(tmp_path / "a.wav"), "the same again"
    with pytest.raises(NameProblemError, match="was taken for 's3://bucket/one/a.wav'; copy the files with their folders"):
        places.find("s3://bucket/two/a.wav")


def test_what_is_missing_names_the_option(tmp_path: Path) -> None:
    assert addresses(tmp_path).find("s3://bucket/a.wav").if_missing == (
        f"Nothing is downloaded, and no end of 's3://bucket/a.wav' exists below {tmp_path}; copy the audio to this machine "
        "and name its folder with --audio-folder."
    )


def test_no_end_leads_out_of_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    addresses(tmp_path, "secret.wav", "inside/b.wav")
    found = MediaAddresses(str(inside), Remarks(), by_ends=True).find("s3://bucket/../secret.wav")
    assert found.if_missing is not None


@pytest.mark.parametrize("address", ["data:audio/wav;base64,UklGRg==", "s3://bucket/..", "/data/local-files/?d=%00"])
def test_what_names_no_file_is_a_problem(tmp_path: Path, address: str) -> None:
    places = addresses(tmp_path)
    if address == "s3://bucket/..":
        assert places.find(address).if_missing is not None
        return
    with pytest.raises(NameProblemError):
        places.find(address)
