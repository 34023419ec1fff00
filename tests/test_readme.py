"""The README: its tables are what results/ holds, its commands and files exist."""

import re
from pathlib import Path

import pytest

from analysis import readme
from bench import run
from bench.config.registry import PRESETS
from tests.paths import ROOT

TEXT = (ROOT / "README.md").read_text()


def test_tables_are_those_of_results() -> None:
    assert "<!-- tau: " in TEXT
    assert readme.fill(TEXT, ROOT) == TEXT, "python -m analysis.readme README.md"


def test_files_and_folders_it_names_exist() -> None:
    links = re.findall(r"\]\(((?!http|#)[^)]+)\)", TEXT)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_options_it_names_are_options() -> None:
    known = set(run.parser()._option_string_actions)
    for line in re.findall(r"^(?:python bench/run\.py .*)$", TEXT, re.MULTILINE):
        for option in re.findall(r"--[a-z-]+", line.partition("#")[0]):
            assert option in known, line


def test_presets_it_lists_are_all() -> None:
    listed = re.findall(r"^\| `([\w-]+)`(?: \(default\))? \| .* \| .* \| .* \| .* \|$", TEXT, re.M)
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
