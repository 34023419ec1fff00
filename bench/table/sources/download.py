"""Fetch the official NAS-Bench-101 files, resuming a broken transfer, and check their SHA-256.

A transfer goes to `<name>.part` beside the final file and continues there with an HTTP Range
request, in this call or a later one; the file gets its name only once its SHA-256 is right.
urllib serves: requests and the like add nothing that is needed here, resuming included.
"""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from bench.base.digests import sha256_of
from bench.base.names import unknown

_CHUNK = 1 << 20
_TIMEOUT_S = 30
_NETWORK_ERRORS = (urllib.error.URLError, TimeoutError, ConnectionError)


class DownloadError(ValueError):
    """A file that could not be fetched, or is not the one expected."""


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file and where to get it."""

    name: str
    url: str
    sha256: str


_FOLDER = "https://storage.googleapis.com/nasbench/"
FILES = {
    "nasbench_only108": RemoteFile(
        name="nasbench_only108.tfrecord",
        url=_FOLDER + "nasbench_only108.tfrecord",
        sha256="4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
    ),
    "nasbench_full": RemoteFile(
        name="nasbench_full.tfrecord",
        url=_FOLDER + "nasbench_full.tfrecord",
        sha256="3d64db8180fb1b0207212f9032205064312b6907a3bbc81eabea10db2f5c7e9c",
    ),
}

Progress = Callable[[int, int | None], object]
"""Called with the bytes there are and those there will be, if known."""


def official_file(name: str) -> RemoteFile:
    """Find an official file by name.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in FILES:
        raise unknown("file", name, FILES)
    return FILES[name]


def download(
    file: RemoteFile, folder: Path, progress: Progress = lambda _done, _total: None
) -> Path:
    """Fetch a file into a folder, unless it is there, and return its path.

    Raises:
        DownloadError: if the server cannot be reached or breaks off again and again (what has come
            is kept), or the checksum is wrong (the transfer is removed).
        OSError: if the folder cannot be written, or the disk is full.
    """
    path = folder / file.name
    if path.exists():
        if sha256_of(path) != file.sha256:
            raise DownloadError(f"{path} is there with another SHA-256: move it away first")
        return path
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    _fetch_all(file.url, part, progress)
    found = sha256_of(part)
    if found != file.sha256:
        part.unlink()
        raise DownloadError(
            f"{file.url} has SHA-256 {found} instead of {file.sha256}: removed; download it again"
        )
    return part.replace(path)


def _fetch_all(url: str, part: Path, progress: Progress) -> None:
    """Connect again for as long as every connection brings something and breaks."""
    while True:
        size = _size(part)
        try:
            if _fetch(url, part, progress):
                return
            reason = "the connection broke"
        except urllib.error.HTTPError as error:
            error.close()
            raise DownloadError(f"cannot fetch {url}: HTTP {error.code} {error.reason}") from None
        except (http.client.HTTPException, *_NETWORK_ERRORS) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        if _size(part) <= size:
            raise DownloadError(
                f"cannot fetch {url}: {reason}; check the network and run the same command again "
                f"to go on at {_size(part):,} bytes"
            )


def _fetch(url: str, part: Path, progress: Progress) -> bool:
    """Fetch what is missing in one connection; tell whether all has come."""
    request = urllib.request.Request(url)
    size = _size(part)
    if size:
        request.add_header("Range", f"bytes={size}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and size:
            error.close()
            return True  # nothing is left; the checksum tells whether it is all
        raise
    with response:
        resumes = response.status == HTTPStatus.PARTIAL_CONTENT
        done = size if resumes else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length is not None else None
        with part.open("ab" if resumes else "wb") as out:
            while chunk := response.read(_CHUNK):
                out.write(chunk)
                done += len(chunk)
                progress(done, total)
    return total is None or done >= total


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
