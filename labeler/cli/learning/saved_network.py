"""What the command `finetune` does and reports once a network is scored: it is saved, or adopted by a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from labeler.cli.output import opened, print_result
from labeler.cli.progress import progress_bar

if TYPE_CHECKING:
    from learner.finetuning.model.adopting import Adopt
    from learner.finetuning.project.scoring import ProjectSettings
    from learner.finetuning.result import FinetuneResult
    from learner.prediction.models.document import ModelDocument


def adopted(
    directory: Path, settings: ProjectSettings, *, adopt: str | None, save: Path | None, device: str | None
) -> tuple[dict[str, Any], FinetuneResult]:
    """Fine-tune on a project's decisions, and save or adopt a network: the JSON document, and the scores."""
    from learner.finetuning.model.adopting import finetune_and_adopt

    with opened(directory) as project:
        found, written = finetune_and_adopt(
            project, settings=settings, adopt=cast("Adopt | None", adopt), save=save, device=device, watch=progress_bar
        )
    document = found.to_json()
    # `encoder` is the name of the one that was fine-tuned.
    names = {"encoder": "encoder_network"}
    return document | {names.get(name, name): saved_json(*of) for name, of in written.items()}, found.result


def go_back(directory: Path, *, as_json: bool) -> None:
    """Undo what was adopted."""
    from learner.finetuning.model.adopting import give_up

    with opened(directory) as project:
        found = give_up(project)
    lines = [
        *(["The newest head predicts again; the network is removed."] if found["classifier"] else []),
        *(
            [f"The encoder is {found['encoder']} again. The learner takes its features, or run `earmark embed`."]
            if found["encoder"]
            else []
        ),
    ]
    print_result({"adopted": found}, as_json=as_json, lines=lambda: lines or ["Nothing was adopted, so nothing has changed."])


def project_encoder_name(directory: Path) -> str:
    """The encoder of the features in use, or else that of the settings."""
    from db.records.features import newest_feature_set

    with opened(directory) as project, project.read() as session:
        used = newest_feature_set(session)
        return project.settings.encoder if used is None else used.encoder


def saved_json(folder: Path, facts: ModelDocument) -> dict[str, Any]:
    """Of the JSON document: where it is, what loads it, its scores beside the frozen head, and what it learned from."""
    scores = facts.scores
    return {
        "folder": str(folder),
        "head": facts.head,
        "loads_as": "AutoModelForAudioClassification" if facts.head == "plain" else "AutoModel",
        "clips": facts.trained_on.clips,
        "scores": None if scores is None else scores.model_dump(),
        "remarks": facts.remarks,
    }


def saved_lines(document: dict[str, Any]) -> list[str]:
    """For a person."""
    lines: list[str] = []
    saved, encoder = document.get("saved"), document.get("encoder_network")
    if saved is not None:
        lines += [
            *([] if "project" in document else _compared(saved["scores"])),
            f"A network that learned from all labels is saved in {saved['folder']}; "
            f"{saved['loads_as']} of transformers loads it.",
            f"Next: earmark predict predictions.csv --model {saved['folder']} --folder new_recordings/",
        ]
    if "classifier" in document:
        lines.append("`earmark predict` now takes a network that learned from all labels; --adopt none goes back.")
    if encoder is not None:
        lines += [
            f"The project's encoder is now a network that learned from {encoder['clips']} labels; --adopt none goes back.",
            *encoder["remarks"],
            "The learner makes the features anew, or run `earmark embed`. The old ones stay in use until then.",
        ]
    return lines


def _compared(scores: dict[str, Any] | None) -> list[str]:
    if scores is None:
        return []
    frozen, gap = scores["frozen"], scores["difference"]
    judged = "shown to be better" if gap["low"] > 0 else "shown to be worse" if gap["high"] < 0 else "not shown to be better"
    return [
        f"Frozen {frozen['ua']:.3f} ({frozen['ua_low']:.3f}-{frozen['ua_high']:.3f}); difference {gap['value']:+.3f} "
        f"({gap['low']:+.3f} to {gap['high']:+.3f}): {judged}."
    ]
