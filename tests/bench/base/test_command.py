"""Tests of bench.base.command."""

import argparse
import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.base.command import NOT_READ, Parser, positive, run_command
from bench.base.names import unknown
from bench.base.stopping import Stopped
from tests.paths import ROOT


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ValueError("m = 5\n  is too large"), 2, "error: m = 5 is too large"),
        (ValueError(), 2, "error: ValueError"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.h5"), 2, "error: No such file: x.h5"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "error: No space left on device"),
        (OSError("cannot read"), 2, "error: cannot read"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (
            Stopped("SIGTERM"),
            75,
            "stopped by SIGTERM: what was done is kept, and the same command goes on from there",
        ),
    ],
)
def test_a_mistake_is_one_line_and_a_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(argv: Sequence[str] | None) -> None:
        assert argv == ["--m", "5"]
        raise error

    assert run_command(command, ["--m", "5"]) == code
    assert capsys.readouterr() == ("", f"{line}\n")


def test_success_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(lambda _: None) == 0
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_closes_early_is_no_mistake() -> None:
    program = "import sys; from bench.base.command import run_command\n"
    program += "sys.exit(run_command(lambda _: print('a line' * SIZE)))"
    for size in ("10", "100_000"):  # what a buffer holds is written at the end
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [sys.executable, "-c", program.replace("SIZE", size)],
            stdout=write,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
        os.close(write)
        assert (done.returncode, done.stderr) == (NOT_READ, b"")


def test_our_own_mistakes_are_not_hidden() -> None:
    def command(argv: Sequence[str] | None) -> None:
        raise AssertionError(argv)

    with pytest.raises(AssertionError):
        run_command(command)


def test_a_parser_complains_in_one_line() -> None:
    parser = Parser(prog="tool")
    with pytest.raises(ValueError, match=r"unrecognized arguments: --nonsense: see tool --help"):
        parser.parse_args(["--nonsense"])


def test_unknown_names_the_nearest() -> None:
    error = unknown("preset", "digts", ["digits", "paper"])
    assert str(error) == "unknown preset 'digts': did you mean 'digits'? known: digits, paper"
    assert str(unknown("preset", "xyz", ["digits"])) == "unknown preset 'xyz': known: digits"


def test_positive_reads_whole_numbers_from_one() -> None:
    assert positive("12") == 12
    for text in ("0", "-1", "1.5", "", "many"):
        with pytest.raises(argparse.ArgumentTypeError, match="must be a whole number of at least"):
            positive(text)


INSTALLED = """\
import sys
from pathlib import Path
from bench.base.command import run_command

def command(argv):
    from bench.base.parallel import in_parallel, task
    import analysis
    print(analysis.__file__)
    tasks = iter([task(where) for _ in range(2)])
    print(*in_parallel(tasks, jobs=2, shared=Path.cwd()), sep="\\n")

def where():
    import supernet
    return supernet.__file__

if __name__ == "__main__":
    sys.exit(run_command(command))
"""


def test_a_command_and_its_workers_find_their_own_packages(tmp_path: Path) -> None:
    """As installed: the script is elsewhere, and PYTHONPATH comes before our packages."""
    for name in ("analysis", "supernet"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        (tmp_path / "mine" / name / "__init__.py").write_text("raise RuntimeError('the user')\n")
    script = tmp_path / "script.py"
    script.write_text(INSTALLED)
    path = os.pathsep.join([str(tmp_path / "mine"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    own = [str(ROOT / name / "__init__.py") for name in ("analysis", "supernet", "supernet")]
    assert done.stdout.splitlines() == own


def test_a_real_command_finds_its_own_packages(tmp_path: Path) -> None:
    (tmp_path / "supernet").mkdir()
    (tmp_path / "supernet" / "__init__.py").write_text("raise RuntimeError('the user')\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    code = "import sys; from bench.run import main; sys.exit(main(['--m', '0']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        cwd=tmp_path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: "), done.stderr
    assert "the user" not in done.stderr


def test_a_terminal_without_utf_8_gets_what_it_can_print() -> None:
    code = (
        "import sys\nfrom bench.base.command import run_command\n"
        "run_command(lambda _: print('a\\u2026b \\udcc3\\udca4'))"
    )
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={**os.environ, **plain}, cwd=ROOT
    )
    assert done.stdout == b"a?b \xc3\xa4\n", done.stderr


def test_errors_name_paths_in_their_own_bytes() -> None:
    code = (
        "from bench.base.command import run_command\n"
        "def fail(_): raise ValueError('a\\u2026b \\udcc3\\udca4')\n"
        "run_command(fail)"
    )
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={**os.environ, **plain}, cwd=ROOT
    )
    assert done.stderr == b"error: a?b \xc3\xa4\n"
