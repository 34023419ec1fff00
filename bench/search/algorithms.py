"""Search in a MixPath space: NSGA-II (pymoo), and random search at the same budget.

NSGA-II (Deb, Pratap, Agarwal and Meyarivan, IEEE Transactions on Evolutionary Computation 2002) is
the paper's choice; random search is what it has to beat. Both maximise the supernet's accuracy and
minimise multiply-adds, and both count an architecture once: an evaluation is a new one, and random
search draws as training does. NSGA-II works on the space's vectors of integers, all of them valid:
it starts from draws of the training sampler, crosses uniformly, redraws each integer with
probability 1 / length, and removes duplicates. What one search asks for depends on its seed and the
accuracies alone, so that a search started again on memoised scores repeats itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.base.streams import child_rng

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.space.architecture import KernelArchitecture
    from bench.space.kernels import KernelSpace
    from bench.space.space import Space

    Evaluate = Callable[[Sequence[KernelArchitecture]], Sequence[float]]

MAX_DRAWS = 1000  # per architecture of a small space, before it is enumerated
MAX_STALE = 50  # generations that only repeat known architectures: the population is bred out
CROSSOVER = 0.9  # probability that two parents mix, as in Deb et al.'s experiments
FOREVER = 10**9  # generations; the budget of evaluations ends a search


def random_search(
    space: KernelSpace, evaluate: Evaluate, *, evaluations: int, population: int, seed: int
) -> list[KernelArchitecture]:
    """Evaluate distinct architectures drawn as in training, `population` at a time.

    Returns:
        The architectures, in the order evaluated.
    """
    _check_budget(space, evaluations, population)
    rng, seen = child_rng(seed, "search"), dict[Any, None]()
    while len(seen) < evaluations:
        batch = sample_new(space, rng, seen, min(population, evaluations - len(seen)))
        evaluate(batch)
    return list(seen)


def nsga2(
    space: KernelSpace, evaluate: Evaluate, *, evaluations: int, population: int, seed: int
) -> list[KernelArchitecture]:
    """Search with NSGA-II, each generation `population` new architectures.

    Returns:
        The architectures, in the order evaluated.
    """
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.evaluator import Evaluator
    from pymoo.core.problem import Problem
    from pymoo.operators.crossover.ux import UniformCrossover
    from pymoo.problems.static import StaticProblem

    _check_budget(space, evaluations, population)
    sizes, seen = np.array(space.sizes), dict[Any, None]()
    problem = Problem(n_var=len(sizes), n_obj=2, xl=0, xu=sizes - 1, vtype=int)
    rng = child_rng(seed, "search")
    # The first generation is random search's own, so that a pair of one seed starts alike.
    start = [space.to_integers(a) for a in sample_new(space, rng, {}, population)]
    algorithm = NSGA2(
        pop_size=population,
        sampling=np.array(start),
        crossover=UniformCrossover(prob=CROSSOVER),
        mutation=redraw(sizes),
        eliminate_duplicates=True,
    )
    # Asked and told by hand: pymoo's own loop counts generations, and would pay again for an
    # architecture that an earlier generation had and the population has lost.
    algorithm.setup(problem, termination=("n_gen", FOREVER), seed=seed, verbose=False)
    num_stale = 0
    while len(seen) < evaluations:
        asked = algorithm.ask() if num_stale < MAX_STALE else None
        if asked is None or len(asked) == 0:  # breeding gives nothing new: go on at random
            evaluate(sample_new(space, rng, seen, min(population, evaluations - len(seen))))
            continue
        batch = [space.from_integers(row) for row in asked.get("X")]
        new = [a for a in dict.fromkeys(batch) if a not in seen][: evaluations - len(seen)]
        num_stale = 0 if new else num_stale + 1
        seen.update(dict.fromkeys(new))
        if len(seen) == evaluations:  # the rest of the generation is beyond the budget
            evaluate(new)
            break
        # All of the batch: known ones compete again, and their accuracy is remembered.
        errors = 1.0 - np.asarray(evaluate(batch), float)
        costs = [space.num_multiply_adds(a) for a in batch]
        # A problem whose values are already there is how pymoo takes in values made elsewhere.
        static = StaticProblem(problem, F=np.column_stack([errors, costs]))
        Evaluator().eval(static, asked)
        algorithm.tell(infills=asked)
    return list(seen)


ALGORITHMS: dict[str, Callable[..., list[KernelArchitecture]]] = {
    "nsga2": nsga2,
    "random": random_search,
}


def redraw(sizes: np.ndarray) -> Any:
    """Build pymoo's mutation that redraws each integer with probability 1 / length."""
    from pymoo.core.mutation import Mutation

    # pymoo has no types; the signature, unused arguments and all, is its own.
    class Redraw(Mutation):  # type: ignore[misc]  # untyped base
        def _do(
            self,
            problem: Any,  # noqa: ARG002 (pymoo's)
            X: np.ndarray,  # noqa: N803 (pymoo's)
            *args: Any,  # noqa: ARG002 (pymoo's)
            random_state: np.random.Generator,
            **kwargs: Any,  # noqa: ARG002 (pymoo's)
        ) -> np.ndarray:
            is_redrawn = random_state.random(X.shape) < 1.0 / len(sizes)
            return np.where(is_redrawn, random_state.integers(0, sizes, X.shape), X)

    return Redraw()


def sample_new(
    space: Space, rng: np.random.Generator, seen: dict[Any, None], count: int
) -> list[Any]:
    """Sample architectures not seen before, and add them to what is seen.

    Args:
        space: where to look.
        rng: what draws.
        seen: as keys, those not to return; the new ones are added.
        count: how many; the space must have so many left.
    """
    batch: list[Any] = []
    samples = _samples(space, rng)
    while len(batch) < count:
        architecture = next(samples)
        if architecture not in seen:
            seen[architecture] = None
            batch.append(architecture)
    return batch


def _samples(space: Space, rng: np.random.Generator) -> Iterator[Any]:
    """Sample as training does; where that gives nothing new any more, enumerate the space."""
    for _ in range(MAX_DRAWS * max(1, min(space.count(), 10**4))):
        yield space.sample(rng)
    yield from space.architectures()


def _check_budget(space: KernelSpace, evaluations: int, population: int) -> None:
    if population < 2:
        raise ValueError(f"population={population} must be at least 2")
    if not population <= evaluations <= space.count():
        raise ValueError(
            f"evaluations={evaluations} must be at least the population of {population} and at "
            f"most the {space.count()} architectures of the space"
        )
