"""Plug-ins: names of ours, names of a user's module, and every way to get them wrong."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from bench.base.names import call_plugin, is_plugin, load

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def error_of(folder: Path, text: str) -> str:
    """Import what raises, and return the error's line."""
    (folder / "plugin_lines.py").write_text(text)
    with pytest.raises(ValueError, match="can't be imported") as error:
        load("plugin_lines:mine", REGISTRY, "batch norm")
    sys.modules.pop("plugin_lines", None)
    assert "\n" not in str(error.value)
    return str(error.value).replace(str(folder), "FOLDER")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1\n\nraise RuntimeError('boom')", "RuntimeError: boom at FOLDER/plugin_lines.py:3"),
        ("x = 1\nmine = = 42", "SyntaxError: invalid syntax at FOLDER/plugin_lines.py:2"),
        (
            "import no_such_module",
            "ModuleNotFoundError: No module named 'no_such_module' at FOLDER/plugin_lines.py:1",
        ),
        ("def one():\n    1 / 0\none()", "ZeroDivisionError: .* at FOLDER/plugin_lines.py:2"),
        ("import json\njson.loads('{')", "JSONDecodeError: .* at FOLDER/plugin_lines.py:2"),
        ("raise KeyError", "KeyError at FOLDER/plugin_lines.py:1"),
    ],
)
def test_a_failed_import_names_the_line_of_the_users_file(
    folder: Path, text: str, reason: str
) -> None:
    message = rf"batch norm 'plugin_lines:mine' can't be imported \({reason}\): mend it"
    assert re.fullmatch(message, error_of(folder, text))


def test_an_import_within_a_plugin_names_the_file_at_fault(folder: Path) -> None:
    (folder / "plugin_helper.py").write_text("\n\nraise OSError('no data')\n")
    error = error_of(folder, "import plugin_helper")
    assert "(OSError: no data at FOLDER/plugin_helper.py:3)" in error


CALLS = """\
class Inheriting(Config):
    pass

class Passing(Config):
    def __init__(self, copies):
        super().__init__(copies=copies)

def scale(image):
    return 1 / image
"""


@pytest.fixture
def plugin(folder: Path) -> Iterator[str]:
    imports = "from bench.ranking.protocol import Protocol as Config\n"
    (folder / "plugin_calls.py").write_text(imports + CALLS)
    yield "plugin_calls"
    sys.modules.pop("plugin_calls", None)


def call(plugin: str, name: str, *args: object) -> object:
    spec = f"{plugin}:{name}"
    return call_plugin(spec, "scorer", load(spec, {}, "scorer"), *args)


def test_a_plugin_that_works_gives_its_result(plugin: str) -> None:
    assert call(plugin, "scale", 2) == 0.5
    assert call_plugin("single", "batch norm", lambda x: x, 3) == 3


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [
        ("scale", (0,), r"ZeroDivisionError: division by zero at .*plugin_calls\.py:10"),
        ("scale", (), r"TypeError: scale\(\) missing 1 .* argument: 'image' at .*_calls\.py:9"),
        ("Passing", (), r"TypeError: .*missing 1 .* 'copies' at .*plugin_calls\.py:5"),
        ("Passing", ("kep",), r"TypeError: .*'name' at .*plugin_calls\.py:7"),
    ],
)
def test_a_failed_call_names_plugin_and_line(
    plugin: str, name: str, args: tuple[object, ...], reason: str
) -> None:
    message = rf"^scorer 'plugin_calls:{name}' failed \({reason}\): mend it$"
    with pytest.raises(ValueError, match=message):
        call(plugin, name, *args)


def test_what_our_own_code_refuses_needs_no_line(plugin: str) -> None:
    spec = f"{plugin}:Inheriting"
    with pytest.raises(ValueError, match=r"^copies='kep' is not average or keep: did you mean"):
        call_plugin(spec, "protocol", load(spec, {}, "protocol"), name="x", copies="kep")


def test_errors_of_our_own_functions_pass() -> None:
    assert not is_plugin("single")
    with pytest.raises(ZeroDivisionError):
        call_plugin("single", "batch norm", lambda: 1 // 0)
