"""SHA256SUMS: kept in step with the files wherever a kill strikes, and nothing believed without."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.runs import digests, schemas
from bench.runs.digests import (
    doubt_of_given,
    is_kept,
    is_lost,
    keeping,
    read_kept,
    remove_kept,
    write_kept,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NO_DIGEST = "it has no digest in SHA256SUMS beside it"
SUMS_GONE = (
    "it has no digest until SHA256SUMS, which is gone, is put back beside it, or made there by "
    "'sha256sum *.csv *.json *.pt > SHA256SUMS' if you know all to be good"
)
NOT_AS_WRITTEN = "it is not as it was written, by its digest in SHA256SUMS"


class Killed(BaseException):
    """What a kill is here."""


def test_sha256sum_checks_what_was_written(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "b.csv"):
        write_kept(f"of {name}\n", tmp_path / name)
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert checked.stdout == "a.csv: OK\nb.csv: OK\n"
    assert read_kept(tmp_path / "a.csv") == (b"of a.csv\n", "")


@pytest.mark.parametrize("new", [b"other", b"", b"old "])
def test_another_content_is_doubted(tmp_path: Path, new: bytes) -> None:
    path = tmp_path / "a.csv"
    write_kept(b"old", path)
    path.write_bytes(new)
    assert read_kept(path) == (new, NOT_AS_WRITTEN)


@pytest.mark.parametrize("number", range(1, 4))
@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_kill_at_any_rename_leaves_the_old_file_or_the_new_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    is_before: bool,
    is_first: bool,
) -> None:
    """A file is listed, put in its place, and what was listed before is dropped: three renames."""
    path, replace, count = tmp_path / "a.csv", Path.replace, 0
    if not is_first:
        write_kept("old", path)

    def dying(source: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        assert not is_lost(path), "to a reader who comes now"
        if count == number and is_before:
            raise Killed
        moved = replace(source, target)
        if count == number:
            raise Killed
        return moved

    monkeypatch.setattr(Path, "replace", dying)
    if is_first and number == 3:  # there is nothing to drop
        write_kept("new", path)
    else:
        with pytest.raises(Killed):
            write_kept("new", path)
    monkeypatch.undo()
    if path.is_file():
        assert read_kept(path).doubt == ""
        assert path.read_text() in ("new", "old")
    write_kept("newer", path)
    assert read_kept(path) == (b"newer", "")
    assert (tmp_path / "SHA256SUMS").read_text().count("\n") == 1


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_kept("old", path)
    with pytest.raises(OSError, match="full"), keeping(path) as part:  # noqa: PT012 (what is tested is the block)
        part.write_text("ne")
        raise OSError(28, "full")
    assert read_kept(path) == (b"old", "")


@pytest.mark.parametrize(
    ("name", "version", "is_promised"),
    [
        ("run.json", 2, False),
        ("run.json", 3, True),
        ("search.json", 1, False),
        ("search.json", 2, True),
        ("ranking.json", 2, True),
        ("recipe.json", 2, True),
        ("run.json", '"3"', True),
        ("other.json", 9, False),
    ],
)
def test_files_before_digests_are_read_and_later_ones_need_theirs(
    tmp_path: Path, name: str, version: object, is_promised: bool
) -> None:
    (tmp_path / name).write_text(f'{{"version": {version}}}')
    (tmp_path / "a.csv").write_text("x")
    assert read_kept(tmp_path / "a.csv").doubt == (SUMS_GONE if is_promised else "")
    (tmp_path / "SHA256SUMS").touch()
    assert read_kept(tmp_path / "a.csv").doubt == (NO_DIGEST if is_promised else "")
    (tmp_path / name).write_text("{")
    assert read_kept(tmp_path / "a.csv").doubt == ("" if name == "other.json" else NO_DIGEST)


def test_a_lost_list_can_be_made_as_the_message_says(tmp_path: Path) -> None:
    write_kept('{"version": 3}', tmp_path / "run.json")
    write_kept("x", tmp_path / "a.csv")
    (tmp_path / "SHA256SUMS").unlink()
    command = read_kept(tmp_path / "a.csv").doubt.split("'")[1]
    subprocess.run(command, shell=True, cwd=tmp_path, check=False)  # it has no *.pt
    assert read_kept(tmp_path / "a.csv").doubt == ""
    assert read_kept(tmp_path / "run.json").doubt == ""
    (tmp_path / "a.csv").write_text("y")
    assert "not as it was written" in read_kept(tmp_path / "a.csv").doubt


@pytest.mark.parametrize(
    "damage", [lambda text: text[:-1], lambda text: "x" + text, lambda _: "\n"]
)
def test_a_damaged_list_vouches_for_nothing(tmp_path: Path, damage: Callable[[str], str]) -> None:
    path, sums = tmp_path / "a.csv", tmp_path / "SHA256SUMS"
    write_kept("x", path)
    sums.write_text(damage(sums.read_text()))
    assert read_kept(path).doubt == "line 1 of SHA256SUMS beside it is no digest and name"
    write_kept("y", tmp_path / "b.csv")
    assert "a.csv" not in sums.read_text()


def test_an_older_file_is_listed_when_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    write_kept("new", tmp_path / "a.csv")
    assert read_kept(tmp_path / "a.csv") == (b"new", "")


def test_what_was_removed_on_purpose_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert not is_lost(path)
    write_kept("x", path)
    assert not is_lost(path)
    path.unlink()
    assert is_lost(path)
    remove_kept(path)
    assert not is_lost(path)


def test_a_file_is_kept_where_it_has_a_digest_and_is_as_that_says(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x")
    assert not is_kept(path)
    write_kept("y", path)
    assert is_kept(path)
    path.write_text("z")
    assert not is_kept(path)


@pytest.mark.parametrize("name", ["own.csv", "own.csv.part", "own.json"])
def test_scores_that_a_user_names_have_digests_where_their_statement_says_so(
    tmp_path: Path, name: str
) -> None:
    path, sums = tmp_path / name, tmp_path / "SHA256SUMS"
    write_kept('{"digests": "SHA256SUMS"}', tmp_path / "own.json")
    write_kept('{"digests": "SHA256SUMS"}', path)
    assert doubt_of_given(path) == ""
    sums.unlink()
    assert doubt_of_given(path) == read_kept(path).doubt == SUMS_GONE
    for text in ("{}", "[]", '"digests"', "{", "1"):
        (tmp_path / "own.json").write_text(text)
        assert doubt_of_given(path) == "", "a user's own"
    (tmp_path / "ranking.json").write_text('{"version": 2}')
    assert doubt_of_given(path) == "", "a user's own in a results folder"


def test_a_reader_never_doubts_a_file_that_is_being_replaced(tmp_path: Path) -> None:
    path, is_over, doubts = tmp_path / "a.csv", threading.Event(), list[str]()
    write_kept("0", path)

    def read() -> None:
        while not is_over.is_set():
            doubts.append(read_kept(path).doubt)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        write_kept(str(number), path)
    is_over.set()
    reader.join()
    assert set(doubts) == {""}


@pytest.mark.parametrize(
    ("schema", "text"),
    [(schemas.EVALUATION, "epoch,weights,accuracy,top5_accuracy,loss\n"), (schemas.RANKING, "")],
)
def test_doubt_is_one_line_with_the_remedy(tmp_path: Path, schema: Any, text: str) -> None:
    path = tmp_path / schema.name
    row, other = "1,model,0.5,0.5,1.0\n", "1,model,0.5,0.5,2.0\n"
    if not text:
        empty: dict[str, Any] = {"text": "", "list": []}
        values = {name: empty.get(key.kind, {}) for name, key in schema.keys.items()}
        schemas.write_json(values, path, schema)
        path.write_text(path.read_text().replace("[]", '["x"]', 1))
        read: Any = schemas.read_json
    else:
        write_kept(text + row, path)
        path.write_text(text + other)
        read = schemas.read
    with pytest.raises(schemas.DamagedFileError) as caught:
        read(path, schema)
    assert str(caught.value) == f"{path}: {NOT_AS_WRITTEN}; {schema.remedy}"


def test_every_manifest_is_written_with_the_version_that_has_digests() -> None:
    versions = {
        one.name: one.version
        for one in (schemas.RUN, schemas.SEARCH, schemas.RANKING, schemas.TRUTH_RECIPE)
    }
    assert versions == digests.SINCE
