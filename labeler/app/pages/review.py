"""Review: differing answers, flags and doubted labels, where the reviewer's answer is final; and one's own answers."""

from __future__ import annotations

import uuid

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.decisions.conditions import given_on_review
from db.decisions.review import ToReview, clips_to_review, doubted_clips, own_answers
from db.decisions.taking import GivenAnswer, take, undo_decision
from db.decisions.taking_back import newest_run
from db.models import Annotator, Answer, Clip, Decision, Source
from db.records.labels import active_labels, label_name
from db.records.people.annotators import annotator_called, is_person
from db.store.engine import Turn
from labeler.app.guard.places import address
from labeler.app.opened import Serving, serving
from labeler.app.pages.asked_name import annotator_at_page, annotator_id_of, ask_for_name, known_name
from labeler.app.pages.choosing import choose
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.grid import open_grid
from labeler.app.pages.lead.taking_back import ask_to_take_back, forget_what_was_done, show_what_was_done
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.still_empty import is_still_empty
from labeler.app.sign_in.tokens import Media
from labeler.app.sign_in.ways import arranged
from labeler.player.label_keys import project_keys
from labeler.player.page.component import PageKeys, page_keys

_LATER, _LAST, _SOUND, _TAKEN = "review-later", "review-last", "review-sound", "review-taken-back"
_FOUND, _TURN = "review-found", "review-turn"
_COLUMNS = 4
_WAITING, _DOUBTED, _MINE = "Waiting for a review", "Doubted labels", "My answers"
MOST = 50
"""Clips that are looked up at a time."""


def show_review() -> None:
    """The page."""
    name = known_name()
    if name is None and not arranged().needed:
        ask_for_name("Who is reviewing?", "Start reviewing")
        return
    require_lead()
    now = serving()
    if name is None or is_still_empty(now):
        return
    with now.project.read() as session:
        labels = [label.name for label in active_labels(session)]
        people = list(session.scalars(select(Annotator.name).where(is_person()).order_by(Annotator.name)))
    st.title("Review", anchor=False)
    lists = [_WAITING, _DOUBTED, _MINE]
    shown = st.segmented_control("Show", lists, default=_WAITING, key="review-shown", label_visibility="collapsed")
    # Containers, for what stands below may not move: it would be there twice while a shorter clip is drawn, and a click be lost.
    with st.container():
        if shown == _MINE:
            _mine(now, name, labels)
        elif shown == _DOUBTED:
            _doubted(now, name, labels)
        else:
            _waiting(now, name, labels)
    with st.container():
        _after(now, name)
    clip = st.session_state.get(_SOUND)
    _take_back(now, people, name)
    # Last, so that it moves nothing: an expander that is moved closes.
    _keys(now, labels, f"{shown} {None if clip is None else clip[0]}")


def _waiting(now: Serving, name: str, labels: list[str]) -> None:
    with now.project.read() as session:
        waiting = clips_to_review(session, limit=MOST, leave_out=st.session_state.setdefault(_LATER, set()))
        put_off = [] if waiting else clips_to_review(session, limit=MOST)
    if not waiting:
        _none_left(put_off, "No clip waits for a review: no answers differ, and no flag is open.")
        return
    st.text(f"Clips to review: {_count(waiting)}. Your answer is final and replaces all others.")
    _clip(now, waiting[0], name, labels, gold=True)


def _doubted(now: Serving, name: str, labels: list[str]) -> None:
    """What the learner noted after its newest run; nothing is judged while somebody waits."""
    with now.project.read() as session:
        doubted = doubted_clips(session, limit=MOST, leave_out=st.session_state.setdefault(_LATER, set()))
        put_off = [] if doubted else doubted_clips(session, limit=MOST)
    if not doubted:
        _none_left(put_off, "No label is doubted, or there are still too few labels to judge them.")
        return
    st.text(f"Clips to check: {_count(doubted)}, most doubtful first. The classifier contradicts their labels; it may be wrong.")
    _clip(now, doubted[0], name, labels, gold=True, hinted=True)


def _none_left(put_off: list[ToReview], why: str) -> None:
    """Clips that were put off are not gone."""
    if not put_off:
        st.text(why)
        return
    st.text("Only clips that you put off are left.")
    if st.button(f"Show the clips that you put off ({_count(put_off)})", key="review-again"):
        st.session_state[_LATER].difference_update(clip.clip_id for clip in put_off)
        st.rerun()


def _count(clips: list[ToReview]) -> str:
    return f"{len(clips)} or more" if len(clips) == MOST else str(len(clips))


def _mine(now: Serving, name: str, labels: list[str]) -> None:
    """The visitor's own answers, to be heard and given anew."""
    who = annotator_at_page(now, name)
    with now.project.read() as session:
        answers = [] if who is None else own_answers(session, annotator_id=who.id)
    if not answers:
        st.text("You have not answered anything yet.")
        return
    by_id = {clip.clip_id: clip for clip in answers}
    words = {number: f"{clip.file_name}: {clip.answers[0].answer}" for number, clip in by_id.items()}
    chosen = choose(st, "Your newest answers", words, key="review-mine", start=answers[0].clip_id)
    _clip(now, by_id[chosen], name, labels, gold=False)


def _clip(now: Serving, clip: ToReview, name: str, labels: list[str], *, gold: bool, hinted: bool = False) -> None:
    """`hinted`: the page shows that the classifier contradicts the label, so no answer counts in its accuracy."""
    # The same while the clip stays: a new one would play it again whenever a switch is flipped.
    held = st.session_state.get(_SOUND)
    if held is None or held[0] != clip.clip_id:
        held = st.session_state[_SOUND] = (clip.clip_id, now.tokens.for_media(Media(clip.clip_id, None)))
    token = held[1]
    # Nothing but a signed token goes into the HTML.
    st.html(
        f'<img src="{address(f"picture/{token}")}" alt="" style="width:100%;height:170px;border-radius:10px">'
        f'<audio data-testid="review-audio" controls autoplay src="{address(f"audio/{token}")}" style="width:100%"></audio>'
    )
    st.text(clip.file_name)
    if clip.transcript:
        st.text(clip.transcript)
    named = st.toggle("Show names", key="review-names")
    numbers = {who: number for number, who in enumerate(sorted({answer.annotator for answer in clip.answers}), start=1)}
    for answer in clip.answers:
        st.markdown(
            f"**{plain(answer.answer)}** — {plain(answer.annotator) if named else f'annotator {numbers[answer.annotator]}'}"
        )
    for who, note in clip.flags:
        st.markdown(f":material/flag: {plain(note) or 'flagged'}{f' — {plain(who)}' if named else ''}")
    chosen = _label_buttons(labels, project_keys(now.project, labels))
    if chosen is not None:
        _decide(now, clip, name, chosen, gold=gold, hinted=hinted)
    if st.button("Find more like this", key="review-like", type="tertiary", icon=":material/grid_view:"):
        open_grid(clip.clip_id)
    left, right = st.columns(2)
    if left.button("Bad clip", key="review-bad", shortcut="s", width="stretch"):
        _decide(now, clip, name, None, gold=gold, hinted=hinted)
    if gold and right.button("Later", key="review-later-button", shortcut="n", width="stretch"):
        st.session_state[_LATER].add(clip.clip_id)
        st.rerun()


def _label_buttons(labels: list[str], keys: list[str | None]) -> str | None:
    """The label whose button was pressed, or that was found by its name. Row by row, so that Tab goes the way the eye does."""
    chosen = _found(labels) if None in keys else None
    for first in range(0, len(labels), _COLUMNS):
        columns = st.columns(min(_COLUMNS, len(labels)))
        for place, column in zip(range(first, min(first + _COLUMNS, len(labels))), columns, strict=False):
            shown, shortcut = _on_button(labels[place], keys[place])
            if column.button(shown, key=f"review-label-{place + 1}", shortcut=shortcut, width="stretch"):
                chosen = labels[place]
    return chosen


def _found(labels: list[str]) -> str | None:
    # Another list after each decision, so that nothing is chosen in it.
    key = f"{_FOUND}-{st.session_state.setdefault(_FOUND, 0)}"
    hint = "Press / and type to find a label"
    return st.selectbox("Find a label", labels, index=None, placeholder=hint, key=key, label_visibility="collapsed")


def _on_button(label: str, key: str | None) -> tuple[str, str | None]:
    """The words on a label's button, and its key as Streamlit shows it. Streamlit takes no mark, and neither R nor C."""
    if key is None or (key.isalnum() and key not in "rc"):
        return plain(label), key
    return f"{plain(label)} ({plain(key.upper())})", None


def _keys(now: Serving, labels: list[str], shown: str) -> None:
    """The keys of the Label page for the labels, and those of this page."""
    keys = project_keys(now.project, labels)
    buttons = {key: f"review-label-{place}" for place, key in enumerate(keys, start=1) if key is not None}
    buttons |= {"s": "review-bad", "n": "review-later-button", "z": "review-undo"}
    fields = {"/": f"{_FOUND}-{st.session_state.get(_FOUND, 0)}"}
    turn = st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    page_keys(PageKeys(buttons=buttons, fields=fields, shown=shown, turn=turn), key="review-keys")


def _decide(now: Serving, clip: ToReview, name: str, label: str | None, *, gold: bool, hinted: bool) -> None:
    given = GivenAnswer(
        uuid=str(uuid.uuid4()),
        clip_id=clip.clip_id,
        annotator_id=annotator_id_of(now, name),
        answer=Answer.SKIP if label is None else Answer.LABEL,
        label=label,
        source=Source.REVIEW,
        gold=gold,
        hinted=hinted,
    )
    with now.project.write(Turn.ANSWERS) as session:
        take(session, given)
    st.session_state[_FOUND] = st.session_state.get(_FOUND, 0) + 1
    st.session_state[_LAST] = _in_words(clip.file_name, given.answer, label)
    st.session_state.pop(_TAKEN, None)
    forget_what_was_done()
    st.rerun()


def _after(now: Serving, name: str) -> None:
    last = st.session_state.get(_LAST)
    if last is None:
        return
    st.text(f"Last decided: {last}")
    if st.button("Undo", key="review-undo", shortcut="z"):
        who = annotator_id_of(now, name)
        with now.project.write(Turn.ANSWERS) as session:
            undo = undo_decision(session, uuid=str(uuid.uuid4()), annotator_id=who, among=given_on_review())
            undone = None if undo is None else session.get_one(Decision, undo.replaces_id)
            words = "nothing, for it was taken back already" if undone is None else _answer_in_words(session, undone)
        st.session_state.pop(_LAST)
        st.session_state[_TAKEN] = f"Taken back: {plain(words)}"
        st.rerun()


def _answer_in_words(session: Session, answer: Decision) -> str:
    clip = session.get_one(Clip, answer.clip_id)
    return _in_words(clip.file_name, answer.answer, label_name(session, answer.label_id))


def _in_words(file_name: str, answer: Answer, label: str | None) -> str:
    return f"{file_name}: {label or ('bad clip' if answer == Answer.SKIP else answer.value)}"


def _take_back(now: Serving, people: list[str], name: str) -> None:
    with st.expander("Take back the newest answers of an annotator"), st.form("take-back", border=False):
        st.caption("You are asked first. A stretch of time, and the way to undo this, are on the page Activity.")
        who = st.selectbox("Annotator", people, key="take-back-who")
        count = st.number_input("How many answers", min_value=1, max_value=100_000, value=10, key="take-back-count")
        if st.form_submit_button("Take back…", disabled=not people) and who is not None:
            _ask_for_newest(now, who, int(count), name)
    # Not in there: it closes when the list above gets shorter.
    show_what_was_done()
    if _TAKEN in st.session_state:
        st.success(st.session_state[_TAKEN])


def _ask_for_newest(now: Serving, who: str, count: int, name: str) -> None:
    with now.project.read() as session:
        found = annotator_called(session, who)
        run = None if found is None else newest_run(session, annotator_id=found.id, count=count)
    if run is None:
        st.info(f"No answer of {plain(who)} counts.")
    else:
        ask_to_take_back(now, run, name)
