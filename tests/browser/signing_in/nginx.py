"""nginx in front of an app, in a folder of its own: started for a test, and ended with it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.supervised_processes import free_port, is_listened_on, wait_for

# One such line in a location, and nginx forgets those outside of it.
PASSED_ON = """
proxy_http_version 1.1;
proxy_set_header Host $http_host;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""
"""What stands in each location that passes requests on."""
_CONFIGURATION = """
daemon off; {user}
worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; "" close; }}
  {servers}
}}
"""


@contextmanager
def nginx(folder: Path, *, servers: Sequence[str], beside: str = "") -> Iterator[list[str]]:
    """Serve these locations, each text as a server of its own; their addresses, without a last slash.

    Args:
        beside: what stands beside the servers, such as a group of apps.
    """
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        pytest.skip("there is no nginx here (apt-get install nginx-light)")
    ports = [free_port() for _ in servers]
    folder.mkdir()
    # Its workers would be nobody otherwise, and may not write into the folders of tests.
    user = "user root;" if os.getuid() == 0 else ""
    settings = folder / "nginx.conf"
    blocks = [f"server {{ listen 127.0.0.1:{port}; {inside} }}" for port, inside in zip(ports, servers, strict=True)]
    settings.write_text(_CONFIGURATION.format(user=user, folder=folder, servers="\n".join([beside, *blocks])))
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            [program, "-c", settings, "-p", folder, "-e", folder / "error.log"], stdout=output, stderr=output
        )
    try:
        wait_for(lambda: all(map(is_listened_on, ports)) or process.poll() is not None, what="nginx to answer")
        assert process.poll() is None, (folder / "output.log").read_text() + (folder / "error.log").read_text()
        yield [f"http://127.0.0.1:{port}" for port in ports]
    finally:
        process.terminate()
        process.wait()
