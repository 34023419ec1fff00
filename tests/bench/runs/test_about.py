"""What a run folder says of itself; a net has the cells' skeleton unless one is named for it."""

from pathlib import Path

import pytest

from bench.config.recipe import Recipe
from bench.network.skeleton import BlockSkeleton, Skeleton
from bench.runs.about import skeleton_type
from bench.runs.run import open_run, read_run


@pytest.mark.parametrize(
    ("net", "kind"),
    [("cells", Skeleton), ("bottlenecks", BlockSkeleton), ("a-further-one", Skeleton)],
)
def test_a_net_that_names_no_skeleton_has_the_cells(net: str, kind: type) -> None:
    assert skeleton_type(net) is kind


def test_a_run_of_such_a_net_is_read_back(tmp_path: Path) -> None:
    recipe = Recipe(net="a-further-one", skeleton=Skeleton(stem_channels=4))
    run = open_run(tmp_path, recipe, 0, "cpu", 1)
    assert read_run(run.folder).recipe == recipe
