"""CSV files of scores: what is read, and one clear line for what is not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from bench.runs.digests import write_kept
from bench.scores.files import check_columns, read_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE, OTHER = "0" * 31 + "1", "0" * 31 + "2"


def write(folder: Path, text: str, name: str = "own.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_are_parted_by_what_the_header_has(tmp_path: Path, separator: str) -> None:
    frame = read_csv(write(tmp_path, f"cell_hash,a,b\n{ONE},1,2.5\n".replace(",", separator)))
    assert frame.to_dict("list") == {"cell_hash": [ONE], "a": [1], "b": [2.5]}


def test_hashes_and_matrices_stay_texts(tmp_path: Path) -> None:
    frame = read_csv(write(tmp_path, f"cell_hash,adjacency,a\n{ONE},0100,1\n"))
    assert frame["cell_hash"].tolist() == [ONE]
    assert frame["adjacency"].tolist() == ["0100"]


def test_a_lone_score_is_named_as_the_file(tmp_path: Path) -> None:
    frame = read_csv(write(tmp_path, f"cell_hash,score\n{ONE},1\n", "synflow.csv"))
    assert list(frame.columns) == ["cell_hash", "synflow"]


def test_a_file_may_be_compressed_and_have_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "own.csv.gz"
    path.write_bytes(gzip.compress(f"\ufeffcell_hash,a\n{ONE},1\n".encode()))
    assert list(read_csv(path).columns) == ["cell_hash", "a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "own.csv is empty: it needs a cell"),
        (
            "hash,method,score\nx,a,1\n",
            "found the columns hash, method, score, none of which names",
        ),
        (f"cell_hash,method,value\n{ONE},a,1\n", "but no score: give a cell"),
        (f"cell_hash,method,score,time\n{ONE},a,1,2\n", "unknown column 'time'.*leave it out"),
        (f"cell_hash,method,score,sed\n{ONE},a,1,2\n", "unknown column 'sed'"),
        (f"cell_hash,seed\n{ONE},1\n", "but no scores: give a cell"),
        (f"cell_hash,a\n{ONE},1,7\n", "more values than its header has columns"),
        (f"cell_hash,a\n{ONE},1\n{OTHER},1,7\n", "no CSV file: .*line 3"),
        ("adjacency,a\n01,1\n", "none of which names a cell"),
        (f",cell_hash,a\n0,{ONE},1\n", "the first without a name: write with index=False"),
        (f"Unnamed: 0,cell_hash,a\n0,{ONE},1\n", "write with index=False"),
        (
            f"cell_hash,Method,Score\n{ONE},a,1\n",
            "Method, Score: write 'Method' as 'method'",
        ),
        (f"cell_hash,method, Score\n{ONE},a,1\n", "write ' Score' as 'score'"),
        (f"cell_hash,a,a\n{ONE},1,2\n", "found the columns cell_hash, a, a: 'a' comes twice"),
        (f"cell_hash,a, a\n{ONE},1,2\n", "'a' comes twice: leave one out, or rename it"),
        (f"cell_hash,seed,seed,a\n{ONE},0,1,2\n", "'seed' comes twice"),
        (f"cell_hash;a;a\n{ONE};1;2\n", "'a' comes twice"),
        (f"cell_hash,a,\n{ONE},1,\n", "column 3 without a name: name it or leave it out"),
        (f"cell_hash,a,Unnamed: 1\n{ONE},1,2\n", "column 3 without a name"),
        (f"Cell_Hash,a\n{ONE},1\n", "found the columns Cell_Hash, a: write 'Cell_Hash' as"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_csv(write(tmp_path, text))


PLAIN = f"cell_hash,a\n{ONE},1\n{OTHER},2\n".encode()


def in_tar(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        about = tarfile.TarInfo("own.csv")
        about.size = len(data)
        archive.addfile(about, io.BytesIO(data))
    return file.getvalue()


def in_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("own.csv", data)
    return file.getvalue()


@pytest.mark.parametrize("place", range(len(gzip.compress(PLAIN, mtime=0))))
def test_a_compressed_file_of_which_a_byte_is_another_is_refused_or_is_the_same(
    tmp_path: Path, place: int
) -> None:
    data = bytearray(gzip.compress(PLAIN, mtime=0))
    data[place] ^= 0x81
    path = tmp_path / "own.csv.gz"
    path.write_bytes(data)
    try:
        frame = read_csv(path)
    except ValueError as error:
        assert str(error).startswith(f"{path} is no")  # noqa: PT017 (refused, or else the same)
    else:
        assert frame.to_dict("list") == {"cell_hash": [ONE, OTHER], "a": [1, 2]}


@pytest.mark.parametrize(
    ("pack", "message"),
    [
        (in_zip, "is compressed by ZIP: unpack it, or compress it by gzip"),
        (lzma.compress, "is compressed by XZ"),
        (bz2.compress, "is compressed by bzip2"),
        (lambda data: b"\x28\xb5\x2f\xfd" + data, "is compressed by Zstandard"),
        (
            lambda data: gzip.compress(in_tar(data)),
            "is no CSV file: it has bytes that are no text, as archives have",
        ),
        (lambda data: gzip.compress(data.rstrip()[:-1]), "its last line is cut"),
        (lambda data: gzip.compress(data)[:-9], r"is no whole \.gz file: .*; make it again"),
        (lambda data: data, r"is no whole \.gz file: Not a gzipped file"),
    ],
)
def test_archives_and_damaged_files_are_refused_by_name(
    tmp_path: Path, pack: Callable[[bytes], bytes], message: str
) -> None:
    path = tmp_path / "own.csv.gz"
    path.write_bytes(pack(PLAIN))
    with pytest.raises(ValueError, match=rf"own\.csv\.gz:? {message}"):
        read_csv(path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(b"cell_hash,a\n\xff\xfe,1\n")
    with pytest.raises(ValueError, match="is no CSV file"):
        read_csv(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no file .*none.csv"):
        read_csv(tmp_path / "none.csv")


def test_a_frame_without_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="the frame: found the columns none"):
        check_columns([], "the frame")


def test_a_frame_with_its_index_as_a_column_is_refused() -> None:
    with pytest.raises(ValueError, match="the first without a name: write with index=False"):
        check_columns(["", "cell_hash", "a"], "the frame")


def test_a_file_that_is_not_as_its_digest_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    write_kept(f"cell_hash,a\n{ONE},1\n", path)
    assert read_csv(path)["a"].tolist() == [1]
    write(tmp_path, f"cell_hash,a\n{ONE},2\n")
    with pytest.raises(ValueError, match=r"own\.csv: it is not as it was written.*; make it again"):
        read_csv(path)
    other = write(tmp_path, f"cell_hash,a\n{ONE},2\n", "other.csv")
    assert read_csv(other)["a"].tolist() == [2], "a user's own has no digest"


def test_a_last_line_without_an_end_is_read_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, f'cell_hash,a,"b, c"\n{ONE},1,3\n{OTHER},12,2')
    assert read_csv(path)["a"].tolist() == [1, 12]
    said = "own.csv: its last line has no end: if it was cut, its last value is wrong\n"
    assert capsys.readouterr().err.endswith(said)
    read_csv(write(tmp_path, path.read_text() + "\n"))
    assert not capsys.readouterr().err


@pytest.mark.parametrize("last", [ONE, ONE[:9], f"{ONE},", f"{ONE},1", f"{ONE},1,", f"{ONE},1, "])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_last_line_that_lacks_a_value_is_refused(
    tmp_path: Path, last: str, separator: str
) -> None:
    """As a score that is missing it would be left out under --allow-missing."""
    text = f"cell_hash,a,b\n{OTHER},1,2\n{last}".replace(",", separator)
    with pytest.raises(ValueError, match=r"own\.csv: its last line is cut: make the file again"):
        read_csv(write(tmp_path, text))


@pytest.mark.parametrize("kind", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_told_by_its_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(f"\ufeffcell_hash,a\n{ONE},1\n".encode(kind))
    with pytest.raises(ValueError, match=r"own\.csv is written in UTF-16: save it as UTF-8"):
        read_csv(path)
