"""A small version of `python -m benchmarks.studies.coverage`: intervals hold the truth about as often as they say."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.studies import coverage
from benchmarks.studies.coverage_checks import AheadCheck, Check, Forecast, checks_of
from benchmarks.studies.coverage_table import Job, Result, table
from learner.corpora.corpus import Corpus
from learner.simulation.replay import Annotating
from learner.simulation.simulated_project import simulated_project

LABELS, SPEAKERS, CLIPS, DIM = 4, 10, 300, 12


def corpus(seed: int, *, clips: int = CLIPS, dim: int = DIM, apart: float = 0.75) -> Corpus:
    """Clips of speakers that differ, so that some speakers are predicted better than others."""
    rng = np.random.default_rng(seed)
    labels, speakers = rng.integers(0, LABELS, clips), rng.integers(0, SPEAKERS, clips)
    centers, voices = rng.normal(size=(LABELS, dim)) * apart, rng.normal(size=(SPEAKERS, dim)) * min(apart, 0.5)
    vectors = centers[labels] + voices[speakers] + rng.normal(size=(clips, dim))
    return Corpus.of(vectors.astype(np.float16), [f"label {label}" for label in labels], [f"s{number}" for number in speakers])


@pytest.fixture(scope="module")
def checks() -> list[Check]:
    """Two moments of each of 36 projects."""
    found: list[Check] = []
    for seed in range(36):
        project = simulated_project(corpus(seed), seed=seed)
        strategy = ("default", "random", "margin")[seed % 3]
        how = Annotating(strategy=strategy, budget=CLIPS, batch=20, random_share=(0.15, 0.3)[seed % 2])
        found += checks_of(project, how, seed=seed, shares=(0.3, 0.6))
    return found


def test_the_accuracy_lies_in_its_interval_about_as_often_as_it_says(checks: list[Check]) -> None:
    assert len(checks) >= 70
    assert 0.9 <= float(np.mean([check.covered for check in checks])) <= 1
    assert abs(float(np.mean([check.ua - check.truth for check in checks]))) < 0.03
    assert float(np.median([check.high - check.low for check in checks])) < 0.45, "an interval of everything would hold it, too"


def test_what_was_forecast_comes_true() -> None:
    """80% of the time; of so few checks of a few projects, at least 60%."""
    ahead, held, numbers = [], [], 0
    for seed in range(6):
        project = simulated_project(corpus(seed, clips=400, dim=60, apart=0.25), seed=seed)
        how = Annotating(strategy=("default", "random")[seed % 2], budget=400, batch=20, random_share=0.5)
        for check in checks_of(project, how, seed=seed, shares=(0.25, 0.45), forecasts=True):
            held += [forecast.held for forecast in check.forecasts]
            numbers += sum(forecast.decisions is not None for forecast in check.forecasts)
            ahead += [check.ahead.held] if check.ahead is not None else []
    assert len(ahead) >= 10
    assert numbers >= 4, "a forecast without numbers would hold, too"
    assert float(np.mean(ahead)) >= 0.6
    assert float(np.mean(held)) >= 0.6


def test_speakers_that_are_held_out_have_a_score_of_their_own(checks: list[Check]) -> None:
    unseen = [check.unseen for check in checks]
    assert not any(map(math.isnan, unseen))
    assert float(np.mean(unseen)) == pytest.approx(float(np.mean([check.truth for check in checks])), abs=0.06)


def test_new_speakers_lie_in_their_own_interval(checks: list[Check]) -> None:
    held = [check.new_covered for check in checks]
    assert None not in held
    assert float(np.mean([bool(each) for each in held])) >= 0.9
    assert float(np.mean([check.new_high - check.new_low for check in checks])) < 0.5, "one of everything would hold it, too"


def test_a_study_that_was_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forecast = Forecast(ua=0.8, decisions=100, low=60, high=None, took=math.inf, most=200)
    check = Check(0.3, 40, 0.7, 0.6, 0.8, 0.72, 0.9, 0.5, 0.85, forecasts=[forecast], ahead=AheadCheck(0.6, 0.8, 0.7))
    measured: list[int] = []

    def measure(job: Job, _corpus: Corpus) -> Result:
        measured.append(job.seed)
        return Result(job, [check])

    monkeypatch.setattr(coverage, "measured", measure)
    todo = coverage.jobs(3, corpora=["emodb"], encoders=["made-up"], forecasts=1)
    corpora = {("emodb", "made-up"): corpus(0)}
    for wanted in (todo[:2], todo, todo):
        with ThreadPoolExecutor(1) as workers:
            results = list(coverage.kept(wanted, corpora, cache=tmp_path, workers=workers))
        assert {result.job: result.checks for result in results} == {job: [check] for job in wanted}
    assert sorted(measured) == [0, 1, 2], "each once"
    assert (
        table(results)
        .splitlines()[2]
        .startswith("| emodb, made-up | 3 | 3 | 100.0% | 0.20 | -0.020 | 0.0% | 0.0% | 0.35 | 100.0% | 1 ")
    )
    with ThreadPoolExecutor(1) as workers:
        list(coverage.kept(todo[:1], {("emodb", "made-up"): corpus(1)}, cache=tmp_path, workers=workers))
    assert len(measured) == 4, "other vectors are another study"


def test_few_projects_have_every_strategy_and_every_share() -> None:
    todo = coverage.jobs(12, corpora=["emodb"], encoders=["made-up"], forecasts=4)
    assert len({(job.strategy, job.random_share) for job in todo}) == 12
    assert len({job.random_share for job in todo if job.forecasts}) == 3


def test_a_forecast_holds_in_its_interval_and_an_open_one_beyond_it() -> None:
    bounded = Forecast(ua=0.8, decisions=100, low=60, high=150, took=70.0, most=200)
    assert bounded.held
    assert not replace(bounded, took=40.0).held
    assert not replace(bounded, took=180.0).held
    assert not replace(bounded, took=math.inf).held, "it was not reached, although the forecast was that it would be"
    open_ended = replace(bounded, high=None)
    assert open_ended.held
    assert replace(open_ended, took=math.inf).held
    assert not replace(open_ended, took=40.0).held
    unlikely = replace(open_ended, decisions=None, low=None)
    assert replace(unlikely, took=math.inf).held
    assert not unlikely.held, "it was reached, although the forecast was that it would not be"
