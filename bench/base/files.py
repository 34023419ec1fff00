"""Files that are there complete or not at all."""

from __future__ import annotations

import os
import secrets
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

SUFFIX = ".tmp"
CACHE_VARIABLE = "MIXPATH_CACHE"


def data_folder() -> Path:
    """Return the user's folder for downloads and imported tables."""
    from platformdirs import user_data_path

    return user_data_path("mixpath-bench")


def cache_folder() -> Path:
    """Return the folder of what can be made again: $MIXPATH_CACHE, or the user's cache folder."""
    from platformdirs import user_cache_path

    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("mixpath-bench")


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


def remove_temporary(folder: Path) -> None:
    """Remove what a process killed while it wrote has left in a folder."""
    for path in folder.glob(f".*{SUFFIX}"):
        path.unlink(missing_ok=True)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file that `write_csv` wrote, with every float as it was."""
    import pandas as pd

    with warnings.catch_warnings():  # pandas 3.1 does so by default and deprecates the argument
        warnings.filterwarnings("ignore", "The 'float_precision' argument")
        return pd.read_csv(path, float_precision="round_trip")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, whole or not at all."""
    write_text(frame.to_csv(index=False, lineterminator="\n"), path)


def write_text(text: str, path: Path) -> None:
    """Write a text file, whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, newline="")
