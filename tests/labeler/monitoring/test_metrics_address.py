"""Where Prometheus is answered: an address of its own, which nobody but this machine reaches unless it is asked for."""

from __future__ import annotations

import socket

import pytest
from prometheus_client import CollectorRegistry

from db.errors import ProjectError
from labeler.monitoring.metrics_address import metrics_address


@pytest.mark.parametrize(
    ("text", "shown", "next_one"),
    [
        ("9101", "127.0.0.1:9101", "127.0.0.1:9102"),
        ("0.0.0.0:9101", "0.0.0.0:9101", "0.0.0.0:9102"),
        ("[::1]:80", "[::1]:80", "[::1]:81"),
    ],
)
def test_a_port_is_on_this_machine_alone(text: str, shown: str, next_one: str) -> None:
    assert (str(metrics_address(text)), str(metrics_address(text).next())) == (shown, next_one)


@pytest.mark.parametrize("text", ["", "metrics", "0", "65535", "-1", "example.org:9101", "127.0.0.1:", "127.0.0.1:9101/metrics"])
def test_what_is_no_address_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no address for Prometheus; give a port, or an address in numbers and a port"):
        metrics_address(text)


def test_a_taken_address_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = metrics_address(str(taken.getsockname()[1]))
        with pytest.raises(ProjectError, match=r"cannot be listened on for Prometheus \(.*\); choose another --metrics address"):
            address.serve(CollectorRegistry())
