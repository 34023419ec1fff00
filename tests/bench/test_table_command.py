"""Tests of bench.table_command and bench.table.text."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import table_command
from bench.table import text as table_text
from bench.table.sources.download import FILES, RemoteFile
from bench.table.table import Table
from bench.table.text import percent
from bench.table_command import main
from tests.graphs import FIRST_CELL, INCEPTION_CELL
from tests.records import fields, metrics, write_records

ADJACENCY = "".join(str(value) for row in FIRST_CELL.adjacency for value in row)


@pytest.fixture
def tfrecord(tmp_path: Path) -> Path:
    records = [
        fields(cell, epochs, metrics(cell, test))
        for cell in (FIRST_CELL, INCEPTION_CELL)
        for epochs, test in ((108, 0.91), (108, 0.925), (4, 0.5))
    ]
    return write_records(tmp_path / "few.tfrecord", records)


@pytest.fixture
def table(tfrecord: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    means = tmp_path / "means.csv"
    means.write_text("branches,mean_test_accuracy\nmaxpool3x3,0.5\nconv3x3-bn-relu,\n")
    out = tmp_path / "table.h5"
    assert main(["import", str(tfrecord), str(means), "--skip-unknown", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "left out 1 rows of unknown accuracy" in said
    assert "few.tfrecord" in said
    return out


def test_describe(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", str(table)]) == 0
    said = capsys.readouterr().out
    assert "stem_channels 128" in said
    assert hashlib.sha256((table.parent / "few.tfrecord").read_bytes()).hexdigest() in said
    lines = [line.split() for line in said.splitlines()]
    assert ["4", "2", "0", "1", "50.00%", FIRST_CELL.hash] in lines
    assert ["108", "3", "1", "2", "91.75%", FIRST_CELL.hash] in lines


def test_describe_names_official_files_and_details(
    tfrecord: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    digest = hashlib.sha256(tfrecord.read_bytes()).hexdigest()
    monkeypatch.setitem(table_text._OFFICIAL, digest, "nasbench_x")
    assert main(["import", str(tfrecord), "--out", str(tmp_path / "table.h5")]) == 0
    assert "few.tfrecord (the official nasbench_x)" in capsys.readouterr().out


def test_verify(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(table)]) == 0
    said = capsys.readouterr().out
    assert "3 hashes and parameter counts recomputed" in said
    assert "note: " in said


@pytest.mark.parametrize(
    "question",
    [
        [FIRST_CELL.hash],
        ["--adjacency", ADJACENCY, "--operations", ",".join(FIRST_CELL.operations)],
        ["--adjacency", ADJACENCY, "--operations", "+".join(FIRST_CELL.operations)],
    ],
)
def test_query(table: Path, question: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", str(table), *question]) == 0
    said = capsys.readouterr().out
    assert "8,555,530" in said
    assert "1,261,835,264" in said
    lines = [line.split() for line in said.splitlines()]
    assert ["test", "91.00%", "92.50%", "91.75%"] in lines
    assert ["test", "50.00%", "-", "50.00%"] in lines
    assert ["time", "7.5", "s", "7.5", "s", "7.5", "s"] in lines


def test_query_of_a_mean(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", str(table), "--branches", "maxpool3x3", "--epochs", "108"]) == 0
    said = capsys.readouterr().out
    assert "mean (repeats unknown)" in said
    assert ["test", "50.00%"] in [line.split() for line in said.splitlines()]


def test_import_for_another_network(tmp_path: Path) -> None:
    source, out = tmp_path / "x.csv", tmp_path / "x.h5"
    source.write_text("branches,test_accuracy\nmaxpool3x3,0.5\n")
    options = ["--stem-channels", "8", "--in-channels", "1", "--image-size", "8", "--epochs", "30"]
    assert main(["import", str(source), "--out", str(out), *options]) == 0
    with Table(out) as table:
        assert table.skeleton.stem_channels == 8
        assert table.budgets == (30,)


def test_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fetch(file: RemoteFile, folder: Path, progress: Any) -> Path:
        progress(10, 100)
        return folder / file.name

    monkeypatch.setattr(table_command, "download", fetch)
    assert main(["download", "nasbench_full", "--folder", str(tmp_path)]) == 0
    path = tmp_path / FILES["nasbench_full"].name
    said = capsys.readouterr().out
    assert said == f"{path} is complete; import it with: mixpath-table import {path}\n"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["download", "nasbench_ful"], "unknown file 'nasbench_ful': did you mean 'nasbench_full'"),
        (["import", "absent.tfrecord"], "No such file or directory: absent.tfrecord"),
        (["import"], "the following arguments are required: SOURCE"),
        (["import", "x.csv", "--stem-channels", "0"], "stem_channels=0 must be at least 1"),
        (["verify", "absent.h5"], "there is no table absent.h5"),
        (["describe", __file__], "is no table, or a damaged one"),
        (["query", "absent.h5"], "give a hash, or --adjacency and --operations, or --branches"),
        (["query", "absent.h5", "0" * 32, "--branches", "x"], "give a hash, or"),
        (["query", "absent.h5", "--adjacency", "0100"], "go together: give both"),
        (["query", "absent.h5", "--branches", "conv"], "unknown operation 'conv'"),
        (["query", "absent.h5", "0" * 32], "there is no table absent.h5"),
        (["praise"], "invalid choice: 'praise'"),
        ([], "the following arguments are required: VERB"),
    ],
)
def test_mistakes_are_one_line_and_code_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    out, said = capsys.readouterr()
    assert out == ""
    assert said.startswith("error: ")
    assert message in said
    assert said.count("\n") == 1


def test_an_absent_cell_is_one_line(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", str(table), "f" * 32]) == 2
    assert f"cell {'f' * 32} is not among the 3 cells of" in capsys.readouterr().err


def run_limited(num_bytes: int, *argv: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line where no file may grow beyond a size, as on a full disk."""
    code = (
        "import resource, signal, sys\n"
        "from bench.table_command import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({num_bytes}, {num_bytes}))\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *argv], capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX file size limits")
@pytest.mark.parametrize("num_bytes", [100, 5000])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    tfrecord: Path, tmp_path: Path, num_bytes: int
) -> None:
    out = tmp_path / "out" / "table.h5"
    done = run_limited(num_bytes, "import", str(tfrecord), "--out", str(out))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"error: File too large: {out}"
    assert "Traceback" not in done.stderr
    assert not [*out.parent.iterdir()]


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    source, out = tmp_path / "long.csv", tmp_path / "out" / "table.h5"
    rows = (f"maxpool3x3,0.5,{repeat}\n" for repeat in range(300_000))  # read for seconds
    source.write_text("branches,test_accuracy,repeat\n" + "".join(rows))
    code = (
        "import sys\n"
        "from bench.table_command import main\n"
        "told = lambda event, args: event == 'open' and args[0] == sys.argv[2] and print('read')\n"
        "sys.addaudithook(lambda event, args: told(event, [*map(str, args)]))\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code, "import", str(source), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "read\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted"
    assert "Traceback" not in said
    assert not out.parent.exists()


def test_help_tells_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["import", "--help"])
    assert left.value.code == 0
    assert "mean_" in capsys.readouterr().out


def test_percent() -> None:
    assert percent(0.92345) == "92.34%"
    assert percent(float("nan")) == "-"
