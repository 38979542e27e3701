"""What is learned from the answers: training, the accuracy and its curve, and predictions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from db.finetuned.document import read_finetuned
from db.records.labels import active_labels
from db.records.runs import latest_curve, latest_evaluated_run, latest_outlook
from db.reports import ComparedCurves
from db.status import project_status
from labeler.scripting.better_features import as_document, better_features_of
from labeler.scripting.encoding import files_encoded
from labeler.scripting.frames import prediction_frame
from labeler.scripting.opened import Opened, StrPath
from labeler.words.run import words_in_words

if TYPE_CHECKING:
    import pandas as pd

    from labeler.scripting.head import Audio
    from learner.prediction.predictions import PredictReport
    from learner.progress import Progress

_POINT = ("decisions", "examples_per_class", "smallest_class", "ua", "ua_low", "ua_high", "wa")


class Learning(Opened):
    """The part of `labeler.project.Project` about the classifier."""

    def learn(self, *, progress: Progress | None = None) -> int | None:
        """Train on the answers there are, rank the queue, and estimate the accuracy. Does nothing if nothing is new.

        Returns:
            The number of the newest run; None if no clip has features yet.

        Raises:
            LearnerError: another learner is running (`earmark serve` runs one), or the project's strategy fails.
        """
        from learner.loop.run import learn_once
        from learner.progress import unseen

        with self._used() as project:
            return learn_once(project, progress=progress or unseen)

    def status(self) -> dict[str, Any]:
        """The project in numbers: clips, decisions, labels, the newest run with its accuracy, the advice on when to stop,
        better features that it could have, and what the last fine-tuning gave.
        """
        with self._used() as project:
            with project.read() as session:
                document = project_status(session, text_encoder=project.settings.text_encoder)
                outlook, run = latest_outlook(session), latest_evaluated_run(session)
                if document["words"] is not None:
                    document["words"]["sentences"] = [] if run is None else words_in_words(run)
            finetuned = read_finetuned(project.heads_dir)
            better = [as_document(offer) for offer in better_features_of(project)]
        return {
            **document,
            "outlook": None if outlook is None else outlook.model_dump(mode="json"),
            "better_features": better,
            "finetuned": None if finetuned is None else finetuned.as_document(),
        }

    def curve(self, *, output: StrPath | None = None) -> dict[str, Any]:
        """Accuracy against labels: `points`, each scored on today's random slice, and the curves that it is compared with.

        Args:
            output: draw it to this .png, .svg or .html file as well.

        Raises:
            FormatError: the file cannot be written.
        """
        from labeler.charts.curve import save_curve

        with self._used() as project, project.read() as session:
            found, outlook, labels = latest_curve(session), latest_outlook(session), active_labels(session)
        others = ComparedCurves() if outlook is None else outlook.curves
        if output is not None:
            save_curve(found, Path(output), labels=len(labels), others=others)
        return {
            "points": [{name: getattr(point, name) for name in _POINT} for point in found.points],
            **others.model_dump(mode="json"),
            "slice_clips": found.slice_clips,
            "speakers": found.speakers,
            "outlook": None if outlook is None else outlook.model_dump(mode="json"),
        }

    def predict(self, audio: Audio | None = None, *, progress: Progress | None = None) -> pd.DataFrame:
        """Predict labels by the newest head, or by the network that the project has adopted: of its clips, or of new audio.

        Args:
            audio: a folder, a file or a list of these; None for the project's clips.

        Returns:
            One row a clip or file: `clip` (of the project's clips), `file_name`, `start` and `end` in seconds, `predicted`, a
            probability `p_LABEL` for each label, and `problem`. What cannot be predicted has a problem and no label.

        Raises:
            LearnerError: there is no head yet, or it was trained on other features than those in use.
            EncoderError: the encoder cannot be loaded, or has changed since the features were made.
            FormatError: a folder cannot be read.
        """
        from learner.prediction.adopted import adopted_classifier
        from learner.prediction.new_audio import audio_files
        from learner.prediction.predict import current_head, predict_by_network, predict_new, predict_project

        with self._used() as project:
            network = adopted_classifier(project)
            if network is not None:
                new = None if audio is None else audio_files(audio)
                return prediction_frame(
                    lambda report: predict_by_network(project, network, new, report=report, progress=progress),
                    network.head.label_names,
                    of_project=audio is None,
                )
            names = current_head(project)[0].label_names
            if audio is None:
                return prediction_frame(
                    lambda report: predict_project(project, report=report, progress=progress), names, of_project=True
                )
            files = audio_files(audio)
            return prediction_frame(
                lambda report: predict_new(project, files, report=report, progress=progress), names, of_project=False
            )

    def write_predictions(
        self, output: StrPath, *, folder: StrPath | None = None, on: str | None = None, progress: Progress | None = None
    ) -> PredictReport:
        """Write the same to a CSV file, clip by clip, but for what cannot be predicted: the report names that.

        Args:
            on: `local:N` for N processes, or the address of a Dask scheduler, whose workers encode; None for this process.

        Raises:
            LearnerError, EncoderError, FormatError: as `predict`; or the output cannot be written.
            EngineError: the workers cannot be reached or used.
        """
        from learner.prediction.predict import write_predictions

        with self._used() as project, files_encoded(on) as spread:
            below = None if folder is None else Path(folder)
            return write_predictions(project, Path(output), folder=below, progress=progress, spread=spread)
