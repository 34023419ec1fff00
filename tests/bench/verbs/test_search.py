"""`search`: evaluations and fronts, nothing paid twice, and a search cut short."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from bench import mixpath
from bench.base.command import STOPPED
from bench.base.files import read_csv
from bench.runs import evaluations as evaluations_module
from bench.runs.about import open_folder
from bench.runs.layout import CHECKPOINT, EVALUATED, PARETO, RUN, SCORES, SEARCH
from bench.verbs.presets import mixpath_preset, ranking_preset
from bench.verbs.search import search
from tests.bench.verbs.small import BUDGET, DIGITS, SCORING
from tests.rewritten import forget_whose, rewrite_recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.config.recipe import Final, Recipe


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


def test_a_search_at_its_time_limit_goes_on_until_it_is_done(
    copy: Path,
    capsys: pytest.CaptureFixture[str],
    ticking: None,  # noqa: ARG001 (changes the clock)
) -> None:
    searches = sorted(folder.name for folder in copy.glob("search-*"))
    whole = {name: (copy / name / EVALUATED).read_bytes() for name in searches}
    scores = (copy / SCORES).read_bytes()
    for name in searches:
        shutil.rmtree(copy / name)
    (copy / SCORES).unlink()
    codes: list[int] = []
    paid = [0]
    while not codes or codes[-1] == STOPPED:
        codes.append(mixpath.main(["search", str(copy), *BUDGET, "--time-limit", "40s"]))
        paid.append(len(read_csv(copy / SCORES)) if (copy / SCORES).exists() else 0)
        assert len(codes) < 60
    assert codes[-1] == 0
    assert len(codes) > 2
    assert paid == sorted(paid)
    assert capsys.readouterr().err.count("stopped by the time limit: ") == len(codes) - 1
    assert {name: (copy / name / EVALUATED).read_bytes() for name in searches} == whole
    assert (copy / SCORES).read_bytes() == scores


def test_raw_and_calibrated_scores_are_kept_apart(copy: Path, run: Callable[..., str]) -> None:
    shutil.rmtree(copy / "search-random-seed0")
    run("search", copy, *BUDGET[:4], "--seeds", "0,", "--algorithm", "random", "--raw")
    scores = read_csv(copy / SCORES)
    raw = scores[~scores["calibrated"]].set_index("architecture")["loss"]
    calibrated = scores[scores["calibrated"]].set_index("architecture")["loss"]
    assert len(raw) == 12
    assert (raw != calibrated[raw.index]).all()


def test_scores_have_every_search(trained: Path) -> None:
    scores = read_csv(trained / SCORES)
    parts = [read_csv(path) for path in trained.glob(f"search-*/{EVALUATED}")]
    assert set(scores["architecture"]) == set(pd.concat(parts)["architecture"])


def test_mistakes_with_a_trained_supernet(copy: Path, fail: Callable[..., str]) -> None:
    search = copy / "search-nsga2-seed0"
    assert "unknown algorithm 'nsga'" in fail("search", copy, "--algorithm", "nsga")
    assert "holds another search: evaluations=12 (asked: 20)" in fail(
        "search", copy, "--evaluations", "20", "--population", "4"
    )
    assert "--seeds 'x'" in fail("search", copy, "--seeds", "x")
    assert "--seeds '0'" in fail("search", copy, "--seeds", "0")
    assert "found no network of at most 1e-06 M" in fail(
        "retrain", "--search", search, *DIGITS, "--max-multiply-adds", "1e-6"
    )
    assert "holds no finished search" in fail("retrain", "--search", copy / "search-x", *DIGITS)
    assert "holds another recipe: lr=0.1 (asked: 0.2)" in fail(
        "train", *DIGITS, *SCORING, "lr=0.2", "--out", copy.parents[1]
    )


def test_foreign_and_damaged_folders(copy: Path, fail: Callable[..., str]) -> None:
    rewrite_recipe(copy, m=3)
    assert "is of another recipe or seed than run.json" in fail("search", copy, "--seeds", "7,")
    forget_whose(copy / CHECKPOINT)
    assert "another space, m or size" in fail("search", copy, "--seeds", "7,")
    rewrite_recipe(copy, m=2, epochs=3)
    assert "has 2 of 3 epochs: go on with train" in fail("search", copy, "--seeds", "7,")
    (copy / CHECKPOINT).write_bytes(b"no checkpoint")
    assert "is damaged" in fail("search", copy, "--seeds", "7,")
    (copy / CHECKPOINT).unlink()
    assert "has no checkpoint.pt: train it first" in fail("search", copy)
    (copy / RUN).write_text("{")
    assert "run.json, line 1: no JSON" in fail("search", copy)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (mixpath_preset("s1").final, "not a supernet"),
        (ranking_preset("digits").recipe, "ranked whole, not searched"),
    ],
    ids=["network", "cells"],
)
def test_only_supernets_of_kernels_are_searched(
    recipe: Recipe | Final, message: str, tmp_path: Path, fail: Callable[..., str]
) -> None:
    open_folder(tmp_path, recipe, 0, "cpu", 1)
    (tmp_path / CHECKPOINT).touch()
    assert message in fail("search", tmp_path)


def test_in_three_lines(copy: Path) -> None:
    found = search(copy, algorithms=("random",), evaluations=12, population=4, seeds=(0, 1))
    assert found.folder == copy
    assert set(found.evaluated["algorithm"]) == {"nsga2", "random"}
    assert found.figure.is_file()
    with pytest.raises(ValueError, match="did you mean 'nsga2'"):
        search(copy, algorithms=("nsga",))
