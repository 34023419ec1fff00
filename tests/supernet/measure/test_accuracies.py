"""Measurements and figures of S1 to S3: oracles by hand, the first block, what is refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from analysis.figure import draw_all
from analysis.figures import bn_statistics, similarity
from analysis.registry import SUPERNETS
from bench import mixpath
from bench.base.files import csv_text, read_csv
from bench.network.skeleton import BlockSkeleton
from bench.runs.digests import write_kept
from bench.runs.find import find_trained
from bench.runs.layout import CHECKPOINT
from bench.runs.run import read_trained
from bench.space.architecture import KERNELS
from bench.space.mixpath import s1, s2
from supernet.measure.measurements import MEASUREMENTS, measure_run
from supernet.measure.sampled_jacobian import features, tangents
from supernet.measure.snapshots import Snapshots
from supernet.nets.bottlenecks import BottleneckNet, supernet
from supernet.parts import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from bench.space.kernels import KernelSpace

TINY = BlockSkeleton(width=0.1, depth=0.1, image_size=16, num_classes=5)
S1_MEASUREMENTS = (
    "bn_statistics",
    "lemma_2",
    "similarity",
    "jacobian",
    "curve",
    "accuracies",
)
SMALL = ["image_size=8", "in_channels=1", "width=0.1", "depth=0.1", "batch_size=100"]
DIGITS = [
    "--data-set",
    "digits",
    "--set",
    *SMALL,
    "epochs=2",
    "crop_padding=1",
    "cutout=0",
    "flip=false",
    "lr=0.1",
    "snapshot_epochs=1",
    "num_score_images=100",
    "calibration_images=100",
]


def lived_in(space: KernelSpace) -> BottleneckNet:
    torch.manual_seed(0)
    model = supernet(space)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval().requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train S1 with shadow and one batch norm, and measure."""
    out = tmp_path_factory.mktemp("results")
    for norm in ("shadow", "single"):
        argv = ["train", *DIGITS, "--batch-norm", norm, "--out", str(out)]
        assert mixpath.main(argv) == 0
    assert mixpath.main(["measure", str(out), "--models", "8"]) == 0
    return out


def test_every_measurement_and_figure_is_there(results: Path) -> None:
    for run in find_trained(results):
        for name in S1_MEASUREMENTS:
            assert (run.folder / MEASUREMENTS[name].schema.name).is_file()
        for name in set(MEASUREMENTS) - set(S1_MEASUREMENTS):
            assert not (run.folder / MEASUREMENTS[name].schema.name).is_file()
    names = ["figure3_curves", "figure5_bn_ratios", "figure6_accuracies", "table4_similarity"]
    names += ["lemma_1", "lemma_2_paths", "search_cost"]
    for name in names:
        for suffix in (".csv", ".png", ".svg"):
            assert (results / name).with_suffix(suffix).is_file()


def test_measured_is_not_measured_again(results: Path) -> None:
    (run, _) = find_trained(results)
    stamps = {p: p.stat().st_mtime_ns for p in run.folder.glob("*.csv")}
    measure_run(run, list(MEASUREMENTS), None, "cpu", 1, num_models=8)
    assert stamps == {p: p.stat().st_mtime_ns for p in run.folder.glob("*.csv")}


def test_a_supernet_still_in_training_is_left_out(results: Path, tmp_path: Path) -> None:
    shutil.copytree(results, tmp_path / "copy")
    (run, _) = find_trained(tmp_path / "copy")
    (run.folder / "scores.csv").unlink()
    write_kept(csv_text(read_csv(run.folder / "history.csv")[:1]), run.folder / "history.csv")
    assert [r.variant for r in find_trained(tmp_path / "copy")] == ["single"]


def test_figure_5_is_of_the_first_layer(results: Path) -> None:
    runs = find_trained(results)
    frame = bn_statistics.compute_first_layer(results)
    assert set(frame["block"]) == {0, 1}
    assert set(frame["num_paths"]) == {1, 2}
    (run,) = (r for r in runs if r.variant == "shadow")
    weights = torch.load(run.folder / CHECKPOINT, weights_only=True)["model"]
    for block, expansion in enumerate((3, 6)):
        for k in (1, 2):
            name = f"layers.0.{expansion}.norm.norms.{k - 1}.running_mean"
            rows = frame[(frame["block"] == block) & (frame["num_paths"] == k)]
            assert np.allclose(rows["mean"], weights[name].numpy())


def test_the_curve_is_measured_from_snapshots(results: Path) -> None:
    (run, _) = find_trained(results)
    frame = read_csv(run.folder / "curve.csv")
    assert frame.groupby("epoch").size().to_dict() == {0: 20, 1: 20, 2: 20}


def test_figure_6_shows_the_same_architectures_raw_and_calibrated(results: Path) -> None:
    frames = [read_csv(run.folder / "accuracies.csv") for run in find_trained(results)]
    for frame in frames:
        raw, calibrated = (frame[frame["calibrated"] == which] for which in (False, True))
        assert raw["architecture"].nunique() == len(raw) == 8
        assert list(raw["architecture"]) == list(calibrated["architecture"])
        assert (raw["loss"].to_numpy() != calibrated["loss"].to_numpy()).all()
    assert list(frames[0]["architecture"]) == list(frames[1]["architecture"])


def test_more_models_go_on_from_fewer(results: Path, tmp_path: Path) -> None:
    shutil.copytree(results, tmp_path / "copy")
    run = find_trained(tmp_path / "copy")[0]
    before = read_csv(run.folder / "accuracies.csv")
    scores = read_csv(run.folder / "scores.csv")
    write_kept(csv_text(scores.assign(accuracy=0.5)), run.folder / "scores.csv")
    measure_run(run, list(MEASUREMENTS), None, "cpu", 1, num_models=12)
    after = read_csv(run.folder / "accuracies.csv")
    assert len(after) == 24
    for which in (False, True):
        now = after[after["calibrated"] == which]
        assert list(now["architecture"][:8]) == list(before["architecture"][:8])
        assert (now["accuracy"][:8] == 0.5).all()  # taken over, not scored again
        assert (now["accuracy"][8:] != 0.5).all()


def test_table_4_compares_one_path_and_two(results: Path) -> None:
    table = similarity.compute_first_layer(results)
    papers = table[table["paper_s1_mean"].notna()]
    assert set(papers["what"]) == {"features", "jacobian"}
    assert set(table["num_pairs"]) == {12, 24}  # 6 pairs, ordered in sums, in two expansions
    assert (table["mean"].abs() <= 1 + 1e-6).all()


def test_s1_has_its_untrained_control(results: Path) -> None:
    """Untrained and final weights, of statistics of their own, in Table 4 and for the Lemma."""
    table = similarity.compute_first_layer(results)
    assert set(table["epoch"]) == {0, 2}
    keys = ["bn", "cell", "kind", "what", "place"]
    means = table.pivot_table(index=keys, columns="epoch", values="mean")
    assert (means[0] != means[2]).all()
    for run in find_trained(results):
        for name in ("lemma_2", "similarity", "jacobian"):
            frame = read_csv(run.folder / f"{name}.csv")
            assert sorted(frame["epoch"].unique()) == [0, 2], name
            assert sorted(frame["first"].unique()) == list(range(8)), "of two expansions"


def test_untrained_s1_is_warmed_by_its_own_paths(results: Path) -> None:
    (run, _) = find_trained(results)
    data = resolve(run.recipe).open_images(None, "cpu").data()
    model = Snapshots(run, data).model(0)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert not any((n.running_var == 1).all() for n in norms if n.running_var is not None)


def test_features_are_the_networks_own() -> None:
    """One path's and two paths' normed features are what the layer gives, without a residual."""
    space = s1(2, TINY)
    model, x = lived_in(space), torch.randn(3, 3, 16, 16)
    h = model.shared(x)
    for place in model.path_sums():
        parts = features(place, place.inputs(x, [None] * 3), space.m)
        block = place.block
        residual = h if block.block.has_residual else torch.zeros(())
        for key in ((0,), (1, 3)):
            chosen = (tuple(KERNELS[i] for i in key),)
            assert torch.allclose(parts["normed"][key] + residual, block(h, chosen), atol=1e-5)
        assert torch.equal(parts["raw"][0, 1], parts["raw"][0,] + parts["raw"][1,])


def test_tangents_are_differences() -> None:
    model = lived_in(s1(2, TINY)).double()
    image, directions = torch.rand(1, 3, 16, 16).double(), torch.randn(4, 3, 16, 16).double()
    place = model.path_sums()[1]
    found = tangents(place, image, directions, 2)
    step = 1e-7
    ahead = features(place, model.shared(image + step * directions), 2)
    here = features(place, model.shared(image), 2)
    for where in ("raw", "normed"):
        for key, tangent in found[where].items():
            difference = (ahead[where][key] - here[where][key]) / step
            assert torch.allclose(tangent, difference, atol=1e-3, rtol=1e-3), (where, key)


def test_s2_is_measured_too_and_s3_refused(tmp_path: Path) -> None:
    (place,) = lived_in(s2(2, TINY)).path_sums()
    x = torch.randn(2, 3, 16, 16)
    assert len(features(place, place.inputs(x, [None] * 2), 2)["normed"]) == 4 + 6
    one = lived_in(s1(1, TINY)).path_sums()[0]
    assert len(features(one, one.inputs(x, [None] * 2), 1)["normed"]) == 4
    argv = ["train", "--preset", "s3", *DIGITS, "num_classes=10", "--out", str(tmp_path)]
    assert mixpath.main(argv) == 0
    run = read_trained(tmp_path / "s3-m2" / "shadow-seed0")
    with pytest.raises(ValueError, match="paths are compared where one batch norm"):
        measure_run(run, ["similarity"], None, "cpu", 1)


def test_a_folder_without_supernets(
    tmp_path: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mixpath.main(["measure", str(tmp_path)]) == 2
    assert "holds no trained supernet" in capsys.readouterr().err
    assert draw_all(tmp_path, SUPERNETS) == []
    shutil.copytree(results / "s1-m2", tmp_path / "s1-m2")
    for path in tmp_path.glob("*/*/*.csv"):
        if path.name != "history.csv":
            path.unlink()
    shutil.rmtree(tmp_path / "s1-m2" / "single-seed0")
    assert draw_all(tmp_path, SUPERNETS) == []


def test_one_shot_trains_with_one_batch_norm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["train", *DIGITS, "--sampler", "one-shot", "--out", str(tmp_path), "--batch-norm"]
    assert mixpath.main([*argv, "single"]) == 0
    (run,) = find_trained(tmp_path)
    assert run.variant == "one-shot-single"
    capsys.readouterr()
    assert mixpath.main([*argv, "shadow"]) == 2
    assert "4 summed paths: there are batch norms for 1..2" in capsys.readouterr().err
