"""Tests of bench.base.command."""

import argparse
import errno
from collections.abc import Sequence

import pytest

from bench.base.command import Parser, positive, run_command
from bench.base.names import unknown


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ValueError("m = 5\n  is too large"), 2, "error: m = 5 is too large"),
        (ValueError(), 2, "error: ValueError"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.h5"), 2, "error: No such file: x.h5"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "error: No space left on device"),
        (OSError("cannot read"), 2, "error: cannot read"),
        (KeyboardInterrupt(), 130, "interrupted"),
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
    assert run_command(lambda argv: None) == 0  # noqa: ARG005
    assert capsys.readouterr() == ("", "")


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
