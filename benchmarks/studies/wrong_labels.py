"""`python -m benchmarks.studies.wrong_labels`: how many simulated wrong answers are among the first suspicious labels."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from db.decisions.log import LiveDecision
from db.imports.manifest import BadRow, read_manifest
from db.models import Answer, Clip, Source
from db.project import OpenProject, create_project
from learner.dataset.pool import Pool
from learner.dataset.project_pool import pool_signature, read_pool
from learner.features.embed import embed
from learner.imports.source import import_source
from learner.label_quality.report import quality_of

BEGIN, END = "<!-- wrong labels: begin -->", "<!-- wrong labels: end -->"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
CORPORA = ("emodb", "esc10")
LABELS, WRONG, LOOKED_AT = 300, 0.2, 0.3


@dataclass(frozen=True)
class Found:
    """For each seed, the share of the wrong labels that are among the first suspicious ones."""

    corpus: str
    encoder: str
    shares: list[float]


def measured(manifest: Path, *, encoder: str, seeds: int) -> Found:
    """Import and embed a labelled corpus once, then give new answers with each seed."""
    truth = {row.file_name: row.label for row in read_manifest(manifest) if not isinstance(row, BadRow) and row.label is not None}
    names = sorted(set(truth.values()))
    with tempfile.TemporaryDirectory() as folder:
        project = create_project(Path(folder) / "project", labels=names)
        import_source(project, manifest)
        embed(project, encoder=encoder)
        pool = _pool(project)
        with project.read() as session:
            files = session.execute(select(Clip.id, Clip.file_name).order_by(Clip.id)).all()
        labels = {clip: names.index(truth[name]) for clip, name in files if name in truth and pool.features.has([clip])[0]}
        shares = [_share(pool, labels, len(names), np.random.default_rng(seed)) for seed in range(seeds)]
        project.close()
    return Found(manifest.stem, Path(encoder).name, shares)


def _pool(project: OpenProject) -> Pool:
    with project.read() as session:
        signature = pool_signature(session)
    pool = None if signature is None else read_pool(project, signature)
    assert pool is not None
    return pool


def _share(pool: Pool, truth: dict[int, int], classes: int, rng: np.random.Generator) -> float:
    """Answers some clips, a part of them with a wrong label; each of the other labels is equally likely."""
    clips = sorted(rng.choice(sorted(truth), min(LABELS, len(truth)), replace=False).tolist())
    wrong = {int(clip) for clip in rng.choice(clips, round(WRONG * len(clips)), replace=False)}
    given = {clip: (truth[clip] + (int(rng.integers(1, classes)) if clip in wrong else 0)) % classes for clip in clips}
    live = [_answer(number, clip, label) for number, (clip, label) in enumerate(given.items(), start=1)]
    order = [suspect.clip_id for suspect in quality_of(pool, live, range(classes), head=None).suspects]
    return len(wrong & set(order[: round(LOOKED_AT * len(clips))])) / len(wrong)


def _answer(number: int, clip_id: int, label: int) -> LiveDecision:
    return LiveDecision(
        id=number,
        uuid=str(uuid.UUID(int=number)),
        clip_id=clip_id,
        annotator_id=1,
        answer=Answer.LABEL,
        label_id=label,
        source=Source.SCRIPTED,
        queued_as=None,
        gold=False,
        suggestion_shown=False,
        created_at=float(number),
    )


def table(found: list[Found]) -> str:
    """As Markdown."""
    lines = ["| corpus | encoder | seeds | found, mean | lowest | highest |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    lines += [
        f"| {each.corpus} | {each.encoder} | {len(each.shares)} | {statistics.mean(each.shares):.1%} | "
        f"{min(each.shares):.1%} | {max(each.shares):.1%} |"
        for each in found
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write the table between its markers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.wrong_labels", description=__doc__)
    parser.add_argument("--corpora", default=os.environ.get("EARMARK_CORPORA"), help="folder of manifests (EARMARK_CORPORA)")
    parser.add_argument("--encoder", action="append", help="default: bundled and logmel")
    parser.add_argument("--seeds", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--print-only", action="store_true", help="leave docs/benchmarks.md as it is")
    options = parser.parse_args()
    if options.corpora is None:
        parser.error("name the folder of the corpora with --corpora or EARMARK_CORPORA")
    folder = Path(options.corpora)
    found = [
        measured(folder / f"{corpus}.csv", encoder=encoder, seeds=options.seeds)
        for corpus in CORPORA
        for encoder in options.encoder or ["bundled", "logmel"]
    ]
    print(table(found))
    if not options.print_only:
        text = DOCUMENT.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN, 1)
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{table(found)}\n\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
