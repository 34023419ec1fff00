"""What every command line shares: one clear line for a user's mistake, and exit codes."""

import argparse
import codecs
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from bench.base.start import interrupted
from bench.base.stopping import Stopped

MISTAKE = 2
STOPPED = 75
"""EX_TEMPFAIL of sysexits.h, 'try again later': what a scheduler's script requeues on."""
NOT_READ = 141
MOST = 1_000_000
"""Of what is counted on a command line: evaluations, epochs."""

MOST_SEEDS = 1_000
"""Each is a supernet to train, for every m and batch norm."""

MOST_AT_ONCE = 1024
"""Processes and threads."""

MOST_SEED = 2**63 - 1
_MOST_DIGITS = 40
_ROOT = str(Path(__file__).resolve().parents[2])  # the folder that holds bench/ and its siblings


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line, as all others are."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and exiting."""
        raise ValueError(f"{message}: see {self.prog} --help")


def run_command(
    command: Callable[[Sequence[str] | None], None], argv: Sequence[str] | None = None
) -> int:
    """Run a command line and return its exit code.

    A ValueError (every error of ours is one) or OSError (a missing file, a full disk) becomes one
    line on standard error and code 2, Ctrl-C one line and code 130, a stop that was asked for one
    line and code 75. Where a reader such as `head` has closed standard output, nothing is said, and
    the code is 141, as a shell has it.
    """
    _find_own_packages_first()
    _print_what_the_terminal_can()
    try:
        command(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left, at exit
        return NOT_READ
    except KeyboardInterrupt:
        return interrupted()
    except Stopped as stopped:
        if is_first_process():
            kept = "what was done is kept, and the same command goes on from there"
            print(f"stopped by {stopped}: {kept}", file=sys.stderr)
        return STOPPED
    except (ValueError, OSError) as error:
        print(f"error: {_one_line(error)}", file=sys.stderr)
        return MISTAKE
    return 0


def is_first_process() -> bool:
    """Whether this process, of those that torchrun started, is the one that writes and prints."""
    return int(os.environ.get("RANK", "0")) == 0


def words(text: str) -> str:
    """Read an option that is words, which go into files: UTF-8, whatever the locale takes it for.

    A locale without UTF-8 hands on what it can't read byte by byte, as surrogates.
    """
    return text.encode(errors="surrogateescape").decode(errors="replace")


def positive(text: str) -> int:
    """Read an option that is a whole number of at least 1, for argparse."""
    return whole(text, 1, MOST)


def at_once(text: str) -> int:
    """Read an option that is a number of processes or threads, for argparse."""
    return whole(text, 1, MOST_AT_ONCE)


def seed(text: str) -> int:
    """Read an option that is the root of random streams, for argparse."""
    return whole(text, 0, MOST_SEED)


def whole(text: str, least: int, most: int) -> int:
    """Read a whole number of these bounds.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    if not is_number or not least <= int(text) <= most:
        short = text if len(text) <= _MOST_DIGITS else f"{text[:_MOST_DIGITS]}..."
        is_large = text.isdecimal() and (len(text) > _MOST_DIGITS or int(text) > most)
        bound = f"up to {most:,}" if is_large else f"of at least {least}"
        raise argparse.ArgumentTypeError(f"{short!r} must be a whole number {bound}")
    return int(text)


def _find_own_packages_first() -> None:
    """Search our root before a user's folders, one of which may have an `analysis/` of its own.

    An installed command finds PYTHONPATH's folders before its own packages. Worker processes of
    joblib are handed the parent's sys.path, so that they search as it does.
    """
    if _ROOT in sys.path:
        sys.path.remove(_ROOT)
    sys.path.insert(0, _ROOT)


def _print_what_the_terminal_can() -> None:
    """Let a terminal without UTF-8 have `?` for what it lacks, and paths their own bytes."""
    codecs.register_error("mixpath", _substitute)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="mixpath")


def _substitute(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("replace")(error)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{place}"
    return " ".join(str(error).split()) or type(error).__name__
