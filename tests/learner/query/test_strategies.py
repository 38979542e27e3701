"""Which clips are queried next: modAL's strategies, users' functions, the cold start, and what the query head may learn from."""

from __future__ import annotations

from typing import Any

import modAL.uncertainty
import numpy as np
import pytest
from numpy.typing import NDArray

from db.decisions.log import live_decisions
from db.errors import LearnerError
from db.models import Source
from db.project import OpenProject
from learner.dataset.examples import Examples
from learner.dataset.pool import Pool
from learner.heads.linear import LinearHead
from learner.query.ranked_queue import COLD_START_LABELS, QueryLabels, QueueRequest, ranked_queue
from learner.query.round import query_decisions
from learner.query.strategies import MEASURED, choose, modal_learner
from tests.filled_projects import answer
from tests.learner.synthetic_projects import embedded_project, pool_of, truth

HERE = "tests.learner.query.test_strategies"


def bare_indices(learner: Any, X: Any, n_instances: int = 1, **_: Any) -> NDArray[np.int64]:
    """An old strategy: the last rows, no metrics."""
    return np.arange(len(X))[::-1][:n_instances]


def with_metrics(learner: Any, X: Any, n_instances: int = 1) -> tuple[list[int], list[float]]:
    """Uses the learner that it gets, as modAL's strategies do."""
    assert learner.X_training.shape[1] == X.shape[1]
    chances = learner.predict_proba(X).max(axis=1)
    rows = np.argsort(chances)[:n_instances]
    return rows.tolist(), chances[rows].tolist()


def failing(learner: Any, X: Any, n_instances: int = 1) -> None:
    """Fails as a user's function may."""
    raise ZeroDivisionError("division by zero")


def out_of_range(learner: Any, X: Any, n_instances: int = 1) -> list[int]:
    """Returns a row that is not there."""
    return [len(X)]


def twice(learner: Any, X: Any, n_instances: int = 1) -> list[int]:
    """Returns a row twice."""
    return [0, 0]


not_callable = 3


@pytest.fixture
def pool(project: OpenProject) -> Pool:
    """90 clips of three labels."""
    embedded_project(project, 90)
    return pool_of(project)


def known(pool: Pool, clip_ids: list[int]) -> QueryLabels:
    """True labels of these clips, as the query head learns them."""
    ids = np.array(sorted(clip_ids), dtype=np.int64)
    y = np.array([["angry", "happy", "sad"].index(truth(clip)) + 1 for clip in ids.tolist()])
    head = LinearHead(mean=pool.mean, scale=pool.scale).fit(pool.features.rows(ids), y) if len(ids) else None
    return QueryLabels(Examples.alike(ids, y), head)


def request(pool: Pool, answered: list[int], strategy: str = "default", *, size: int = 1000) -> QueueRequest:
    """A request for everything that is not answered."""
    return QueueRequest(pool.ready & ~np.isin(pool.features.clip_ids, answered), size=size, strategy=strategy, labels=3, seed=1)


FORTY = list(range(1, 41))


def test_by_default_the_smallest_margin_comes_first_as_modal_ranks_it(pool: Pool) -> None:
    query = known(pool, FORTY)
    ours = ranked_queue(pool, request(pool, FORTY), query=query, used=query.head)
    theirs = ranked_queue(pool, request(pool, FORTY, "modAL.uncertainty:margin_sampling"), query=query, used=query.head)
    assert [item.clip_id for item in ours] == [item.clip_id for item in theirs]
    assert {item.clip_id for item in ours} == set(range(41, 91)), "everything that is not answered is ranked"
    assert {item.source for item in ours} == {Source.UNCERTAIN}
    assert [item.score for item in ours] == sorted((item.score or 0.0 for item in ours), reverse=True)


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_built_in_strategies_are_modals(pool: Pool, name: str) -> None:
    theirs = {"least-confidence": "uncertainty_sampling", "margin": "margin_sampling", "entropy": "entropy_sampling"}
    query = known(pool, FORTY)
    X = pool.features.rows(pool.features.clip_ids[40:])
    expected, metrics = getattr(modAL.uncertainty, theirs[name])(modal_learner(query.head), X, n_instances=5)  # type: ignore[arg-type]
    items = ranked_queue(pool, request(pool, FORTY, name, size=5), query=query, used=None)
    assert sorted(item.clip_id for item in items) == sorted(pool.features.clip_ids[40:][expected].tolist())
    assert sorted(item.score or 0.0 for item in items) == pytest.approx(sorted(metrics.tolist()), abs=1e-6)


@pytest.mark.parametrize("name", ["max_herding", "uncertainty_herding"])
def test_herding_covers_what_no_label_covers(pool: Pool, name: str) -> None:
    """The strategies that `benchmarks.studies.simulation_table` compares with what ships."""
    angry = [clip for clip in range(1, 91) if truth(clip) == "angry"]
    answered = [*angry[:20], next(clip for clip in range(1, 91) if truth(clip) == "sad")]
    asked = request(pool, answered, f"benchmarks.studies.herding:{name}", size=3)
    items = ranked_queue(pool, asked, query=known(pool, answered), used=None)
    assert len(items) == 3
    assert "happy" in {truth(item.clip_id) for item in items}


@pytest.mark.parametrize("name", [f"{HERE}:bare_indices", f"{HERE}.bare_indices"])
def test_an_older_strategy_may_return_bare_indices(pool: Pool, name: str) -> None:
    items = ranked_queue(pool, request(pool, FORTY, name, size=3), query=known(pool, FORTY), used=None)
    assert [(item.clip_id, item.score) for item in items] == [(90, None), (89, None), (88, None)]


def test_a_strategy_gets_a_learner_with_its_training_data(pool: Pool) -> None:
    items = ranked_queue(pool, request(pool, FORTY, f"{HERE}:with_metrics", size=3), query=known(pool, FORTY), used=None)
    assert len(items) == 3
    assert all(item.score is not None and 0 < item.score <= 1 for item in items)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nonsense", "There is no strategy 'nonsense'; use one of default, random, k-means"),
        ("no_such_module:f", "cannot be imported .ModuleNotFoundError"),
        (f"{HERE}:missing", "cannot be imported .AttributeError"),
        (f"{HERE}:not_callable", "is not a function"),
        (f"{HERE}:failing", "failed .ZeroDivisionError: division by zero.; fix it"),
        (f"{HERE}:out_of_range", "did not return rows of the pool .*outside 0-49"),
        (f"{HERE}:twice", "did not return rows of the pool .*different whole numbers"),
    ],
)
def test_a_strategy_that_does_not_work_is_named(pool: Pool, name: str, reason: str) -> None:
    with pytest.raises(LearnerError, match=reason) as refused:
        ranked_queue(pool, request(pool, FORTY, name), query=known(pool, FORTY), used=None)
    assert name in str(refused.value)


def test_more_rows_than_asked_for_do_no_harm(pool: Pool) -> None:
    chosen = choose(f"{HERE}:bare_indices", None, np.zeros((4, 2)), 10)
    assert chosen.indices.tolist() == [3, 2, 1, 0]


def test_without_labels_the_first_clips_represent_all_classes(pool: Pool) -> None:
    items = ranked_queue(pool, request(pool, []), query=known(pool, []), used=None)
    assert len(items) == 90
    assert {item.source for item in items} == {Source.COLD_START}
    assert {truth(item.clip_id) for item in items[:6]} == {"angry", "happy", "sad"}
    assert [item.predicted_id for item in items] == [None] * 90


def test_clusters_that_hold_labels_wait(pool: Pool) -> None:
    first = [item.clip_id for item in ranked_queue(pool, request(pool, []), query=known(pool, []), used=None)]
    query = known(pool, first[:5])
    second = ranked_queue(pool, request(pool, first[:5]), query=query, used=query.head)
    assert [item.clip_id for item in second[: COLD_START_LABELS - 5]] == first[5:COLD_START_LABELS]
    assert {item.source for item in second} == {Source.COLD_START}, "five labels are too few to trust a head"
    assert all(item.predicted_id for item in second)


def test_a_head_of_one_class_is_not_used(pool: Pool) -> None:
    one_class = [clip for clip in range(1, 91) if truth(clip) == "angry"]
    for strategy in ("default", "margin", f"{HERE}:with_metrics"):
        items = ranked_queue(pool, request(pool, one_class, strategy), query=known(pool, one_class), used=None)
        assert {item.source for item in items} == {Source.COLD_START}


def test_random_order_is_not_the_random_slice(pool: Pool) -> None:
    items = ranked_queue(pool, request(pool, FORTY, "random"), query=known(pool, FORTY), used=None)
    again = ranked_queue(pool, request(pool, FORTY, "random"), query=known(pool, FORTY), used=None)
    assert items == again
    assert {item.clip_id for item in items} == set(range(41, 91))
    assert Source.RANDOM not in {item.source for item in items}


def test_a_pool_that_is_all_answered_has_an_empty_queue(pool: Pool) -> None:
    everything = list(range(1, 91))
    for strategy in ("default", "margin", "k-means", "random", f"{HERE}:with_metrics"):
        assert ranked_queue(pool, request(pool, everything, strategy), query=known(pool, everything), used=None) == []


def test_the_query_head_learns_no_label_of_a_random_clip(project: OpenProject) -> None:
    first, second = embedded_project(project, 2)
    answer(project, first, annotator="a", source=Source.RANDOM)
    answer(project, first, annotator="b", source=Source.OVERLAP)
    answer(project, second, annotator="b", source=Source.UNCERTAIN)
    with project.read() as session:
        assert [decision.clip_id for decision in query_decisions(live_decisions(session))] == [second]
