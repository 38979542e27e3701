"""Serves annotators: hands clips out, takes answers in and takes them back.

A request is read (its tokens name clip and annotator), handed to `db.serving` or `db.decisions`, and answered with a document.
What follows from an answer is decided there, not here. Plain functions of the database, called in worker threads by `routes`; an
answer is durable once its function has returned.
"""

from __future__ import annotations

import logging
from typing import Any

from pydantic import ValidationError
from sqlalchemy import and_
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from db.decisions.comments import append_comment
from db.decisions.conditions import came_back, given_in_app
from db.decisions.flags import append_flag, own_flag
from db.decisions.guidelines import newest_guidelines
from db.decisions.log import decision_counts
from db.decisions.taking import GivenAnswer, suggested_with, take, undo_decision
from db.errors import DatabaseGoneError, EarmarkError
from db.models import Annotator, Answer, Clip, Decision, Source
from db.project import OpenProject
from db.records.clips import ClipAudio
from db.records.labels import active_labels, label_name
from db.records.people.annotators import name_key
from db.records.runs import latest_run_id
from db.records.suggestions import imported_suggestions
from db.serving.leases import LeasedClip, lease_next, open_leases, release_leases, renew_leases
from db.serving.progress import open_elsewhere, progress_of
from db.store.engine import Turn
from db.store.failures import STORE_ERRORS
from labeler.app.access.visitors import Visitors
from labeler.app.api.guideline_watch import GuidelineWatch
from labeler.app.api.guidelines import project_guide
from labeler.app.api.known_clips import KnownClips
from labeler.app.api.messages import (
    AnswerMessage,
    AnswersRequest,
    GuideRequest,
    NextRequest,
    PreferencesRequest,
    UndoRequest,
    complaint,
)
from labeler.app.api.remarks import news_for
from labeler.app.api.tabs import Tabs
from labeler.app.guard.places import address
from labeler.app.media.playable import expected_bytes
from labeler.app.media.spans import PAGE_SECONDS, page_count, with_context
from labeler.app.sign_in.tokens import Media, Ticket, TokenError, TokenExpiredError, Tokens

LOG = logging.getLogger("earmark.app")
Document = dict[str, Any]
_CONCERNS_ALL = (DatabaseGoneError, *STORE_ERRORS)
"""Errors of the database and its disk, rather than of one answer."""
_BLIND = (Source.RANDOM, Source.SECOND_PASS, Source.ASKED_AGAIN, Source.GOLD_CHECK)


class Labelling:
    """Serves the annotators of one project."""

    def __init__(
        self, project: OpenProject, tokens: Tokens, *, known: KnownClips | None = None, tabs: Tabs | None = None
    ) -> None:
        self._project = project
        self._tokens = tokens
        self._visitors = Visitors(project, tokens)
        self._known = known or KnownClips(project)
        self._guidelines = GuidelineWatch(project)
        self.tabs = tabs or Tabs()

    def next_clips(self, request: NextRequest) -> Document:
        """Lease the next clips, renew what is held, hand back what is not wanted."""
        # Whoever takes clips has a row, though they count as nobody until they give something.
        annotator_id = self._visitors.answering(request.session)
        settings = self._project.settings
        self._guidelines.look()
        self.tabs.holds(request.tab, request.holding)
        with self._project.write(Turn.LEASES) as session:
            self.hand_back(session, annotator_id=annotator_id, tab=request.tab, release=request.release, leaving=request.leaving)
            if request.holding:
                renew_leases(session, annotator_id=annotator_id, lease_ids=request.holding, lease_seconds=settings.lease_seconds)
            leased = lease_next(
                session,
                annotator_id=annotator_id,
                limit=0 if self.tabs.has_left(request.tab) else request.want,
                random_share=settings.random_share,
                lease_seconds=settings.lease_seconds,
                exclude=set(request.exclude),
                overlap_share=settings.overlap_share,
                relabel_share=settings.relabel_share,
                gold_share=settings.gold_share,
            )
            run_id = latest_run_id(session)
            self.tabs.holds(request.tab, [clip.lease_id for clip in leased])
        with self._project.read() as session:
            suggested = self._suggested(session, leased)
            tickets = [Ticket(clip.clip_id, annotator_id, clip.lease_id, run_id, suggested.get(clip.clip_id)) for clip in leased]
            clips = [self.handed_out(session, ticket) for ticket in tickets]
            here = {*request.exclude, *(clip.clip_id for clip in leased)}
            elsewhere = open_elsewhere(session, here=here) if len(leased) < request.want else 0
            # Once nothing is left to hand out, the page may know how many clips are really done.
            counts = self._counts(session, annotator_id, exhausted=request.want > 0 and not leased)
            return {"clips": clips, **counts, "elsewhere": elsewhere, "news": news_for(session, annotator_id)}

    def hand_back(
        self, session: Session, *, annotator_id: int, tab: str | None, release: list[int], leaving: bool = False
    ) -> None:
        """Hand back what a tab names, and what the annotator's closed tabs left behind (needs a write session).

        Args:
            leaving: the page of this tab goes, so that all that it holds is handed back.
        """
        # The transaction begins with this statement; behind it, no other question of this tab is half done.
        held = open_leases(session, annotator_id=annotator_id)
        gone = self.tabs.leaves(tab) if leaving else []
        leases = [*self.tabs.own(tab, release), *gone, *self.tabs.abandoned(tab, held)]
        if leases:
            release_leases(session, annotator_id=annotator_id, lease_ids=leases)

    def take_answers(self, request: AnswersRequest) -> Document:
        """Record answers one by one; each comes back as `saved`, or as `refused` with the reason.

        What is wrong with one answer concerns no other. What is wrong with the database concerns all of them, and is raised: the
        browser sends them again, and those that are stored already are known by their UUIDs.
        """
        at_the_page = self._annotator_at_the_page(request)
        annotator_id: int | None = None
        results: list[Document] = []
        for raw in request.answers:
            uuid = str(raw.get("uuid", ""))[:64] if isinstance(raw, dict) else ""
            try:
                annotator_id = self._take(AnswerMessage.model_validate(raw), at_the_page)
                results.append({"uuid": uuid, "status": "saved"})
            except Exception as error:
                if isinstance(error, _CONCERNS_ALL) and not isinstance(error, DataError | IntegrityError):
                    raise
                results.append({"uuid": uuid, "status": "refused", "error": _reason(error)})
        if annotator_id is None:
            return {"results": results, "saved": None}
        with self._project.read() as session:
            whose = name_key(session.get_one(Annotator, annotator_id).name)
            return {"results": results, "saved": decision_counts(session, annotator_id), "annotator": whose}

    def _annotator_at_the_page(self, request: AnswersRequest) -> int | None:
        """Who sends the answers, if the page says so; an answer is taken from a page that does not, too."""
        try:
            return None if request.session is None else self._visitors.known(request.session)
        except TokenError:
            return None

    def _take(self, message: AnswerMessage, at_the_page: int | None) -> int:
        """Record one answer; whose it is."""
        ticket = self._tokens.ticket(message.ticket, of=at_the_page)
        with self._project.write(Turn.ANSWERS) as session:
            _take(session, message, ticket)
        return ticket.annotator_id

    def take_back(self, request: UndoRequest) -> Document:
        """Take back the annotator's newest answer given in the app; its clip comes back, or None when nothing is left."""
        annotator_id = self._visitors.answering(request.session)
        with self._project.write(Turn.ANSWERS) as session:
            # Not what a lead brought back meanwhile: those rows are new, and their answers may be of last week.
            own = and_(given_in_app(), ~came_back())
            undo = undo_decision(session, uuid=str(request.uuid), annotator_id=annotator_id, among=own)
            answer = None if undo is None else session.get(Decision, undo.replaces_id)
            ticket = None if answer is None else _ticket_again(session, answer)
        with self._project.read() as session:
            clip = None if ticket is None else self.handed_out(session, ticket)
            return {"clip": clip, **self._counts(session, annotator_id)}

    def _counts(self, session: Session, annotator_id: int, *, exhausted: bool = False) -> Document:
        checks = self._project.settings.gold_share > 0 and not exhausted
        return vars(progress_of(session, annotator_id=annotator_id, gold_checks=checks))

    def keep_preferences(self, request: PreferencesRequest) -> Document:
        """Remember how the annotator likes the player."""
        annotator_id = self._visitors.annotator(request.session)
        with self._project.write(Turn.ANSWERS) as session:
            session.get_one(Annotator, annotator_id).preferences = request.preferences.model_dump()
        return {"kept": True}

    def guide(self, request: GuideRequest) -> Document:
        """The label guidelines as HTML, or None when the lead has written none."""
        self._visitors.known(request.session)
        self._guidelines.look(at_once=True)
        with self._project.read() as session:
            html = project_guide(session, self._project.directory, self._tokens)
            return {"html": html, "version": newest_guidelines(session)}

    def _suggested(self, session: Session, leased: list[LeasedClip]) -> dict[int, int]:
        """Label id by clip id, where the lead wants suggestions; the random slice and the second pass stay blind.

        What the classifier predicts counts more than what an import suggested.
        """
        if not self._project.settings.suggestions:
            return {}
        ids = {label.name: label.id for label in active_labels(session)}
        seeing = [clip for clip in leased if clip.source not in _BLIND]
        imported = imported_suggestions(session, [clip.clip_id for clip in seeing])
        return {**imported, **{clip.clip_id: ids[clip.predicted] for clip in seeing if clip.predicted in ids}}

    def handed_out(self, session: Session, ticket: Ticket) -> Document:
        """What the player needs to know of a clip, with the tokens that go with it. It does not learn why the clip is served."""
        audio = self._known.note(session, ticket.clip_id).audio
        clip = session.get_one(Clip, ticket.clip_id)
        media = self._tokens.for_media(Media(ticket.clip_id, ticket.lease_id))
        return {
            "clip": ticket.clip_id,
            "lease": ticket.lease_id,
            "ticket": self._tokens.for_ticket(ticket),
            "audio": address(f"audio/{media}"),
            "picture": address(f"picture/{media}"),
            "bytes": expected_bytes(audio),
            "flag": own_flag(session, clip_id=ticket.clip_id, annotator_id=ticket.annotator_id),
            "suggested": label_name(session, ticket.suggested_id),
            "facts": _facts(clip, self._project.settings.shown_columns),
            **_described(audio, clip),
        }


def _described(audio: ClipAudio, clip: Clip) -> Document:
    return {
        "file_name": audio.file_name,
        "span": None if audio.whole else [audio.start, audio.end],
        "duration": audio.duration,
        "around": None if audio.whole else _around(audio, with_context(audio, clip.file.duration)),
        "pages": page_count(audio),
        "page_seconds": PAGE_SECONDS,
        "speaker": clip.speaker,
        "transcript": clip.transcript,
    }


def _around(audio: ClipAudio, wider: ClipAudio) -> list[float]:
    """Seconds before the clip that context adds, and seconds of it all."""
    return [audio.start - wider.start, wider.duration]


def _facts(clip: Clip, columns: list[str]) -> list[list[str]]:
    """Name and value of the manifest's columns that the lead wants shown, as plain text."""
    return [[name, str(clip.extra[name])[:500]] for name in columns if clip.extra.get(name) not in (None, "")]


def _ticket_again(session: Session, answer: Decision) -> Ticket:
    """For a clip that is to be answered anew: who has seen a suggestion cannot unsee it."""
    suggested_id = suggested_with(session, answer)
    return Ticket(answer.clip_id, answer.annotator_id, answer.lease_id, latest_run_id(session), suggested_id)


def _reason(error: Exception) -> str:
    """Why one answer is refused, in a sentence."""
    if isinstance(error, ValidationError):
        return complaint(error)
    if isinstance(error, TokenExpiredError):
        return "This answer was given too long ago; open the page under the name of the person who gave it, and send it again."
    if isinstance(error, TokenError | EarmarkError):
        return str(error)
    LOG.error("an answer could not be stored", exc_info=error)
    return "The server could not store this answer; its log has the reason."


def _take(session: Session, message: AnswerMessage, ticket: Ticket) -> None:
    uuid, annotator_id = str(message.uuid), ticket.annotator_id
    if message.answer == "undo":
        undo_decision(session, uuid=uuid, annotator_id=annotator_id, decision_uuid=str(message.undoes))
    elif message.answer == "comment":
        append_comment(session, uuid=uuid, clip_id=ticket.clip_id, annotator_id=annotator_id, text=message.text or "")
    elif message.answer == "flag":
        note, raised = message.note or "", message.note is not None
        append_flag(session, uuid=uuid, clip_id=ticket.clip_id, annotator_id=annotator_id, note=note, raised=raised)
    else:
        take(session, _given(message, ticket))


def _given(message: AnswerMessage, ticket: Ticket) -> GivenAnswer:
    return GivenAnswer(
        uuid=str(message.uuid),
        clip_id=ticket.clip_id,
        annotator_id=ticket.annotator_id,
        answer=Answer(message.answer),
        label=message.label,
        lease_id=ticket.lease_id,
        run_id=ticket.run_id,
        suggested_id=ticket.suggested_id,
        seconds=message.seconds,
        plays=message.plays,
        reason=message.reason,
        heard={} if message.heard is None else message.heard.model_dump(exclude_none=True),
    )
