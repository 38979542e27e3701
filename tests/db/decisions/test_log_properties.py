"""The decision log under hypothesis: what stands after any answers and undos is the top of a stack per annotator and clip."""

from __future__ import annotations

import random
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from db.decisions.consensus import consensus_labels
from db.decisions.log import decision_counts, live_decisions, newest_decision_id
from db.decisions.taking import GivenAnswer, take, undo_decision
from db.errors import DecisionError
from db.models import Answer, Source
from db.project import OpenProject, create_project
from db.records.clips import NewClip, register_clip
from db.records.labels import active_labels
from db.records.people.annotators import annotator_named
from tests.filled_projects import LABELS, new_file

PLACES = [(annotator, clip) for annotator in range(2) for clip in range(3)]
ANSWERS = [(Answer.LABEL, label) for label in LABELS] + [(Answer.UNSURE, None), (Answer.SKIP, None)]


@pytest.fixture(scope="module")
def shared_project() -> Iterator[OpenProject]:
    """One project for all examples; each has clips and annotators of its own in it."""
    with tempfile.TemporaryDirectory() as folder:
        project = create_project(Path(folder) / "project", labels=LABELS)
        yield project
        project.close()


class DecisionLog(RuleBasedStateMachine):
    """Answers are pushed, undos pop, re-sent answers change nothing."""

    project: ClassVar[OpenProject]
    numbers: ClassVar = count()

    def __init__(self) -> None:
        super().__init__()
        example = next(self.numbers)
        with self.project.write() as session:
            self.clips = [new_clip(session, f"{example} {number}.wav") for number in range(3)]
            self.annotators = [annotator_named(session, f"{name} {example}").id for name in ("ann", "bob")]
            self.rows_before = newest_decision_id(session)
        self.rows = 0
        self.sent: list[tuple[str, tuple[int, int], tuple[Answer, str | None]]] = []
        self.stacks: dict[tuple[int, int], list[str]] = defaultdict(list)

    def standing(self) -> list[str]:
        tops = {stack[-1] for stack in self.stacks.values() if stack}
        return [made for made, _, _ in self.sent if made in tops]

    def append(self, made: str, place: tuple[int, int], said: tuple[Answer, str | None]) -> None:
        annotator, clip = place
        answer, label = said
        with self.project.write() as session:
            given = GivenAnswer(
                uuid=made,
                clip_id=self.clips[clip],
                annotator_id=self.annotators[annotator],
                answer=answer,
                label=label,
                source=Source.UNCERTAIN,
            )
            take(session, given)

    @rule(place=st.sampled_from(PLACES), said=st.sampled_from(ANSWERS))
    def answer(self, place: tuple[int, int], said: tuple[Answer, str | None]) -> None:
        made = str(uuid.uuid4())
        self.append(made, place, said)
        self.stacks[place].append(made)
        self.sent.append((made, place, said))
        self.rows += 1

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        self.append(*data.draw(st.sampled_from(self.sent)))

    @rule(annotator=st.integers(0, 1))
    def undo_the_newest(self, annotator: int) -> None:
        mine = [made for made, place, _ in self.sent if place[0] == annotator and made in self.standing()]
        with self.project.write() as session:
            row = undo_decision(session, uuid=str(uuid.uuid4()), annotator_id=self.annotators[annotator])
        assert (row is not None) == bool(mine)
        self.pop(mine[-1:])

    @precondition(lambda self: self.sent)
    @rule(annotator=st.integers(0, 1), data=st.data())
    def undo_one(self, annotator: int, data: st.DataObject) -> None:
        made, place, _ = data.draw(st.sampled_from(self.sent))
        allowed = place[0] == annotator and made in self.standing()
        asked = str(uuid.uuid4())
        try:
            for _ in range(2):  # the second is the same undo sent again
                with self.project.write() as session:
                    undo_decision(session, uuid=asked, annotator_id=self.annotators[annotator], decision_uuid=made)
        except DecisionError:
            assert not allowed
        else:
            assert allowed
            self.pop([made])

    def pop(self, undone: list[str]) -> None:
        for made in undone:
            place = next(place for sent, place, _ in self.sent if sent == made)
            assert self.stacks[place].pop() == made
            self.rows += 1

    @invariant()
    def what_stands_is_the_top_of_each_stack(self) -> None:
        standing = self.standing()
        with self.project.read() as session:
            live = [decision for decision in live_decisions(session) if decision.clip_id in self.clips]
            counts = [decision_counts(session, annotator) for annotator in self.annotators]
            assert newest_decision_id(session) == self.rows_before + self.rows, "nothing is ever removed"
        assert [decision.uuid for decision in live] == standing
        places = {made: place for made, place, _ in self.sent}
        assert counts == [sum(places[made][0] == annotator for made in standing) for annotator in range(2)]

    def teardown(self) -> None:
        """A clip on whose label all agree has it as its consensus."""
        standing = self.standing()
        with self.project.read() as session:
            ids = {label.name: label.id for label in active_labels(session)}
            consensus = consensus_labels(live_decisions(session))
        for number, clip in enumerate(self.clips):
            said = {label for made, place, (_, label) in self.sent if place[1] == number and made in standing}
            names = said - {None}
            if len(names) <= 1:
                assert consensus.get(clip) == next((ids[name] for name in names if name), None)


def new_clip(session: Session, name: str) -> int:
    clip = NewClip(file=new_file(name), file_name=name, start=0.0, end=1.0)
    return register_clip(session, clip, rng=random.Random(0)).clip_id


def test_the_log_is_a_stack_of_answers(shared_project: OpenProject) -> None:
    DecisionLog.project = shared_project
    run_state_machine_as_test(DecisionLog, settings=settings(deadline=None, max_examples=10, stateful_step_count=15))
