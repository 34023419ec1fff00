"""The ranking benchmark: train supernets, score and rank their architectures, draw the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bench.ranking.about import earlier_protocols, read_earlier
from bench.ranking.baselines import BASELINES
from bench.ranking.outputs import Rankings, write_rankings
from bench.ranking.protocol import PROTOCOLS
from bench.runs.about import UNKNOWN
from bench.runs.find import find_runs
from bench.runs.lock import RANKING_S, at_work
from bench.verbs.complete import open_runs, run_all
from bench.verbs.folders import as_path
from bench.verbs.ranking.prepared import Ready, changed_fields, prepared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd


class Ranked(NamedTuple):
    """What a ranking found.

    Attributes:
        rankings: of every run in the results folder, by the protocols asked for now and before.
        protocols: names of those asked for now.
        page: the report.
        truth_note: how the truth differs from the runs, where it does and is meant to.
    """

    rankings: Rankings
    protocols: tuple[str, ...]
    page: Path
    truth_note: str = ""

    @property
    def kendall_tau(self) -> pd.DataFrame:
        """The rows of kendall_tau.csv that were asked for."""
        frame = self.rankings.kendall_tau
        return frame[frame["protocol"].isin(self.protocols)]


def rank(
    preset: str = "digits",
    *,
    m: Sequence[int] = (4,),
    seeds: Sequence[int] = (0, 1, 2),
    batch_norms: Sequence[str] | None = None,
    protocols: Sequence[str] = ("sound", "paper"),
    space: str | None = None,
    net: str | None = None,
    sampler: str | None = None,
    scorers: Sequence[str] = (),
    baselines: Sequence[str] = (),
    data_set: str | None = None,
    data: Path | str | None = None,
    table: Path | str | None = None,
    other_truth: bool = False,
    allow_missing: bool = False,
    changes: Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    device: str = "auto",
    threads: int = 1,
    jobs: int | None = None,
    backend: str = "loky",
    scheduler: str | None = None,
    tensorboard: bool = False,
    command: str = "",
) -> Ranked:
    """Train and score what is missing, rank every run of the results folder, write the page.

    Args:
        preset: whose recipe and table it is; what is None below stays the preset's.
        m: largest numbers of paths.
        seeds: of the runs, one each.
        batch_norms: of BATCH_NORMS or `package.module:name`; None: what the protocol compares.
        protocols: of PROTOCOLS or `package.module:name`.
        space: a search space, by name or as `package.module:name`.
        net: an own supernet, as `package.module:name`.
        sampler: which path trains next, by name or as `package.module:name`.
        scorers: further scorers, as `package.module:name`.
        baselines: further baselines, as `package.module:name`.
        data_set: a data set, by name or as `package.module:name`.
        data: folder of the images, where the data set needs one.
        table: the truth, an HDF5 file.
        other_truth: it may be that of other images or another network; every table says so then.
        allow_missing: leave out architectures whose truth the table lacks.
        changes: further fields of the recipe, by name.
        out: results folder; needed where the recipe is not the preset's.
        device: 'auto', 'cpu', 'cuda', 'cuda:1', ...; each worker of a cluster chooses its own.
        threads: of each run.
        jobs: runs at once; None: as many as cores and memory allow, or GPUs.
        backend: of BACKENDS, where runs go in parallel.
        scheduler: address of a Dask scheduler.
        tensorboard: write the curves of training for TensorBoard too, where it is installed.
        command: the command line that asked for it, for the page.

    Raises:
        ValueError: a name, field or value that is none, a table that lacks cells or is another's, a
            folder that holds another recipe, or runs of it from other images or code.
    """
    is_here = backend == "loky"
    named = {"space": space, "net": net, "sampler": sampler, "data_set": data_set}
    with prepared(
        preset,
        m=m,
        seeds=seeds,
        batch_norms=batch_norms,
        protocols=protocols,
        fields=changed_fields(changes, scorers, **named),
        baselines=baselines,
        data=as_path(data),
        table=table,
        other_truth=other_truth,
        allow_missing=allow_missing,
        out=out,
        device=device,
        is_here=is_here,
    ) as ready:
        known = ready.device if is_here else UNKNOWN
        run_all(
            open_runs(ready.results, ready.planned, ready.images, known, threads),
            data=as_path(data),
            device=ready.device,
            num_threads=threads,
            jobs=jobs,
            num_images=ready.num_images,
            backend=backend,
            scheduler=scheduler,
            tensorboard=tensorboard,
        )
        with at_work(ready.results, RANKING_S):
            return _report(ready, command=command, allow_missing=allow_missing)


def _report(ready: Ready, *, command: str, allow_missing: bool) -> Ranked:
    """Rank every complete run of the folder, by the protocols asked for now and before."""
    from analysis.report import write_report

    results, protocols = ready.results, ready.protocols
    about = read_earlier(results)
    every = earlier_protocols(about) | {protocol.name: protocol for protocol in protocols}
    commands = filter(None, [*about.get("command", "").splitlines(), command])
    rankings = write_rankings(
        results,
        find_runs(results),
        ready.truth,
        sorted(every.values(), key=lambda protocol: _place(protocol.name)),
        command="\n".join(dict.fromkeys(commands)),
        baselines={**BASELINES, **ready.baselines},
        allow_missing=allow_missing,
        truth_note=ready.note,
    )
    page = write_report(results)
    return Ranked(rankings, tuple(p.name for p in protocols), page, ready.note)


def _place(protocol: str) -> int:
    """Order protocols as PROTOCOLS does, the headline first and a user's own last."""
    return [*PROTOCOLS, protocol].index(protocol)
