"""Where a run stands, written to progress.json for whoever shows it (`bench.runs.progress`)."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bench.runs.layout import PROGRESS
from supernet.training.trainer import SHOW_EVERY_S

if TYPE_CHECKING:
    from pathlib import Path

    from supernet.training.trainer import Progress


class Reporter:
    """Writes where a run stands, twice a second at most."""

    def __init__(self, folder: Path, stage: str) -> None:
        self.path = folder / PROGRESS
        self.stage = stage
        self.shown_at = 0.0

    def training(self, progress: Progress) -> None:
        """Report a training step."""
        self._write(progress.fraction, asdict(progress))

    def scoring(self, fraction: float) -> None:
        """Report a scored architecture."""
        self._write(fraction, {})

    def close(self) -> None:
        """Leave nothing behind."""
        self.path.unlink(missing_ok=True)

    def _write(self, fraction: float, about: dict[str, Any]) -> None:
        if time.monotonic() - self.shown_at < SHOW_EVERY_S:
            return
        self.shown_at = time.monotonic()
        with suppress(OSError):  # a display must not stop a run
            text = json.dumps({**about, "stage": self.stage, "fraction": fraction})
            self.path.write_text(text)
