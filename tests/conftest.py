"""Fixtures that several test modules share."""

import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings

from bench.base.files import CACHE_VARIABLE
from bench.network.cell import Cell
from tests.paths import SHARED_DATA

if TYPE_CHECKING:
    from numpy.typing import NDArray

settings.register_profile("ours", deadline=None, derandomize=True)  # no failure by chance
settings.load_profile("ours")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's cache out of tests, and tests out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _heeds_ctrl_c() -> None:
    """Let commands that tests start hear Ctrl-C: a shell's jobs in the background ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class RealRows:
    """The real NAS-Bench-101 rows: 136,585 cells, 3 repeats after 108 epochs."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            self.arrays: dict[str, NDArray[Any]] = {name: file[name] for name in file.files}
        self.hashes: list[str] = [digest.decode() for digest in self.arrays["hash"]]
        self.parameters: NDArray[np.int32] = self.arrays["trainable_parameters"]
        self.metrics: NDArray[np.float32] = self.arrays["metrics_108"]

    def __len__(self) -> int:
        return len(self.hashes)

    def cell(self, index: int) -> Cell:
        """Make the cell of one row."""
        size = self.arrays["num_vertices"][index]
        names = self.arrays["op_names"][self.arrays["ops"][index, :size]].tolist()
        return Cell.from_matrix(self.arrays["adjacency"][index, :size, :size], names)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; skips where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data is not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def real_rows(shared_data: Path) -> RealRows:
    """The real rows as arrays."""
    return RealRows(shared_data / "nasbench101_partial.npz")


@pytest.fixture(scope="session")
def measured_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with tiny runs, trained and measured for real; copy it to change it."""
    from tests.measured_run import make_results

    return made_once(tmp_path_factory, "measured", make_results)


@pytest.fixture(scope="session")
def write_tfrecord(shared_data: Path) -> Any:
    """The module that writes real rows in the official layout."""
    path = shared_data / "write_tfrecord.py"
    spec = importlib.util.spec_from_file_location("write_tfrecord", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode  # the folder is read-only
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Make a folder of files once, whichever of pytest-xdist's workers asks for it first."""
    root = factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / name / "digits"
    done = folder.with_name("done")
    folder.parent.mkdir(exist_ok=True)
    with FileLock(folder.with_name("lock")):
        if not done.exists():
            make(folder)
            done.touch()
    return folder
