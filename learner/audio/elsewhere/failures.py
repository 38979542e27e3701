"""What goes wrong with audio elsewhere, as sentences.

Libraries raise errors of many kinds, whose texts may hold addresses, keys and answers of servers. So nothing of their texts goes
into a sentence, and they are not chained to what is raised.
"""

from __future__ import annotations

from typing import TypeGuard

from learner.audio.reader import AudioMissing

_NETWORK = frozenset(
    ("ConnectionError", "TimeoutError", "gaierror", "EndpointConnectionError", "HTTPClientError", "ClientConnectionError")
)
_CREDENTIALS = frozenset(
    ("NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError", "SSOTokenLoadError", "RefreshError")
)
_EXPIRED = ("expired", "tokenrefreshrequired")
_REFUSED = (
    "invalidaccesskeyid",
    "signaturedoesnotmatch",
    "accessdenied",
    "invalidtoken",
    "forbidden",
    "unauthorized",
    "access key id",
)
NEEDS_S3 = "it needs the extra s3: pip install 'earmark[s3]' (for gs:// also gcsfs)"


class AudioUnreachable(AudioMissing):
    """The network or the server does not answer; the audio is taken to be as it was."""


class AudioRefused(AudioMissing):
    """The credentials are missing, wrong or have expired."""


def failure(error: Exception, what: str) -> AudioMissing:
    """The sentence for what a library raised; never that the audio is damaged.

    Args:
        what: what was wanted, as it may stand in the sentence.
    """
    if isinstance(error, FileNotFoundError) and _is_of_the_web(error.__cause__):
        # fsspec takes whatever happens to a web address for a missing file.
        error = error.__cause__
    kinds = {kind.__name__ for kind in type(error).__mro__}
    text = str(error).lower()
    status = getattr(error, "status", None)
    if isinstance(error, ImportError):
        return AudioMissing(f"{what} cannot be fetched, since {NEEDS_S3}.")
    if "certificate" not in text and any(word in text for word in _EXPIRED):
        return AudioRefused(f"{what} cannot be fetched, since the credentials have expired; renew them and try again.")
    if kinds & _CREDENTIALS:
        return AudioRefused(
            f"{what} cannot be fetched without credentials; give them by the environment or the files of the provider."
        )
    if isinstance(error, PermissionError) or status in (401, 403) or any(word in text for word in _REFUSED):
        return AudioRefused(f"{what} may not be read with these credentials; correct them, or ask for the right to read.")
    if "bucket does not exist" in text or "nosuchbucket" in text:
        return AudioMissing(f"{what} lies in a bucket that does not exist; correct the address.")
    if isinstance(error, (FileNotFoundError, KeyError)) or status == 404:
        return AudioMissing(f"{what} does not exist; put the object back or correct its address.")
    if kinds & _NETWORK or (isinstance(status, int) and status >= 500):
        return AudioUnreachable(f"{what} cannot be reached; check the network and try again later.")
    return AudioUnreachable(f"{what} cannot be fetched at the moment ({type(error).__name__}); try again later.")


def _is_of_the_web(cause: BaseException | None) -> TypeGuard[Exception]:
    if not isinstance(cause, Exception):
        return False
    kinds = {kind.__name__ for kind in type(cause).__mro__}
    return bool(kinds & _NETWORK) or isinstance(cause, PermissionError) or isinstance(getattr(cause, "status", None), int)
