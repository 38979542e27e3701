"""How much room the database takes for a clip and for a decision: `python -m benchmarks.studies.disk_use`.

It fills a made-up project of 100,000 clips and 50,000 decisions, each clip a file of its own with a speaker, a transcript and two
columns of a manifest, and prints the bytes of each table with its indexes, divided by its rows. docs/deployment.md uses them.
"""

from __future__ import annotations

from sqlalchemy import text

from benchmarks.app.clips_at_size import CLIPS, DECISIONS, filled
from benchmarks.measuring.many_rows import insert_rows
from benchmarks.measuring.postgresql import SERVER, database
from db.models import FeatureRow, FeatureSet, Lease
from db.project import OpenProject

_SHARD = 4096


def bytes_a_row(project: OpenProject) -> dict[str, float]:
    """Bytes of each table that grows with clips or decisions, its indexes included, for one row."""
    with project.write() as session:
        session.add(FeatureSet(id=1, fingerprint="0" * 64, encoder="bundled", dim=192, created_at=1.0))
    insert_rows(project, FeatureRow, CLIPS, _feature_row, batch=_SHARD)
    insert_rows(project, Lease, DECISIONS, _lease, batch=_SHARD)
    rows = {"audio_file": CLIPS, "clip": CLIPS, "feature_row": CLIPS, "decision": DECISIONS, "lease": DECISIONS}
    with project.read() as session:
        if session.get_bind().dialect.name == "postgresql":
            query = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
        else:
            names = "SELECT name FROM sqlite_master WHERE tbl_name = :name"
            query = text(f"SELECT SUM(pgsize) FROM dbstat WHERE name IN ({names})")
        return {name: float(session.execute(query, {"name": name}).scalar_one()) / count for name, count in rows.items()}


def _feature_row(number: int) -> dict[str, object]:
    return {"feature_set_id": 1, "clip_id": number + 1, "shard": number // _SHARD, "row": number % _SHARD}


def _lease(number: int) -> dict[str, object]:
    times = {"created_at": 1_700_000_000.25 + number, "expires_at": 1_700_000_300.25 + number}
    return {"id": number + 1, "clip_id": number + 1, "annotator_id": number % 5 + 1, "source": "uncertain", **times}


def _print(name: str, address: str | None) -> None:
    with filled(address) as project:
        found = bytes_a_row(project)
    clip = found["audio_file"] + found["clip"] + found["feature_row"]
    decision = found["decision"] + found["lease"]
    print(f"{name}: {clip:.0f} bytes a clip, {decision:.0f} a decision ({', '.join(f'{k} {v:.0f}' for k, v in found.items())})")


if __name__ == "__main__":
    _print("SQLite", None)
    if SERVER:
        with database() as url:
            _print("PostgreSQL", url)
