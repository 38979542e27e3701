"""The address on which one process answers Prometheus: apart from that of the app, so that no proxy can publish it by mistake."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from db.errors import ProjectError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class MetricsAddress:
    """Where figures are served."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def next(self) -> MetricsAddress:
        """The address of a second process beside this one."""
        return MetricsAddress(self.host, self.port + 1)

    def check(self) -> None:
        """Raise ProjectError unless the library is installed."""
        if importlib.util.find_spec("prometheus_client") is None:
            raise ProjectError("Figures for Prometheus need prometheus-client; run `pip install 'earmark[metrics]'`.")

    def serve(self, registry: CollectorRegistry) -> None:
        """Answer requests for these figures, in threads of their own, until the process ends.

        Raises:
            ProjectError: nothing can listen there.
        """
        from prometheus_client import disable_created_metrics, start_http_server

        # A second series for each counter, which few read.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        try:
            start_http_server(self.port, addr=self.host, registry=registry)
        except OSError as error:
            raise ProjectError(
                f"{self} cannot be listened on for Prometheus ({error.strerror}); choose another --metrics address."
            ) from error


def metrics_address(text: str) -> MetricsAddress:
    """The address that a text names: a port, for 127.0.0.1, or an address in numbers and a port.

    Raises:
        ValueError: it names none.
    """
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    problem = f"{text!r} is no address for Prometheus; give a port, or an address in numbers and a port, such as 0.0.0.0:9101."
    try:
        ip_address(host)
        number = int(port)
    except ValueError as error:
        raise ValueError(problem) from error
    if not 0 < number < _HIGHEST_PORT:  # the highest has no next one
        raise ValueError(problem)
    return MetricsAddress(host, number)
