"""bench/mixpath.py end to end on digits: every verb, repeating, resuming, and mistakes."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import torch

from bench import mixpath
from bench.base.files import read_csv
from bench.runs import evaluations as evaluations_module
from bench.runs.layout import (
    BEST,
    CHECKPOINT,
    EVALUATED,
    HISTORY,
    NETWORK,
    PARETO,
    RUN,
    SCORES,
    SEARCH,
)
from supernet.training.checkpoints import save_checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = "image_size=8 in_channels=1 width=0.1 depth=0.1 epochs=2 batch_size=100 crop_padding=1"
DIGITS = ["--data-set", "digits", "--set", *f"{SMALL} cutout=0 flip=false lr=0.1".split()]
SCORING = ["calibration_images=100", "num_score_images=100"]
ARCHITECTURE = "e3k35-e6k7-e3k3-e3k59-e6k9"
BUDGET = ["--evaluations", "12", "--population", "4", "--seeds", "2"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command line; returns what it printed."""

    def call(*argv: object) -> str:
        code = mixpath.main([str(part) for part in argv])
        out, err = capsys.readouterr()
        assert code == 0, err
        return out

    return call


@pytest.fixture
def fail(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command line, which must fail in one line; returns the line."""

    def call(*argv: object) -> str:
        code = mixpath.main([str(part) for part in argv])
        err = capsys.readouterr().err.strip()
        assert code == 2, err
        assert err.count("\n") == 0, err
        return err

    return call


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained supernet of S1 with its searches; tests copy it before they change it."""
    out = tmp_path_factory.mktemp("results")
    assert mixpath.main(["train", *DIGITS, *SCORING, "--out", str(out)]) == 0
    folder = out / "s1-m2" / "shadow-seed0"
    assert mixpath.main(["search", str(folder), *BUDGET]) == 0
    return folder


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    """The trained supernet, to change."""
    return shutil.copytree(trained, tmp_path / "results" / "s1-m2" / "shadow-seed0")


def test_train_leaves_a_run_folder(trained: Path) -> None:
    about = json.loads((trained / RUN).read_text())
    assert about["recipe"]["width"] == 0.1
    assert about["recipe"]["batch_norm"] == "shadow"
    history = read_csv(trained / HISTORY)
    assert list(history.columns) == ["epoch", "lr", "loss", "accuracy"]
    assert len(history) == 2


def test_train_again_repeats_nothing(copy: Path, run: Callable[..., str]) -> None:
    before = (copy / CHECKPOINT).read_bytes()
    stamp = (copy / CHECKPOINT).stat().st_mtime_ns
    run("train", *DIGITS, *SCORING, "--out", copy.parents[1])
    assert (copy / CHECKPOINT).stat().st_mtime_ns == stamp
    assert (copy / CHECKPOINT).read_bytes() == before


def test_training_resumed_equals_training_through(
    trained: Path, tmp_path: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_after_one(state: Any, path: Path) -> None:
        save_checkpoint(state, path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("supernet.mixpath_runs.save_checkpoint", stop_after_one)
        arguments = ["train", *DIGITS, *SCORING, "--out", str(tmp_path)]
        assert mixpath.main(arguments) == 130
    run(*arguments)
    folder = tmp_path / "s1-m2" / "shadow-seed0"
    assert (folder / HISTORY).read_bytes() == (trained / HISTORY).read_bytes()
    states = [torch.load(f / CHECKPOINT, weights_only=True) for f in (folder, trained)]
    for name, value in states[0]["model"].items():
        assert torch.equal(value, states[1]["model"][name]), name


def test_search_writes_evaluations_and_front(trained: Path) -> None:
    for folder in sorted(trained.glob("search-*")):
        evaluated, front = read_csv(folder / EVALUATED), read_csv(folder / PARETO)
        assert len(evaluated) == evaluated["architecture"].nunique() == 12
        assert front["num_multiply_adds"].is_monotonic_increasing
        assert front["accuracy"].is_monotonic_increasing
        assert set(front["architecture"]) <= set(evaluated["architecture"])
        assert json.loads((folder / SEARCH).read_text())["calibrated"] is True
    assert len(list(trained.glob("search-*"))) == 4
    assert (trained / "pareto.png").is_file()
    assert (trained / "pareto.svg").is_file()


def test_search_pays_nothing_twice(
    copy: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated = (copy / "search-nsga2-seed0" / EVALUATED).read_bytes()
    shutil.rmtree(copy / "search-nsga2-seed0")
    (copy / "search-random-seed1" / SEARCH).unlink()

    def refuse(*arguments: object) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr("supernet.score.SupernetScorer.calibrated", refuse)
    out = run("search", copy, *BUDGET)
    assert (copy / "search-nsga2-seed0" / EVALUATED).read_bytes() == evaluated
    assert "nsga2: hypervolume" in out
    assert "over 2 seeds, 12 evaluations each" in out


def test_a_search_cut_short_keeps_what_it_paid_for(
    copy: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (copy / "search-nsga2-seed0" / EVALUATED).read_bytes()
    scores = (copy / SCORES).read_bytes()
    for folder in copy.glob("search-*"):
        shutil.rmtree(folder)
    (copy / SCORES).unlink()
    real = evaluations_module.Evaluations.__init__

    def interrupting(self: Any, *args: Any, **kwargs: Any) -> None:
        def stop(count: int) -> None:
            if count == 7:
                raise KeyboardInterrupt

        real(self, *args, **{**kwargs, "on_row": stop})

    with monkeypatch.context() as patch:
        patch.setattr(evaluations_module.Evaluations, "__init__", interrupting)
        assert mixpath.main(["search", str(copy), *BUDGET]) == 130
    assert len(read_csv(copy / SCORES)) == 7
    run("search", copy, *BUDGET)
    assert (copy / "search-nsga2-seed0" / EVALUATED).read_bytes() == whole
    assert (copy / SCORES).read_bytes() == scores


def test_raw_and_calibrated_scores_are_kept_apart(copy: Path, run: Callable[..., str]) -> None:
    shutil.rmtree(copy / "search-random-seed0")
    run("search", copy, *BUDGET[:4], "--seeds", "0,", "--algorithm", "random", "--raw")
    scores = read_csv(copy / SCORES)
    raw = scores[~scores["calibrated"]].set_index("architecture")["loss"]
    calibrated = scores[scores["calibrated"]].set_index("architecture")["loss"]
    assert len(raw) == 12
    assert (raw != calibrated[raw.index]).all()


def test_retrain_and_export(copy: Path, run: Callable[..., str]) -> None:
    out = run("retrain", "--search", copy / "search-nsga2-seed0", *DIGITS, "--export")
    assert "top-1" in out
    (folder,) = copy.parents[1].glob("retrain-*")
    evaluation = read_csv(folder / "evaluation.csv")
    assert list(evaluation.columns) == ["epoch", "weights", "accuracy", "top5_accuracy", "loss"]
    assert evaluation["weights"].tolist() == ["model", "model"]
    best = torch.load(folder / BEST, weights_only=True)
    assert best["epoch"] == evaluation["accuracy"].to_numpy().argmax() + 1
    assert torch.export.load(folder / NETWORK).module()(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    front = read_csv(copy / "search-nsga2-seed0" / PARETO)
    assert (
        json.loads((folder / RUN).read_text())["recipe"]["architecture"]
        == (front["architecture"].iloc[-1])
    )


def test_retrain_with_an_average(tmp_path: Path, run: Callable[..., str]) -> None:
    arguments = ["retrain", "--architecture", ARCHITECTURE, *DIGITS, "ema_decay=0.9",
                 "label_smoothing=0.1", "dropout=0.2", "optimizer=rmsprop-tf", "warmup_epochs=1",
                 "schedule=exponential", "lr_batch=1000", "--out", tmp_path]  # fmt: skip
    run(*arguments)
    (folder,) = tmp_path.glob("retrain-*")
    evaluation = read_csv(folder / "evaluation.csv")
    assert evaluation["weights"].tolist() == ["model", "ema"] * 2
    assert len(set(evaluation["loss"])) == 4
    before = (folder / "evaluation.csv").read_bytes()
    run(*arguments)
    assert (folder / "evaluation.csv").read_bytes() == before


def test_a_supernets_weights_are_a_start(copy: Path, run: Callable[..., str]) -> None:
    """Trap: --start really takes weights over, and training from scratch does not."""
    theirs = torch.load(copy / CHECKPOINT, weights_only=True)["model"]["stem_conv.conv.weight"]
    for start, is_equal in (["--start", copy], True), ([], False):
        out = copy.parent / f"out-{is_equal}"
        run("retrain", "--search", copy / "search-nsga2-seed0", *DIGITS, "epochs=1", "lr=1e-12",
            "weight_decay=0", *start, "--out", out)  # fmt: skip
        (path,) = out.glob(f"retrain-*/{BEST}")
        ours = torch.load(path, weights_only=True)["model"]["stem_conv.conv.weight"]
        assert torch.allclose(ours, theirs, atol=1e-7) == is_equal


def test_transfer(tmp_path: Path, run: Callable[..., str], fail: Callable[..., str]) -> None:
    run("retrain", "--architecture", ARCHITECTURE, *DIGITS, "--out", tmp_path)
    (source,) = tmp_path.glob("retrain-*")
    settings = [
        "--data-set",
        "digits",
        "--set",
        *SMALL.split()[:2],
        *SMALL.split()[4:],
        "flip=false",
    ]
    out = run("transfer", source, *settings, "resize=16", "--export")
    assert "exported" in out
    (folder,) = tmp_path.glob("transfer-*")
    about = json.loads((folder / RUN).read_text())["recipe"]
    assert about["start"] == str(source)
    assert about["resize"] == 16
    shape = torch.export.load(folder / NETWORK).module()(torch.zeros(2, 1, 16, 16)).shape
    assert shape == (2, 10)
    assert "weights of another architecture or width" in fail(
        "retrain", "--architecture", ARCHITECTURE, *DIGITS, "width=0.3", "--start", source,
        "--out", tmp_path / "other",
    )  # fmt: skip


def test_describe(run: Callable[..., str]) -> None:
    assert "5,014,382" in run("describe", "mixnet-m")
    assert "reconstruction" in run("describe", "mixpath-a")
    five_layers = ["--json", "--set", "depth=0.01"]
    about = json.loads(run("describe", "e3k35-e3k3-e3k3-e3k3-e3k3", *five_layers))
    assert about["architecture"].startswith("e3k35")
    assert run("describe", "stem_x32_i3_o8_s11 | k3+5_s11_e2_i8_o8_bare | head_o8_n2").count(
        "fold into one"
    ) == 1  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["train", "--preset", "s4"], "unknown preset"),
        (["train", *DIGITS], "name a folder with --out"),
        (["train", "--set", "width"], "'width' is not FIELD=VALUE"),
        (["train", "--set", "widht=1"], "did you mean 'width'"),
        (["train", *DIGITS, "--m", "5"], "m=5 is outside 1..4"),
        (["train", *DIGITS, "--batch-norm", "shadwo"], "did you mean 'shadow'"),
        (["train", "--data-set", "cifar"], "did you mean 'cifar10'"),
        (["train", *DIGITS, *SCORING, "batch_size=2000"], "more than the 1000 training images"),
        (["train", *DIGITS, "accumulate=3"], "batch_size=100 is the batch of all processes"),
        (["train", *DIGITS], "calibration_images=5000, but split 'train' of 'digits' has 1000"),
        (
            [
                "retrain",
                "--architecture",
                ARCHITECTURE,
                *DIGITS,
                "num_test_images=600",
                "--out",
                "x",
            ],
            "num_test_images=600, but split 'test' of 'digits' has 500",
        ),
        (["train", *DIGITS, "schedule=step"], "is not cosine or exponential"),
        (["train", *DIGITS, "epochs=0"], "epochs=0 must be at least 1"),
        (["train", *DIGITS, "precision=fp8"], "is not fp32 or bf16"),
        (["train", *DIGITS, *SCORING, "ema_decay=2"], "ema_decay=2.0 must lie between 0 and 1"),
        (["retrain"], "name either --architecture TEXT or --search FOLDER"),
        (["retrain", "--architecture", "k3"], "has 1 layers, s1 here has 12"),
        (["describe", "k3"], "has 1 layers, s1 here has 12"),
        (["describe", "mixnet"], "did you mean 'mixnet-s'"),
        (["describe", "blah"], "is not like 'e3k35'"),
        (["search", "nowhere"], "no run.json: it is no run folder"),
        (["search"], "required: supernet"),
        (["transfer", "nowhere"], "no run.json"),
        ([], "required: VERB"),
    ],
)
def test_mistakes_are_one_line(
    argv: list[str], message: str, fail: Callable[..., str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    out = ["--out", tmp_path / "out"] if argv[:1] == ["train"] and "--out" not in message else []
    assert message in fail(*argv, *out)
    assert not list(tmp_path.glob("*/*/*/history.csv"))


def test_mistakes_with_a_trained_supernet(copy: Path, fail: Callable[..., str]) -> None:
    search = copy / "search-nsga2-seed0"
    assert "unknown algorithm 'nsga'" in fail("search", copy, "--algorithm", "nsga")
    assert "holds another search: evaluations=12 (asked: 20)" in fail(
        "search", copy, "--evaluations", "20", "--population", "4"
    )
    assert "--seeds 'x'" in fail("search", copy, "--seeds", "x")
    assert "--seeds '0'" in fail("search", copy, "--seeds", "0")
    assert "not a supernet" in _with_name(copy, "retrain", fail, "search")
    assert "found no network of at most 1e-06 M" in fail(
        "retrain", "--search", search, *DIGITS, "--max-multiply-adds", "1e-6"
    )
    assert "holds no finished search" in fail("retrain", "--search", copy / "search-x", *DIGITS)
    assert "holds another recipe: lr=0.1 (asked: 0.2)" in fail(
        "train", *DIGITS, *SCORING, "lr=0.2", "--out", copy.parents[1]
    )


def _with_name(folder: Path, name: str, fail: Callable[..., str], verb: str) -> str:
    """Run a verb on a copy of a folder whose recipe has another name."""
    other = shutil.copytree(folder, folder.parent / "other")
    about = json.loads((other / RUN).read_text())
    about["recipe"]["name"] = name
    (other / RUN).write_text(json.dumps(about))
    return fail(verb, other)


def test_foreign_and_damaged_folders(copy: Path, fail: Callable[..., str]) -> None:
    assert "ranking benchmark" in _with_name(copy, "sound", fail, "search")
    about = json.loads((copy / RUN).read_text())
    about["recipe"]["m"] = 3
    (copy / RUN).write_text(json.dumps(about))
    assert "another space, m or size" in fail("search", copy, "--seeds", "7,")
    about["recipe"]["m"], about["recipe"]["epochs"] = 2, 3
    (copy / RUN).write_text(json.dumps(about))
    assert "has 2 of 3 epochs: go on with train" in fail("search", copy, "--seeds", "7,")
    (copy / CHECKPOINT).write_bytes(b"no checkpoint")
    assert "is damaged" in fail("search", copy, "--seeds", "7,")
    (copy / CHECKPOINT).unlink()
    assert "has no checkpoint.pt: train it first" in fail("search", copy)
    (copy / RUN).write_text("{")
    assert "run.json can't be read" in fail("search", copy)


def test_a_checkpoint_of_another_m_is_refused_by_training(
    copy: Path, fail: Callable[..., str]
) -> None:
    other = copy.parents[1] / "s1-m3" / "shadow-seed0"
    other.mkdir(parents=True)
    shutil.copy(copy / CHECKPOINT, other)
    line = fail("train", *DIGITS, *SCORING, "--m", "3", "--out", copy.parents[1])
    assert "another space, m or size" in line
    assert (other / CHECKPOINT).is_file()


def test_scores_have_every_search(trained: Path) -> None:
    scores = read_csv(trained / SCORES)
    parts = [read_csv(path) for path in trained.glob(f"search-*/{EVALUATED}")]
    assert set(scores["architecture"]) == set(pd.concat(parts)["architecture"])
