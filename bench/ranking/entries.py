"""Entries: what a protocol makes of a run's scores and a table, ready to rank.

A pure function of `scores.csv`, the table and the run's seed. Runs that share a seed share the
architectures and the repeats drawn, so that they can be compared in pairs.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.base.streams import child_rng
from bench.ranking.protocol import require_enough
from bench.ranking.selection import select_architectures
from bench.table.data import MEAN_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.ranking.protocol import Protocol
    from bench.space.space import CellSpace
    from bench.table.table import Table

ENTRY = ("calibrated", "architecture", "cell_hash", "num_copies", "truth")
"""Columns of an entry; all others are scorers'."""

TOO_FEW = "no ranking of {num}: use a larger m, another protocol, or a table that has more"


def select_entries(
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
        being better: accuracy, negative_loss, then the run's own.

    Raises:
        ValueError: the table lacks truths, or too few entries are left.
    """
    pool = _with_truth(scores, table, protocol, allow_missing=allow_missing)
    pool_texts = list(dict.fromkeys(pool["architecture"]))
    selected = select_architectures(pool_texts, space, protocol, seed)
    entries = pd.DataFrame({"architecture": selected})
    hashes = pool.drop_duplicates("architecture").set_index("architecture")["cell_hash"]
    entries["cell_hash"] = hashes[selected].to_numpy()
    # Before anything is dropped, so that runs of one seed draw the same repeats.
    entries["truth"] = truths_of(entries["cell_hash"], table, protocol, seed)
    entries = _drop_lowest(entries, pool, protocol)
    parts = [
        _scored(entries, part, protocol).assign(calibrated=calibrated)
        for calibrated, part in pool.groupby("calibrated")
    ]
    return pd.concat(parts, ignore_index=True)


def scorers(entries: pd.DataFrame) -> list[str]:
    """List the score columns of `select_entries`'s result, the headline first."""
    return [name for name in entries.columns if name not in ENTRY]


def truths_of(hashes: pd.Series[str], table: Table, protocol: Protocol, seed: int) -> list[float]:
    """Return the truth of each entry by the hash of its cell; random repeats come from `seed`."""
    split, budget = protocol.truth_split, protocol.truth_budget
    if protocol.truth_repeats == "mean":
        keys = list(dict.fromkeys(hashes))
        means = dict(zip(keys, table.mean_accuracies(keys, split, budget), strict=True))
        return [means[key] for key in hashes]
    rng = child_rng(seed, f"truth-{protocol.name}")
    repeats = {key: table.repeats(key, split, budget) for key in hashes.unique()}
    return [float(rng.choice(repeats[key])) for key in hashes]


def cells_without_truth(hashes: Iterable[str], table: Table, protocol: Protocol) -> list[str]:
    """List the cells whose truth, as the protocol wants it, the table lacks."""
    hashes = list(dict.fromkeys(hashes))
    budget = protocol.truth_budget
    missing = {str(key) for key in table.missing(hashes, protocol.truth_split, budget)}
    if protocol.truth_repeats == "random":
        missing |= {key for key in hashes if key not in missing and table.is_mean_only(key, budget)}
    return [key for key in hashes if key in missing]


def digest_entries(hashes: Iterable[str], truths: Iterable[float]) -> str:
    """Return a digest of cells with their truths, in any order: equal ones may be compared.

    The truths stand for table, split and budget, to the digits that are written.
    """
    lines = sorted({f"{key} {truth:.6f}" for key, truth in zip(hashes, truths, strict=True)})
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _with_truth(
    scores: pd.DataFrame, table: Table, protocol: Protocol, *, allow_missing: bool
) -> pd.DataFrame:
    missing = cells_without_truth(scores["cell_hash"], table, protocol)
    num_cells = scores["cell_hash"].nunique()
    if missing and not allow_missing:
        is_repeat = protocol.truth_repeats == "random"
        what = "repeats" if is_repeat else f"{protocol.truth_split} accuracy"
        raise ValueError(
            f"{table.path} lacks the {what} of {len(missing)} of the {num_cells} cells that "
            f"protocol {protocol.name!r} ranks: import them, or rank the others with "
            "--allow-missing"
        )
    if num_cells - len(missing) < 2:
        num = f"{num_cells - len(missing)} of {num_cells} cells with truth in {table.path}"
        raise ValueError(TOO_FEW.format(num=num))
    return scores[~scores["cell_hash"].isin(missing)]


def _drop_lowest(entries: pd.DataFrame, pool: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Drop the entries of lowest uncalibrated accuracy; of equal ones those drawn first."""
    if not protocol.drop_lowest:
        return entries
    require_enough(len(entries), protocol, "the scores")
    raw = pool[~pool["calibrated"]].set_index("architecture")["accuracy"]
    order = raw[entries["architecture"]].to_numpy().argsort(kind="stable")
    return entries.iloc[sorted(order[protocol.drop_lowest :])]


def _scored(entries: pd.DataFrame, scores: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Join the scores to the entries, and average the copies of one cell if asked to."""
    own = [c for c in scores.columns if c not in ("architecture", "cell_hash", "calibrated")]
    values = scores.set_index("architecture")[own].assign(negative_loss=-scores["loss"].to_numpy())
    others = [name for name in own if name not in ("accuracy", "loss")]
    values = values[["accuracy", "negative_loss", *others]]
    joined = entries.assign(num_copies=1).join(values, on="architecture")
    if protocol.copies == "keep":
        return joined
    how: dict[str, Any] = {"architecture": "first", "truth": "first", "num_copies": "sum"}
    how |= dict.fromkeys(values.columns, "mean")
    averaged = joined.groupby("cell_hash", sort=False).agg(how).reset_index()
    return averaged.round(dict.fromkeys(values.columns, MEAN_DIGITS))
