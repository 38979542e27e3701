"""A head that was exported, applied to new audio without its project."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.scripting.encoding import files_encoded
from labeler.scripting.frames import prediction_frame

if TYPE_CHECKING:
    import pandas as pd

    from learner.encoders.base import Encoder
    from learner.prediction.portable_head import PortableHead
    from learner.prediction.predictions import PredictReport
    from learner.progress import Progress

Audio = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A folder, with all audio files below it; a file; or a list of these."""


class Head:
    """A classifier that `Project.export_head` or `earmark export-head` has written.

        head = Head.load("head")
        table = head.predict("new_recordings/")

    It needs its encoder, which is not part of the folder. It knows nothing of who speaks, and normalises nothing by speaker.
    """

    def __init__(self, portable: PortableHead, encoder: Encoder) -> None:
        """For `load`."""
        self._portable, self._encoder = portable, encoder

    @classmethod
    def load(cls, folder: str | os.PathLike[str], *, encoder: str | None = None) -> Head:
        """Read an exported head, and find its encoder. Nothing in the folder is trusted, and nothing of it is run.

        Args:
            folder: holds head.json and head.safetensors.
            encoder: the encoder's name, if it is a local folder, or a hub id that must be downloaded first.

        Raises:
            LearnerError: a file of the folder is missing or damaged, or was written by a newer release.
            EncoderError: the encoder must be named, cannot be loaded, or is not the one that the head was trained with.
        """
        from learner.prediction.head_encoder import encoder_for
        from learner.prediction.portable_head import load_portable_head

        portable = load_portable_head(Path(folder))
        return cls(portable, encoder_for(portable.facts, given=encoder))

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of the columns of a prediction."""
        return list(self._portable.facts.labels)

    @property
    def accuracy(self) -> dict[str, Any] | None:
        """`ua` with its 95% interval `ua_low` to `ua_high`, `wa`, and what they were estimated on; None if it was not known."""
        known = self._portable.facts.accuracy
        return None if known is None else known.model_dump()

    @property
    def facts(self) -> dict[str, Any]:
        """Everything that head.json holds."""
        return self._portable.facts.model_dump()

    def predict(self, audio: Audio, *, progress: Progress | None = None) -> pd.DataFrame:
        """Predict audio files.

        Args:
            audio: a folder, a file, or a list of these.
            progress: called with files done and files in all.

        Returns:
            One row a file: `file_name` (as given, or relative to the folder), `start` and `end` in seconds, `predicted`, a
            probability `p_LABEL` for each label, and `problem`. A file that cannot be predicted has a problem and no label.

        Raises:
            FormatError: a folder cannot be read.
            EncoderError: the encoder cannot be run.
        """
        from learner.prediction.new_audio import audio_files, predict_files

        files, head = audio_files(audio), self._portable.labelled
        return prediction_frame(
            lambda report: predict_files(head, self._encoder, files, report=report, progress=progress),
            head.label_names,
            of_project=False,
        )

    def write_predictions(
        self, output: str | os.PathLike[str], audio: Audio, *, on: str | None = None, progress: Progress | None = None
    ) -> PredictReport:
        """Write the same to a CSV file, row by row, but for files that cannot be predicted: the report names those.

        Args:
            on: `local:N` for N processes, or the address of a Dask scheduler, whose workers encode; None for this process.

        Raises:
            FormatError: the output cannot be written.
            EngineError: the workers cannot be reached or used.
        """
        from learner.engine.spread import in_this_process
        from learner.prediction.new_audio import audio_files, predict_files
        from learner.prediction.predictions import write_csv

        files, head = audio_files(audio), self._portable.labelled
        with files_encoded(on) as spread:
            who = spread or in_this_process
            report = write_csv(
                Path(output),
                lambda report: predict_files(head, self._encoder, files, report=report, progress=progress, spread=who),
                head.label_names,
            )
        report.head = self._portable.used
        return report

    def __repr__(self) -> str:
        facts = self._portable.facts
        return f"Head(labels={self.labels!r}, encoder={facts.encoder.name!r}, run={facts.run})"
