"""The data sheet of an export: what it holds, how far people agree, how good the classifier is, and what the labels mean."""

from __future__ import annotations

from collections.abc import Sequence

from db.exports.choice import ExportChoice, LabelKind, RowsOf
from db.exports.contents import Contents
from db.exports.decision_rows import in_iso
from db.exports.markdown import plain_text
from db.exports.tally import Tally

_KINDS = {
    LabelKind.GOLD: "fixed by a reviewer (gold)",
    LabelKind.CONSENSUS: "consensus of the annotators",
    LabelKind.PREDICTED: "predicted by the classifier, not checked by a person",
    LabelKind.NONE: "without a label",
}


def data_sheet(contents: Contents, *, format: str, withdrawn: Sequence[int] = ()) -> str:
    """The data sheet as Markdown, for contents that have been written.

    Nothing in it depends on when it is made: an export as of an earlier time has the same data sheet as the export of then.
    """
    tally, choice = contents.tally, contents.choice
    unit = "decision" if choice.rows == RowsOf.DECISIONS else "clip"
    lines = [f"# {plain_text(contents.facts.name)}", ""]
    lines += [f"Exported by Earmark as `{format}`, as the project was at {in_iso(contents.time)}. One row for each {unit}.", ""]
    lines += [f"- {sentence}" for sentence in (*_counts(tally), *_filters(choice), *_left_out(contents))] + [""]
    lines += ["## Labels", "", f"| label | {unit}s |", "| --- | ---: |"]
    in_use = contents.labels.in_use()
    others = sorted(name for name in tally.per_label if name and name not in in_use)
    lines += [f"| {plain_text(name)} | {tally.per_label[name]} |" for name in (*in_use, *others)]
    if tally.per_label[""]:
        lines.append(f"| (none) | {tally.per_label['']} |")
    lines += _table("Splits", "split", unit + "s", {name or "(none)": count for name, count in tally.per_split.items()})
    lines += _table("Annotators", "annotator", "answers", tally.per_annotator)
    lines += ["", "## Accuracy of the classifier", "", _accuracy(contents), ""]
    lines += ["## Guidelines", "", contents.facts.guidelines or "The project has no guidelines.", ""]
    if withdrawn:
        listed = ", ".join(str(number) for number in withdrawn)
        lines += ["## Withdrawn", "", f"These clips were withdrawn since, so they are missing here: {listed}.", ""]
    return "\n".join(lines)


def _counts(tally: Tally) -> list[str]:
    found = []
    if tally.clips:
        speakers = _counted(len(tally.speakers), "known speaker")
        found.append(f"{_counted(tally.clips, 'clip')}, {tally.seconds / 3600:.2f} hours, {speakers}.")
    found.append(f"{_counted(tally.decisions, 'answer')} by {_counted(len(tally.per_annotator), 'annotator')}.")
    found += [f"{tally.per_kind[kind]} labels: {words}." for kind, words in _KINDS.items() if tally.per_kind[kind]]
    if tally.agreement is not None:
        found.append(
            f"Clips with labels of several annotators: {tally.shared}. On average {100 * tally.agreement:.1f}% of their labels "
            "are the clip's label."
        )
    return found


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _filters(choice: ExportChoice) -> list[str]:
    found = []
    if choice.labels is not None:
        found.append(f"Only the labels {', '.join(sorted(plain_text(name) for name in choice.labels))}.")
    if choice.least_agreement is not None:
        found.append(f"Only clips with an agreement of at least {choice.least_agreement}.")
    if choice.least_confidence is not None:
        found.append(f"Only clips with a confidence of at least {choice.least_confidence}.")
    if choice.since is not None:
        found.append(f"Only answers from {in_iso(choice.since)} on.")
    if choice.until is not None:
        found.append(f"Only answers from before {in_iso(choice.until)}.")
    if choice.splits is not None:
        found.append("Splits were made by whole speakers (by whole files where no speaker is known), stratified by label.")
    return found


def _left_out(contents: Contents) -> list[str]:
    count = len(contents.left_out)
    clips = "1 clip is" if count == 1 else f"{count} clips are"
    return [f"{clips} left out, because the file held other audio by then or cannot be decoded."] if count else []


def _accuracy(contents: Contents) -> str:
    found = contents.facts.estimate
    if found is None:
        return "The accuracy of the classifier was not known yet."
    whole = "" if found.wa is None else f", WA {found.wa:.3f}"
    return (
        f"Run {found.run}: UA {found.ua:.3f} (95% interval {found.ua_low:.3f} to {found.ua_high:.3f}){whole}, estimated on "
        f"{found.clips} random clips of {found.speakers} speakers from which the scored heads had not learned."
    )


def _table(title: str, what: str, counted: str, counts: dict[str, int]) -> list[str]:
    if not counts or set(counts) == {"(none)"}:
        return []
    rows = [f"| {plain_text(name)} | {count} |" for name, count in sorted(counts.items())]
    return ["", f"## {title}", "", f"| {what} | {counted} |", "| --- | ---: |", *rows]
