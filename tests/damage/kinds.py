"""Every kind of file that is damaged: how undamaged ones are made, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.damage import cells, networks, scores, sources, truths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        name: in the table.
        make: fills an empty folder with undamaged files.
        pattern: of the file below that folder.
        read: reads it as a command does; what is returned is compared with `==`.
        command: what follows `python` where a sample of the inputs goes through the real command
            line, given the folder; None: none does. Exit code 0 must leave all `outputs` as they
            come out undamaged.
        outputs: patterns of the files that the command writes.
    """

    name: str
    make: Callable[[Path], object]
    pattern: str
    read: Callable[[Path], Any]
    command: Callable[[Path], Sequence[object]] | None = None
    outputs: tuple[str, ...] = ()

    @property
    def by_command(self) -> str:
        """The name, in the table, of inputs that go through the command line."""
        return f"{self.name} (command)"


KINDS = (
    Kind("run.json", cells.make, cells.RUN, cells.read_runs, cells.rank, cells.RANKED),
    Kind("scores.csv", cells.make, cells.SCORES, cells.read_scores, cells.rank, cells.RANKED),
    Kind("scores.part.csv", cells.make_part, cells.PART, cells.score, cells.train, cells.TRAINED),
    Kind("history.csv", cells.make, cells.HISTORY, cells.read_history, cells.rank, cells.RANKED),
    Kind("times.csv", cells.make, cells.TIMES, cells.read_times, cells.draw, cells.PAGE),
    Kind("checkpoint.pt, scored", cells.make_part, cells.WEIGHTS, cells.read_weights),
    Kind(
        "checkpoint.pt, resumed",
        cells.make_half,
        cells.WEIGHTS,
        cells.resume,
        cells.train,
        cells.TRAINED,
    ),
    Kind("checkpoint-epoch1.pt", cells.make, cells.SNAPSHOT, cells.read_snapshot),
    Kind("measuring.json", cells.make_measuring, cells.PIECES, cells.measure_first),
    Kind("curve.csv", cells.make, cells.CURVE, cells.read_curve),
    Kind(
        "kendall_tau.csv",
        cells.make,
        "kendall_tau.csv",
        cells.read_rankings,
        cells.draw,
        cells.PAGE,
    ),
    Kind("points.csv", cells.make, "points.csv", cells.read_rankings),
    Kind("differences.csv", cells.make, "differences.csv", cells.read_page, cells.draw, cells.PAGE),
    Kind("ranking.json", cells.make, "ranking.json", cells.read_rankings, cells.draw, cells.PAGE),
    Kind("calibration_sweep.csv", cells.make_swept, cells.SWEEP, cells.vary),
    Kind(
        "variations.csv",
        cells.make_swept,
        "variations.csv",
        cells.read_page,
        cells.draw,
        cells.PAGE,
    ),
    Kind("calibration_tau.csv", cells.make_swept, "calibration_tau.csv", cells.read_page),
    Kind("SHA256SUMS of a run", cells.make, cells.SUMS, cells.read_run_files),
    Kind("SHA256SUMS of results", cells.make, "SHA256SUMS", cells.read_rankings),
    Kind("run.json of S1", networks.make, networks.RUN, networks.read_supernet),
    Kind("scores.csv of S1", networks.make, networks.SCORES, networks.read_scores),
    Kind("search.json", networks.make, networks.SEARCH, networks.read_search, networks.search),
    Kind("evaluated.csv", networks.make, networks.EVALUATED, networks.read_search, networks.search),
    Kind(
        "evaluation.csv",
        networks.make,
        networks.EVALUATION,
        networks.read_network,
        networks.tables,
        networks.TABLES,
    ),
    Kind("best.pt", networks.make, networks.BEST, networks.read_best),
    Kind("SHA256SUMS of a search", networks.make, networks.SUMS, networks.read_search),
    Kind("recipe.json", truths.make, truths.RECIPE, truths.build),
    Kind("part of a truth", truths.make, truths.PART, truths.build),
    Kind("SHA256SUMS of a truth", truths.make, truths.SUMS, truths.build),
    Kind("proxies.csv", scores.make_proxies, scores.PROXIES, scores.read_proxies),
    Kind("proxies.csv.part", scores.make_part, scores.PART, scores.score),
    Kind("proxies.json", scores.make_proxies, scores.ABOUT, scores.score),
    Kind("SHA256SUMS of proxies", scores.make_proxies, scores.SUMS, scores.read_proxies),
    Kind(
        "own long.csv", scores.make_own, "long*.csv", scores.read_own("long1.csv"), scores.rank_long
    ),
    Kind(
        "own wide.csv", scores.make_own, "wide*.csv", scores.read_own("wide1.csv"), scores.rank_wide
    ),
    Kind("own wide.csv.gz", scores.make_own, "wide*.csv.gz", scores.read_own("wide1.csv.gz")),
    Kind("cells of --cells", scores.make_own, "cells*.txt", scores.read_cells),
    Kind(
        "leaderboard.csv",
        scores.make_board,
        scores.BOARD,
        scores.add,
        scores.add_by_command,
        (scores.BOARD,),
    ),
    Kind("SHA256SUMS of a leaderboard", scores.make_board, "board/SHA256SUMS", scores.add),
    Kind("own.h5", sources.make_table, sources.TABLE, sources.read_table),
    Kind("own.h5, version 1", sources.make_old_table, sources.TABLE, sources.import_table),
    Kind("few.tfrecord", sources.make_tfrecord, sources.TFRECORD, sources.import_tfrecord),
    Kind("few.csv", sources.make_csv, sources.CSV, sources.import_csv),
    *(
        Kind(f"image.{kind.lower()}", sources.make_image(kind), "image.*", sources.read_image(kind))
        for kind in ("JPEG", "PNG", "WEBP")
    ),
    Kind("decoded images", sources.make_caches, "cache/*.npy", sources.read_cache),
    Kind("download's .part", sources.make_part, f"{sources.FETCHED}.part", sources.fetch),
    Kind("command lines", sources.make_lines, sources.LINES, sources.read_lines),
)
"""In the table's order."""
