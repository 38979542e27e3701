"""The options of `earmark serve`, as they reach the supervisor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import labeler.processes.choosing
import labeler.processes.supervisor
from db.project import OpenProject
from db.settings import SETTINGS_FILE
from labeler.cli.main import main
from labeler.monitoring.log_lines import TEXT, write_logs
from labeler.processes.recent_projects import recent_projects


def serve(directory: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(directory), "serve", *options])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the supervisor was asked for, instead of supervising."""
    seen: dict[str, Any] = {}
    monkeypatch.setattr(labeler.processes.supervisor, "supervise", lambda _project, **options: seen.update(options))
    return seen


def test_hosts_may_be_allowed_one_by_one(project: OpenProject, asked: dict[str, Any]) -> None:
    names = ["label.example", "my_lab", "192.0.2.7", "2001:db8::7", "[::1]"]
    result = serve(project.directory, *(part for name in names for part in ("--allowed-host", name)))
    assert result.exit_code == 0, result.output
    assert (asked["host"], list(asked["allowed_hosts"])) == ("127.0.0.1", names)


def test_figures_are_off_unless_an_address_is_given(project: OpenProject, asked: dict[str, Any]) -> None:
    assert serve(project.directory).exit_code == 0
    assert asked["metrics"] is None
    assert serve(project.directory, "--metrics", "9101").exit_code == 0
    assert str(asked["metrics"]) == "127.0.0.1:9101"
    result = serve(project.directory, "--metrics", "example.org:9101")
    assert result.exit_code == 2
    assert "is no address for Prometheus; give a port" in " ".join(result.output.split())


def test_an_error_is_a_line_of_json_in_a_log_of_json(project: OpenProject, asked: dict[str, Any]) -> None:
    with (project.directory / SETTINGS_FILE).open("a", encoding="utf-8") as file:
        file.write('label_keys = { angry = "z" }\n')
    result = serve(project.directory, "--log-format", "json")
    write_logs(TEXT, process="serve")
    line = json.loads(result.stderr)
    assert (result.exit_code, asked) == (1, {})
    assert (line["level"], line["event"]) == ("error", "message")
    assert line["text"].startswith("label_keys in the settings gives 'angry' the key 'z'")


def test_no_further_host_is_allowed_unasked(project: OpenProject, asked: dict[str, Any]) -> None:
    assert serve(project.directory, "--host", "0.0.0.0", "--insecure").exit_code == 0
    assert list(asked["allowed_hosts"]) == []


def test_a_label_key_that_the_player_cannot_use_is_one_sentence_before_anything_starts(
    project: OpenProject, asked: dict[str, Any]
) -> None:
    with (project.directory / SETTINGS_FILE).open("a", encoding="utf-8") as file:
        file.write('label_keys = { angry = "z" }\n')
    result = serve(project.directory)
    assert (result.exit_code, asked) == (1, {})
    assert result.output == (
        "Error: label_keys in the settings gives 'angry' the key 'z'; use one character other than: "
        "C, F, G, L, N, S, U, Z, comma, full stop, ?, /.\n"
    )


@pytest.mark.parametrize(
    "name", ["https://label.example", "label.example:8501", "label.example/x", "", "*", "a b", "-x", "::1/64"]
)
def test_more_than_a_name_is_one_sentence(project: OpenProject, asked: dict[str, Any], name: str) -> None:
    result = serve(project.directory, f"--allowed-host={name}")
    assert result.exit_code == 2
    assert f"{name!r} is more than a name; give it without http://, port and path." in result.output
    assert asked == {}


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "label.example"])
def test_without_a_project_strangers_are_offered_none(tmp_path: Path, asked: dict[str, Any], host: str) -> None:
    result = serve(tmp_path, "--host", host)
    assert result.exit_code == 1
    assert f"There is no project in {tmp_path}, and one can be made in the browser only on 127.0.0.1" in result.output
    assert asked == {}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--host", "0.0.0.0", "--insecure"], "only on 127.0.0.1"),
        (["--allowed-host", "localhost", "--allowed-host", "lab.example"], "with --allowed-host others could make one"),
        (["--proxy-header", "X-User", "--trusted-proxy", "127.0.0.1"], "with --proxy-header others could make one"),
        (["--oidc", "{tmp}/oidc.toml"], "with --oidc others could make one"),
    ],
)
def test_nobody_who_comes_through_a_network_makes_a_project(
    tmp_path: Path, asked: dict[str, Any], options: list[str], named: str
) -> None:
    result = serve(tmp_path / "none", *(option.format(tmp=tmp_path) for option in options))
    assert result.exit_code == 1
    assert f"There is no project in {tmp_path / 'none'}, and " in result.output
    assert named in result.output
    assert f"make it with `earmark --project {tmp_path / 'none'} init --labels a,b,c`." in result.output
    assert asked == {}


def test_the_start_page_is_where_the_project_will_be(
    project: OpenProject, tmp_path: Path, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def choose(_directory: Path, **options: Any) -> Path:
        seen.update(options)
        return project.directory

    monkeypatch.setattr(labeler.processes.choosing, "chosen_project", choose)
    result = serve(tmp_path / "none", "--base-path", "/earmark/", "--open-browser", "--insecure")
    assert result.exit_code == 0, result.output
    assert "make or open one at http://127.0.0.1:8501/earmark. " in result.output
    assert seen == {"host": "127.0.0.1", "port": 8501, "base_path": "/earmark", "open_browser": True}
    assert asked["ways_in"].base_path == "/earmark"
    assert not asked["open_browser"], "the page that is open goes on by itself"


def test_a_project_chosen_on_the_start_page_is_served(
    project: OpenProject, tmp_path: Path, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labeler.processes.choosing, "chosen_project", lambda _directory, **_options: project.directory)
    result = serve(tmp_path / "none", "--port", "8502")
    assert result.exit_code == 0, result.output
    assert "make or open one at http://127.0.0.1:8502" in result.output
    assert asked["port"] == 8502
    assert recent_projects()[0] == project.directory


def test_ctrl_c_on_the_start_page_serves_nothing(tmp_path: Path, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labeler.processes.choosing, "chosen_project", lambda _directory, **_options: None)
    result = serve(tmp_path)
    assert (result.exit_code, asked) == (0, {})


def test_an_address_that_others_reach_needs_people_who_sign_in(project: OpenProject, asked: dict[str, Any]) -> None:
    result = serve(project.directory, "--host", "0.0.0.0")
    assert result.exit_code == 1
    assert "Whoever reaches 0.0.0.0 could read and change everything, because nobody has to sign in" in result.output
    assert asked == {}


def test_the_ways_in_reach_the_app(project: OpenProject, asked: dict[str, Any]) -> None:
    options = ["--proxy-header", "X-User", "--trusted-proxy", "10.0.0.7", "--lead", "lea@x.org", "--base-path", "/earmark/"]
    result = serve(project.directory, "--host", "0.0.0.0", *options)
    assert result.exit_code == 0, result.output
    assert ":8501/earmark in a browser" in result.output
    assert asked["ways_in"].arguments() == [
        "--proxy-header=X-User",
        "--trusted-proxy=10.0.0.7",
        "--lead=lea@x.org",
        "--base-path=/earmark",
    ]


def test_a_base_path_that_is_none_is_one_sentence(project: OpenProject, asked: dict[str, Any]) -> None:
    result = serve(project.directory, "--base-path", "https://x/y")
    assert result.exit_code == 2
    assert "cannot be a path of an address" in result.output
    assert asked == {}
