"""Where EARMARK_NO_SKIPS is set (.ci/run), a skipped test is a failed one: a check that stops running is worse than none.

The one exception is the corpora, which are not part of the repository: without EARMARK_CORPORA their tests may skip.
`conftest.py` names this module in `pytest_plugins`.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


def skips_are_failures() -> bool:
    """Whether a skip counts as a failure here."""
    return os.environ.get("EARMARK_NO_SKIPS", "") not in ("", "0")


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"Skipped where every test must run (EARMARK_NO_SKIPS): {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one."""
    report = yield
    may_skip = item.get_closest_marker("corpora") and not os.environ.get("EARMARK_CORPORA")
    if skips_are_failures() and report.skipped and not may_skip and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module that is skipped as a whole into a failed one."""
    report = yield
    if skips_are_failures() and report.skipped:
        _fail(report)
    return report
