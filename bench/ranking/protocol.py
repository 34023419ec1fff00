"""Protocols: how the scores of a run and a table become entries to rank.

A protocol is a pure function of `scores.csv`, the table and the run's seed: which architectures
enter, whether copies of one cell are averaged or kept, what counts as truth, what is dropped.
Runs that share a seed share the draw and the truths drawn, so that they can be compared in pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.base.streams import child_rng
from bench.ranking.selection import draw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.space.space import CellSpace
    from bench.table.table import Table

TOO_FEW = "no ranking of {num}: use a larger m, another protocol, or a table that has more"


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How scores become a tau.

    Attributes:
        recipe: name of the recipe whose runs it ranks.
        draw: `all` architectures; `sampler`, distinct ones as training samples them;
            `ordered-lists`, distinct (node, operation) lists, so that an architecture can recur.
        num_drawn: how many are drawn, or all where there are fewer.
        copies: `average` the scores of the architectures that are one cell, or `keep` them.
        truth_split: `test` or `valid`.
        truth_repeats: `mean` of a cell's repeats, or a `random` one, anew for every entry.
        drop_lowest: how many are dropped, those of the lowest uncalibrated accuracy.
    """

    name: str
    recipe: str = "sound"
    draw: str = "all"
    num_drawn: int = 0
    copies: str = "average"
    truth_split: str = "test"
    truth_repeats: str = "mean"
    drop_lowest: int = 0


PROTOCOLS = {
    "sound": Protocol(name="sound"),
    "paper": Protocol(name="paper", draw="sampler", num_drawn=70, copies="keep"),
    "authors": Protocol(
        name="authors",
        recipe="authors",
        draw="ordered-lists",
        num_drawn=100,
        copies="keep",
        truth_split="valid",
        truth_repeats="random",
        drop_lowest=30,
    ),
}


def describe(protocol: Protocol) -> str:
    """Spell a protocol out in one sentence."""
    parts = [
        {
            "all": "every architecture",
            "sampler": f"min({protocol.num_drawn}, all) distinct architectures, "
            "drawn by the training sampler",
            "ordered-lists": f"min({protocol.num_drawn}, all) distinct ordered lists of "
            "(node, operation), drawn by the training sampler",
        }[protocol.draw]
    ]
    if protocol.drop_lowest:
        parts.append(f"the {protocol.drop_lowest} of lowest uncalibrated accuracy dropped")
    parts.append(f"copies of one cell {'averaged' if protocol.copies == 'average' else 'kept'}")
    repeats = {"mean": "mean {} accuracy", "random": "{} accuracy of one random repeat per entry"}
    split = {"valid": "validation"}.get(protocol.truth_split, protocol.truth_split)
    return "; ".join([*parts, f"truth = {repeats[protocol.truth_repeats].format(split)}"])


def check(protocol: Protocol, space: CellSpace) -> None:
    """Refuse, before anything is trained, a space too small for a protocol.

    Raises:
        ValueError: the protocol drops all that the space can offer, or draws lists where the
            space has none.
    """
    if protocol.draw == "ordered-lists" and not hasattr(space, "sample_list"):
        raise ValueError(
            f"protocol {protocol.name!r} draws ordered lists, which space {space.name!r} lacks: "
            "give the space sample_list, from_list and num_lists, or use another protocol"
        )
    num = space.num_lists() if protocol.draw == "ordered-lists" else len(space.architectures())  # type: ignore[attr-defined]
    _require_enough(
        min(num, protocol.num_drawn or num), protocol, f"space {space.name!r}, m={space.m}"
    )


def select(
    scores: pd.DataFrame,
    space: CellSpace,
    table: Table,
    protocol: Protocol,
    seed: int,
    *,
    allow_missing: bool = False,
) -> pd.DataFrame:
    """Choose the entries that a protocol ranks, with their truths and scores.

    Args:
        scores: rows of scores.csv.
        space: what the architectures are points of.
        table: the truth.
        protocol: how to choose.
        seed: the run's; architectures and random repeats are drawn from child streams of it.
        allow_missing: leave out architectures whose truth the table lacks.

    Returns:
        One row per entry and value of `calibrated`, with columns calibrated, architecture (of
        averaged copies the first), cell_hash, num_copies, truth, and one per scorer, higher
        being better: negative_loss, accuracy, then the run's own.

    Raises:
        ValueError: the table lacks truths, or too few entries are left.
    """
    pool = _with_truth(scores, table, protocol, allow_missing=allow_missing)
    drawn = draw(list(dict.fromkeys(pool["architecture"])), space, protocol, seed)
    entries = pd.DataFrame({"architecture": drawn})
    hashes = pool.drop_duplicates("architecture").set_index("architecture")["cell_hash"]
    entries["cell_hash"] = hashes[drawn].to_numpy()
    entries["truth"] = _truths(entries["cell_hash"], table, protocol, seed)
    entries = _drop_lowest(entries, pool, protocol)
    parts = [
        _scored(entries, part, protocol).assign(calibrated=calibrated)
        for calibrated, part in pool.groupby("calibrated")
    ]
    return pd.concat(parts, ignore_index=True)


def scorers(entries: pd.DataFrame) -> list[str]:
    """List the score columns of `select`'s result, the headline first."""
    known = {"calibrated", "architecture", "cell_hash", "num_copies", "truth"}
    return [name for name in entries.columns if name not in known]


def cells_without_truth(hashes: Iterable[str], table: Table, protocol: Protocol) -> list[str]:
    """List the cells whose truth, as the protocol wants it, the table lacks."""
    hashes = list(dict.fromkeys(hashes))
    missing = {str(key) for key in table.missing(hashes, protocol.truth_split)}
    if protocol.truth_repeats == "random":
        missing |= {key for key in hashes if key not in missing and table.is_mean_only(key)}
    return [key for key in hashes if key in missing]


def _with_truth(
    scores: pd.DataFrame, table: Table, protocol: Protocol, *, allow_missing: bool
) -> pd.DataFrame:
    missing = cells_without_truth(scores["cell_hash"], table, protocol)
    num_cells = scores["cell_hash"].nunique()
    if missing and not allow_missing:
        what = (
            "repeats" if protocol.truth_repeats == "random" else f"{protocol.truth_split} accuracy"
        )
        raise ValueError(
            f"{table.path} lacks the {what} of {len(missing)} of the {num_cells} cells that "
            f"protocol {protocol.name!r} ranks: import them, or rank the others with "
            "--allow-missing"
        )
    if num_cells - len(missing) < 2:
        num = f"{num_cells - len(missing)} of {num_cells} cells with truth in {table.path}"
        raise ValueError(TOO_FEW.format(num=num))
    return scores[~scores["cell_hash"].isin(missing)]


def _truths(hashes: pd.Series[str], table: Table, protocol: Protocol, seed: int) -> list[float]:
    split = protocol.truth_split
    if protocol.truth_repeats == "mean":
        means = {key: table.mean_accuracy(key, split) for key in hashes.unique()}
        return [means[key] for key in hashes]
    rng = child_rng(seed, f"truth-{protocol.name}")
    repeats = {key: table.repeats(key, split) for key in hashes.unique()}
    return [float(rng.choice(repeats[key])) for key in hashes]


def _drop_lowest(entries: pd.DataFrame, pool: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Drop the entries of lowest uncalibrated accuracy; of equal ones those drawn first."""
    if not protocol.drop_lowest:
        return entries
    _require_enough(len(entries), protocol, "the scores")
    raw = pool[~pool["calibrated"]].set_index("architecture")["accuracy"]
    if raw.empty:
        raise ValueError(
            f"protocol {protocol.name!r} drops by uncalibrated accuracy, but the run has only "
            "calibrated scores: score it anew"
        )
    order = raw[entries["architecture"]].to_numpy().argsort(kind="stable")
    return entries.iloc[sorted(order[protocol.drop_lowest :])]


def _require_enough(num: int, protocol: Protocol, where: str) -> None:
    if num - protocol.drop_lowest < 2:
        raise ValueError(
            f"protocol {protocol.name!r} drops the lowest {protocol.drop_lowest}, but {where} "
            f"offers {num}: use a larger m, or another protocol"
        )


def _scored(entries: pd.DataFrame, scores: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Join the scores to the entries, and average the copies of one cell if asked to."""
    own = [c for c in scores.columns if c not in ("architecture", "cell_hash", "calibrated")]
    values = scores.set_index("architecture")[own].assign(negative_loss=-scores["loss"].to_numpy())
    values = values[
        ["negative_loss", "accuracy", *(c for c in own if c not in ("accuracy", "loss"))]
    ]
    joined = entries.assign(num_copies=1).join(values, on="architecture")
    if protocol.copies == "keep":
        return joined
    how: dict[str, Any] = {"architecture": "first", "truth": "first", "num_copies": "sum"}
    how |= dict.fromkeys(values.columns, "mean")
    return joined.groupby("cell_hash", sort=False).agg(how).reset_index()
