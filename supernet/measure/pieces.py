"""What a measurement has of its pieces while it goes on, so that stopping it loses one at most.

A piece is the rows, or the numbers, of one epoch, place or setting: what takes minutes where all
take hours. They are kept in one file of the run's folder, saved now and then and when it is
stopped, and read back to the last bit; it is gone once the measurement has its own file.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.base.stopping import check
from bench.runs import schemas
from bench.runs.digests import remove_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

SAVE_EVERY_S = 30.0


class Pieces:
    """The pieces of a run's measurements.

    Args:
        folder: of the run; None: none are kept.
        names: measurements that are not made yet; pieces of others are of no use.

    Raises:
        DamagedFileError: a file of pieces that is not as it was written.
    """

    def __init__(self, folder: Path | None = None, names: Collection[str] = ()) -> None:
        self.path = None if folder is None else folder / schemas.MEASURING.name
        known: dict[str, Any] = {}
        if self.path is not None and self.path.is_file():
            known = schemas.read_json(self.path, schemas.MEASURING)["pieces"]
        self.known = {name: _decoded(known[name]) for name in names if name in known}
        self.measurement = ""
        self.saved_at = time.monotonic()

    def __call__(self, key: str, make: Callable[[], Any]) -> Any:
        """Return a piece, made now unless it is known.

        Args:
            key: which one, of the measurement at hand.
            make: makes it: rows, or arrays, in lists.

        Raises:
            Stopped: it was asked for.
        """
        pieces = self.known.setdefault(self.measurement, {}) if self.path else {}
        if key not in pieces:
            check()
            pieces[key] = _plain(make())
            if time.monotonic() - self.saved_at > SAVE_EVERY_S:
                self.save()
        return pieces[key]

    @contextmanager
    def of(self, measurement: str) -> Iterator[None]:
        """Hold the pieces to be of a measurement, and save them where that is cut short."""
        self.measurement = measurement
        try:
            yield
        except BaseException:
            self.save()
            raise

    def forget(self, measurement: str) -> None:
        """Drop the pieces of a measurement that has its file."""
        self.known.pop(measurement, None)
        if self.path is not None and self.path.is_file():
            self.save()

    def save(self) -> None:
        """Write what is known, or leave no file where nothing is."""
        self.saved_at = time.monotonic()
        if self.path is None:
            return
        if any(self.known.values()):
            schemas.write_json({"pieces": _encoded(self.known)}, self.path, schemas.MEASURING)
        else:
            remove_kept(self.path)


def _plain(value: Any) -> Any:
    """Turn numpy's arrays and numbers into Python's."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _encoded(value: Any) -> Any:
    """Write NaN, which JSON lacks, as null."""
    if isinstance(value, dict):
        return {key: _encoded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_encoded(part) for part in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _decoded(value: Any) -> Any:
    """Read null as NaN again."""
    if isinstance(value, dict):
        return {key: _decoded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_decoded(part) for part in value]
    return float("nan") if value is None else value
