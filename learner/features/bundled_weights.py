"""Which weights the bundled encoder has now, for those who only compare: nothing is loaded but the bytes of its files.

The app process loads this.
"""

from __future__ import annotations

from functools import cache

from learner.encoders.base import BUNDLED
from learner.encoders.checkpoint_files import find_files


@cache
def bundled_revision() -> str:
    """The revision, as feature sets have it: a hash over weights and configuration.

    Raises:
        EncoderError: the files are not there.
    """
    return find_files(BUNDLED).revision
