"""The learner trains anew when labels change, with what their answers count as then."""

from __future__ import annotations

from collections import Counter

from db.changes.label_set import merge_label, rename_label, restore_label, retire_label
from db.project import OpenProject
from db.records.labels import label_by_name
from learner.heads.store import StoredHead, head_path, load_head
from learner.loop.run import learn_once
from learner.loop.snapshot import read_snapshot
from learner.search.likely import read_likely
from tests.learner.loop.test_run import eventually, running
from tests.learner.loop.what_was_published import newest_run, queued, runs
from tests.learner.synthetic_projects import embedded_project, label_slice, label_truly


def newest_head(project: OpenProject) -> StoredHead:
    return load_head(head_path(project.heads_dir, newest_run(project).id))


def labels_learned(project: OpenProject) -> Counter[int | None]:
    with project.read() as session:
        return Counter(decision.label_id for decision in read_snapshot(session).live)


def test_each_change_makes_a_new_run_with_the_labels_of_then(project: OpenProject) -> None:
    clips = embedded_project(project, 60)
    label_truly(project, clips[:30])
    label_slice(project, 6)
    learn_once(project)
    with project.write() as session:
        happy, sad = (label_by_name(session, name).id for name in ("happy", "sad"))
        rename_label(session, "happy", "joyful")
    learn_once(project)
    assert newest_head(project).label_names == ["angry", "joyful", "sad"]
    assert {*newest_run(project).report.per_label} == {"angry", "joyful", "sad"}
    before = labels_learned(project)
    with project.write() as session:
        merge_label(session, "sad", into="joyful")
    learn_once(project)
    assert newest_head(project).label_names == ["angry", "joyful"]
    assert labels_learned(project)[happy] == before[happy] + before[sad]
    listed = read_likely(project.heads_dir)
    assert listed is not None
    assert sad not in listed.label_ids
    with project.write() as session:
        restore_label(session, "sad")
    learn_once(project)
    assert newest_head(project).label_names == ["angry", "joyful", "sad"]
    assert labels_learned(project) == before
    assert runs(project) == 4
    learn_once(project)
    assert runs(project) == 4, "nothing has changed since"


def test_the_clips_of_a_retired_label_are_ranked_again_by_the_running_learner(project: OpenProject) -> None:
    clips = embedded_project(project, 30)
    label_truly(project, clips[:12])
    learn_once(project)
    with running(project):
        with project.write() as session:
            retire_label(session, "sad")
        eventually(lambda: runs(project) == 2, what="a run without the retired label")
    assert newest_run(project).decisions == 8
    assert len(queued(project)) == 22


def test_the_same_names_with_other_answers_behind_them_are_learned_anew(project: OpenProject) -> None:
    """Between two passes, a merged label becomes a retired one: the labels in use are the same."""
    clips = embedded_project(project, 30)
    label_truly(project, clips[:12])
    with project.write() as session:
        merge_label(session, "sad", into="happy")
    learn_once(project)
    assert newest_run(project).labeled == 12
    with project.write() as session:
        restore_label(session, "sad")
        retire_label(session, "sad")
    learn_once(project)
    assert newest_run(project).labeled == 8
