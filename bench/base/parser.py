"""The parser of every command line: its help, its complaints, and what it hands on."""

from __future__ import annotations

import argparse
import re
import textwrap
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, NoReturn

from bench.base.command import Parser
from bench.base.stopping import stoppable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 80


class HelpFormatter(argparse.HelpFormatter):
    """Help in 80 columns: paragraphs are filled anew, indented lines kept, defaults added."""

    def __init__(self, prog: str) -> None:
        width = min(get_terminal_size().columns, WIDTH) - 2  # argparse keeps 2 columns free
        super().__init__(prog, max_help_position=24, width=width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = re.split(r"\n\n|\n(?=- )", text.strip("\n"))
        return "\n\n".join(
            part if part.startswith(" ") else "\n".join(self._split_lines(part, width))
            for part in paragraphs
        ).replace("\n", f"\n{indent}")

    def _split_lines(self, text: str, width: int) -> list[str]:
        hanging = "  " if text.startswith("- ") else ""
        return textwrap.wrap(
            " ".join(text.split()), width, subsequent_indent=hanging, break_on_hyphens=False
        )

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        is_told = action.default in (None, argparse.SUPPRESS) or "default" in text
        is_empty = action.default is False or action.default in ((), [], {})
        return text if is_told or is_empty else f"{text} (default: %(default)s)"


class CommandParser(Parser):
    """A parser with this help, whose complaints name an option as one types it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"formatter_class": HelpFormatter, **settings})

    def error(self, message: str) -> NoReturn:
        """Raise a ValueError: '--m 'four' is not a number: see bench/run.py --help'."""
        super().error(re.sub(r"^argument (?=--)([^:]+):", r"\1", message))

    @contextmanager
    def asked(self, argv: Sequence[str] | None) -> Iterator[dict[str, Any]]:
        """Yield the options as keyword values; within, --time-limit holds and signals are heard."""
        values = vars(self.parse_args(argv))
        if "time_limit" not in values:  # a command of seconds
            yield values
            return
        with stoppable(values.pop("time_limit")):
            yield values
