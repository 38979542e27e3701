"""Files are found inside packages, and inside the archives in them, by the patterns of the table."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts.training_sounds.packages import NotFetchedError, files_of_tar, only_file
from scripts.training_sounds.sources import KINDS, Source, read_table


def source(*take: str, leave: tuple[str, ...] = (), share: float = 1.0, voice: str = "(.*)/") -> Source:
    return Source(
        name="game",
        package="game-data",
        kind="speech",
        licence="CC0-1.0",
        languages="en",
        what="cries",
        take=take,
        leave=leave,
        share=share,
        voice=voice,
    )


def tar_of(**files: bytes) -> io.BytesIO:
    """A tar stream with these files (`__` stands for a slash), and a link that leads out."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        link = tarfile.TarInfo("./voices/link.ogg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        for name, content in files.items():
            member = tarfile.TarInfo("./" + name.replace("__", "/"))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    stream.seek(0)
    return stream


def zip_of(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def queen_of(**lines: bytes) -> bytes:
    """The game's data file: its table, then the lines."""
    start = 15 + 21 * len(lines)
    table, contents = b"", b""
    for name, content in lines.items():
        table += struct.pack(">12sBII", f"{name}.SB".encode(), 1, start + len(contents), len(content))
        contents += content
    return b"QTBLCEM10\0\0\0\1" + struct.pack(">H", len(lines)) + table + contents


def test_files_are_found_by_their_patterns_in_archives_too_and_links_are_not_followed() -> None:
    stream = tar_of(
        **{
            "voices__Pirate__hello.OGG": b"a",
            "voices__readme.txt": b"b",
            "music__song.ogg": b"c",
            "data.pk3": zip_of(**{"sound__hit.wav": b"d", "maps__one.bsp": b"e"}),
            "queen.1c": queen_of(**{"020001P2": b"f", "020006J1": b"gh"}),
        }
    )
    wanted = source("*.ogg", "*!sound/*.wav", "*!*.sb", leave=("music/*",)).takes
    assert list(files_of_tar(stream, wanted)) == [
        ("voices/Pirate/hello.OGG", b"a"),
        ("data.pk3!sound/hit.wav", b"d"),
        ("queen.1c!020001P2.SB", b"f"),
        ("queen.1c!020006J1.SB", b"gh"),
    ]


def test_a_damaged_package_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(NotFetchedError, match="cannot be read"):
        list(files_of_tar(io.BytesIO(b"no tar" * 200), source("*").takes))
    with pytest.raises(NotFetchedError, match="cannot be read"):
        list(files_of_tar(tar_of(**{"data.pk3": b"no zip"}), source("*").takes))
    with pytest.raises(NotFetchedError, match="has 0 files instead of one"):
        only_file(tmp_path)


def test_a_share_of_the_files_is_always_the_same_files() -> None:
    paths = [f"prompts/{number}.wav" for number in range(400)]
    half, tenth = source("*.wav", share=0.5), source("*.wav", share=0.1)
    taken = [path for path in paths if half.takes(path)]
    assert 160 < len(taken) < 240
    assert {path for path in paths if tenth.takes(path)} < set(taken)


def test_a_voice_is_what_the_pattern_finds_or_else_the_folder() -> None:
    assert source("*").voice_of("voices/Pirate/hello.ogg") == "voices/Pirate"
    by_language = source("*", voice=r"_desc(_[a-z]+)?\.")
    assert by_language.voice_of("stamps/cat_desc_fr.ogg") == "_fr"
    assert by_language.voice_of("stamps/cat_desc.ogg") == ""
    assert by_language.voice_of("stamps/cat.ogg") == "stamps"


def test_the_table_can_be_read_and_states_a_licence_for_every_source() -> None:
    sources = read_table()
    assert len({source.name for source in sources}) == len(sources) > 20
    assert all(source.licence and source.kind in KINDS for source in sources)
    assert [source.package for source in read_table(only=["menardi"])] == ["asterisk-prompt-it-menardi-wav"]
    with pytest.raises(ValueError, match="There is no source 'nothing'"):
        read_table(only=["nothing"])
