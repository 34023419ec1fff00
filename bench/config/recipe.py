"""Recipes: how weights and scores come about. Presets are functions that return one.

A recipe fixes everything that decides a run's numbers but its seed. `override` replaces fields
by name; names are unique across the nested parts, so that `--set epochs=10` needs no path.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from bench.base.names import unknown
from bench.network.cell_costs import NASBENCH101, Skeleton

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training loop, with the released code's settings as defaults.

    Cosine decay from `lr` to `min_lr`, a step an epoch (`lr_steps="epoch"`) or a batch
    ("batch"). No weight decay on batch norms and biases. `cutout` and `crop_padding` in pixels.
    """

    epochs: int = 100
    batch_size: int = 96
    optimizer: str = "sgd"
    lr: float = 0.025
    min_lr: float = 1e-8
    lr_steps: str = "epoch"
    momentum: float = 0.9
    weight_decay: float = 3e-4
    grad_clip: float = 5.0
    crop_padding: int = 4
    flip: bool = True
    cutout: int = 16
    precision: str = "fp32"

    def __post_init__(self) -> None:
        check_least(self, 1, "epochs", "batch_size")
        check_least(self, 0, "crop_padding", "cutout")
        check_choice(self, precision=("fp32", "bf16"), lr_steps=("epoch", "batch"))


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Batch-norm statistics of one path, re-estimated before it is scored.

    `calibration_reset` starts from nothing and pools all batches; without it the running
    statistics move on from training by `calibration_momentum` a batch, as the released code does.
    """

    calibration_split: str = "train"
    calibration_images: int = 0
    calibration_batch: int = 1000
    calibration_reset: bool = True
    calibration_momentum: float = 0.1

    def __post_init__(self) -> None:
        check_least(self, 0, "calibration_images", "calibration_batch")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the weights and scores of one run come about."""

    name: str = "sound"
    data_set: str = "cifar10"
    space: str = "branches"
    m: int = 4
    batch_norm: str = "shadow"
    sampler: str = "uniform"
    train_split: str = "train"
    num_train_images: int = 0
    score_split: str = "valid"
    num_score_images: int = 0
    score_batch: int = 250
    scorers: tuple[str, ...] = ()
    snapshot_epochs: tuple[int, ...] = ()
    skeleton: Skeleton = NASBENCH101
    training: Training = field(default_factory=Training)
    calibration: Calibration = field(default_factory=Calibration)

    def __post_init__(self) -> None:
        check_least(self, 0, "num_train_images", "num_score_images", "score_batch")


@dataclass(frozen=True, kw_only=True)
class StandAlone:
    """How the cells of a space are trained from scratch, each several times, as ground truth."""

    data_set: str = "cifar10"
    space: str = "branches"
    m: int = 4
    num_repeats: int = 3
    skeleton: Skeleton = NASBENCH101
    training: Training = field(
        default_factory=lambda: Training(
            epochs=108, batch_size=256, lr=0.1, lr_steps="batch", weight_decay=1e-4, cutout=0
        )
    )


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A recipe, the table that holds its truth, and what it is for.

    `table` is 'digits' (ships with the project), 'nasbench101' (imported by the user) or a path;
    `stand_alone` is how one like it is made.
    """

    name: str
    about: str
    recipe: Recipe
    table: str
    stand_alone: StandAlone = field(default_factory=StandAlone)


def digits() -> Preset:
    """Return the default: 8x8 digits and a table that ship with the project."""
    skeleton = Skeleton(
        stem_channels=8, num_stacks=3, cells_per_stack=1, image_size=8, in_channels=1
    )
    training = Training(epochs=40, batch_size=48, lr=0.05, crop_padding=1, flip=False, cutout=0)
    return Preset(
        name="digits",
        about="8x8 digits against 34 cells trained stand-alone; minutes on a laptop",
        table="digits",
        recipe=Recipe(
            data_set="digits",
            skeleton=skeleton,
            training=training,
            score_batch=297,
            snapshot_epochs=tuple(range(2, 41, 2)),
        ),
        stand_alone=StandAlone(
            data_set="digits",
            num_repeats=10,
            skeleton=skeleton,
            training=replace(training, epochs=12, batch_size=96, lr=0.1),
        ),
    )


def cifar10_small() -> Preset:
    """Return CIFAR-10 on a narrow, short skeleton and a subset of the images."""
    return Preset(
        name="cifar10-small",
        about="CIFAR-10, 16 channels, 3 cells, 20,000 training images; under an hour on a laptop",
        table="nasbench101",
        recipe=Recipe(
            skeleton=replace(NASBENCH101, stem_channels=16, cells_per_stack=1),
            training=Training(epochs=8),
            snapshot_epochs=tuple(range(1, 9)),
            num_train_images=20_000,
            num_score_images=2_000,
            calibration=Calibration(calibration_images=1_000, calibration_batch=250),
        ),
    )


def paper() -> Preset:
    """Return the paper's settings: 128 channels, 9 cells, 100 epochs; a GPU."""
    return Preset(
        name="paper",
        about="CIFAR-10, 128 channels, 9 cells, 100 epochs, NAS-Bench-101 truth; a GPU",
        table="nasbench101",
        recipe=Recipe(calibration=Calibration(calibration_batch=500), score_batch=500),
    )


PRESETS: dict[str, Callable[[], Preset]] = {
    "digits": digits,
    "cifar10-small": cifar10_small,
    "paper": paper,
}


def sound(recipe: Recipe) -> Recipe:
    """Train and calibrate on the training split, score on the validation split."""
    return recipe


def authors(recipe: Recipe) -> Recipe:
    """Do what the released code does: its space, all images, the test set throughout."""
    return replace(
        recipe,
        name="authors",
        space="first-branches",
        train_split="train+valid",
        score_split="test",
        calibration=replace(recipe.calibration, calibration_split="test", calibration_reset=False),
    )


RECIPES: dict[str, Callable[[Recipe], Recipe]] = {"sound": sound, "authors": authors}


def override(recipe: T, changes: dict[str, str]) -> T:
    """Replace fields of a (nested) dataclass by name, from the text of a command line.

    Raises:
        ValueError: no field of that name, or a text that is no value of the field's type.
    """
    known = dict(field_types(recipe))
    for name, text in changes.items():
        if name not in known:
            raise unknown("recipe field", name, known)
        recipe = _replace(recipe, name, _parse(name, text, known[name]))
    return recipe


def read_changes(texts: Sequence[str]) -> dict[str, str]:
    """Read a command line's FIELD=VALUE texts into what `override` takes.

    Raises:
        ValueError: a text without '='.
    """
    changes = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set {text!r} is not FIELD=VALUE")
        changes[name] = value
    return changes


def field_types(recipe: Any) -> list[tuple[str, Any]]:
    """List every leaf field of a nested dataclass with its type."""
    hints = get_type_hints(type(recipe))
    leaves: list[tuple[str, Any]] = []
    for part in fields(recipe):
        value = getattr(recipe, part.name)
        leaves += field_types(value) if is_dataclass(value) else [(part.name, hints[part.name])]
    return leaves


def to_dict(recipe: Any) -> dict[str, Any]:
    """Flatten a nested dataclass into JSON-ready values, by the names `override` takes."""
    flat: dict[str, Any] = {}
    for part in fields(recipe):
        value = getattr(recipe, part.name)
        flat.update(to_dict(value) if is_dataclass(value) else {part.name: _plain(value)})
    return flat


def from_dict(default: T, values: dict[str, Any]) -> T:
    """Rebuild a recipe of `default`'s type from `to_dict`'s values.

    Raises:
        ValueError: a field is missing or unknown.
    """
    known = dict(field_types(default))
    if odd := sorted(set(values) ^ set(known)):
        raise ValueError(f"recipe fields missing or unknown: {', '.join(odd)}")
    for name, value in values.items():
        default = _replace(default, name, tuple(value) if isinstance(value, list) else value)
    return default


def check_least(config: Any, least: int, *names: str) -> None:
    """Refuse a field below its least value, with a ValueError."""
    for name in names:
        value = getattr(config, name)
        if value < least:
            remedy = "must not be negative" if least == 0 else f"must be at least {least}"
            raise ValueError(f"{name}={value} {remedy}")


def check_choice(config: Any, **choices: tuple[str, ...]) -> None:
    """Refuse a field that is none of its choices, with a ValueError."""
    for name, known in choices.items():
        if getattr(config, name) not in known:
            raise ValueError(f"{name}={getattr(config, name)!r} is not {' or '.join(known)}")


def _replace(recipe: Any, name: str, value: Any) -> Any:
    for part in fields(recipe):
        current = getattr(recipe, part.name)
        if part.name == name:
            return replace(recipe, **{name: value})
        if is_dataclass(current) and name in dict(field_types(current)):
            return replace(recipe, **{part.name: _replace(current, name, value)})
    raise AssertionError(name)


def _parse(name: str, text: str, kind: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(_parse(name, part, get_args(kind)[0]) for part in text.split(",") if part)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{name}={text!r} is not true or false")
        return text.lower() == "true"
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{name}={text!r} is not of type {kind.__name__}") from None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
