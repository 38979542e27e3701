"""Keeps one precision for the features of a project: which one is faster may change, and must not start another feature set."""

from __future__ import annotations

from sqlalchemy import select

from db.models import FeatureSet
from db.project import OpenProject
from learner.encoders.base import Encoder
from learner.encoders.precision import PRECISIONS
from learner.encoders.registry import in_precision
from learner.features.store import fingerprint_of


def of_one_precision(project: OpenProject, encoder: Encoder) -> Encoder:
    """The encoder in the precision of the newest feature set that would be the same otherwise; as it is, if there is none."""
    with project.read() as session:
        sets = session.execute(select(FeatureSet.fingerprint, FeatureSet.settings).order_by(FeatureSet.id.desc())).all()
    for fingerprint, settings in sets:
        precision = settings.get("precision")
        if precision in PRECISIONS and fingerprint_of(same := in_precision(encoder, precision)) == fingerprint:
            return same
    return encoder
