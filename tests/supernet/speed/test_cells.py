"""Speed of the cells' supernet: the plain loop that it is held against is its equal."""

import pytest
import torch

from bench.config.training import Training
from bench.network.skeleton import Skeleton
from supernet.data.data_set import to_input
from supernet.speed import cells as speed
from supernet.speed.plain_cells import PlainLoop

TINY = Skeleton(stem_channels=4, num_stacks=1, cells_per_stack=1)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SKELETON": TINY, "BATCH": 4}.items():
        monkeypatch.setattr(speed, name, value)


@pytest.mark.usefixtures("tiny")
def test_baseline_is_the_supernets_equal() -> None:
    model, data = speed._supernet().eval(), speed._data(4)
    plain = PlainLoop(model, Training())
    plain.model.eval()
    x = to_input(data.train.pixels, data.statistics)
    for text in ("3---", "1p3-", "pp11"):
        path = speed.SPACE.path(speed.SPACE.decode(text))
        with torch.no_grad():
            assert torch.allclose(model(x, path), plain.forward(x.contiguous(), path), atol=1e-6)
