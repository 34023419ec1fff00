"""SHA256SUMS: the digest of every file that a stage leaves, in the folder that the file lies in.

`sha256sum -c SHA256SUMS` checks a folder without this project. A new digest is listed beside the
old one before the file is replaced, and the old one dropped after, so that a kill in between leaves
a folder that can be read: a file is as it was written if it has any digest listed for it.

A file without a digest is damage where the folder's own run.json, search.json, ranking.json or
recipe.json is of a version that says that there are digests; before, there were none. Of scores
that a user names (OUT.csv and OUT.csv.part), OUT.json says so by a key of its own. A leaderboard's
folder has nothing that could say so: leaderboard.csv always has a digest.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from bench.base.digests import sha256_of
from bench.base.files import SUFFIX, replacing, write_text
from bench.runs.layout import DIGESTS, LEADERBOARD, RANKING, RUN, SEARCH, SUMS, TRUTH_RECIPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SINCE = {RUN: 3, SEARCH: 2, RANKING: 2, TRUTH_RECIPE: 2}
"""Versions from which on a folder with such a file has digests of all that is read."""

PART = ".part"
"""Behind the name of scores in the making."""

LINE = re.compile(r"([0-9a-f]{64})  (\S.*)\n")


class Kept(NamedTuple):
    """A file's bytes, and what speaks against them; '' if nothing does."""

    data: bytes
    doubt: str


@contextmanager
def keeping(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; on success move it to `path`, and list its digest."""
    before = _digests(path)
    with replacing(path) as part:
        yield part
        new = sha256_of(part)
        if before != [new]:
            _list(path, [*before, new])
    _list(path, [new])


def write_kept(data: bytes | memoryview | str, path: Path) -> None:
    """Write a file whole or not at all, and list its digest."""
    with keeping(path) as part:
        part.write_bytes(data.encode() if isinstance(data, str) else data)


def read_kept(path: Path) -> Kept:
    """Read a file, and hold it against its digest.

    A file that is being replaced is read again: it is damaged if it does not fit twice, and
    neither it nor what is listed has changed in between.
    """
    seen = None
    while True:
        data = path.read_bytes()
        listed, digest = _listed(path), hashlib.sha256(data).hexdigest()
        doubt = listed if isinstance(listed, str) else _doubt(path, listed, digest)
        if not doubt or (listed, digest) == seen:
            return Kept(data, doubt)
        seen = listed, digest


def doubt_of_given(path: Path) -> str:
    """Return what speaks against a file that may be a user's own: such a one has no digest."""
    listed = _listed(path)
    is_ours = (isinstance(listed, list) and listed) or _is_stated(path)
    return read_kept(path).doubt if is_ours else ""


def is_kept(path: Path) -> bool:
    """Whether a file has a digest, and is as that says."""
    return bool(_listed(path)) and not read_kept(path).doubt


def remove_kept(path: Path) -> None:
    """Remove a file that is no longer needed, and its digest."""
    path.unlink(missing_ok=True)
    _list(path, [])


def is_lost(path: Path) -> bool:
    """Whether a file that was written is no longer there, nor just being written."""
    if path.is_file() or not isinstance(listed := _listed(path), list) or not listed:
        return False
    is_written = any(path.parent.glob(f".{path.name}.*{SUFFIX}"))
    return not is_written and not path.is_file()  # it may have come meanwhile


def _doubt(path: Path, listed: list[str], digest: str) -> str:
    if listed:
        is_known = digest in listed
        return "" if is_known else f"it is not as it was written, by its digest in {SUMS}"
    is_promised = path.name == LEADERBOARD or _has_digests(path.parent) or _is_stated(path)
    if not is_promised:
        return ""
    if not (path.parent / SUMS).is_file():
        made = f"made there by 'sha256sum *.csv *.json *.pt > {SUMS}' if you know all to be good"
        return f"it has no digest until {SUMS}, which is gone, is put back beside it, or {made}"
    return f"it has no digest in {SUMS} beside it"


def _has_digests(folder: Path) -> bool:
    """Whether a folder says that its files have digests; a damaged one is taken to."""
    there = (name for name in SINCE if (folder / name).is_file())
    return any(_version(folder / name) >= SINCE[name] for name in there)


def _is_stated(path: Path) -> bool:
    """Whether the JSON file of a user's name says that the scores beside it have digests."""
    statement = path.with_name(path.name.removesuffix(PART)).with_suffix(".json")
    try:
        return bool(json.loads(statement.read_bytes())[DIGESTS] == SUMS)
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return False


def _version(path: Path) -> float:
    try:
        version = json.loads(path.read_bytes()).get("version", 1)
    except (ValueError, AttributeError, RecursionError):
        return math.inf
    return version if isinstance(version, int) else math.inf


def _listed(path: Path) -> list[str] | str:
    """Return the digests listed for a file, or what is wrong with the list."""
    sums = _read_sums(path.parent)
    return sums if isinstance(sums, str) else sums.get(path.name, [])


def _read_sums(folder: Path) -> dict[str, list[str]] | str:
    try:
        data = (folder / SUMS).read_bytes()
    except FileNotFoundError:
        return {}
    sums: dict[str, list[str]] = {}
    for number, line in enumerate(data.decode(errors="replace").splitlines(keepends=True), start=1):
        match = LINE.fullmatch(line)
        if match is None:
            return f"line {number} of {SUMS} beside it is no digest and name"
        sums.setdefault(match[2], []).append(match[1])
    return sums


def _digests(path: Path) -> list[str]:
    """Return what is listed for a file that is to be replaced, or else its digest."""
    listed = _listed(path)
    if isinstance(listed, list) and listed:
        return listed
    return [sha256_of(path)] if path.is_file() else []


def _list(path: Path, digests: list[str]) -> None:
    """List a file's digests in place of those before; of a damaged list nothing is kept."""
    sums = _read_sums(path.parent)
    sums = {} if isinstance(sums, str) else sums
    if digests == sums.pop(path.name, []):
        return
    sums |= {path.name: digests} if digests else {}
    lines = [f"{digest}  {name}\n" for name, same in sorted(sums.items()) for digest in same]
    write_text("".join(lines), path.parent / SUMS)
