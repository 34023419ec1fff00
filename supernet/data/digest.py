"""Digests of images: what tells two folders, or two versions of one, apart."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from supernet.data.data_set import DataSet


def digest_of(data: DataSet) -> str:
    """Return the SHA-256 of every split's pixels and labels, in hexadecimal."""
    digest = hashlib.sha256()
    for images in (data.train, data.valid, data.test):
        for tensor in (images.pixels, images.labels):
            digest.update(f"{tensor.dtype} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.cpu().contiguous().numpy().data)
    return digest.hexdigest()


def digest_of_files(root: Path, paths: Iterable[str]) -> str:
    """Return the SHA-256 of files' names below a folder and their sizes, in hexadecimal.

    The contents of a million images would take an hour to read.
    """
    digest = hashlib.sha256()
    for path in sorted(map(Path, paths)):
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()
