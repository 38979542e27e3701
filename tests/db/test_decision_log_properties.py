"""The decision log under hypothesis: after any sequence of answers and undos, what stands is what a stack per annotator and clip says."""

from __future__ import annotations

import random
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from db.annotators import annotator_named
from db.decisions import append_decision, decision_counts, live_decisions, newest_decision_id, undo_decision
from db.errors import DecisionError
from db.models import Answer, Decision, Source
from db.project import OpenProject, create_project
from tests.filled_projects import LABELS, add_clips

ANNOTATORS = ("ann", "bob")
CLIPS = 3

labels = st.sampled_from([(Answer.LABEL, label) for label in LABELS] + [(Answer.UNSURE, None), (Answer.SKIP, None)])
who = st.integers(0, len(ANNOTATORS) - 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), who, st.integers(0, CLIPS - 1), labels),
        st.tuples(st.just("undo"), who, st.none(), st.none()),
        st.tuples(st.just("undo-one"), who, st.integers(0, 20), st.none()),
        st.tuples(st.just("send-again"), who, st.integers(0, 20), st.none()),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def filled() -> Iterator[tuple[OpenProject, list[int], list[int]]]:
    """A project with clips and annotators, shared by all examples: each works on clips of its own."""
    with tempfile.TemporaryDirectory() as folder:
        project = create_project(Path(folder) / "project", labels=LABELS)
        with project.write() as session:
            annotators = [annotator_named(session, name).id for name in ANNOTATORS]
        yield project, annotators, add_clips(project, CLIPS)
        project.close()


class Model:
    """What should stand: for each annotator and clip a stack, of which the top stands."""

    def __init__(self) -> None:
        self.stacks: dict[tuple[int, int], list[str]] = defaultdict(list)
        self.order: list[str] = []
        self.said: dict[str, tuple[Answer, str | None]] = {}
        self.place: dict[str, tuple[int, int]] = {}

    def answer(self, made: str, annotator: int, clip: int, said: tuple[Answer, str | None]) -> None:
        self.stacks[annotator, clip].append(made)
        self.order.append(made)
        self.said[made], self.place[made] = said, (annotator, clip)

    def standing(self) -> list[str]:
        tops = {stack[-1] for stack in self.stacks.values() if stack}
        return [made for made in self.order if made in tops]

    def newest_of(self, annotator: int) -> str | None:
        own = [made for made in self.standing() if self.place[made][0] == annotator]
        return own[-1] if own else None

    def take_back(self, made: str) -> None:
        assert self.stacks[self.place[made]].pop() == made


class Log:
    """The same steps in the database, on one transaction that is rolled back at the end of an example."""

    def __init__(self, project: OpenProject, annotators: list[int], clips: list[int]) -> None:
        self.session = project.write()
        self.annotators, self.clips = annotators, clips


@settings(deadline=None, max_examples=60)
@given(steps=steps)
def test_what_stands_is_the_top_of_each_stack(
    filled: tuple[OpenProject, list[int], list[int]], steps: list[tuple[str, int, int | None, tuple[Answer, str | None] | None]]
) -> None:
    project, annotators, clips = filled
    model, rows = Model(), 0
    numbers = random.Random(0)
    with pytest.raises(ZeroDivisionError), project.write() as session:
        began = newest_decision_id(session)
        for action, who, number, said in steps:
            made = str(uuid.UUID(int=numbers.getrandbits(128), version=4))
            if action == "answer" and number is not None and said is not None:
                append_decision(
                    session, uuid=made, clip_id=clips[number], annotator_id=annotators[who], answer=said[0], label=said[1],
                    source=Source.UNCERTAIN,
                )  # fmt: skip
                model.answer(made, who, number, said)
                rows += 1
            elif action == "undo":
                row = undo_decision(session, uuid=made, annotator_id=annotators[who])
                newest = model.newest_of(who)
                assert (row is None) == (newest is None)
                if newest is not None:
                    model.take_back(newest)
                    rows += 1
            elif model.order and number is not None:
                rows += take_or_send_again(session, model, action, made, annotators, clips, who, model.order[number % len(model.order)])
            check(session, model, annotators, clips)
        assert session.scalar(select(func.count()).where(Decision.id > began)) == rows
        raise ZeroDivisionError  # rolls the example back
