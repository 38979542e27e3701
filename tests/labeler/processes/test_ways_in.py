"""Who may open the app: what `serve` refuses before anything starts, and what the app's process gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from db.errors import EarmarkError, ProjectError, SettingsError
from labeler.processes.oidc_file import read_oidc_file
from labeler.processes.ways_in import WaysIn, checked_base_path, is_loopback

SECRETS = {"client_secret": "hush-client", "cookie_secret": "hush-cookie-hush-cookie-hush-cookie"}
PROXY: dict[str, Any] = {"proxy_header": "X-Forwarded-User", "trusted_proxies": ("127.0.0.1",)}


def oidc_file(folder: Path, *, mode: int = 0o600, **changes: Any) -> Path:
    """A good file but for the changes; None leaves a line out."""
    values = {
        "server_metadata_url": "https://sign.in/.well-known/openid-configuration",
        "client_id": "earmark",
        "redirect_uri": "https://label.example/oauth2callback",
        **SECRETS,
        **changes,
    }
    path = folder / "oidc.toml"
    path.write_text("".join(f"{name} = {value!r}\n" for name, value in values.items() if value is not None))
    path.chmod(mode)
    return path


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.1"])
def test_this_computer_needs_no_sign_in(host: str) -> None:
    WaysIn().check(host)
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "label.example", ""])
def test_elsewhere_somebody_must_sign_in(host: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="could read and change everything, because nobody has to sign in; give --oidc"):
        WaysIn().check(host)
    WaysIn(insecure=True).check(host)
    WaysIn(**PROXY).check(host)
    WaysIn(oidc=oidc_file(tmp_path)).check(host)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"proxy_header": "X-Forwarded-User"}, "--proxy-header and --trusted-proxy belong together"),
        ({"trusted_proxies": ("127.0.0.1",)}, "--proxy-header and --trusted-proxy belong together"),
        ({**PROXY, "trusted_proxies": ("proxy",)}, "'proxy' is no address; give that of the proxy in numbers"),
        ({**PROXY, "trusted_proxies": ("10.0.0.0/8",)}, "'10.0.0.0/8' is no address"),
        ({**PROXY, "proxy_header": "X User"}, "'X User' cannot be the header of a proxy"),
        ({**PROXY, "proxy_header": "Host"}, "'Host' cannot be the header of a proxy"),
        ({**PROXY, "proxy_header": "Earmark-Person"}, "'Earmark-Person' cannot be the header of a proxy"),
        ({**PROXY, "oidc": Path("oidc.toml")}, "by --oidc or by --proxy-header, not by both"),
        ({"leads": ("ann@x.org",)}, "--lead names somebody who signs in"),
        ({"oidc": Path("missing.toml")}, "missing.toml cannot be read"),
    ],
)
def test_what_cannot_work_is_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(EarmarkError, match=sentence):
        WaysIn(**options).check("127.0.0.1")


def test_the_apps_process_gets_no_secret_in_its_arguments(tmp_path: Path) -> None:
    path = oidc_file(tmp_path, redirect_uri="https://label.example/earmark/oauth2callback")
    ways = WaysIn(oidc=path, leads=("ann@x.org",), base_path="/earmark")
    ways.check("0.0.0.0")
    assert ways.arguments() == [f"--oidc={path}", "--lead=ann@x.org", "--base-path=/earmark"]


@pytest.mark.parametrize(
    ("given", "path"),
    [("/earmark", "/earmark"), ("/earmark/", "/earmark"), ("earmark", "/earmark"), ("/", ""), ("/a/b/", "/a/b")],
)
def test_a_base_path_has_no_last_slash(given: str, path: str) -> None:
    assert checked_base_path(given) == path


@pytest.mark.parametrize("given", ["/a b", "//a", "/a//b", "/../a", "/.a", "/a?b", "/a#b", "https://x", "/a;b", "/é"])
def test_what_is_no_path_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="cannot be a path of an address"):
        checked_base_path(given)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    assert read_oidc_file(oidc_file(tmp_path, identity_claim="sub"))["identity_claim"] == "sub"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"mode": 0o644}, "others on this computer may read it; run `chmod 600"),
        ({"client_id": None}, "has no client_id"),
        ({"client_id": 7}, "has no client_id"),
        ({"cookie_secret": "hush-cookie"}, "cookie_secret in .* is too short"),
        ({"redirect_uri": "https://label.example/"}, "with /oauth2callback after the host"),
        ({"redirect_uri": "label.example/oauth2callback"}, "with /oauth2callback after the host"),
        ({"redirect_uri": "https://label.example/x/oauth2callback"}, "with /oauth2callback after the host"),
        ({"server_metadata_url": "sign.in"}, "must be an address with https"),
        ({"clientid": "x"}, "holds 'clientid', which is no setting"),
        ({"client_kwargs": 7}, "client_kwargs must be a table"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_without_its_secrets(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence) as error:
        read_oidc_file(oidc_file(tmp_path, **changes))
    assert "hush" not in str(error.value)


def test_a_file_that_is_no_toml_shows_none_of_its_lines(tmp_path: Path) -> None:
    path = oidc_file(tmp_path)
    path.write_text("client_secret = hush-client")
    with pytest.raises(SettingsError, match="is not TOML") as error:
        read_oidc_file(path)
    assert "hush" not in str(error.value)
    assert error.value.__cause__ is None
