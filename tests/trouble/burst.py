"""Somebody who labels faster than any person, as the page does it: what is not acknowledged is kept and sent again."""

from __future__ import annotations

import threading
import time
import urllib.error
import uuid
from collections import Counter, deque
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

from tests.supervised_processes import post, wait_for

AHEAD = 30
"""Clips in hand: while the server is in trouble, labelling goes on with them."""
BATCH = 50
"""Answers sent at once, as many as the page sends."""
_BETWEEN_ANSWERS = 0.04
_AFTER_FAILURE = 0.1
"""The page waits longer; here the moment at which the trouble ends is to be met."""

Message = dict[str, Any]
Given = tuple[str, str]
"""File name and label."""


def labelled(clip: dict[str, Any], label: str) -> Message:
    """An answer as the page sends it."""
    ticket = clip["ticket"]
    return {"uuid": str(uuid.uuid4()), "ticket": ticket, "answer": "label", "label": label, "seconds": 1.0, "plays": 1}


class Burst:
    """Asks for clips, answers them, and sends the answers: three things at once, as in the browser."""

    def __init__(self, port: int, session_token: str, *, label: Callable[[str], str]) -> None:
        """`label` gives the label for a file name. `port` may be changed while labelling goes on."""
        self.port = port
        self.session_token = session_token
        self.label = label
        self.given: dict[str, Given] = {}
        """Every answer, by UUID."""
        self.acknowledged: dict[str, Given] = {}
        self.refused: list[Any] = []
        self.not_saved: Counter[int] = Counter()
        """How often answers were sent without success, by HTTP status; 0 when there was no answer at all."""
        self._in_hand: deque[dict[str, Any]] = deque()
        self._outbox: deque[tuple[Message, dict[str, Any]]] = deque()
        self._failures: list[BaseException] = []
        self._enough, self._over = threading.Event(), threading.Event()
        steps = ((self._ask, self._enough), (self._answer, self._enough), (self._send, self._over))
        self._asking, self._answering, self._sending = (
            threading.Thread(target=self._repeat, args=(step, end), daemon=True) for step, end in steps
        )

    def start(self) -> None:
        """Begin to label."""
        for thread in (self._asking, self._answering, self._sending):
            thread.start()

    def stays(self, seconds: float) -> None:
        """Let labelling go on for so long: the trouble lasts this time."""
        time.sleep(seconds)
        self._check()

    def goes_on(self, answers: int = 10, *, seconds: float = 60) -> None:
        """Wait until so many further answers are acknowledged."""
        enough = len(self.acknowledged) + answers
        wait_for(lambda: len(self.acknowledged) >= enough or bool(self._failures), what="answers to be saved", seconds=seconds)
        self._check()

    def fails(self, status: int, *, seconds: float = 60) -> None:
        """Wait until answers have met with this status once more."""
        before = self.not_saved[status]
        wait_for(lambda: self.not_saved[status] > before, what=f"answers that meet with {status}", seconds=seconds)

    def finish(self) -> None:
        """Give no more answers, and send what is left."""
        self._enough.set()
        self._answering.join(60)
        wait_for(lambda: not self._outbox or bool(self._failures), what="the outbox to be empty")
        self.stop()
        self._check()
        assert self.acknowledged == self.given, "every answer is acknowledged in the end"

    def stop(self) -> None:
        """End, whatever is left."""
        self._enough.set()
        self._over.set()
        for thread in (self._asking, self._answering, self._sending):
            thread.join(60)

    def _check(self) -> None:
        """Raise what went wrong in a thread."""
        if self._failures:
            raise self._failures[0]
        assert self.refused == [], f"answers were refused: {self.refused}"

    def _repeat(self, step: Callable[[], float], end: threading.Event) -> None:
        """Take steps until the end, each followed by its pause; an unexpected error is kept, where the test finds it."""
        try:
            while not end.is_set():
                end.wait(step())
        except BaseException as error:  # noqa: BLE001 - nobody else would see it
            self._failures.append(error)

    def _ask(self) -> float:
        if len(self._in_hand) >= AHEAD:
            return 0.02
        here = [*self._in_hand.copy(), *(clip for _, clip in self._outbox.copy())]
        asked = {"session": self.session_token, "want": 20, "exclude": [clip["clip"] for clip in here][:500]}
        clips = self._post("/earmark/api/next", {**asked, "holding": [clip["lease"] for clip in here][:200]})
        if isinstance(clips, int):
            return _AFTER_FAILURE
        self._in_hand.extend(clips["clips"])
        return 0.02 if clips["clips"] else 0.5

    def _answer(self) -> float:
        if self._in_hand:
            clip = self._in_hand[0]
            label = self.label(clip["file_name"])
            message = labelled(clip, label)
            self.given[message["uuid"]] = (clip["file_name"], label)
            # In one list or the other at any moment, so that the clip is not asked for again.
            self._outbox.append((message, clip))
            self._in_hand.popleft()
        return _BETWEEN_ANSWERS

    def _send(self) -> float:
        batch = [self._outbox[number][0] for number in range(min(len(self._outbox), BATCH))]
        if not batch:
            return 0.01
        answer = self._post("/earmark/api/decisions", {"answers": batch, "session": self.session_token})
        if isinstance(answer, int):
            self.not_saved[answer] += 1
            return _AFTER_FAILURE
        assert [result["uuid"] for result in answer["results"]] == [message["uuid"] for message in batch]
        for message, result in zip(batch, answer["results"], strict=True):
            if result["status"] == "saved":
                self.acknowledged[message["uuid"]] = self.given[message["uuid"]]
            else:
                self.refused.append(result)
            self._outbox.popleft()
        return 0.0

    def _post(self, path: str, document: Any) -> Any:
        """The server's document, or the status with which it failed: 0 without an answer, 503 while it cannot work."""
        try:
            return post(self.port, path, document, seconds=60)
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error
            return error.code
        except (OSError, HTTPException):
            return 0
