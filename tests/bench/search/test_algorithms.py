"""Search: budgets, seeds, repeats, small spaces, and that NSGA-II beats random search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.network.skeleton import BlockSkeleton
from bench.search.algorithms import ALGORITHMS, nsga2, random_search
from bench.search.pareto import hypervolume
from bench.space.kernels import KernelSpace
from bench.space.mixpath import s1, s3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.space.architecture import KernelArchitecture

TINY = BlockSkeleton(width=0.25, depth=0.01, image_size=32, num_classes=10)


class Toy:
    """An accuracy that grows with 5x5 and 7x7 kernels, and what was asked of it."""

    def __init__(self, space: KernelSpace) -> None:
        self.space = space
        self.asked: list[KernelArchitecture] = []

    def __call__(self, architectures: Sequence[KernelArchitecture]) -> list[float]:
        """Evaluate architectures."""
        self.asked.extend(architectures)
        return [self.accuracy(a) for a in architectures]

    def accuracy(self, architecture: KernelArchitecture) -> float:
        """Reward two sizes, and expansion, with diminishing returns."""
        kernels = [k for layer in architecture for group in layer.kernels for k in group]
        wide = sum(layer.expansion == 6 for layer in architecture)
        return float(
            1 - 0.9 ** (kernels.count(5) + kernels.count(7) + 2 * wide) - 0.01 * kernels.count(9)
        )

    def volume(self, found: list[KernelArchitecture]) -> float:
        """Measure what was found."""
        largest = self.space.num_multiply_adds(
            self.space.from_integers([size - 1 for size in self.space.sizes])
        )
        costs = [self.space.num_multiply_adds(a) for a in found]
        return hypervolume([self.accuracy(a) for a in found], costs, 1.05 * largest)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_budget_is_met_by_distinct_architectures(algorithm: str) -> None:
    space = s1(2, TINY)
    toy = Toy(space)
    found = ALGORITHMS[algorithm](space, toy, evaluations=57, population=10, seed=0)
    assert len(found) == len(set(found)) == 57
    assert set(toy.asked) == set(found)
    assert all(space.checked(a) for a in found)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_one_seed_repeats_and_another_differs(algorithm: str) -> None:
    space = s3(2, TINY)
    runs = [
        ALGORITHMS[algorithm](space, Toy(space), evaluations=40, population=8, seed=seed)
        for seed in (3, 3, 4)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_both_start_from_the_same_draws() -> None:
    space = s1(2, TINY)
    starts = [
        ALGORITHMS[name](space, Toy(space), evaluations=30, population=10, seed=5)[:10]
        for name in ALGORITHMS
    ]
    assert starts[0] == starts[1]


def test_nothing_else_is_seeded() -> None:
    np.random.seed(0)  # noqa: NPY002 (the global generator is what is tested)
    before = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002 (the same)
    nsga2(s1(1, TINY), Toy(s1(1, TINY)), evaluations=20, population=5, seed=1)
    after = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002 (the same)
    assert (after == before).all()


def test_nsga2_beats_random_search() -> None:
    space = s1(2)
    toy = Toy(space)
    volumes = {
        name: [
            toy.volume(search(space, toy, evaluations=300, population=20, seed=seed))
            for seed in range(3)
        ]
        for name, search in ALGORITHMS.items()
    }
    assert min(volumes["nsga2"]) > max(volumes["random"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_small_space_is_searched_whole(algorithm: str) -> None:
    space = KernelSpace(
        "small", 1, s1(1, TINY).template, num_fixed=4, expansions=(3, 6), num_groups=1
    )
    found = ALGORITHMS[algorithm](space, Toy(space), evaluations=8, population=3, seed=0)
    assert set(found) == set(space.architectures())


@pytest.mark.parametrize(
    ("evaluations", "population", "message"),
    [(10, 1, "population=1 must be at least 2"), (5, 10, "evaluations=5"), (10**6, 2, "at most")],
)
@pytest.mark.parametrize("search", [nsga2, random_search])
def test_wrong_budgets_are_refused(
    search: object, evaluations: int, population: int, message: str
) -> None:
    space = s1(1, TINY)
    assert callable(search)
    with pytest.raises(ValueError, match=message):
        search(space, Toy(space), evaluations=evaluations, population=population, seed=0)
