"""Table files changed by hand, and sealed again or left without a seal."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import h5py

from bench.table.seal import SIZE, sealed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def edited(path: Path) -> Iterator[h5py.File]:
    """Yield a table's HDF5 file to change, and put the right seal on the result."""
    image = io.BytesIO(path.read_bytes()[SIZE:])
    with h5py.File(image, "a") as file:
        yield file
    path.write_bytes(sealed(image.getvalue()))


def as_version_1(path: Path) -> None:
    """Turn a table into one of the version without a seal, whose arrays have checksums."""
    before, after = io.BytesIO(path.read_bytes()[SIZE:]), io.BytesIO()
    with h5py.File(before) as file, h5py.File(after, "w") as old:
        old.attrs.update(file.attrs)
        old.attrs["schema_version"] = 1

        def copy(name: str, found: Any) -> None:
            if isinstance(found, h5py.Dataset):
                old.create_dataset(name, data=found[()], fletcher32=True)

        file.visititems(copy)
    path.write_bytes(after.getvalue())
