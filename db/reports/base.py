"""What all reports share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

VERSION = 1
"""Version of the reports that are written now; rows from before there were versions have 0."""


class Report(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
