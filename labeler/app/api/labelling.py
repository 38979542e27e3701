"""The desk at which annotators are served: clips handed out, answers taken in, answers taken back.

Plain functions of the database, called in worker threads by `routes`; an answer is durable once its function has returned.
"""

from __future__ import annotations

import uuid as uuids
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.decisions.flags import append_flag, own_flag
from db.decisions.log import append_decision, decision_counts, is_blind, live_query, own_answer, undo_decision
from db.errors import ClipError, EarmarkError
from db.models import Annotator, Answer, Clip, ClipState, Decision, Label, Lease, Source
from db.project import OpenProject
from db.records.clips import ClipAudio, clip_audio, find_clip
from db.records.labels import active_labels
from db.records.runs import latest_run
from db.serving.upcoming import LeasedClip, lease_next, release_leases, renew_leases
from db.store.engine import Turn
from labeler.app.api.guidelines import guidelines_html, read_guidelines
from labeler.app.api.messages import (
    AnswerMessage,
    AnswersRequest,
    GuideRequest,
    NextRequest,
    PreferencesRequest,
    UndoRequest,
    complaint,
)
from labeler.app.media.playable import expected_bytes
from labeler.app.media.spans import PAGE_SECONDS, page_count, with_context
from labeler.app.sign_in.tokens import Media, Ticket, TokenError, Tokens

Document = dict[str, Any]
_BLIND = (Source.RANDOM, Source.REVIEW)


class Desk:
    """Serves the annotators of one project."""

    def __init__(self, project: OpenProject, tokens: Tokens) -> None:
        self._project = project
        self._tokens = tokens

    def next_clips(self, request: NextRequest) -> Document:
        """Lease the next clips, renew what is held, hand back what is not wanted."""
        annotator_id = self._tokens.session(request.session)
        settings = self._project.settings
        with self._project.write(Turn.LEASES) as session:
            if request.release:
                release_leases(session, annotator_id=annotator_id, lease_ids=request.release)
            if request.holding:
                renew_leases(session, annotator_id=annotator_id, lease_ids=request.holding, lease_seconds=settings.lease_seconds)
            leased = lease_next(
                session,
                annotator_id=annotator_id,
                limit=request.want,
                random_share=settings.random_share,
                lease_seconds=settings.lease_seconds,
                exclude=set(request.exclude),
                overlap_share=settings.overlap_share,
                relabel_share=settings.relabel_share,
            )
            run_id = _live_run(session)
        with self._project.read() as session:
            suggested = self._suggested(session, leased)
            tickets = [Ticket(clip.clip_id, annotator_id, clip.lease_id, run_id, suggested.get(clip.clip_id)) for clip in leased]
            clips = [self.handed_out(session, ticket) for ticket in tickets]
            return {"clips": clips, **_progress(session, annotator_id)}

    def take_answers(self, request: AnswersRequest) -> Document:
        """Record answers one by one; each comes back as `saved`, or as `refused` with the reason."""
        annotator_id: int | None = None
        results: list[Document] = []
        for raw in request.answers:
            uuid = str(raw.get("uuid", ""))[:64]
            try:
                message = AnswerMessage.model_validate(raw)
                ticket = self._tokens.ticket(message.ticket)
                with self._project.write(Turn.ANSWERS) as session:
                    _record(session, message, ticket)
                annotator_id = ticket.annotator_id
                results.append({"uuid": uuid, "status": "saved"})
            except ValidationError as error:
                results.append({"uuid": uuid, "status": "refused", "error": complaint(error)})
            except (TokenError, EarmarkError) as error:
                results.append({"uuid": uuid, "status": "refused", "error": str(error)})
        if annotator_id is None:
            return {"results": results, "saved": None}
        with self._project.read() as session:
            return {"results": results, "saved": decision_counts(session, annotator_id), "annotator": annotator_id}

    def take_back(self, request: UndoRequest) -> Document:
        """Take back the annotator's newest answer given in the app; its clip comes back, or None when nothing is left."""
        annotator_id = self._tokens.session(request.session)
        with self._project.write(Turn.ANSWERS) as session:
            undo = _undo_newest(session, str(request.uuid), annotator_id)
            answer = None if undo is None else session.get(Decision, undo.replaces_id)
            ticket = None if answer is None else _ticket_again(session, answer)
        with self._project.read() as session:
            clip = None if ticket is None else self.handed_out(session, ticket)
            return {"clip": clip, **_progress(session, annotator_id)}

    def keep_preferences(self, request: PreferencesRequest) -> Document:
        """Remember how the annotator likes the player."""
        annotator_id = self._tokens.session(request.session)
        with self._project.write(Turn.ANSWERS) as session:
            session.get_one(Annotator, annotator_id).preferences = request.preferences.model_dump()
        return {"kept": True}

    def guide(self, request: GuideRequest) -> Document:
        """The label guidelines as HTML, or None when the lead has written none."""
        self._tokens.session(request.session)
        markdown = read_guidelines(self._project.directory)
        if markdown is None:
            return {"html": None}
        with self._project.read() as session:

            def address(file_name: str) -> str | None:
                try:
                    return f"/earmark/audio/{self._tokens.for_media(Media(find_clip(session, file_name=file_name).id, None))}"
                except ClipError:
                    return None

            return {"html": guidelines_html(markdown, address=address)}

    def _suggested(self, session: Session, leased: list[LeasedClip]) -> dict[int, int]:
        """Label id by clip id, where the lead wants suggestions; the random slice and the second pass stay blind."""
        if not self._project.settings.suggestions:
            return {}
        ids = {label.name: label.id for label in active_labels(session)}
        return {clip.clip_id: ids[clip.predicted] for clip in leased if clip.source not in _BLIND and clip.predicted in ids}

    def handed_out(self, session: Session, ticket: Ticket) -> Document:
        """What the player needs to know of a clip, with the tokens that go with it. Why it is served is not said."""
        audio = clip_audio(session, ticket.clip_id)
        clip = session.get_one(Clip, ticket.clip_id)
        media = self._tokens.for_media(Media(ticket.clip_id, ticket.lease_id))
        return {
            "clip": ticket.clip_id,
            "lease": ticket.lease_id,
            "ticket": self._tokens.for_ticket(ticket),
            "audio": f"/earmark/audio/{media}",
            "picture": f"/earmark/picture/{media}",
            "bytes": expected_bytes(audio),
            "flag": own_flag(session, clip_id=ticket.clip_id, annotator_id=ticket.annotator_id),
            "suggested": _label_name(session, ticket.suggested_id),
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


def _label_name(session: Session, label_id: int | None) -> str | None:
    label = None if label_id is None else session.get(Label, label_id)
    return None if label is None else label.name


def _ticket_again(session: Session, answer: Decision) -> Ticket:
    """For a clip that is to be answered anew: who has seen a suggestion cannot unsee it."""
    shown = (answer.circumstances or {}).get("suggested") if answer.suggestion_shown else None
    suggested = None if shown is None else session.scalars(select(Label.id).where(Label.name == shown)).first()
    return Ticket(answer.clip_id, answer.annotator_id, answer.lease_id, _live_run(session), suggested)


def _record(session: Session, message: AnswerMessage, ticket: Ticket) -> None:
    if message.answer == "undo":
        undo_decision(session, uuid=str(message.uuid), annotator_id=ticket.annotator_id, decision_uuid=str(message.undoes))
        return
    if message.answer == "flag":
        _record_flag(session, message, ticket)
        return
    source = _lease_source(session, ticket.lease_id)
    if source == Source.GRID and _heard_blind_since(session, ticket):
        return
    append_decision(
        session,
        uuid=str(message.uuid),
        clip_id=ticket.clip_id,
        annotator_id=ticket.annotator_id,
        answer=Answer(message.answer),
        label=message.label,
        source=source,
        seconds=message.seconds,
        plays=message.plays,
        reason=message.reason,
        lease_id=ticket.lease_id,
        run_id=ticket.run_id,
        suggestion_shown=ticket.suggested_id is not None,
        circumstances=_circumstances(session, message, ticket),
    )


def _heard_blind_since(session: Session, ticket: Ticket) -> bool:
    """Whether the annotator answered the clip blind once a forgotten grid's lease had run out: worth more than the grid's."""
    own = own_answer(session, clip_id=ticket.clip_id, annotator_id=ticket.annotator_id)
    return own is not None and is_blind(own)


def _circumstances(session: Session, message: AnswerMessage, ticket: Ticket) -> Document:
    heard = {} if message.heard is None else message.heard.model_dump(exclude_none=True)
    return heard if ticket.suggested_id is None else {**heard, "suggested": _label_name(session, ticket.suggested_id)}


def _record_flag(session: Session, message: AnswerMessage, ticket: Ticket) -> None:
    append_flag(
        session,
        uuid=str(message.uuid),
        clip_id=ticket.clip_id,
        annotator_id=ticket.annotator_id,
        note=message.note or "",
        raised=message.note is not None,
    )


def _lease_source(session: Session, lease_id: int | None) -> Source:
    lease = None if lease_id is None else session.get(Lease, lease_id)
    return Source.REVIEW if lease is None else lease.source


def _undo_newest(session: Session, uuid: str, annotator_id: int) -> Decision | None:
    """Undo the newest standing answer that was given in the app: imported and scripted ones are not the page's to take back."""
    outside = (Source.IMPORTED, Source.SCRIPTED)
    query = live_query().where(Decision.annotator_id == annotator_id, Decision.source.not_in(outside))
    newest = session.scalars(query.order_by(Decision.id.desc()).limit(1)).first()
    sent_before = session.scalars(select(Decision.id).where(Decision.uuid == str(uuids.UUID(uuid)))).first()
    if newest is None and sent_before is None:
        return None
    return undo_decision(session, uuid=uuid, annotator_id=annotator_id, decision_uuid=None if newest is None else newest.uuid)


def _live_run(session: Session) -> int | None:
    run = latest_run(session)
    return None if run is None else run.id


def _progress(session: Session, annotator_id: int) -> Document:
    """The annotator's standing answers, and how many clips are answered of how many in service."""
    ready = select(func.count()).select_from(Clip).where(Clip.state == ClipState.READY)
    answered = live_query().where(Decision.clip_id == Clip.id).correlate(Clip).exists()
    return {
        "saved": decision_counts(session, annotator_id),
        "done": session.scalar(ready.where(answered)) or 0,
        "total": session.scalar(ready) or 0,
    }


def any_transcripts(session: Session) -> bool:
    """Whether any clip has a transcript, so that the page keeps room for one."""
    return session.scalars(select(Clip.id).where(Clip.transcript.is_not(None)).limit(1)).first() is not None
