"""Files that are there complete or not at all."""

from __future__ import annotations

import os
import secrets
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

SUFFIX = ".tmp"
_OURS = "mixpath-bench"
CACHE_VARIABLE = "MIXPATH_CACHE"


def data_folder() -> Path:
    """Return the user's folder for downloads and imported tables."""
    from platformdirs import user_data_path

    return _at_home(user_data_path)


def cache_folder() -> Path:
    """Return the folder of what can be made again: $MIXPATH_CACHE, or the user's cache folder."""
    from platformdirs import user_cache_path

    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else _at_home(user_cache_path)


def _at_home(find: Callable[[str], Path]) -> Path:
    """Return a user's folder, or one in the current folder where no home is known.

    Without HOME and an entry in the system's list of users `~` stays as it is, and a folder of
    that name is nothing to leave behind; newer versions of platformdirs raise an error.
    """
    try:
        path = find(_OURS)
    except RuntimeError:
        path = Path()
    return path if path.is_absolute() else Path.cwd() / _OURS


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` to write to, and move it there on success.

    On any error, Ctrl-C included, the temporary file is removed and `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    own = f"{os.getpid()}-{secrets.token_hex(4)}"  # processes of two machines may share a number
    temporary = path.with_name(f".{path.name}.{own}{SUFFIX}")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not name it
        raise
    finally:
        temporary.unlink(missing_ok=True)


def remove_temporary(folder: Path, stem: str = "") -> None:
    """Remove what a process killed while it wrote has left in a folder, of files named so."""
    for path in folder.glob(f".{stem}*{SUFFIX}"):
        path.unlink(missing_ok=True)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file that `write_csv` wrote, with every float as it was."""
    import pandas as pd

    with warnings.catch_warnings():  # pandas 3.1 does so by default and deprecates the argument
        warnings.filterwarnings("ignore", "The 'float_precision' argument")
        return pd.read_csv(path, float_precision="round_trip")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, whole or not at all."""
    write_text(csv_text(frame), path)


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as the text of a CSV file."""
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text


def write_text(text: str, path: Path) -> None:
    """Write a text file, whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
