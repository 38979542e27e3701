"""The settings of a project: `earmark.toml` in its directory, overridden by `EARMARK_…` environment variables."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from db.errors import SettingsError

SETTINGS_FILE = "earmark.toml"
OWN_FOLDERS = ("features", "heads", "cache")
"""Folders that Earmark keeps in a project directory, beside the settings file and the database."""
STRATEGIES = (
    *("default", "random", "k-means", "typicality", "rare-class", "least-confidence", "margin", "entropy"),
    *("committee", "density", "margin-diversity", "badge"),
)
"""Built-in names of query strategies, for who cannot import `learner.query`."""
_URL_LINE = re.compile(r"""^[ \t]*["']?database_url["']?[ \t]*=.*\n?""", flags=re.MULTILINE)


class Settings(BaseSettings):
    """Values a team lead may change; a key that is left out takes its default."""

    model_config = SettingsConfigDict(env_prefix="EARMARK_", extra="forbid", frozen=True, use_attribute_docstrings=True)

    database_url: str | None = None
    """SQLAlchemy URL; none means the SQLite file in the project directory."""
    encoder: str = "bundled"
    """Id on the Hugging Face hub, local folder or built-in name."""
    layers: str | None = None
    """Hidden layers to pool; none means the encoder's own default."""
    pooling: str | None = None
    """`mean` or `mean+std`; none means the encoder's own default."""
    text_encoder: str | None = None
    """Id on the Hugging Face hub, local folder or `minilm`. It encodes the transcripts of clips, so that the classifier may use
    words beside sound; none means that it does not."""
    random_share: float = Field(default=0.2, gt=0, le=1)
    """Share of served clips that belong to the random slice."""
    lease_seconds: float = Field(default=300, ge=10, le=604_800)
    """How long a clip that was handed out is kept for its annotator: a week at most."""
    queue_size: int = Field(default=2000, ge=1, le=1_000_000)
    """How many clips the learner ranks and keeps ready in the queue."""
    strategy: str = "default"
    """Built-in name or dotted name of a modAL-style query strategy."""
    head_c: float = Field(default=0.1, ge=1e-6, le=1e4)
    """Inverse regularisation strength of logistic regression: it ranks the queue, and is the classifier if features are few. Far
    outside of these bounds it cannot be computed."""
    label_keys: dict[str, str] = {}
    """Keys of labels that should not take the next free key: `{ angry = "a" }`."""
    skip_reasons: list[str] = Field(default=["too noisy", "nothing to hear", "cut off", "several at once", "other"], max_length=9)
    """Reasons that the page offers after S, one digit each."""
    least_heard: float = Field(default=0.0, ge=0, le=1)
    """Share of a clip that a person must hear before the page accepts an answer other than skip."""

    shown_columns: list[str] = []
    """Columns of the manifest that are shown beside the player."""
    suggestions: bool = False
    """Whether the label that the classifier expects is shown; never on clips of the random slice."""
    overlap_share: float = Field(default=0.0, ge=0, le=0.5)
    """Share of served clips that another annotator has answered already, so that agreement can be measured."""
    relabel_share: float = Field(default=0.0, ge=0, le=0.5)
    """Share of served clips that have a label already and are served once more, the oldest labels first."""
    gold_share: float = Field(default=0.0, ge=0, le=0.5)
    """Share of served clips whose label a reviewer has fixed: annotators answer them as any other, and are scored by them."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def read_settings(directory: Path) -> Settings:
    """Settings of the project in `directory`.

    Raises:
        SettingsError: the file is not TOML, or a value cannot be used; the message names the key.
    """
    path = directory / SETTINGS_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _unreadable(str(path), error) from error
    return parsed_settings(text, where=str(path))


def parsed_settings(text: str, *, where: str) -> Settings:
    """The settings in the text of a settings file; `where` names it in messages.

    Raises:
        SettingsError: as `read_settings`.
    """
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(where, error) from error
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"{key} in {where} cannot be used: {first['msg']}; change it there or in EARMARK_{key.upper()}."
        ) from error


def _unreadable(where: str, error: Exception) -> SettingsError:
    return SettingsError(f"{where} cannot be read ({error}); correct the file or make a new project with `earmark init`.")


def write_settings(directory: Path, *, database_url: str | None = None) -> None:
    """Write a new settings file that names every key, most of them commented out at their defaults."""
    lines = ["# Settings of this Earmark project. A line that is commented out shows the default."]
    for name, field in Settings.model_fields.items():
        if name == "database_url" and database_url is not None:
            lines.append(f"database_url = {json.dumps(database_url, ensure_ascii=False)}")
        elif field.default is None:
            lines.append(f"# {name} =")
        else:
            lines.append(f"# {name} = {json.dumps(field.default)}")
    (directory / SETTINGS_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def with_database_url(text: str, database_url: str | None) -> str:
    """The text of a settings file with another `database_url`, or without one: everything else, comments too, stays as it is.

    Raises:
        SettingsError: the text is no TOML, or `database_url` does not stand on a line of its own.
    """
    line = "" if database_url is None else f"database_url = {json.dumps(database_url, ensure_ascii=False)}\n"
    changed = line + _URL_LINE.sub("", text)
    try:
        before, after = tomllib.loads(text), tomllib.loads(changed)
    except (ValueError, RecursionError) as error:
        raise _unreadable(SETTINGS_FILE, error) from error
    before.pop("database_url", None)
    if after.pop("database_url", None) != database_url or before != after:
        raise SettingsError(f"database_url cannot be found in {SETTINGS_FILE}; write it on a line of its own.")
    return changed
