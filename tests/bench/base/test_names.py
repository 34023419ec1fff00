"""Plug-ins: names of ours, names of a user's module, and every way to get them wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.base.names import load

if TYPE_CHECKING:
    from pathlib import Path

REGISTRY = {"shadow": 1, "single": 2}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_registered_name_is_found() -> None:
    assert load("single", REGISTRY, "batch norm") == 2


def test_a_users_module_is_imported(folder: Path) -> None:
    (folder / "plugin_fine.py").write_text("mine = 42\n")
    assert load("plugin_fine:mine", REGISTRY, "batch norm") == 42


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("shadwo", "unknown batch norm .*did you mean 'shadow'"),
        ("no_such_module:mine", "can't be imported .*ModuleNotFoundError.*PYTHONPATH"),
        ("plugin_lacking:other", "module plugin_lacking has no 'other'"),
        ("plugin_lacking:", "module plugin_lacking has no ''"),
        (":name", "can't be imported"),
        ("plugin_broken:mine", "can't be imported .*SyntaxError.*mend it"),
        ("plugin_raising:mine", "can't be imported .*RuntimeError: boom"),
    ],
)
def test_mistakes_are_one_clear_error(folder: Path, spec: str, message: str) -> None:
    (folder / "plugin_lacking.py").write_text("mine = 42\n")
    (folder / "plugin_broken.py").write_text("mine = = 42\n")
    (folder / "plugin_raising.py").write_text("raise RuntimeError('boom')\n")
    with pytest.raises(ValueError, match=message):
        load(spec, REGISTRY, "batch norm")
