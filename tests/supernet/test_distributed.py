"""Processes that torchrun starts."""

import pytest
import torch

from supernet.distributed import Ranks, join


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ValueError, match=r"process 3 .* 2 can be seen: .*--nproc-per-node 2"):  # noqa: SIM117 (joining is what raises)
        with join("cuda"):
            pass


def test_any_of_one_process_is_its_own() -> None:
    assert Ranks().any(True, torch.device("cpu"))
    assert not Ranks().any(False, torch.device("cpu"))
