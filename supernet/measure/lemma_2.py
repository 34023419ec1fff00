"""Lemmas 1 and 2 where they can fail: statistics of single paths, of pairs, and of x + x.

Averaged over paths, E[x + y] = 2 E[x] is an identity: with paths drawn uniformly and all linear
between sum and batch norm it holds for any features, trained or not, so that the ratio of the means
of SBN_1 and SBN_2 tests nothing. Here nothing is averaged. For every path and pair, in what enters
the batch norm under test, per channel over images and positions:

    path    x alone, against SBN_1
    pair    x + y, against SBN_2 where the two can be summed
    double  x + x of section 3.3: the same path twice, so 2 x, whose cosine with x is 1 whatever x
            is. That it shares SBN_2 with x + y can fail. Our spaces never draw it: two nodes with
            one operation have weights of their own, and are a pair

What stands for SBN_k are the means over all sums of k paths of their own means and variances, as
running statistics are: each batch is of one path, so that the spread between paths is no part of a
running variance. Distances are those of `combination_statistics`, rms over channels.

    mean_distance, log_variance_distance
        from SBN_k
    half_mean_distance, half_log_variance_distance
        of (x + y) / 2 from SBN_1: equations 3 and 4
    variance_ratio
        Var[x + y] / (Var[x] + Var[y]), median over channels: 2 where x = y (equation 4), 1 without
        correlation, 0 where y = -x
    correlation
        of x and y, median over channels
    cosine
        of the paths' own outputs, before any projection, as Definition 1 has it: per image; mean
    mean_difference, log_variance_difference
        E[x] - E[y] in units of their root mean variance, and ln Var[x] / Var[y], of the same
        outputs: Lemma 1; rms

Untrained weights are measured beside the final ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from bench.base.streams import child_rng
from supernet.data.data_set import take, to_input
from supernet.measure.combination_statistics import TINY, distance, rms
from supernet.measure.similarity import cosine
from supernet.measure.snapshots import rows_by_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from supernet.measure.snapshots import Snapshots
    from supernet.nets.supernet import PathSum

    Floats = NDArray[np.float64]

NUM_IMAGES = 256
DIGITS = 6
CHUNK = 32
"""Images whose features are held at once."""


@torch.no_grad()
def measure(snapshots: Snapshots) -> pd.DataFrame:
    """Measure paths and pairs: a row for each, by epoch (untrained and final) and cell."""

    def measured(place: PathSum) -> list[dict[str, Any]]:
        moments = gather(place, _inputs(place, snapshots))
        return list(compare(place, moments, snapshots.parts.space.m))

    return pd.DataFrame(rows_by_place(snapshots, snapshots.ends, measured)).round(DIGITS)


@dataclass(frozen=True)
class Moments:
    """First and second moments of what enters a batch norm, for every path and pair.

    Attributes:
        means: of paths, of shape (num_paths, channels).
        covariances: of shape (num_paths, num_paths, channels).
        sums: mean and variance of x_i + x_j by (i, j), i <= j, of shape (2, channels).
        cosines: of the paths' own outputs, before any projection, of shape (num_paths, num_paths).
        outputs: mean and variance of these, of shape (num_paths, 2, their channels).
        num_images: how many were seen.
    """

    means: Floats
    covariances: Floats
    sums: dict[tuple[int, int], Floats]
    cosines: Floats
    outputs: Floats
    num_images: int

    def path(self, i: int) -> Floats:
        """Return mean and variance of one path, of shape (2, channels)."""
        return np.stack([self.means[i], self.covariances[i, i]])


def gather(place: PathSum, chunks: Iterator[torch.Tensor]) -> Moments:
    """Run every path and every sum of two on a place's inputs; population moments, in float64.

    Sums are run themselves: between sum and batch norm there may be a squeeze-excite.
    """
    num = place.num_paths
    pairs = [(i, j) for i in range(num) for j in range(i, num)]
    count = num_images = 0
    means: Any = 0.0
    totals: Any = 0.0
    cross: Any = 0.0
    own: Any = 0.0
    cosines = []
    for x in chunks:
        raw = place.outputs(x)
        cosines.append(torch.stack([_cosines(one, raw) for one in raw]))
        own = own + torch.stack([_sums(_values(one)) for one in raw])
        paths = torch.stack([_values(place.before_norm(one)) for one in raw])
        both = (_values(place.before_norm(raw[i] + raw[j])) for i, j in pairs)
        totals = totals + torch.stack([_sums(values) for values in both])
        cross = cross + torch.einsum("pcv,qcv->pqc", paths, paths)
        means = means + paths.sum(2)
        count, num_images = count + paths.shape[2], num_images + len(x)
    mean, products = ((v / count).cpu().numpy() for v in (means, cross))
    sums, outputs = (_moments(v, count) for v in (totals, own))
    mean_cosines = torch.cat(cosines, dim=2).nanmean(2).cpu().numpy()
    covariances = products - mean[:, None] * mean[None, :]
    by_pair = dict(zip(pairs, sums, strict=True))
    return Moments(mean, covariances, by_pair, mean_cosines, outputs, num_images)


def compare(place: PathSum, moments: Moments, m: int) -> Iterator[dict[str, Any]]:
    """Yield a row per path, pair and double; without sums where m is 1."""
    paths = range(place.num_paths)
    first = _running([moments.path(i) for i in paths])
    summed = [pair for pair in combinations(paths, 2) if m >= 2 and place.can_sum(*pair)]
    second = _running([moments.sums[pair] for pair in summed]) if summed else None
    for i in paths:
        row = _row(place, "path", (i, i), moments) | distance(moments.path(i), first)
        yield row | _halves(None, first)
    for i, j in combinations(paths, 2):
        row = _row(place, "pair", (i, j), moments) | _two_paths(moments, i, j)
        yield row | _against(moments, (i, j), first, second if (i, j) in summed else None)
    for i in paths if summed else ():
        row = _row(place, "double", (i, i), moments) | _two_paths(moments, i, i)
        yield row | _against(moments, (i, i), first, second)


def _row(place: PathSum, kind: str, pair: tuple[int, int], moments: Moments) -> dict[str, Any]:
    variances = [moments.covariances[i, i] for i in pair]
    return {
        "kind": kind,
        "first": place.offset + pair[0],
        "second": place.offset + pair[1],
        "num_channels": int(np.all(np.array(variances) > TINY, axis=0).sum()),
        "num_images": moments.num_images,
    }


def _two_paths(moments: Moments, i: int, j: int) -> dict[str, float]:
    """Compare x and y themselves: what Lemma 1 says of them, and what makes equation 4 fail."""
    var_x, var_y = moments.covariances[i, i], moments.covariances[j, j]
    alive = (var_x > TINY) & (var_y > TINY)
    x, y = moments.outputs[i], moments.outputs[j]
    both_alive = (x[1] > TINY) & (y[1] > TINY)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = moments.covariances[i, j] / np.sqrt(var_x * var_y)
        ratio = moments.sums[i, j][1] / (var_x + var_y)
        difference = (x[0] - y[0]) / np.sqrt((x[1] + y[1]) / 2)
    return {
        "cosine": float(moments.cosines[i, j].clip(-1, 1)),
        "correlation": _median(correlation[alive].clip(-1, 1)),
        "variance_ratio": _median(ratio[alive]),
        "mean_difference": rms(difference[both_alive]),
        "log_variance_difference": distance(x, y)["log_variance_distance"],
    }


def _against(
    moments: Moments, pair: tuple[int, int], first: Floats, second: Floats | None
) -> dict[str, float]:
    """Compare a sum with SBN_2, and half of it with SBN_1; nothing where it is never summed."""
    if second is None:
        nothing = {"mean_distance": float("nan"), "log_variance_distance": float("nan")}
        return nothing | _halves(None, first)
    return distance(moments.sums[pair], second) | _halves(moments.sums[pair], first)


def _halves(total: Floats | None, first: Floats) -> dict[str, float]:
    """Compare (x + y) / 2 with one path: equations 3 and 4."""
    if total is None:
        return {"half_mean_distance": float("nan"), "half_log_variance_distance": float("nan")}
    found = distance(np.stack([total[0] / 2, total[1] / 4]), first)
    return {f"half_{name}": value for name, value in found.items()}


def _running(values: Sequence[Floats]) -> Floats:
    """Return what running statistics tend to: means of means and of variances, (2, channels)."""
    mean: Floats = np.stack(values).mean(axis=0)
    return mean


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _values(x: torch.Tensor) -> torch.Tensor:
    """Return values of shape (channels, images and positions), in float64."""
    return x.double().transpose(0, 1).flatten(1)


def _sums(values: torch.Tensor) -> torch.Tensor:
    """Return sums and sums of squares of shape (2, channels)."""
    return torch.stack([values.sum(1), values.square().sum(1)])


def _moments(sums: torch.Tensor, count: int) -> Floats:
    """Turn sums and sums of squares, of shape (num, 2, channels), into means and variances."""
    means, squares = (sums / count).cpu().numpy().swapaxes(0, 1)
    return np.stack([means, (squares - means**2).clip(0)], axis=1)


def _cosines(one: torch.Tensor, others: list[torch.Tensor]) -> torch.Tensor:
    """Return cosines per image, of shape (num_paths, images)."""
    return torch.stack([cosine(one, other, centred=False) for other in others])


def _inputs(place: PathSum, snapshots: Snapshots) -> Iterator[torch.Tensor]:
    """Yield what the place gets, by chunks of images, each on one path drawn as in training."""
    split = snapshots.data.split(snapshots.run.recipe.score_split)
    images = take(split, min(NUM_IMAGES, len(split)))
    space, rng = snapshots.parts.space, child_rng(snapshots.run.seed, "lemma_2")
    for start in range(0, len(images), CHUNK):
        x = to_input(images.pixels[start : start + CHUNK], snapshots.data.statistics)
        yield place.inputs(x, [space.path(space.sample(rng))] * len(x))
