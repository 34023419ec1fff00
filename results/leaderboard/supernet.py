"""Writes supernet.csv and supernet_differences.csv of the runs of docs/examples/stated_cells.py.

python results/leaderboard/supernet.py results/stated-cells
"""

import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
BATCH_NORMS, HOW = ("shadow", "single"), {False: "raw", True: "calibrated"}
COLUMNS = ["how", "scorer", "num_seeds", "num_cells"]
COLUMNS += ["difference_mean", "difference_low", "difference_high", "by_seed"]


def scores(run: Path) -> pd.DataFrame:
    """Read a run's scores: by cell, a column for each scorer, raw and calibrated."""
    frame = pd.read_csv(run / "scores.csv")
    frame["negative loss"] = -frame["loss"]
    wide = frame.pivot_table(
        index="cell_hash", columns="calibrated", values=["accuracy", "negative loss"]
    )
    bn, _, seed = run.name.partition("-seed")
    parts = {
        f"supernet, {bn} BN, {how}, by {scorer}": wide[scorer, is_calibrated]
        for is_calibrated, how in HOW.items()
        for scorer in ("accuracy", "negative loss")
    }
    return pd.DataFrame(parts).assign(seed=int(seed)).set_index("seed", append=True).round(6)


def write(results: Path) -> None:
    """Write both files."""
    folders = {bn: sorted(results.glob(f"*/{bn}-seed*")) for bn in BATCH_NORMS}
    of_bn = [pd.concat([scores(run) for run in folders[bn]]) for bn in BATCH_NORMS]
    frame = pd.concat(of_bn, axis=1).reset_index()
    frame.sort_values(["seed", "cell_hash"]).to_csv(HERE / "supernet.csv", index=False)
    rows = pd.read_csv(results / "differences.csv")
    rows = rows[(rows["bn"] == "shadow") & (rows["minus"] == "single")]
    rows.insert(0, "how", rows["calibrated"].map(HOW))
    rows[COLUMNS].to_csv(HERE / "supernet_differences.csv", index=False)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
