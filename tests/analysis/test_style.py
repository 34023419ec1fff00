"""One look: colours that differ, files with the same bytes every time, no setting left behind."""

from __future__ import annotations

import base64
import subprocess
import sys
from typing import TYPE_CHECKING

import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from analysis import style

if TYPE_CHECKING:
    from pathlib import Path


def test_methods_have_colours_of_their_own() -> None:
    methods = ("shadow", "shadow-sum", "combination", "single", "single-sum", "none")
    colors = [style.color(name) for name in methods]
    assert len(set(colors)) == len(methods)
    assert style.color("package.module:Own") == style.OTHER_COLOR not in colors
    assert style.order("shadow") < style.order("single") < style.order("package.module:Own")


def test_shades_go_from_dark_to_light_and_stay_visible() -> None:
    brightness = [sum(to_rgb(style.shade(place, 4))) for place in (1, 2, 3, 4)]
    assert brightness == sorted(brightness)
    assert style.shade(1, 1) == style.shade(1, 4)
    assert style.shade(4, 4) != "#fde725", "the map's last yellow"


def test_labels_and_units() -> None:
    assert style.label("num_parameters") == "parameter count"
    assert style.label("own") == "own"
    assert style.percent(0.01234) == "1.2%"


def test_saved_figures_have_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with style.context():
            figure = Figure()
            figure.subplots().plot([1, 2], "o", color=style.color("shadow"), label="a")
        style.save(figure, tmp_path / name)
    for suffix in (".png", ".svg"):
        one, two = ((tmp_path / (name + suffix)).read_bytes() for name in ("one", "two"))
        assert one == two
    assert "<dc:date>" not in (tmp_path / "one.svg").read_text()
    uri = style.data_uri(tmp_path / "one.svg")
    assert base64.b64decode(uri.partition(",")[2]) == (tmp_path / "one.svg").read_bytes()


def test_no_setting_outlives_the_context() -> None:
    before = mpl.rcParams.copy()
    with style.context():
        assert mpl.rcParams["svg.hashsalt"] == "mixpath-bench"
    assert mpl.rcParams.copy() == before


@pytest.mark.parametrize("module", ["analysis.registry", "analysis.report"])
def test_importing_sets_nothing_and_needs_neither_torch_nor_pyplot(module: str) -> None:
    code = (
        f"import sys, matplotlib as mpl; before = mpl.rcParams.copy(); import {module}; "
        "assert mpl.rcParams.copy() == before; "
        "assert not {'torch', 'supernet', 'matplotlib.pyplot'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
