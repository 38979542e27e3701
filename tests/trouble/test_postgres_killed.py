"""The PostgreSQL server is killed while somebody labels fast: no acknowledged answer is lost or doubled.

Once and without a learner in `make test`; ten times in `make soak`, half of them by the server's own immediate shutdown.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.trouble.postgres_server import postgres_server
from tests.trouble.served import IN_SOAK, Served
from tests.trouble.stored_answers import check_stored_answers


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_postgresql_is_killed_amid_a_burst(tmp_path: Path) -> None:
    rng = random.Random(7)
    with postgres_server() as server:
        if server is None:
            pytest.skip("PostgreSQL is not installed")
        served = Served(
            tmp_path / "project",
            clips=3000 if IN_SOAK else 300,
            log=tmp_path / "log.txt",
            database_url=server.url,
            with_learner=IN_SOAK,
        )
        try:
            served.start()
            for number in range(10 if IN_SOAK else 1):
                with served.burst(f"burst {number}") as burst:
                    burst.stays(rng.uniform(0.0, 1.0))
                    before = dict(burst.acknowledged)
                    (server.stop_at_once if number % 2 else server.kill)()
                    burst.fails(503)
                    burst.stays(rng.uniform(0.0, 20.0 if IN_SOAK else 0.5))
                    server.start()
                    with served.opened() as project:
                        check_stored_answers(project, served.acknowledged | before, all_of_them=False)
                    burst.goes_on()
        finally:
            served.stop()
        server.stop()
        server.check()
