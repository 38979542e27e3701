"""Better features than those in use, for `status` and `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from db.project import OpenProject
from db.records.features import features_in_use
from labeler.words.better_features import WHAT_STAYS, BetterFeatures, better_features

if TYPE_CHECKING:
    from learner.doctor.finding import Finding


def better_features_of(project: OpenProject) -> list[BetterFeatures]:
    """All there are; none before the project has features."""
    from learner.features.bundled_weights import bundled_revision

    with project.read() as session:
        used = features_in_use(session)
    if used is None:
        return []
    settings = project.settings
    chosen = settings.encoder if "encoder" in settings.model_fields_set else used.encoder
    return better_features(used, chosen=chosen, bundled=bundled_revision())


def as_document(offer: BetterFeatures) -> dict[str, Any]:
    """What `earmark status --json` prints of it."""
    return {
        "encoder": offer.encoder,
        "what": offer.what,
        "gain": offer.gain or None,
        "costs": list(offer.costs),
        "seconds": round(offer.seconds, 1),
        "install": offer.install,
        "command": offer.command,
    }


def as_findings(project: OpenProject) -> Iterator[Finding]:
    """What `earmark doctor` says of it; no problem."""
    from learner.doctor.finding import Finding

    for offer in better_features_of(project):
        yield Finding(
            subject="features",
            kind="better-features",
            what=" ".join([offer.what, *([offer.gain] if offer.gain else []), *offer.costs]),
            remedy=f"To have them, run {offer.how}. {WHAT_STAYS}",
            is_problem=False,
        )
