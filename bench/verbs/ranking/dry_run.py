"""What a ranking would run, and how long it would take, without a file written."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.verbs.complete import check_runs
from bench.verbs.folders import as_path
from bench.verbs.rank_supernets import rank
from bench.verbs.ranking.prepared import changed_fields, prepared

if TYPE_CHECKING:
    from bench.runs.run import Run
    from supernet.forecast import Forecast

NOT_ASKED = ("backend", "scheduler", "tensorboard", "command")
"""What `rank` takes and a dry run has no use for."""


class Plan(NamedTuple):
    """What a ranking would run.

    Attributes:
        runs: every run asked for, with what is missing of it.
        jobs: how many at once.
    """

    runs: list[tuple[Run, Forecast]]
    jobs: int

    @property
    def work_s(self) -> float:
        """Seconds of all runs, one after the other."""
        return sum(one.time_s for _, one in self.runs)


def dry_run(**asked: Any) -> Plan:
    """Check all that `rank` checks before it trains, and say what would run; write nothing.

    Args:
        **asked: what `rank` takes, by name.

    Raises:
        ValueError: what `rank` raises before it trains.
    """
    from supernet.fits import jobs_that_fit, most_needs
    from supernet.forecast import forecast_runs

    bound = inspect.signature(rank).bind(**asked)
    bound.apply_defaults()
    values = bound.arguments
    named = {name: values.pop(name) for name in ("space", "net", "sampler", "data_set")}
    fields = changed_fields(values.pop("changes"), values.pop("scorers"), **named)
    threads, jobs, data = values.pop("threads"), values.pop("jobs"), as_path(values.pop("data"))
    is_here = values["backend"] == "loky"
    for name in NOT_ASKED:
        del values[name]
    with prepared(**values, fields=fields, data=data) as ready:
        check_runs(ready.results, ready.planned, ready.images)
        todo = [run for run in ready.planned if not run.is_complete]
        needed = most_needs(todo, ready.num_images) if is_here else None
        at_once = jobs_that_fit("a run", jobs, ready.device, threads, len(todo), needed)
        forecasts = forecast_runs(ready.planned, data, ready.device, threads)
    return Plan([*zip(ready.planned, forecasts, strict=True)], at_once)
