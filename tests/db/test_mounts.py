"""The mount table: network file systems are refused under any name, and the kernel's own are known by their devices."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from db import mounts
from db.errors import ProjectError


def refuse(path: Path, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self, **_: table)
    mounts.refuse_network_file_system(path)


@pytest.mark.parametrize("name", ["Übung", "声", "a\u3000b", "a\x85b", "no\u00a0break", "caf\udce9"])
def test_a_folder_of_any_name_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    table = f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path}/{name} nfs4 rw 0 0\n"
    with pytest.raises(ProjectError, match="nfs4"):
        refuse(tmp_path / name / "earmark.sqlite", table, monkeypatch)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("my share", r"my\040share"),
        ("tab\there", r"tab\011here"),
        (r"back\slash", r"back\134slash"),
        ("Übung 1", r"\303\234bung\0401"),
        ("Ü 1", r"Ü\0401"),
    ],
)
def test_octal_escapes_are_bytes_of_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, written: str) -> None:
    table = f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path}/{written} nfs rw 0 0\n"
    with pytest.raises(ProjectError, match=r"\(nfs\)"):
        refuse(tmp_path / name / "earmark.sqlite", table, monkeypatch)


@pytest.mark.parametrize(
    "kind",
    ["nfs", "cifs", "9p", "virtiofs", "fakeowner", "drvfs", "fuse.osxfs", "vboxsf", "fuse.sshfs", "fuse.s3fs"],
)
def test_file_systems_of_other_machines_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    with pytest.raises(ProjectError, match="network file system"):
        refuse(tmp_path / "p", f"/dev/sda / ext4 rw 0 0\nx {tmp_path} {kind} rw 0 0\n", monkeypatch)


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "tmpfs", "overlay", "fuseblk", "fuse.ntfs-3g"])
def test_local_file_systems_are_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    refuse(tmp_path / "p", f"server:/ / nfs rw 0 0\nx {tmp_path} {kind} rw 0 0\n", monkeypatch)


def test_the_newest_of_two_on_one_folder_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(tmp_path / "p", f"server:/x {tmp_path} nfs rw 0 0\n/dev/sdb {tmp_path} ext4 rw 0 0\n", monkeypatch)


def test_a_neighbour_of_the_mounted_folder_is_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(tmp_path / "shared" / "p", f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path}/share nfs rw 0 0\n", monkeypatch)


def test_without_a_table_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_TABLE", "_WITH_DEVICES"):
        monkeypatch.setattr(mounts, name, tmp_path / "none")
    mounts.refuse_network_file_system(tmp_path)
    assert mounts.special_devices() == {}


def test_the_kernels_own_file_systems_are_known_by_their_devices(tmp_path: Path) -> None:
    if not os.path.exists("/proc/self/mountinfo"):
        pytest.skip("there is no /proc here")
    found = mounts.special_devices()
    assert found[os.stat("/proc").st_dev] == "proc"
    assert os.stat(tmp_path).st_dev not in found
