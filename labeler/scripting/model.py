"""A network that was saved with its head, applied to new audio without a project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.scripting.encoding import files_encoded
from labeler.scripting.frames import prediction_frame
from labeler.scripting.head import Audio

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from learner.engine.spread import Spread
    from learner.prediction.models.reading import SavedModel
    from learner.prediction.predictions import Prediction, PredictReport
    from learner.progress import Progress


class Model:
    """A classifier that `earmark finetune --save` has written, or one of the wav2vec 2.0 kind for transformers.

        model = Model.load("emotions")
        table = model.predict("new_recordings/")

    It knows nothing of who speaks, and normalises nothing by speaker. Long recordings are read in windows as long as its training
    clips were at most; of a folder that Earmark has not written, in windows of 30 s.
    """

    def __init__(self, saved: SavedModel) -> None:
        """For `load`."""
        self._saved = saved

    @classmethod
    def load(cls, folder: str | os.PathLike[str], *, device: str | None = None) -> Model:
        """Read a folder. Nothing in it is trusted, nothing of it is run, and nothing is downloaded.

        Raises:
            LearnerError: a file of the folder is missing, damaged or of another release, or it holds no classifier.
            EncoderError: its network is of a kind that cannot be used.
        """
        from learner.prediction.models.reading import load_saved_model

        return cls(load_saved_model(Path(folder), device=device))

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of the columns of a prediction."""
        return list(self._saved.head.label_names)

    @property
    def facts(self) -> dict[str, Any] | None:
        """Everything that earmark.json holds; None for a folder that Earmark has not written."""
        return None if self._saved.facts is None else self._saved.facts.model_dump()

    @property
    def accuracy(self) -> dict[str, Any] | None:
        """`ua` with its 95% interval `ua_low` to `ua_high`; None if it is not known."""
        known = None if self._saved.facts is None else self._saved.facts.scores
        return None if known is None else known.tuned.model_dump()

    def predict(self, audio: Audio, *, progress: Progress | None = None) -> pd.DataFrame:
        """Predict audio files; see `labeler.scripting.head.Head.predict`.

        Raises:
            FormatError: a folder cannot be read.
            EncoderError: the network cannot be loaded or run.
        """
        return prediction_frame(lambda report: self._predicted(audio, report, progress), self.labels, of_project=False)

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
        from learner.prediction.predictions import write_csv

        with files_encoded(on) as spread:
            return write_csv(Path(output), lambda report: self._predicted(audio, report, progress, spread), self.labels)

    def _predicted(
        self, audio: Audio, report: PredictReport, progress: Progress | None, spread: Spread | None = None
    ) -> Iterator[Prediction]:
        from learner.engine.spread import in_this_process
        from learner.prediction.adopted import predict_new, used_network
        from learner.prediction.new_audio import audio_files

        report.network = used_network(self._saved)
        files = audio_files(audio)
        return predict_new(self._saved, files, report=report, progress=progress, spread=spread or in_this_process)

    def __repr__(self) -> str:
        return f"Model(labels={self.labels!r}, folder={str(self._saved.folder)!r})"
