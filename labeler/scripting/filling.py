"""What fills a project: importing clips, computing features, and the clips as a data frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from db.imports.column_choice import chosen_columns
from db.imports.corpora.registry import CORPORA
from db.imports.times import TimesIn
from labeler.scripting.encoding import clips_encoded
from labeler.scripting.frames import clip_frame
from labeler.scripting.opened import Opened, StrPath
from labeler.scripting.options import Time, option_of, seconds_of
from learner.audio.address import is_address

if TYPE_CHECKING:
    import pandas as pd

    from learner.features.embed_report import EmbedReport
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
    columns: Mapping[str, str] | None
    """The column of a manifest by what it holds (`file`, `label`, `start`, `end`, `speaker`, `transcript`, `split`)."""
    segment: str | None
    """Cut recordings into clips: `windows:10` for windows of 10 seconds, or `pauses` for stretches of speech (extra `vad`)."""
    longest: float | None
    """With `pauses`, the seconds of a clip at most; None for 10."""
    shortest: float | None
    """With `segment`, the seconds of a clip at least; None for 0.5."""
    tool: str | None
    """What wrote the source, such as `label-studio`; None: noticed by its files."""
    label_column: str | None
    """Where another tool holds the labels: a column, a scheme, or the name of a question."""
    audio_folder: StrPath | None
    """The folder of the audio that Label Studio or Prodigy addresses; None for that of the source."""
    audio_key: str | None
    """The key under which tasks of Label Studio address their audio."""


class Filling(Opened):
    """The part of `labeler.project.Project` about clips and their features."""

    def import_clips(
        self, source: StrPath, *, seed: int | None = None, progress: Progress | None = None, **options: Unpack[ImportOptions]
    ) -> ImportReport:
        """Register the clips of a manifest (CSV, TSV, JSONL), of a folder, or of another tool's files. Audio stays where it is.

        Args:
            seed: makes the order of the random slice repeatable; by default nobody can foresee it.
            options: see `labeler.scripting.filling.ImportOptions`.

        Returns:
            A report: `added` and `known` clips, `labels` and `suggestions` recorded, `rejected` rows with reasons,
            `labels_not_taken`, and `notes`.

        Raises:
            FormatError: the source cannot be read. Single rows that cannot be used are in the report.
            DecisionError: `labels_as` cannot be a name.
        """
        from learner.imports.source import import_source

        with self._used() as project:
            return import_source(project, _place(source), seed=seed, progress=progress, **_as_learner_takes(**options))

    def validate(self, source: StrPath, *, progress: Progress | None = None, **options: Unpack[ImportOptions]) -> ImportReport:
        """What `import_clips` would do with the same options; nothing is written.

        Raises:
            FormatError, DecisionError: as `import_clips`.
            ProjectError: the database is damaged, or there is no room for a copy of it.
        """
        from learner.imports.validation import validate_source

        with self._used() as project:
            return validate_source(project, _place(source), progress=progress, **_as_learner_takes(**options))

    def embed(
        self,
        *,
        encoder: str | None = None,
        layers: str | None = None,
        pooling: str | None = None,
        text_encoder: str | None = None,
        on: str | None = None,
        progress: Progress | None = None,
        note: Callable[[str], None] | None = None,
    ) -> EmbedReport:
        """Compute the features that clips still lack. It may be interrupted and called again.

        Args:
            encoder: `bundled`, `whisper`, `logmel`, `egemaps`, a hub id or a local folder; None for the project's setting.
            layers: hidden layers to pool, such as `5`, `0,3,6`, `mean` or `all`.
            pooling: `mean` or `mean+std` over time.
            text_encoder: becomes the setting: `minilm`, a hub id or a local folder, for vectors of transcripts as well; `none`
                clears it. None leaves the setting as it is.
            on: `local:N` for N processes, or the address of a Dask scheduler, whose workers encode the audio; None for this
                process. In a script, `local:N` needs `if __name__ == "__main__":`.
            note: called with what somebody should know of the encoder, before it starts.

        Returns:
            A report: how many clips were `embedded`, in how many `seconds`, which `failed` (clip, file name and reason), and
            the `words`: how many transcripts were `encoded`, how many clips there are `with_words`, and how many `without`.

        Raises:
            EncoderError: an encoder cannot be loaded or run.
            FeatureError: another process embeds this project, or the disk is full.
            EngineError: the workers cannot be reached or used.
        """
        from learner.features.embed import embed
        from learner.progress import unseen

        shown = progress or unseen
        with self._used() as project:
            if text_encoder is not None:
                from learner.features.embed_words import choose_text_encoder

                choose_text_encoder(project, text_encoder)
            with clips_encoded(on) as encode:
                report = embed(project, encoder=encoder, layers=layers, pooling=pooling, progress=shown, note=note, encode=encode)
            if project.settings.text_encoder is None:
                return report
            from learner.features.embed_words import embed_words

            return replace(report, words=embed_words(project, progress=shown))

    def clips(self, *, as_of: Time | None = None) -> pd.DataFrame:
        """One row for each clip that was not withdrawn, by number.

        Columns: `clip` (its number), `file_name`, `path`, `start` and `end` in seconds, `speaker`, `label` that follows from all
        answers or is predicted, its `kind` (`gold`, `consensus`, `predicted` or `none`), `agreement` and `confidence` (0 to 1),
        `answers` (how many), `by_annotator` (a dict), `predicted` with `predicted_score` and `predicted_by`, `answered_at`,
        `transcript`, `split`, and `extra` (a dict with the other columns of the manifest).

        Args:
            as_of: the project as it was then.

        Raises:
            LearnerError: the predictions, or those of that time, cannot be read any more.
        """
        with self._used() as project:
            return clip_frame(project, as_of=seconds_of(as_of))


def _place(source: StrPath) -> Path | str:
    """A path, or the text of an address, which a path would spoil: it makes one slash of two."""
    return source if isinstance(source, str) and is_address(source) else Path(source)


def _as_learner_takes(
    *,
    labels_as: str | None = None,
    labels_from_folders: bool = False,
    times_in: str | None = None,
    corpus: str | None = None,
    speaker_from: str | None = None,
    columns: Mapping[str, str] | None = None,
    segment: str | None = None,
    longest: float | None = None,
    shortest: float | None = None,
    tool: str | None = None,
    label_column: str | None = None,
    audio_folder: StrPath | None = None,
    audio_key: str | None = None,
) -> dict[str, Any]:
    """`ImportOptions` as `learner.imports.source.import_source` takes them."""
    from learner.imports.segmenting.segmentation import segmentation_of
    from learner.imports.tools import Tool, ToolOptions

    return {
        "labels_as": labels_as,
        "labels_from_folders": labels_from_folders,
        "times_in": option_of("unit of times", TimesIn, times_in),
        "corpus": option_of("known corpus", CORPORA, corpus),
        "speaker_from": speaker_from,
        "columns": chosen_columns([f"{meaning}={column}" for meaning, column in (columns or {}).items()]),
        "segment": segmentation_of(segment, longest=longest, shortest=shortest),
        "tools": ToolOptions(
            tool=option_of("tool", Tool, tool),
            label_column=label_column,
            audio_folder=None if audio_folder is None else Path(audio_folder),
            audio_key=audio_key,
        ),
    }
