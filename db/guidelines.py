"""The label guidelines: a Markdown file in the project directory, which the team lead writes."""

from __future__ import annotations

from pathlib import Path

from db.errors import SettingsError
from db.store.files import write_whole

GUIDELINES_FILE = "guidelines.md"
MOST_BYTES = 256 * 1024


def read_guidelines(directory: Path) -> str | None:
    """The project's guidelines; None without any.

    Raises:
        SettingsError: the file cannot be read, is no text, or is too large.
    """
    path = directory / GUIDELINES_FILE
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise SettingsError(f"{path} is larger than {MOST_BYTES // 1024} KiB; make it shorter.")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({error}); save it as UTF-8 text.") from error


def write_guidelines(directory: Path, markdown: str) -> None:
    """Write the project's guidelines, in place of those that are there.

    Raises:
        SettingsError: the text is too large, or the file cannot be written.
    """
    path = directory / GUIDELINES_FILE
    try:
        content = markdown.encode("utf-8")
        if len(content) > MOST_BYTES:
            raise SettingsError(f"The guidelines are larger than {MOST_BYTES // 1024} KiB; make them shorter.")
        write_whole(path, content)
    except (OSError, UnicodeEncodeError) as error:
        raise SettingsError(f"{path} cannot be written ({error}); check its permissions and the space on the disk.") from error
