"""The container file and the compose file: linted by programs made for it, and hardened as docs/deployment.md promises."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "deployment"
CONTAINERFILE, COMPOSE = FOLDER / "Containerfile", FOLDER / "compose.yaml"
SCRIPTS = Path(sysconfig.get_path("scripts"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


def test_hadolint_finds_nothing() -> None:
    result = subprocess.run([SCRIPTS / "hadolint", CONTAINERFILE], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_the_compose_file_is_one() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("service", ["app", "learner", "database"])
def test_no_service_has_rights_or_a_root_that_it_can_change(compose: dict[str, Any], service: str) -> None:
    found = compose["services"][service]
    assert (found["read_only"], found["cap_drop"], found["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", found["user"])
    assert found["healthcheck"]["test"]
    assert all("noexec" in mount for mount in found["tmpfs"])
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & set(found)
    named = [mount.split(":")[0] for mount in found["volumes"] if not mount.startswith((".", "$"))]
    assert named == ["database" if service == "database" else "project"]


def test_only_this_machine_reaches_the_app_and_nobody_the_rest(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["app"]["ports"] == ["${EARMARK_ADDRESS:-127.0.0.1:8501}:8501"]
    assert [name for name, service in services.items() if "ports" in service] == ["app"]
    assert compose["networks"]["inside"] == {"internal": True}
    assert (services["learner"]["networks"], services["database"]["networks"]) == (["inside"], ["inside"])
    # How people sign in must be chosen.
    assert "${EARMARK_SIGN_IN:?" in services["app"]["command"]


def test_the_password_stands_in_a_file_alone(compose: dict[str, Any]) -> None:
    assert compose["secrets"] == {"database_password": {"file": "./secrets/database_password"}}
    for service in compose["services"].values():
        held = {name: value for name, value in service["environment"].items() if "PASSWORD" in name}
        assert [*held.values()] == ["/run/secrets/database_password"]
        assert all(name.endswith("_FILE") for name in held)
    ignored = (FOLDER / ".gitignore").read_text().split()
    assert {"secrets/", "sign-in/", ".env"} <= set(ignored)


def test_the_image_gets_the_packages_and_no_more() -> None:
    kept = [line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE.read_text(), flags=re.MULTILINE)
    assert sorted(name[1:] for name in kept) == sorted(name for names in copied for name in names.split())
    assert all((REPOSITORY / name[1:]).exists() for name in kept)
    assert re.findall(r"^USER (.+)$", CONTAINERFILE.read_text(), flags=re.MULTILINE) == ["10001:10001"]
