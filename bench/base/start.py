"""Starting a command line: what is imported here is there already, so that Ctrl-C is soon heard."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def run_module(name: str) -> int:
    """Run the command line of a module; all that it needs is imported where Ctrl-C is heard."""
    try:
        from importlib import import_module

        from bench.base.command import run_command

        return run_command(lambda argv: import_module(name).command(argv))
    except KeyboardInterrupt:
        return interrupted()


def interrupted() -> int:
    """Say so in a line; return the exit code."""
    print("interrupted", file=sys.stderr)
    return INTERRUPTED
