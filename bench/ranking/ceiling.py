"""The noise ceiling: the tau of a scorer that knows every cell's expected accuracy.

The truth that scores are ranked against is itself a noisy measurement: a mean of few repeats, or
one repeat. A pair of cells whose expected accuracies differ by d is measured in the right order
less often than always: with Gaussian noise of variance s2 in the measured difference its expected
concordance is 2 Phi(|d| / s) - 1. The expected differences are unknown; putting the measured ones
in their place overstates the ceiling, since noise spreads them. So (SIMEX: Cook and Stefanski,
JASA 1994) the concordance is computed as if the measured differences carried lambda times more
noise, which has a closed form (`pair_concordance`), for several lambda, and a parabola through the
results is followed back to lambda = -1, where no noise is left.

Chosen over shrinking the means towards their mean, which a few bad cells defeat: with these the
variance says little about how close the others lie, and 10 repeats left a bias of +0.10 at a
true ceiling of 0.64 in simulation, against +0.03 here (its tests check such figures). What bias
remains overstates the ceiling, and grows as it falls below 0.6.

Noise differs from cell to cell, and three repeats say little of each. Good cells repeat better than
bad ones, so each cell's variance is drawn towards that of cells as good as it (`_expected`); drawn
towards one for all, as it was here once, the close race among the good ones looks noisier than it
is, and three repeats gave a ceiling below what the other seven reach.

The noise is that of repeated training; all repeats share their test images, whose choice is no
part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import owens_t
from scipy.stats import chi2, rankdata

from bench.base.streams import child_rng

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LAMBDAS = (0.0, 0.5, 1.0, 1.5, 2.0)  # Cook and Stefanski's usual grid
DEGREE = (
    2  # the quadratic extrapolant, their choice too: less biased than a line, steadier than more
)
SEED = 0  # fixed, so that the same runs give the same bytes
NUM_SAMPLED = 500_000  # pairs, of more cells than all pairs can be looked at of
OUTLIER = 4  # times the expected variance; of Gaussian repeats one in fifty reaches it
NUM_CLIPPINGS = 5  # after which no cell is clipped anew
MIN_FITTED = 10  # cells with repeats, from which on their variance may depend on their mean
PRIOR_FREEDOM = 4  # degrees of freedom that the expected variance weighs in each cell's own


@dataclass(frozen=True, kw_only=True, eq=False)
class Noise:
    """How uncertain the truths of some cells are.

    Attributes:
        variance: of one repeat, of shape (num_cells,); NaN if no cell has repeats.
        num_averaged: number of repeats in each cell's mean, of shape (num_cells,).
        note: what was assumed, or empty.
    """

    variance: Floats
    num_averaged: Floats
    note: str = ""


def estimate_noise(accuracies: Floats, is_mean_only: NDArray[np.bool_]) -> Noise:
    """Estimate the variance of each cell's repeats.

    A variance of 2 degrees of freedom says little, so each is averaged with the variance expected
    at the cell's mean, which counts as PRIOR_FREEDOM degrees of freedom; cells without repeats take
    the expected one.

    Args:
        accuracies: of shape (num_cells, num_repeats), NaN where missing.
        is_mean_only: whether repeat 0 is a mean of unknown repeats, of shape (num_cells,).
    """
    num = (~np.isnan(accuracies)).sum(axis=1).astype(np.float64)
    num_averaged = np.where(is_mean_only, accuracies.shape[1], num)
    freedom = np.maximum(num - 1, 0)
    if not freedom.any():
        nothing = np.full(len(num), np.nan)
        note = "no ceiling: no cell has more than one repeat"
        return Noise(variance=nothing, num_averaged=num_averaged, note=note)
    means = np.nansum(accuracies, axis=1) / num
    squares = np.nansum((accuracies - means[:, None]) ** 2, axis=1)
    expected = _expected(means, squares, freedom)
    variance = (squares + PRIOR_FREEDOM * expected) / (freedom + PRIOR_FREEDOM)
    return Noise(variance=variance, num_averaged=num_averaged, note=_note(freedom, num_averaged))


def pair_concordance(means: Floats, noise: Noise, *, is_one_repeat: bool) -> Floats:
    """Return the expected concordance of each pair's expected and measured differences.

    With a measured difference d of variance s2, lambda s2 of further noise and t2 the variance of
    the truth's difference, the signs of d + N(0, lambda s2) and of that + N(0, t2) agree by
    1 - 4 T(d / sqrt(lambda s2 + t2), sqrt(t2 / (lambda s2))) in expectation, T being Owen's.

    Args:
        means: measured mean accuracies, of shape (num_cells,).
        noise: of the same cells.
        is_one_repeat: whether the truth is one repeat instead of the mean.

    Returns:
        Estimates of shape (num_cells, num_cells), unclipped, 0 on the diagonal.
    """
    distance = np.abs(means[:, None] - means)
    s2, t2 = (v[:, None] + v for v in _variances(noise, is_one_repeat))
    result = _expect(distance, s2, t2)
    np.fill_diagonal(result, 0)
    return result


def sampled_concordance(means: Floats, noise: Noise, *, is_one_repeat: bool) -> float:
    """Estimate the mean of `pair_concordance` over all pairs of distinct cells from some of them.

    Values lie between 0 and 1, so that NUM_SAMPLED pairs leave a standard error below 0.001.

    Args:
        means: measured mean accuracies, of shape (num_cells,).
        noise: of the same cells.
        is_one_repeat: whether the truth is one repeat instead of the mean.
    """
    num = len(means)
    rng = child_rng(SEED, "ceiling-pairs")
    one = rng.integers(num, size=NUM_SAMPLED)
    other = (one + rng.integers(1, num, size=NUM_SAMPLED)) % num
    s2, t2 = (v[one] + v[other] for v in _variances(noise, is_one_repeat))
    return float(_expect(np.abs(means[one] - means[other]), s2, t2).mean())


def ceiling(concordance: Floats, counts: Floats, untied_truths: float) -> float:
    """Return the expected tau-b of the perfect scorer, which ties the copies of a cell.

    Args:
        concordance: of pairs of cells, as from `pair_concordance`.
        counts: number of entries of each cell, of shape (num_cells,).
        untied_truths: ordered pairs of entries not tied in the observed truth.
    """
    untied_scores = counts.sum() ** 2 - (counts**2).sum()
    return expected_tau(float(counts @ concordance @ counts), untied_scores, untied_truths)


def expected_tau(agreement: float, untied_scores: float, untied_truths: float) -> float:
    """Return tau-b in [0, 1] from expected and counted ordered pairs, NaN where there are none."""
    if not untied_scores * untied_truths > 0:
        return float("nan")
    tau = agreement / np.sqrt(untied_scores * untied_truths)
    return float(np.clip(tau, 0, 1)) if np.isfinite(tau) else float("nan")


def _variances(noise: Noise, is_one_repeat: bool) -> tuple[Floats, Floats]:
    """Return the variance of each cell's mean, and of its truth."""
    mean_variance = noise.variance / noise.num_averaged
    return mean_variance, noise.variance if is_one_repeat else mean_variance


def _expect(distance: Floats, s2: Floats, t2: Floats) -> Floats:
    """Return the expected concordance of pairs of any shape, extrapolated to no noise."""
    if not t2.any():
        return np.sign(distance)
    fits = [_concordance(distance, lam * s2, t2) for lam in LAMBDAS]
    return np.asarray(np.tensordot(_weights_at_no_noise(), np.stack(fits), axes=1))


def _expected(means: Floats, squares: Floats, freedom: Floats) -> Floats:
    """Return the variance expected of a cell by its place among the others: exp(a + b rank).

    A variance function (Davidian and Carroll, JASA 1987), fitted as to gamma variables; of ranks,
    since the lowest means would hold all the weight. Outliers are clipped: in NAS-Bench-101 the few
    cells of which one repeat diverged (0.9, 0.9, 0.1) would make the variance a hundred times what
    it is for all others. Of fewer than MIN_FITTED cells with repeats, b is 0.
    """
    known = freedom > 0
    if not squares[known].any():
        return np.zeros(len(means))
    place = rankdata(means) / len(means) * (known.sum() >= MIN_FITTED)
    design = np.stack([np.ones_like(place), place], axis=1)
    variance = np.full(len(place), _typical(squares[known], freedom[known]))
    for _ in range(NUM_CLIPPINGS):
        clipped = np.minimum(squares, OUTLIER * freedom * variance)[known]
        scale = clipped.sum() / freedom[known].sum()
        fitted = fit_gamma(design[known], clipped / freedom[known] / scale, freedom[known])
        variance = scale * np.exp(design @ fitted)
    return variance


def _typical(squares: Floats, freedom: Floats) -> float:
    """Return the median variance, infinite if it is 0: then nothing is clipped.

    A cell's sum of squares is its variance times a chi-squared of its degrees of freedom, so each
    is divided by that law's median before the median over the cells tells the typical variance.
    """
    return float(np.median(squares / chi2.median(freedom))) or np.inf


def fit_gamma(design: Floats, values: Floats, weights: Floats) -> Floats:
    """Fit the log of gamma variables as a linear function of the design.

    Minimises their deviance, the sum of weights (eta + values / exp(eta)), which is convex.

    Args:
        design: of shape (num_cells, num_coefficients).
        values: around 1, of shape (num_cells,).
        weights: likewise, above 0.

    Returns:
        The coefficients.
    """

    def deviance(coefficients: Floats) -> tuple[float, Floats]:
        eta = design @ coefficients
        parts = weights * values * np.exp(-eta)
        return float((weights * eta + parts).sum()), design.T @ (weights - parts)

    start = np.zeros(design.shape[1])
    return np.asarray(minimize(deviance, start, jac=True, method="BFGS").x)


def _concordance(distance: Floats, extra: Floats, truth: Floats) -> Floats:
    """Expect the product of the signs of d + U and d + U + V, of variances `extra` and `truth`.

    Owen (Annals of Mathematical Statistics 1956): with h and k the distance in standard deviations
    of the second and the first, both are positive with probability (Phi(h) + Phi(k)) / 2 - T(h, a)
    - T(k, a'). Here a is sqrt(truth / extra) and a' is 0, where T is 0: signs differ by 2 T(h, a).
    """
    with np.errstate(divide="ignore"):
        slope = np.sqrt(truth / extra)  # infinite where there is no extra noise, as T allows
    return np.asarray(1 - 4 * owens_t(distance / np.sqrt(extra + truth), slope))


def _weights_at_no_noise() -> Floats:
    """Return the weights that evaluate at lambda = -1 the polynomial fitted through LAMBDAS."""
    fit = np.linalg.pinv(np.vander(np.array(LAMBDAS), DEGREE + 1))
    return np.asarray(np.vander([-1.0], DEGREE + 1)[0] @ fit)


def _note(freedom: Floats, num_averaged: Floats) -> str:
    known, total = int((freedom > 0).sum()), len(freedom)
    if known == total:
        return ""
    assumed = "/".join(f"{n:g}" for n in sorted(set(num_averaged[freedom == 0].tolist())))
    return (
        f"ceiling: {known} of {total} cells have repeats; the other {total - known} take the "
        f"variance of cells as good, their means counted as of {assumed} repeat(s)"
    )
