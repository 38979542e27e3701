"""People sign in, at a proxy or by OpenID Connect: pages, socket, answers and audio, under a path; and nobody gets past it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from db.models import Annotator, Role
from db.project import OpenProject
from db.records.people.annotators import signed_in_annotator
from tests.browser.signing_in.conftest import Start
from tests.browser.signing_in.nginx import PASSED_ON, nginx
from tests.browser.signing_in.oidc_provider import CLIENT, SECRET, provider
from tests.filled_projects import standing
from tests.supervised_processes import free_port, wait_for

pytestmark = pytest.mark.browser
# The cookie stands for what a proxy does to find out who somebody is.
SIGNS_IN = f"{PASSED_ON} proxy_set_header X-Forwarded-User $cookie_user;"
COOKIE_SECRET = "a secret of the cookie that is in no log either"


def page_of(browser: Browser, address: str, *, user: str) -> Page:
    """A page of somebody who has signed in at the proxy."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.add_cookies([{"name": "user", "value": user, "url": address}])
    return context.new_page()


def expect_playing(page: Page) -> None:
    expect(page.get_by_test_id("player")).to_have_attribute("data-state", re.compile("playing|ended"), timeout=20_000)


def test_behind_a_proxy_under_a_path(project: OpenProject, start: Start, browser: Browser, tmp_path: Path) -> None:
    port = start("--base-path=/earmark", "--proxy-header=X-Forwarded-User", "--trusted-proxy=127.0.0.1", "--lead=lea@x.org")
    locations = [
        f"location {location} {{ proxy_pass http://127.0.0.1:{port}{passed_to}; {SIGNS_IN} }}"
        for location, passed_to in (("/earmark/", ""), ("/earmark", ""), ("/earmark/", "/"))
    ]
    with nginx(tmp_path / "nginx", servers=locations) as (address, without_slash, taken_away):
        ann = page_of(browser, address, user="ann@x.org")
        ann.goto(f"{address}/earmark?annotator=Somebody")
        expect_playing(ann)
        ann.keyboard.press("1")
        expect(ann.get_by_test_id("saved-count")).to_have_text("1")
        with project.read() as session:
            assert [(row.name, row.identity) for row in session.scalars(select(Annotator))] == [("ann@x.org", "ann@x.org")]
        assert len(standing(project)) == 1
        # By its address, an annotator reaches no page for leads; the navigation does not name it either.
        ann.goto(f"{address}/earmark/people")
        expect(ann.get_by_text("This page is for leads")).to_be_visible()
        expect(ann.get_by_role("link", name="Label")).to_be_visible()
        assert ann.get_by_role("link", name="People").count() == 0
        lea = page_of(browser, without_slash, user="lea@x.org")
        lea.goto(f"{without_slash}/earmark/people")
        expect(lea.get_by_text("1 answer, last seen")).to_be_visible()
        for address_again in (without_slash, taken_away):
            lea.goto(f"{address_again}/earmark/")
            expect_playing(lea)
        # The proxy's own address of the app is no way in: nobody is named there.
        answer = lea.request.get(f"http://127.0.0.1:{port}/earmark/")
        assert answer.status == 403
        ann.context.close()
        lea.context.close()


def test_by_openid_connect(project: OpenProject, start: Start, browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    with project.write() as session:
        signed_in_annotator(session, identity="lea@x.org", name="Lea").role = Role.LEAD
    with provider() as signing_in:
        settings = tmp_path / "oidc.toml"
        settings.write_text(
            f'server_metadata_url = "{signing_in.metadata_url}"\nclient_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'cookie_secret = "{COOKIE_SECRET}"\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        )
        settings.chmod(0o600)
        start(f"--oidc={settings}", port=port)
        signing_in.claims = {"sub": "7", "email": "ann@x.org", "email_verified": True, "name": "Ann _X_"}
        page = browser.new_context().new_page()
        page.goto(f"http://127.0.0.1:{port}/review?annotator=Lea")
        # Before signing in there is neither a page nor audio.
        expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=20_000)
        assert page.request.get(f"http://127.0.0.1:{port}/earmark/audio/x").status == 401
        page.get_by_role("button", name="Sign in").click()
        expect_playing(page)
        assert page.request.get(f"http://127.0.0.1:{port}/earmark/audio/x").status == 403
        page.keyboard.press("1")
        expect(page.get_by_test_id("saved-count")).to_have_text("1")
        with project.read() as session:
            annotator = session.scalars(select(Annotator).where(Annotator.identity == "ann@x.org")).one()
            assert annotator.name == "Ann _X_"
        page.goto(f"http://127.0.0.1:{port}/review?annotator=Lea")
        expect(page.get_by_text("This page is for leads")).to_be_visible()
        page.context.close()
        assert signing_in.asked == ["/authorize", "/token"]
        # What the provider says is wrong: nobody is signed in, and the log says so without secrets.
        signing_in.claims = {"sub": "8", "email": "bob@x.org", "aud": "another client"}
        page = browser.new_context().new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_role("button", name="Sign in").click()
        wait_for(lambda: signing_in.asked.count("/token") == 2, what="the second sign-in")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        page.context.close()
    log = (tmp_path / "app.log").read_text()
    assert "OAuth token exchange failed" in log
    assert SECRET not in log
    assert COOKIE_SECRET not in log
