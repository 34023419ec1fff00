"""The README: its tables are what results/ holds, its commands and files exist, its parts run."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from analysis import readme
from bench import run
from bench.config.cell_presets import digits
from bench.config.fields import override
from bench.config.registry import PRESETS
from supernet.parts import resolve
from supernet.score import SupernetScorer
from tests.paths import ROOT

TEXT = (ROOT / "README.md").read_text()
START = (ROOT / "docs" / "index.md").read_text()
SMALL = [
    *("epochs=2", "num_train_images=100", "num_score_images=60", "calibration_images=50"),
    "snapshot_epochs=",
]
PARTS = {
    "--scorer": "own:margin",
    "--baseline": "own:num_edges",
    "--sampler": "own:no_pool",
    "--space": "own:FirstTwo",
    "--batch-norm": "own:Halving",
    "--data-set": "own:noise",
    "--net": "own:OneCell",
}
"""The option and the name of each part in the README's own.py."""


def own_module() -> str:
    """Return the README's own.py."""
    (text,) = re.findall(r"^```python\n(# own\.py\n.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    return str(text)


def test_it_is_short() -> None:
    assert 130 <= len(TEXT.splitlines()) <= 165


def test_tables_are_those_of_results() -> None:
    assert "<!-- tau: " in TEXT
    assert readme.fill(TEXT, ROOT) == TEXT, "python -m analysis.readme README.md"


def test_figures_of_other_pages_are_those_of_results() -> None:
    pages = [page for page in (ROOT / "docs").glob("*.md") if readme.BLOCK.search(page.read_text())]
    assert sorted(page.name for page in pages) == [
        *("leaderboard.md", "proxies.md", "scores.md", "speed.md")
    ]
    for page in pages:
        text = page.read_text()
        assert readme.fill(text, page.parent) == text, f"python -m analysis.readme docs/{page.name}"


def test_files_and_folders_it_names_exist() -> None:
    links = re.findall(r"\]\(((?!http|#)[^)]+)\)", TEXT)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_files_to_read_first_exist() -> None:
    rows = re.findall(r"^\| \[(\w+/)\]\(.*?\) \| .* \| (`.*`) \|$", TEXT, re.MULTILINE)
    assert len(rows) == 6
    for folder, files in rows:
        for file in re.findall(r"`(.*?)`", files):
            assert (ROOT / folder / file).is_file(), folder + file


def test_options_it_names_are_options() -> None:
    known = set(run.parser()._option_string_actions)
    lines = re.findall(r"^(?:python bench/run\.py .*)$", TEXT + START, re.MULTILINE)
    assert lines
    for line in lines:
        for option in re.findall(r"--[a-z-]+", line.partition("#")[0]):
            assert option in known, line


@pytest.mark.parametrize("text", [TEXT, START], ids=["README.md", "docs/index.md"])
def test_presets_it_lists_are_all(text: str) -> None:
    listed = re.findall(r"^\| `([\w-]+)`(?: \(default\))? \| .* \| .* \| .* \| .* \|$", text, re.M)
    networks = (ROOT / "docs" / "networks.md").read_text()
    listed += re.findall(r"^\| `([\w-]+)`(?: \(default\))? \| .* \|$", networks, re.M)
    assert set(PRESETS) <= set(listed)


def test_table_without_results_is_refused(tmp_path: Path) -> None:
    folder = ROOT / "results" / "reference" / "digits"
    with pytest.raises(ValueError, match="no results of protocol sound, m=9"):
        readme.table(tmp_path, [f"{folder},sound,9"])


def test_command_fills_a_file(tmp_path: Path) -> None:
    folder = ROOT / "results" / "reference" / "digits"
    file = tmp_path / "README.md"
    file.write_text(f"before\n<!-- tau: {folder},sound,4 -->\nold\n<!-- end -->\nafter\n")
    assert readme.main([str(file)]) == 0
    text = file.read_text()
    assert "old" not in text
    assert "| shadow BN, calibrated |" in text
    assert text.startswith("before\n")
    assert text.endswith("<!-- end -->\nafter\n")


def test_every_kind_of_part_is_shown() -> None:
    for option, name in PARTS.items():
        assert f"# {option} {name} " in own_module()


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the README's own.py, on the path, as a user has it."""
    (tmp_path / "own.py").write_text(own_module())
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "own", raising=False)
    return tmp_path


def test_parts_run_when_pasted(own: Path) -> None:
    parts = [word for option, name in PARTS.items() for word in (option, name)]
    changes = [word for change in SMALL for word in ("--set", change)]
    asked = ["--m", "2", "--seeds", "1", "--jobs", "1", "--protocol", "sound", "--out", "results"]
    asked.append("--other-truth")  # the truth of digits, beside images that are noise
    assert run.main([*asked, *changes, *parts]) == 0
    frame = pd.read_csv(own / "results" / "kendall_tau.csv")
    assert {"own:margin", "own:num_edges"} <= set(frame["scorer"])
    assert "own:no_pool-own:Halving" in set(frame["bn"])
    assert set(frame["num_architectures"]) == {6 + 9}


@pytest.mark.slow
def test_the_readmes_own_command_runs(own: Path) -> None:
    (command,) = re.findall(r"^`PYTHONPATH=\. python (bench/run\.py .*?)`", TEXT, re.MULTILINE)
    script, *options = command.split()
    changes = [word for change in SMALL for word in ("--set", change)]
    subprocess.run(
        [sys.executable, str(ROOT / script), *options, *changes, "--seeds", "1", "--jobs", "1"],
        cwd=own,
        env={"PYTHONPATH": ".", "PATH": ""},
        check=True,
        capture_output=True,
    )
    assert (own / "results" / "own" / "report.html").is_file()


@pytest.mark.usefixtures("own")
def test_own_net_has_what_scoring_and_measuring_ask() -> None:
    parts = resolve(override(digits().recipe, {"net": PARTS["--net"], "calibration_images": "50"}))
    net: Any = parts.build()
    architectures = list(parts.space.architectures())[::20]
    data = parts.open_images(None, "cpu").data()
    rows = list(SupernetScorer(net, parts.space, data, parts.recipe).calibrated(architectures))
    assert len(rows) == len(architectures)
    x = torch.rand(4, 1, 8, 8)
    for path in map(parts.space.path, architectures):
        assert torch.equal(net.eval()(x, path), net.rest(net.shared(x), path))
    assert net.path_sums() == []
