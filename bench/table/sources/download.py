"""Fetch the official NAS-Bench-101 files, resuming a broken transfer, and check their SHA-256.

A transfer goes to `<name>.part` beside the final file and continues there with an HTTP Range
request, in this call or a later one; the file gets its name only once its SHA-256 is right.
urllib serves: requests and the like add nothing that is needed here, resuming included. What they
lack as well is an end to a server that sends a byte now and then: here the head of an answer must
come in time, and what follows at a least rate.
"""

import http.client
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from bench.base.digests import sha256_of
from bench.base.names import unknown

_CHUNK = 1 << 20
_TIMEOUT_S = 30.0
_LEAST_RATE = 1000
"""Bytes a second, over the time limit; slower, 499 MB would take six days."""

_NETWORK_ERRORS = (urllib.error.URLError, TimeoutError, ConnectionError)


class DownloadError(ValueError):
    """A file that could not be fetched, or is not the one expected."""


class TooSlowError(Exception):
    """A server that sends too little to go on with."""


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
        DownloadError: if the server cannot be reached, breaks off again and again or sends next to
            nothing (what has come is kept), or the checksum is wrong (the transfer is removed).
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
    """Connect again for as long as every connection brings more than crumbs and breaks."""
    while True:
        size, is_slow = _size(part), False
        try:
            if _fetch(url, part, progress):
                return
            reason = "the connection broke"
        except urllib.error.HTTPError as error:
            error.close()
            raise DownloadError(f"cannot fetch {url}: HTTP {error.code} {error.reason}") from None
        except (http.client.HTTPException, TooSlowError, *_NETWORK_ERRORS) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
            is_slow = isinstance(error, TooSlowError)
        if is_slow or _size(part) < size + _LEAST_RATE:
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
        response = _answer(request)
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
            until, least = _next_bound(done)
            while chunk := response.read1(_CHUNK):
                out.write(chunk)
                done += len(chunk)
                progress(done, total)
                if time.monotonic() > until:
                    if done < least:
                        raise TooSlowError(f"it sends less than {_LEAST_RATE:,} bytes a second")
                    until, least = _next_bound(done)
    return total is None or done >= total


def _answer(request: urllib.request.Request) -> http.client.HTTPResponse:
    """Return the answer once its head is there; errors, too late an answer too, are raised."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(urllib.request.urlopen(request, timeout=_TIMEOUT_S))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=2 * _TIMEOUT_S)  # connecting, then the head
    except queue.Empty:
        raise TimeoutError("no answer in time") from None
    if isinstance(answer, Exception):
        raise answer
    response: http.client.HTTPResponse = answer
    return response


def _next_bound(done: int) -> tuple[float, float]:
    """Return when to look at the rate next, and how many bytes there must be then."""
    return time.monotonic() + _TIMEOUT_S, done + _LEAST_RATE * _TIMEOUT_S


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
