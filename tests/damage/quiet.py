"""Commands run in this process without a word."""

from __future__ import annotations

from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow what is printed."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        yield
