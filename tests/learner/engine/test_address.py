"""Places to run on, as users name them."""

from __future__ import annotations

import pytest

from db.errors import EngineError
from learner.engine.address import Local, Scheduler, address_of


def test_processes_of_this_machine() -> None:
    assert address_of("local:2") == Local(2)


@pytest.mark.parametrize("address", ["tcp://10.0.0.7:8786", "tls://head.example:8786", "tcp://[::1]:8786"])
def test_a_scheduler_somewhere(address: str) -> None:
    assert address_of(address) == Scheduler(address)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("local:0", "'local:0' asks for 0 processes; give a number from 1 to 1024."),
        ("local:9999", "'local:9999' asks for 9999 processes; give a number from 1 to 1024."),
        ("local", "'local' is no place to run on; give local:N for"),
        ("tcp://:8786", "'tcp://:8786' is no place to run on"),
        ("tcp://user@host:8786", "is no place to run on"),
        ("http://host:8786\n", r"'http://host:8786\\n' is no place to run on"),
        ("ray://head:10001", "'ray://head:10001' is an address of Ray, and Earmark runs on Dask; start `dask scheduler`"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(place: str, sentence: str) -> None:
    with pytest.raises(EngineError, match=sentence):
        address_of(place)
