"""The ranking benchmark from Python."""

from __future__ import annotations

import json
import shutil
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bench import run as command_line
from bench.base.files import read_csv
from bench.ranking.protocol import Protocol
from bench.runs.about import read_about
from bench.runs.find import find_runs
from bench.verbs.rank_supernets import rank
from bench.verbs.ranking.prepared import BATCH_NORMS
from tests.synthetic import write_truth

if TYPE_CHECKING:
    from pathlib import Path

TINY = {
    "stem_channels": 4,
    "num_stacks": 1,
    "epochs": 1,
    "num_train_images": 100,
    "calibration_images": 50,
    "snapshot_epochs": (),
}


@pytest.mark.slow
def test_a_ranking_in_three_lines(tmp_path: Path) -> None:
    table, out = write_truth(tmp_path / "truth.h5"), tmp_path / "results"
    ranking = partial(
        rank,
        "digits",
        m=(2,),
        seeds=(0,),
        table=table,
        other_truth=True,
        changes=TINY,
        out=out,
        jobs=1,
    )
    ranked = ranking(protocols=("sound",))
    assert ranked.page == out / "report.html"
    assert ranked.page.is_file()
    assert set(ranked.kendall_tau["protocol"]) == {"sound"}
    assert set(ranked.kendall_tau["bn"]) == {*BATCH_NORMS["sound"], "-"}
    assert len(ranked.kendall_tau) == len(read_csv(out / "kendall_tau.csv"))
    assert [run.seed for run in find_runs(out)] == [0, 0]
    again = ranking(protocols=("paper",), command="mine")
    assert set(again.kendall_tau["protocol"]) == {"paper"}
    assert set(again.rankings.kendall_tau["protocol"]) == {"sound", "paper"}
    assert json.loads((out / "ranking.json").read_text())["command"] == "mine"


MINE = Protocol(name="mine", copies="keep")


@pytest.mark.slow
def test_a_folder_keeps_its_truth_its_recipe_and_its_own_protocols(tmp_path: Path) -> None:
    """Each of these was once taken, and rows of before were made anew, or lost, without a word."""
    table, out = write_truth(tmp_path / "truth.h5"), tmp_path / "results"
    ranking = partial(
        rank, "digits", m=(1,), batch_norms=("shadow",), other_truth=True, out=out, jobs=1
    )
    mine = f"{__name__}:MINE"
    first = ranking(seeds=(0,), table=table, protocols=(mine, "sound"), changes=TINY)
    again = ranking(seeds=(0,), table=table, protocols=("sound",), changes=TINY)
    rows = [one.rankings.kendall_tau for one in (first, again)]
    assert [set(frame["protocol"]) for frame in rows] == [{"mine", "sound"}] * 2
    assert len(rows[0]) == len(rows[1])

    other = write_truth(tmp_path / "other.h5", noise=0.01)
    with pytest.raises(
        ValueError, match=r"was ranked against the table truth\.h5, and .*other\.h5"
    ):
        ranking(seeds=(0,), table=other, changes=TINY)
    copied = shutil.copy(table, tmp_path / "copied.h5")
    ranking(seeds=(0,), table=copied, protocols=("sound",), changes=TINY)

    with pytest.raises(ValueError, match=r"differ in epochs: 1 \(branches-m1/shadow-seed0\) and 2"):
        ranking(seeds=(1,), table=table, changes=TINY | {"epochs": 2})
    with pytest.raises(ValueError, match="differ in calibration_images: 50"):
        ranking(seeds=(0,), m=(2,), table=table, changes=TINY | {"calibration_images": 60})
    assert len(find_runs(out)) == 1


def test_what_a_protocols_own_recipe_fixes_is_not_asked_for_in_vain(tmp_path: Path) -> None:
    asked = {"calibration_images": 50, "epochs": 1}
    message = "'authors' has a recipe of its own, in which calibration_images=0: leave calibration_"
    with pytest.raises(ValueError, match=message):
        rank("digits", m=(4,), protocols=("sound", "authors"), changes=asked, out=tmp_path / "x")
    with pytest.raises(ValueError, match="in which space=first-branches: leave space out"):
        rank(
            "digits",
            m=(4,),
            protocols=("authors",),
            space="tests.plugins:FirstTwo",
            out=tmp_path / "x",
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the cluster's own, at its end
def test_a_cluster_s_worker_chooses_its_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine that a command is started on need not have the workers' GPUs."""
    distributed = pytest.importorskip("distributed")
    asked = []

    def choose(name: str) -> str:
        assert threading.current_thread() is not threading.main_thread()
        asked.append(name)
        return "cpu"

    monkeypatch.setattr("supernet.devices.choose_device", choose)
    out = tmp_path / "results"
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        rank(
            "digits",
            m=(1,),
            seeds=(0,),
            batch_norms=("single",),
            protocols=("sound",),
            table=write_truth(tmp_path / "truth.h5"),
            other_truth=True,
            changes=TINY,
            out=out,
            jobs=1,
            device="cuda",
            backend="dask",
            scheduler=cluster.scheduler_address,
        )
    assert asked == ["cuda"]
    (run,) = find_runs(out)
    assert run.is_complete
    assert read_about(run.folder).device == "unknown"


def test_a_changed_recipe_needs_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="epochs differ from preset 'digits': name a folder"):
        rank(changes={"epochs": 1})
    with pytest.raises(ValueError, match="sampler differ from preset 'digits': name a folder"):
        rank(sampler="one-shot")
    assert not list(tmp_path.iterdir())


def test_net_is_a_field_of_the_recipe(tmp_path: Path) -> None:
    """Until a recipe has a net, a net is refused as any unknown field is."""
    with pytest.raises(ValueError, match="net"):
        rank(net="own:Net", table=write_truth(tmp_path / "truth.h5"), seeds=())


def test_help_tells_the_batch_norms_that_are_compared() -> None:
    text = " ".join(command_line.parser().format_help().split())
    ours = {name: ",".join(norms) for name, norms in BATCH_NORMS.items()}
    assert f"(default: {ours['sound']}; of protocol authors {ours['authors']})" in text
