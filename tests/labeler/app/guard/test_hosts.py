"""Which names the app answers to, by the address it listens on."""

from __future__ import annotations

import pytest

from labeler.app.guard.hosts import allowed_hosts, same_origin

REBOUND = "rebound.example:8501"
"""A name of somebody else's, which points here."""


@pytest.mark.parametrize("listening_on", ["127.0.0.1", "localhost", "::1", "192.0.2.7", "lab", "0.0.0.0", "::"])
@pytest.mark.parametrize(
    "host", ["127.0.0.1:8501", "localhost", "localhost:9000", "LOCALHOST:8501", "localhost.:8501", "[::1]:8501"]
)
def test_this_machine_is_always_allowed_whatever_port_a_tunnel_has(listening_on: str, host: str) -> None:
    assert allowed_hosts(listening_on=listening_on).allow(host)


@pytest.mark.parametrize("listening_on", ["127.0.0.1", "192.0.2.7", "lab", "0.0.0.0", "::"])
@pytest.mark.parametrize("host", [REBOUND, "localhost.rebound.example", "127.0.0.1.rebound.example:8501", "evil-localhost:8501"])
def test_a_name_of_somebody_elses_never_is(listening_on: str, host: str) -> None:
    assert not allowed_hosts(listening_on=listening_on, also=["label.example"]).allow(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":8501",
        "localhost:",
        "localhost:port",
        "localhost:850123",
        "a@localhost",
        "localhost/x",
        "local host",
        "[::1",
        "::1",
        "☃",
    ],
)
def test_what_is_no_host_is_not_allowed(host: str) -> None:
    assert not allowed_hosts(listening_on="0.0.0.0", also=[host]).allow(host)


def test_on_one_address_other_addresses_must_be_named() -> None:
    only = allowed_hosts(listening_on="192.0.2.7")
    assert only.allow("192.0.2.7:8501")
    assert not only.allow("192.0.2.8:8501")
    assert allowed_hosts(listening_on="192.0.2.7", also=["192.0.2.8"]).allow("192.0.2.8:8501")


def test_on_every_address_any_address_in_numbers_and_the_machines_name_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeler.app.guard.hosts.socket.gethostname", lambda: "Lab.institute.example")
    everywhere = allowed_hosts(listening_on="0.0.0.0")
    allowed = ["192.0.2.8:8501", "[2001:db8::7]", "lab.institute.example:8501", "lab:8501", "lab.local"]
    assert [host for host in allowed if not everywhere.allow(host)] == []
    assert not everywhere.allow("institute.example")


@pytest.mark.parametrize("named", ["label.example", "LABEL.example.", "[2001:db8:0::7]", "2001:db8::7"])
def test_a_name_in_the_options_is_allowed_however_it_is_written(named: str) -> None:
    allowed = allowed_hosts(listening_on="127.0.0.1", also=[named])
    assert [allowed.allow(host) for host in ("label.example:443", "[2001:db8::7]:80")].count(True) == 1


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        ("http://localhost:8501", True),
        ("https://localhost:8501", True),
        ("http://localhost:8502", False),
        ("http://localhost", False),
        ("http://LOCALHOST:8501", False),
        ("http://rebound.example:8501", False),
        ("http://user@localhost:8501", False),
        ("file://localhost:8501", False),
        ("null", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_an_origin_is_the_hosts_own_only_letter_by_letter(origin: str, same: bool) -> None:
    assert same_origin(origin, "localhost:8501") is same
