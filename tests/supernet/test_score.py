"""Scoring: rows that are right, whatever is cached, in any order, and an own scorer."""

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from bench.config.recipe import Recipe
from bench.config.training import Calibration, Training
from bench.network.skeleton import Skeleton
from bench.space.branches import Branches
from supernet import score as score_module
from supernet.calibrate import calibrated
from supernet.data.data_set import DataSet, take, to_input
from supernet.data.sets import load_digits
from supernet.nets.cells import CellNet
from supernet.parts import resolve
from supernet.score import Means, SupernetScorer, evaluate
from supernet.training.trainer import initialise

SPACE = Branches(2)
SKELETON = Skeleton(stem_channels=4, num_stacks=2, cells_per_stack=1, image_size=8, in_channels=1)
RECIPE = Recipe(
    data_set="digits",
    m=2,
    skeleton=SKELETON,
    training=Training(cutout=0),
    num_score_images=90,
    score_batch=40,
    calibration=Calibration(calibration_images=120, calibration_batch=50),
)
KEEP = replace(RECIPE, calibration=replace(RECIPE.calibration, calibration_reset=False))
SOME = [SPACE.decode(text) for text in ("3---", "-1--", "3--p")]


def build() -> CellNet:
    model = initialise(lambda: CellNet(SKELETON, SPACE), seed=0)
    assert isinstance(model, CellNet)
    data = load_digits()
    for architecture in SPACE.architectures()[::3]:  # statistics away from their start
        model(to_input(data.train.pixels[:50], data.statistics), SPACE.path(architecture))
    return model


@pytest.fixture(scope="module")
def data() -> DataSet:
    return load_digits()


def test_raw_scores_equal_a_plain_evaluation(data: DataSet) -> None:
    model = build()
    rows = list(SupernetScorer(model, SPACE, data, RECIPE).raw(SOME))
    images = take(data.valid, 90)
    for architecture, row in zip(SOME, rows, strict=True):
        with torch.no_grad():
            x = to_input(images.pixels, data.statistics)
            logits = model.eval()(x, SPACE.path(architecture))
        assert row["architecture"] == SPACE.encode(architecture)
        assert row["cell_hash"] == SPACE.cell(architecture).hash
        assert row["calibrated"] is False
        assert row["loss"] == pytest.approx(F.cross_entropy(logits, images.labels).item(), rel=1e-5)
        assert row["accuracy"] == (logits.argmax(1) == images.labels).double().mean().item()


@pytest.mark.parametrize("recipe", [RECIPE, KEEP])
def test_calibrated_scores_equal_calibrating_the_whole_network(
    data: DataSet, recipe: Recipe
) -> None:
    model = build()
    rows = list(SupernetScorer(model, SPACE, data, recipe).calibrated(SOME))
    images, calibrating = take(data.valid, 90), take(data.train, 120)
    for architecture, row in zip(SOME, rows, strict=True):
        path = SPACE.path(architecture)

        def run(path: tuple[tuple[int, ...], ...] = path) -> None:
            for pixels in torch.split(calibrating.pixels, 50):
                model(to_input(pixels, data.statistics), path)

        with torch.no_grad(), calibrated(model, run, recipe.calibration):
            logits = model(to_input(images.pixels, data.statistics), path)
        assert row["calibrated"] is True
        assert row["loss"] == pytest.approx(F.cross_entropy(logits, images.labels).item(), rel=1e-5)


@pytest.mark.parametrize("recipe", [RECIPE, KEEP])
def test_scores_do_not_depend_on_what_is_scored_together(
    data: DataSet, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = SupernetScorer(build(), SPACE, data, recipe)
    together = [*scorer.raw(SOME), *scorer.calibrated(SOME)]
    monkeypatch.setattr(score_module, "CHUNK", 1)
    assert [*scorer.raw(SOME), *scorer.calibrated(SOME)] == together


def test_scoring_leaves_the_supernet_as_it_was(data: DataSet) -> None:
    model = build()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    list(SupernetScorer(model, SPACE, data, RECIPE).calibrated(SOME))
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_scores_do_not_depend_on_the_order(data: DataSet) -> None:
    model = build()
    scorer = SupernetScorer(model, SPACE, data, RECIPE)
    forward = list(scorer.calibrated(SOME))
    backward = list(scorer.calibrated(SOME[::-1]))
    assert forward == backward[::-1]


def test_calibration_matters(data: DataSet) -> None:
    scorer = SupernetScorer(build(), SPACE, data, RECIPE)
    pairs = zip(scorer.raw(SOME), scorer.calibrated(SOME), strict=True)
    assert all(raw["loss"] != calibrated["loss"] for raw, calibrated in pairs)


def test_what_paths_share_is_run_once_a_batch(data: DataSet) -> None:
    model = build()
    calls: list[str] = []
    first, second = model.cells()
    model.stem_conv.register_forward_hook(lambda *_: calls.append("stem"))
    first.projections[0].register_forward_hook(lambda *_: calls.append("first"))
    second.projections[0].register_forward_hook(lambda *_: calls.append("second"))
    list(SupernetScorer(model, SPACE, data, RECIPE).calibrated(SOME))
    batches, using_node_0 = 3 + 3, 2  # calibration and scoring; of the three architectures
    assert calls.count("stem") == calls.count("first") == batches
    assert calls.count("second") == batches * using_node_0


def test_bfloat16_is_near_and_for_scoring_alone(data: DataSet) -> None:
    model = build()
    both = [
        [*scorer.raw(SOME), *scorer.calibrated(SOME)]
        for precision in ("fp32", "bf16")
        for scorer in [
            SupernetScorer(model, SPACE, data, replace(RECIPE, score_precision=precision))
        ]
    ]
    for exact, rounded in zip(*both, strict=True):
        assert exact["loss"] != rounded["loss"]
        assert exact["loss"] == pytest.approx(rounded["loss"], rel=0.02)
    assert not torch.is_autocast_enabled("cpu")


def margin(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Score by the margin between the label's logit and the best other: an own scorer."""
    own = logits.gather(1, labels[:, None])[:, 0]
    return own - logits.scatter(1, labels[:, None], -torch.inf).amax(1)


def test_own_scorer_plugs_in(data: DataSet) -> None:
    recipe = replace(RECIPE, scorers=("tests.supernet.test_score:margin",))
    model = build()
    row = next(SupernetScorer(model, SPACE, data, recipe, resolve(recipe).scorers).raw(SOME))
    images = take(data.valid, 90)
    logits = model(to_input(images.pixels, data.statistics), SPACE.path(SOME[0]))
    expected = margin(logits, images.labels).mean().item()
    assert row["tests.supernet.test_score:margin"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        (lambda logits, _: logits.mean(), r"returned \(\) for a batch of 8 images"),
        (lambda logits, _: logits, r"returned \(8, 10\) for a batch of 8 images: .* \(8,\)"),
        (lambda logits, _: float(logits.mean()), "returned float for"),
    ],
)
def test_a_scorer_without_a_value_per_image_is_refused_before_training(
    scorer: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(score_module.SCORERS, "mine", scorer)
    with pytest.raises(ValueError, match=rf"scorer 'mine' {message}"):
        resolve(replace(RECIPE, scorers=("mine",)))


def test_a_scorer_that_turns_out_so_is_refused_too() -> None:
    means = Means({"mine": lambda logits, _: logits.mean(0)})
    with pytest.raises(ValueError, match=r"scorer 'mine' returned \(10,\) for a batch of 4 images"):
        means.add(torch.zeros(4, 10), torch.zeros(4, dtype=torch.long))


def test_an_error_of_an_own_scorer_is_one_line() -> None:
    with pytest.raises(ValueError, match=r"scorer 'tests.plugins:num_edges' failed \(AttributeErr"):
        resolve(replace(RECIPE, scorers=("tests.plugins:num_edges",)))


def test_means_weigh_batches_by_their_images() -> None:
    means = Means({"accuracy": score_module.is_correct})
    means.add(torch.eye(2), torch.tensor([0, 1]))
    means.add(torch.eye(2)[:1], torch.tensor([1]))
    assert means.values() == {"accuracy": 2 / 3}


def test_evaluate_is_the_share_of_correct_images(data: DataSet) -> None:
    class Constant(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.one_hot(torch.full((len(x),), 3), 10).float()

    expected = (data.test.labels == 3).double().mean().item()
    assert evaluate(Constant(), data.test, data.statistics, batch=77) == expected


def test_a_number_of_batches_moves_statistics_away_whatever_the_sets_size(data: DataSet) -> None:
    """Statistics of training that are far off: 105 batches leave 0.9^105 of them, one 90%."""
    architecture = SPACE.decode("3---")

    def mean_left(num_batches: int, offset: float) -> torch.Tensor:
        model = build()
        norm = model.stem_conv.norm
        assert norm.running_mean is not None
        norm.running_mean += offset
        calibration = replace(
            KEEP.calibration,
            calibration_images=0,
            calibration_batch=96,
            calibration_batches=num_batches,
        )
        scorer = SupernetScorer(model, SPACE, data, replace(KEEP, calibration=calibration))
        shared, _ = scorer.estimate([architecture])
        return shared.statistics(norm)[0]

    for num_batches in (1, 20, 105):
        left = (mean_left(num_batches, 1e4) - mean_left(num_batches, 0.0)) / 1e4
        assert left.mean().item() == pytest.approx(0.9**num_batches, rel=0.02)
