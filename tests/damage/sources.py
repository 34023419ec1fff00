"""Tables of truth and what they are imported from, images, command lines: what users bring along.

A user's CSV, images and command lines carry no digest of ours: another figure, or another pixel, is
another input and no damage that can be told. Of those kinds only tracebacks and hangs can be found.
"""

from __future__ import annotations

import hashlib
import io
import urllib.error
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from PIL import Image

from bench import run
from bench.base.files import CACHE_VARIABLE
from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.table.columns import BUDGET_COLUMNS, CELL_COLUMNS
from bench.table.importers import import_sources
from bench.table.sources import download, tables
from bench.table.table import Row, Table, write_table
from bench.verbs.describe import describe
from supernet.data import cache
from supernet.data.decode import decode
from tests.graphs import FIRST_CELL, INCEPTION_CELL, LINE_CELL
from tests.records import fields, metrics, write_records
from tests.tables import as_version_1

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from urllib.request import Request

TABLE = "own.h5"
TFRECORD = "few.tfrecord"
CSV = "few.csv"
CELLS = (FIRST_CELL, INCEPTION_CELL, LINE_CELL)
TESTS = (0.91, 0.92, 0.94)
CACHES = ("one", "two")
REMOTE = bytes(range(256)) * 40
FETCHED = "remote.tfrecord"
LINES = "lines.txt"
OPTIONS = "--m 3,4 --seeds 0,7 --jobs 2 --time-limit 1h30m --set epochs=3 lr=0.1 stem_channels=4"
NETWORK = "stem_x224_i3_o16_s22 | r3_k3.5+7_s11_e1_i16_o16_se0.5_sw | head_o1536_n1000"


def make_table(folder: Path) -> None:
    """Write a table of three cells and two budgets."""
    rows = [
        Row(cell=cell, epochs=epochs, train=1.0, valid=0.8 + test / 10, test=test, time_s=30 * test)
        for cell in CELLS
        for epochs in (4, 108)
        for test in TESTS
    ]
    write_table(folder / TABLE, rows, details={"data_set": "digits"})


def make_old_table(folder: Path) -> None:
    """Write a table of the version before tables had a digest."""
    make_table(folder)
    as_version_1(folder / TABLE)


def make_tfrecord(folder: Path) -> None:
    """Write records of three repeats of each cell."""
    records = [fields(cell, 108, metrics(cell, test)) for cell in CELLS for test in TESTS]
    write_records(folder / TFRECORD, records)


def make_csv(folder: Path) -> None:
    """Write rows with everything that is checked."""
    lines = ["adjacency,operations,module_hash,trainable_parameters,epochs,repeat,test_accuracy"]
    for cell in CELLS:
        module_hash, epochs, adjacency, operations, _ = fields(cell)
        parts = (adjacency, operations.replace(",", "+"), module_hash)
        parameters = metrics(cell).trainable_parameters
        lines += [
            ",".join(map(str, (*parts, parameters, epochs, repeat, test)))
            for repeat, test in enumerate(TESTS)
        ]
    (folder / CSV).write_text("\n".join([*lines, ""]))


def make_image(kind: str) -> Callable[[Path], None]:
    """Return a function that writes an image of noise in a format."""

    def make(folder: Path) -> None:
        pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, kind)
        (folder / f"image.{kind.lower()}").write_bytes(file.getvalue())

    return make


def make_caches(folder: Path) -> None:
    """Keep the decoded images of two folders."""
    for name in CACHES:
        read_cache(folder, name)


def make_part(folder: Path) -> None:
    """Fetch the first half of a file."""
    (folder / f"{FETCHED}.part").write_bytes(REMOTE[: len(REMOTE) // 2])


def make_lines(folder: Path) -> None:
    """Write what is typed: options of a ranking, and a network."""
    (folder / LINES).write_text(f"{OPTIONS}\n{NETWORK}\n")


def read_cache(folder: Path, name: str = CACHES[0]) -> bytes:
    """Open decoded images, which are found by this name wherever the folder is copied to."""
    pixels = np.full((2, 3, 8, 8), CACHES.index(name), dtype=np.uint8)
    place = {CACHE_VARIABLE: str(folder / "cache")}
    found_by: dict[str, Any] = {
        "_of_folder": lambda folder: folder.name,
        "_of_files": lambda _: "files",
    }
    with patch.dict("os.environ", place), patch.multiple(cache, **found_by):
        return cache.cached(folder / name, [], pixels.copy).tobytes()


def fetch(folder: Path) -> bytes:
    """Fetch the rest of a file."""
    sha256 = hashlib.sha256(REMOTE).hexdigest()
    file = download.RemoteFile(name=FETCHED, url="http://localhost/", sha256=sha256)
    with patch.object(download, "_answer", _Answer):
        return download.download(file, folder).read_bytes()


def read_lines(folder: Path) -> str:
    """Read what was typed; what it asks for is the user's to say."""
    options, _, network = (folder / LINES).read_bytes().decode(errors="replace").partition("\n")
    values = vars(run.parser().parse_args(options.split()))
    override(digits().recipe, values["changes"])
    describe(network.strip() or NETWORK)
    return "read"


def read_table(folder: Path) -> Any:
    """Read all that a table holds."""
    return _contents(folder / TABLE)


def import_table(folder: Path) -> Any:
    """Import a table of the version before; its figures had checksums, and its head had none."""
    with patch.object(tables, "LIMIT_S", 10.0):  # below the campaign's own
        return _imported(folder, TABLE)


def import_tfrecord(folder: Path) -> Any:
    """Import records."""
    return _imported(folder, TFRECORD)


def import_csv(folder: Path) -> str:
    """Import rows; what they hold is the user's to say."""
    _imported(folder, CSV)
    return "imported"


def read_image(kind: str) -> Callable[[Path], str]:
    """Return a function that decodes an image; what it shows is the user's to say."""

    def read(folder: Path) -> str:
        decode(str(folder / f"image.{kind.lower()}"))
        return "decoded"

    return read


def _imported(folder: Path, name: str) -> Any:
    out = folder / "imported.h5"
    import_sources([folder / name], out)
    return _contents(out)


def _contents(path: Path) -> Any:
    with Table(path) as table:
        about = {**table.provenance, "sources": ""}
        arrays = [table.column(name).tobytes() for name in CELL_COLUMNS]
        for epochs in table.budgets:
            arrays += [table.column(name, epochs).tobytes() for name in BUDGET_COLUMNS]
        return about, arrays


class _Answer(io.BytesIO):
    """What a server that knows ranges answers."""

    def __init__(self, request: Request) -> None:
        start = int(request.get_header("Range", "bytes=0-")[len("bytes=") : -1])
        if start >= len(REMOTE):
            raise urllib.error.HTTPError(request.full_url, 416, "no such range", {}, None)  # type: ignore[arg-type]  # no headers
        super().__init__(REMOTE[start:])
        self.status = 206 if start else 200
        self.headers = {"Content-Length": str(len(REMOTE) - start)}
