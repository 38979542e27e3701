"""What changes after the start: the label set, and clips that are taken out for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.changes.label_set import add_label, merge_label, rename_label, restore_label, retire_label
from db.changes.withdrawing import clips_to_withdraw
from db.errors import ClipError
from db.records.people.annotators import checked_name
from labeler.scripting.answers import the_clip
from labeler.scripting.opened import Opened

if TYPE_CHECKING:
    from learner.withdrawal.withdraw import WithdrawReport


class Changing(Opened):
    """The part of `labeler.project.Project` about labels that change, and withdrawals.

    Answers stay in the log whatever becomes of their labels. `by` names who makes a change, and is kept with it. The learner
    trains anew when it runs next.
    """

    def add_label(self, name: str, *, by: str | None = None) -> None:
        """Add a label behind the others.

        Raises:
            LabelError: the name cannot be one, or a label has it or had it.
        """
        with self._used() as project, project.write() as session:
            add_label(session, name, by=_who(by))

    def rename_label(self, name: str, new_name: str, *, by: str | None = None) -> None:
        """Give a label another name; its answers stay with it.

        Raises:
            LabelError: there is no such label, the new name cannot be one, or another label has it or had it.
        """
        with self._used() as project, project.write() as session:
            rename_label(session, name, new_name, by=_who(by))

    def merge_label(self, name: str, *, into: str, by: str | None = None) -> None:
        """Let the answers of a label count as those of another one, and offer it no more.

        Raises:
            LabelError: a label is unknown or not in use, or both are the same.
        """
        with self._used() as project, project.write() as session:
            merge_label(session, name, into=into, by=_who(by))

    def retire_label(self, name: str, *, by: str | None = None) -> None:
        """Offer a label no more; its answers count no longer, and their clips are asked again.

        Raises:
            LabelError: the label is unknown or not in use, or it is the last one.
        """
        with self._used() as project, project.write() as session:
            retire_label(session, name, by=_who(by))

    def restore_label(self, name: str, *, by: str | None = None) -> None:
        """Offer a label again that was retired or merged; its answers count again, under its own name.

        Raises:
            LabelError: there is no such label, or it is in use.
        """
        with self._used() as project, project.write() as session:
            restore_label(session, name, by=_who(by))

    def withdraw(
        self, *, reason: str, clip: int | str | None = None, speaker: str | None = None, by: str | None = None
    ) -> WithdrawReport:
        """Take clips out for good, with their features, predictions and playable copies. Your own files are never touched.

        Args:
            reason: kept for ever; it should not name the person.
            clip: a number, or a file name that one clip has.
            speaker: all clips of this speaker.

        Returns:
            A report: which `clips` are withdrawn now, how many `vectors` and `cached_files` were removed, and how many
            `overlapping` clips of the same recording stay.

        Raises:
            ClipError: neither or both of clip and speaker are given, there is no such clip, or it was withdrawn already.
            FeatureError, LearnerError: a file cannot be written to. The clips are withdrawn all the same, and
                `earmark withdraw --finish` does the rest.
        """
        from learner.withdrawal.withdraw import withdraw

        if (clip is None) == (speaker is None):
            raise ClipError("Either a clip or a speaker is withdrawn; give one of them.")
        if not reason.strip():
            raise ClipError("A withdrawal needs a reason; it is kept with the withdrawn clips.")
        with self._used() as project:
            with project.read() as session:
                number = None if clip is None else the_clip(session, clip).id
                found = clips_to_withdraw(session, clip_id=number, speaker=speaker)
            return withdraw(project, [each.clip_id for each in found], reason=reason, by=_who(by))


def _who(by: str | None) -> str | None:
    return None if by is None else checked_name(by)
