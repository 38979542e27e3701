"""Whether a clip's file still holds the audio that was imported."""

from __future__ import annotations

from db.errors import AudioError
from learner.audio.decoding import content_hash
from learner.audio.elsewhere.local_copy import status_of
from learner.audio.reader import AudioMissing, shown


def refuse_other_audio(path: str, *, imported: tuple[int, int], known_hash: str) -> None:
    """A clip is known by its bytes: what is made of others that have replaced them would be taken for its own.

    Args:
        imported: size in bytes and time of change (ns) at the import; a file that has both is not read.
        known_hash: SHA-256 of the bytes at the import; empty for audio that belongs to no project.

    Raises:
        AudioError: it holds other audio. A file that is not there is none of this function's business.
    """
    if not known_hash:
        return
    try:
        now = status_of(path)
    except (OSError, ValueError, AudioMissing):
        return
    if (now.st_size, now.st_mtime_ns) != imported and content_hash(path) != known_hash:
        raise AudioError(f"{shown(path)} holds other audio than when it was imported; import it again.")
