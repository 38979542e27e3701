"""What fills a project: importing clips, computing features, and the clips as a data frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from db.errors import FormatError
from db.imports.times import TimesIn
from labeler.scripting.export_options import Time, seconds_of
from labeler.scripting.frames import clip_frame
from labeler.scripting.opened import Opened, StrPath

if TYPE_CHECKING:
    import pandas as pd

    from learner.features.embed import EmbedReport
    from learner.imports.import_report import ImportReport
    from learner.progress import Progress


class ImportOptions(TypedDict, total=False):
    """How a source is read."""

    labels_as: str | None
    """Record the labels in the source as this annotator's decisions."""
    labels_from_folders: bool
    """The name of each file's folder is its label."""
    times_in: str | None
    """What start and end are given in: `seconds` (the default), `milliseconds`, `samples` or `clock`."""
    corpus: str | None
    """A known corpus whose folder this is, such as `emodb`."""
    speaker_from: str | None
    """A column to take as the speaker."""


class Filling(Opened):
    """The part of `labeler.project.Project` about clips and their features."""

    def import_clips(
        self, source: StrPath, *, seed: int | None = None, progress: Progress | None = None, **options: Unpack[ImportOptions]
    ) -> ImportReport:
        """Register the clips of a manifest (CSV, TSV, JSONL), of another tool's file, or of a folder. Audio stays where it is.

        Args:
            seed: makes the order of the random slice repeatable; by default nobody can foresee it.
            options: see `labeler.scripting.filling.ImportOptions`.

        Returns:
            A report: `added` and `known` clips, `labels` recorded, `rejected` rows with reasons, `labels_not_taken`, `notes`.

        Raises:
            FormatError: the source cannot be read. Single rows that cannot be used are in the report.
            DecisionError: `labels_as` cannot be a name.
        """
        from learner.imports.source import import_source

        with self._used() as project:
            return import_source(
                project,
                Path(source),
                labels_as=options.get("labels_as"),
                labels_from_folders=options.get("labels_from_folders", False),
                times_in=_unit(options.get("times_in")),
                corpus=options.get("corpus"),
                speaker_from=options.get("speaker_from"),
                seed=seed,
                progress=progress,
            )

    def embed(
        self,
        *,
        encoder: str | None = None,
        layers: str | None = None,
        pooling: str | None = None,
        progress: Progress | None = None,
    ) -> EmbedReport:
        """Compute the features that clips still lack. It may be interrupted and called again.

        Args:
            encoder: `bundled`, `logmel`, `egemaps`, a hub id or a local folder; None for the project's setting.
            layers: hidden layers to pool, such as `5`, `0,3,6`, `mean` or `all`.
            pooling: `mean` or `mean+std` over time.

        Returns:
            A report: how many clips were `embedded`, in how many `seconds`, and which `failed` (clip, file name and reason).

        Raises:
            EncoderError: the encoder cannot be loaded or run.
            FeatureError: another process embeds this project, or the disk is full.
        """
        from learner.features.embed import embed
        from learner.progress import unseen

        with self._used() as project:
            return embed(project, encoder=encoder, layers=layers, pooling=pooling, progress=progress or unseen)

    def clips(self, *, as_of: Time | None = None) -> pd.DataFrame:
        """One row for each clip that was not withdrawn, by number.

        Columns: `clip` (its number), `file_name`, `path`, `start` and `end` in seconds, `speaker`, `label` that follows from all
        answers or is predicted, its `kind` (`gold`, `consensus`, `predicted` or `none`), `agreement` and `confidence` (0 to 1),
        `answers` (how many), `by_annotator` (a dict), `predicted` with `predicted_score` and `predicted_by`, `answered_at`,
        `transcript`, `split`, and `extra` (a dict with the other columns of the manifest).

        Args:
            as_of: the project as it was then.
        """
        with self._used() as project:
            return clip_frame(project, as_of=seconds_of(as_of))


def _unit(name: str | None) -> TimesIn | None:
    try:
        return None if name is None else TimesIn(name)
    except ValueError as error:
        raise FormatError(f"Times cannot be given in {name!r}; use one of: {', '.join(TimesIn)}.") from error
