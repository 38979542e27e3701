"""A request that is refused."""

from __future__ import annotations


class RefusedError(Exception):
    """A request that cannot be served: status code and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
