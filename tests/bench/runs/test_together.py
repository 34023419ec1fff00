"""What is ranked together is of one recipe, of the same images and of the same code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.config.cell_presets import digits
from bench.config.fields import from_dict, to_dict
from bench.runs.layout import run_folder
from bench.runs.origin import Origin
from bench.runs.run import Run, RunFolderError
from bench.runs.together import check_together

RECIPE = digits().recipe
ONE, OTHER = Origin(images="1" * 64), Origin(images="2" * 64)


def run(seed: int = 0, **fields: Any) -> Run:
    recipe = from_dict(RECIPE, to_dict(RECIPE) | fields)
    return Run(run_folder(Path("results"), recipe, seed), recipe, seed)


def check(runs: list[Run], origins: list[Origin]) -> None:
    check_together(runs, {run.folder: one for run, one in zip(runs, origins, strict=True)})


def test_what_is_compared_may_differ() -> None:
    runs = [run(), run(1), run(m=3), run(batch_norm="single"), run(sampler="bernoulli")]
    check([*runs, run(2, workers=1, cuda_graphs=False)], [ONE] * 6)
    check([run(), run(space="first-branches", epochs=3)], [ONE, ONE])
    authors = replace(RECIPE, name="authors", num_train_images=7, batch_norm="none")
    check([run(), Run(run_folder(Path("results"), authors, 0), authors, 0)], [ONE, ONE])


@pytest.mark.parametrize(
    ("field", "value"), [("epochs", 3), ("num_train_images", 48), ("calibration_images", 10)]
)
def test_one_recipe_alone_is_averaged_and_subtracted(field: str, value: int) -> None:
    with pytest.raises(RunFolderError, match=rf"differ in {field}: \d+ \(branches-m4/shadow-seed0"):
        check([run(), run(1, **{field: value})], [ONE, ONE])
    with pytest.raises(RunFolderError, match=rf"{value} \(branches-m3/single-seed0\); keep them"):
        check([run(), run(m=3, batch_norm="single", **{field: value})], [ONE, ONE])


def test_runs_of_different_images_are_not_ranked_together() -> None:
    runs = [run(), run(batch_norm="single")]
    check(runs, [ONE, ONE])
    with pytest.raises(
        RunFolderError,
        match=r"differ in images: 11111111 \(branches-m4/shadow-seed0\) and 22222222 \(branches-m4",
    ):
        check(runs, [ONE, OTHER])


def test_known_images_are_not_ranked_beside_unknown_ones() -> None:
    runs = [run(), run(1)]
    check(runs, [Origin(), Origin()])
    with pytest.raises(RunFolderError, match="images: unknown, as of runs from before digests"):
        check(runs, [Origin(), ONE])


def test_changed_code_is_another_method() -> None:
    code = [Origin(plugins={"own:margin": digest * 64}) for digest in "ab"]
    with pytest.raises(RunFolderError, match="differ in source of own:margin"):
        check([run(), run(1)], code)
