"""Logs in JSON: one line an event, with no text of anybody's that could end the line, and none of an exception's."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from labeler.monitoring.log_lines import JSON, TEXT, is_json, keep_warnings, passed_on, write_logs

LOG = logging.getLogger("earmark.app")


@pytest.fixture
def in_json() -> Iterator[None]:
    before = LOG.parent.level if LOG.parent is not None else 0
    write_logs(JSON, process="app")
    yield
    write_logs(TEXT, process="app")
    logging.getLogger("earmark").setLevel(before)


def lines(captured: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.splitlines()]


@pytest.mark.usefixtures("in_json")
def test_an_event_is_a_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert is_json()
    LOG.info("answers", extra={"fields": {"saved": 2, "refused": 0, "event": "forged"}})
    LOG.warning("Earmark does not answer to %s", '\'a\u202eb\'\n{"level": "forged"}')
    first, second = lines(capsys.readouterr().err)
    assert first.pop("time").endswith("+00:00")
    assert first == {"level": "info", "process": "app", "event": "answers", "saved": 2, "refused": 0}
    assert (second["level"], second["event"]) == ("warning", "message")
    assert second["text"] == 'Earmark does not answer to \'a\u202eb\'\n{"level": "forged"}'


@pytest.mark.usefixtures("in_json")
def test_the_text_of_an_exception_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("what somebody has typed")
    except ValueError:
        LOG.exception("%s failed", "/earmark/api/next")
    written = capsys.readouterr().err
    (line,) = lines(written)
    assert "typed" not in written
    assert (line["text"], line["error"]) == ("/earmark/api/next failed", "ValueError")
    assert line["places"][0].startswith(f"{__file__}:")


def test_in_text_only_warnings_are_written_as_ever(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    write_logs(TEXT, process="app")
    LOG.warning("Python itself writes this.")
    keep_warnings()
    LOG.info("answers", extra={"fields": {"saved": 1}})
    LOG.warning("The disk is full.")
    assert capsys.readouterr().err == "Python itself writes this.\nThe disk is full.\n"
    assert not is_json()


def test_what_a_child_writes_is_passed_on_as_one_line_of_json_each() -> None:
    own = '{"event": "answers"}\n'
    assert passed_on(own, process="app") == own
    for text in ("Traceback (most recent call last):", "{no JSON", "\x1b[31mred"):
        (line,) = lines(passed_on(f"{text}\n", process="learner"))
        assert (line["process"], line["event"], line["text"]) == ("learner", "output", text)
