"""The command `withdraw`: takes clips out for good, for example because a speaker withdrew consent."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from db.changes.withdrawing import ToWithdraw, clips_to_withdraw
from db.errors import ClipError
from db.records.people.annotators import checked_name
from labeler.cli.output import json_option, note, opened, print_result
from labeler.words.run import counted

_REMOVED = (
    "Removed are: file name, speaker, transcript and all other details, features, predictions, playable copies and pictures. "
    "The clips are neither served, learned from nor exported any more. Nothing brings them back."
)
_KEPT = (
    "Not removed are: your own audio files; the answers in the log, which count no longer; and a tombstone with number, hash, "
    "span, reason and time, so that the same audio is not imported again."
)
_ELSEWHERE = (
    "Copies elsewhere are yours to delete: earlier exports, backups, logs, the audio files themselves. Classifiers that learned "
    "from the clips are replaced as the learner runs."
)
_LISTED = 10


@click.command()
@click.option("--clip", "clip_id", type=int, metavar="N", default=None, help="The clip with this number.")
@click.option("--file", "file_name", metavar="NAME", default=None, help="All clips with this file name.")
@click.option("--speaker", metavar="NAME", default=None, help="All clips of this speaker.")
@click.option("--finish", is_flag=True, help="Withdraw nothing new: remove what an interrupted withdrawal left on the disk.")
@click.option("--reason", metavar="TEXT", default=None, help="Why; kept for ever, so it should not name the person.")
@click.option("--by", metavar="NAME", default=None, help="Who withdraws the clips; kept.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def withdraw(
    directory: Path,
    clip_id: int | None,
    file_name: str | None,
    speaker: str | None,
    finish: bool,
    reason: str | None,
    by: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Take clips out for good, for example because a speaker withdrew consent. Your own files are never touched."""
    if [clip_id, file_name, speaker, finish or None].count(None) != 3:
        raise click.UsageError("Give one of --clip, --file, --speaker and --finish.")
    if not finish and not (reason or "").strip():
        raise click.UsageError("Give a --reason; it is kept with the withdrawn clips.")
    who = None if by is None else checked_name(by)
    from learner.withdrawal.withdraw import finish_withdrawals
    from learner.withdrawal.withdraw import withdraw as withdraw_now

    with opened(directory) as project:
        if finish:
            vectors, cached = finish_withdrawals(project)
            document = {"clips": [], "vectors": vectors, "cached_files": cached}
            done = f"{counted(vectors, 'vector')} and {counted(cached, 'cached file')} of withdrawn clips removed."
            print_result(document, as_json=as_json, lines=lambda: [done])
            return
        with project.read() as session:
            found = clips_to_withdraw(session, clip_id=clip_id, file_name=file_name, speaker=speaker)
        if not yes:
            ask(found)
        report = withdraw_now(project, [clip.clip_id for clip in found], reason=reason, by=who)
    result = {**vars(report), "files_kept": sorted({clip.path for clip in found})}
    lines = [
        f"{counted(len(report.clips), 'clip')} withdrawn; {counted(report.vectors, 'vector')} overwritten, "
        f"{counted(report.cached_files, 'cached file')} deleted.",
        _KEPT,
        _ELSEWHERE,
    ]
    if report.overlapping:
        lines.append(f"{counted(report.overlapping, 'other clip')} of the same recording overlap them, and stay.")
    if not report.log_emptied:
        lines.append("Others read the database just now, so its write-ahead log keeps an older state for a while.")
    print_result(result, as_json=as_json, lines=lambda: lines)


def ask(found: list[ToWithdraw]) -> None:
    """Ask the person at the terminal; a script must say --yes."""
    if not sys.stdin.isatty():
        raise ClipError(f"{counted(len(found), 'clip')} would be withdrawn for good; repeat the command with --yes to do it.")
    for clip in found[:_LISTED]:
        note(f"  clip {clip.clip_id}: {clip.file_name}")
    if len(found) > _LISTED:
        note(f"  and {len(found) - _LISTED} more")
    for line in (_REMOVED, _KEPT, _ELSEWHERE):
        note(line)
    click.confirm(f"Withdraw {counted(len(found), 'clip')} for good?", abort=True, err=True)
