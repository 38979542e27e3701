"""Debian packages fetched by apt, and the files inside them. Nothing of a package is installed or run."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO

from scripts.training_sounds.queen import queen_clips

_LARGEST_FILE = 512 << 20
_ZIPS = (".pk3", ".wz", ".zip")
_QUEEN = ".1c"

Wanted = Callable[[str], bool]


class NotFetchedError(Exception):
    """A package cannot be had or cannot be read."""


def fetch(package: str, folder: Path) -> Path:
    """The package of this name, as a file in a folder of its own below `folder`; one that is there already is not fetched again.

    apt checks it against the signed index of the archive, so that no SHA-256 is pinned here: a newer Debian has a newer package.

    Raises:
        NotFetchedError: there is no apt-get, or it failed.
    """
    place, half = folder / package, folder / f".{package}"
    if not place.exists():
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        try:
            done = subprocess.run(["apt-get", "download", "-q", package], cwd=half, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise NotFetchedError("There is no apt-get on this machine; run this on Debian or Ubuntu.") from error
        if done.returncode:
            raise NotFetchedError((done.stderr.strip() or f"apt-get cannot download {package!r}").splitlines()[-1])
        half.rename(place)
    return only_file(place)


def only_file(place: Path) -> Path:
    """The one file of a folder.

    Raises:
        NotFetchedError: it has none, or more.
    """
    files = sorted(place.iterdir())
    if len(files) != 1:
        raise NotFetchedError(f"The folder {str(place)!r} has {len(files)} files instead of one package; remove it.")
    return files[0]


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    whole = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            whole.update(block)
    return whole.hexdigest()


def files_inside(package: Path, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    """Path and content of each wanted file of a `.deb`, in the package's order.

    Raises:
        NotFetchedError: the package cannot be read to its end.
    """
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as unpacking:
        assert unpacking.stdout is not None
        yield from files_of_tar(unpacking.stdout, wanted)
        unpacking.stdout.read()
    if unpacking.returncode:
        raise NotFetchedError(f"The package {package.name!r} is damaged; remove it and fetch it again.")


def files_of_tar(stream: IO[bytes], wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    """Path and content of each wanted file of a tar stream.

    Archives inside are opened too: a file of one has the path `archive!file`. Links are passed over, and so are files of more
    than 512 MB. Nothing is written, so that no path leads out of a folder.

    Raises:
        NotFetchedError: the stream or an archive in it is damaged.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                path = member.name.removeprefix("./")
                if member.isfile() and member.size <= _LARGEST_FILE and (_is_archive(path) or wanted(path)):
                    file = tar.extractfile(member)
                    if file is not None:
                        yield from _opened(path, file.read(), wanted)
    except (tarfile.TarError, zipfile.BadZipFile) as error:
        raise NotFetchedError(f"The package cannot be read: {error}.") from error


def _is_archive(path: str) -> bool:
    return path.endswith((*_ZIPS, _QUEEN))


def _opened(path: str, content: bytes, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    if path.endswith(_QUEEN):
        yield from ((f"{path}!{name}", clip) for name, clip in queen_clips(content) if wanted(f"{path}!{name}"))
    elif path.endswith(_ZIPS):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                inside = f"{path}!{member.filename}"
                if not member.is_dir() and member.file_size <= _LARGEST_FILE and wanted(inside):
                    yield inside, archive.read(member)
    else:
        yield path, content
