"""Speed of what surrounds the networks of S1 to S3: decoding images, and searching."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.runs.evaluations import Evaluations
from bench.search.algorithms import nsga2
from bench.space.mixpath import s1
from supernet.data.file_source import Augmented
from supernet.data.imagenet import first, list_files
from supernet.speed.bottlenecks import BATCH, SKELETON

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.space.architecture import KernelArchitecture
    from bench.space.kernels import KernelSpace

EVALUATIONS = 1000
IMAGES_PER_EVALUATION = 500
"""Images that calibrate plus images that score: few, so that the share is a low estimate."""


def measure_decoding(root: Path) -> dict[str, Any]:
    """Count the images that one core decodes and augments a second."""
    files, _ = list_files(root, "train")
    files = first(files, min(len(files), 200))
    images = Augmented(files, 224, seed=0, flip=True, skip_broken=False)
    images[0, 0]
    started = time.process_time()
    for index in range(len(files)):
        images[0, index]
    rate = len(files) / (time.process_time() - started)
    return {"what": "decoding", "value": rate, "unit": "images/s", "aim": 120.0}


def measure_search(forward_s: float) -> dict[str, Any]:
    """Time all of a search but the network, against the network's time for as many evaluations."""
    space = s1(2, SKELETON)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        evaluations = Evaluations(
            Path(folder), space, lambda new: _rows(space, new, rng), is_calibrated=True
        )
        started = time.process_time()
        nsga2(space, evaluations, evaluations=EVALUATIONS, population=40, seed=0)
        evaluations.save()
        around = time.process_time() - started
    inside = EVALUATIONS * forward_s * IMAGES_PER_EVALUATION / BATCH
    share = 100 * inside / (inside + around)
    return {"what": "search", "value": share, "unit": "% inside the network", "aim": 95.0}


def _rows(
    space: KernelSpace, new: Sequence[KernelArchitecture], rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    for architecture in new:
        scores = {"calibrated": True, "accuracy": rng.random(), "loss": rng.random()}
        yield space.identity(architecture) | scores
