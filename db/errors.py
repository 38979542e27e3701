"""Everything Earmark raises on purpose.

    EarmarkError                 one sentence: the offending thing and the remedy
    ├── ProjectError             a project directory that is missing, unreadable or already there
    │   └── DatabaseGoneError    a database file that was deleted, moved or replaced while it was in use
    ├── SettingsError            a value in the settings file that cannot be used
    ├── SchemaError              a database of another schema version
    ├── ClipError                an unknown or ambiguous clip
    ├── LabelError               a label outside the label set
    ├── DecisionError            a decision that cannot be recorded
    ├── RoleError                something that a person may not do
    ├── FormatError              an import or export file that cannot be read or written
    ├── AudioError               audio that cannot be decoded
    ├── EncoderError             an encoder that cannot be loaded or run
    ├── FeatureError             a feature set that cannot be read or written
    ├── EngineError              workers elsewhere that cannot be reached or used
    └── LearnerError             the learner cannot start or continue

The command line prints the message and exits with 1; it never prints a traceback for one of these.
"""


class EarmarkError(Exception):
    """Base of all errors that a user can cause and correct."""


class ProjectError(EarmarkError):
    """A project directory is missing, unreadable or already there."""


class DatabaseGoneError(ProjectError):
    """The database file was deleted, moved or replaced while it was in use; nothing can be stored."""


class SettingsError(EarmarkError):
    """A value in the settings file cannot be used."""

    def __init__(self, message: str, *, key: str | None = None) -> None:
        """`key` names the setting, for a page that shows the message beside it."""
        super().__init__(message)
        self.key = key


class SchemaError(EarmarkError):
    """The database has another schema version than this release."""


class ClipError(EarmarkError):
    """A clip is unknown or ambiguous."""


class LabelError(EarmarkError):
    """A label is not in the label set."""


class DecisionError(EarmarkError):
    """A decision cannot be recorded."""


class RoleError(EarmarkError):
    """A person may not do this, or a role cannot be given."""


class FormatError(EarmarkError):
    """An import or export file cannot be read or written."""


class AudioError(EarmarkError):
    """Audio cannot be decoded."""


class EncoderError(EarmarkError):
    """An encoder cannot be loaded or run."""


class OtherWeightsError(EncoderError):
    """The encoder has other weights than those that made the features in use."""

    def __init__(self, message: str, *, without: int) -> None:
        """`without`: how many clips lack features, and cannot get them by the weights that are gone."""
        super().__init__(message)
        self.without = without


class FeatureError(EarmarkError):
    """A feature set cannot be read or written."""


class EngineError(EarmarkError):
    """Workers of other processes or machines cannot be reached or used."""


class LearnerError(EarmarkError):
    """The learner cannot start or continue."""
