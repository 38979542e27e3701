"""The mounted file systems: which of them lie on other machines, and which hold no files that anybody stored.

Imports nothing of Earmark but `db.errors`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from db.errors import ProjectError

_TABLE, _WITH_DEVICES = Path("/proc/mounts"), Path("/proc/self/mountinfo")
_ESCAPE = re.compile(rb"\\([0-7]{3})")

NETWORK_KINDS = frozenset(
    [
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "davfs", "9p"),
        *("ceph", "glusterfs", "lustre", "beegfs", "gpfs", "panfs", "wekafs", "orangefs", "pvfs2", "ocfs2", "gfs2"),
        *("virtiofs", "fakeowner", "drvfs", "osxfs", "grpcfuse", "vboxsf", "vmhgfs", "prl_fs"),
    ]
)
"""File systems of other machines, clusters, and hosts of virtual machines."""
_NETWORK_FUSE = frozenset(
    [
        *("sshfs", "curlftpfs", "smbnetfs", "davfs", "davfs2", "afp", "ceph", "cephfs", "ceph-fuse", "glusterfs", "hdfs"),
        *("s3fs", "goofys", "mount-s3", "mountpoint-s3", "gcsfuse", "blobfuse", "blobfuse2", "rclone", "juicefs"),
        *("osxfs", "grpcfuse", "virtiofs", "fakeowner", "vmhgfs-fuse", "drvfs"),
    ]
)
"""The same among the file systems in user space, which are mounted as `fuse.NAME`."""
SPECIAL_KINDS = frozenset(
    [
        *("proc", "sysfs", "devtmpfs", "devfs", "devpts", "mqueue", "hugetlbfs", "cgroup", "cgroup2", "cpuset", "nsfs", "bpf"),
        *("debugfs", "tracefs", "securityfs", "selinuxfs", "smackfs", "configfs", "fusectl", "pstore", "efivarfs"),
        *("binfmt_misc", "rpc_pipefs", "nfsd", "resctrl", "functionfs"),
    ]
)
"""What the kernel reports as files: processes, devices, settings."""


@dataclass(frozen=True)
class Mount:
    """One line of the mount table."""

    point: str
    kind: str


def mounts() -> list[Mount]:
    """The mounted file systems, the newest last; none on systems that have no /proc/mounts."""
    lines = (line.split(" ") for line in _lines(_TABLE))
    return [Mount(_unescaped(fields[1]), fields[2]) for fields in lines if len(fields) >= 3]


def refuse_network_file_system(path: Path) -> None:
    """Raise ProjectError when `path` lies on a network file system: WAL needs a local disk.

    On systems without /proc/mounts this cannot be checked, and nothing is refused.
    """
    where = os.path.realpath(path)
    best = Mount("", "")
    for mount in mounts():
        inside = where == mount.point or where.startswith(mount.point.rstrip("/") + "/")
        # Of two on the same folder, the newer one hides the older one.
        if inside and len(mount.point) >= len(best.point):
            best = mount
    if _is_network(best.kind):
        raise ProjectError(
            f"{path} lies on the network file system {best.point} ({best.kind}), where SQLite is not safe; "
            "put the project on a local disk or use --database-url with PostgreSQL."
        )


def special_devices() -> dict[int, str]:
    """Kinds of the mounted file systems of `SPECIAL_KINDS`, by the device number that `os.stat` gives for what is there."""
    found: dict[int, str] = {}
    for line in _lines(_WITH_DEVICES):
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if kind in SPECIAL_KINDS and len(fields) > 2:
            major, _, minor = fields[2].partition(":")
            found[os.makedev(int(major), int(minor))] = kind
    return found


def _lines(table: Path) -> list[str]:
    try:
        # Names hold any character but space, tab and line feed: for `splitlines()` more characters than these end a line.
        return table.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    except OSError:
        return []


def _is_network(kind: str) -> bool:
    return kind in NETWORK_KINDS or (kind.startswith("fuse.") and kind.removeprefix("fuse.") in _NETWORK_FUSE)


def _unescaped(field: str) -> str:
    """The name of a folder: the table writes some bytes of it as a backslash and three octal digits."""
    raw = field.encode("utf-8", "surrogateescape")
    return os.fsdecode(_ESCAPE.sub(lambda octal: bytes([int(octal[1], 8) & 0xFF]), raw))
