"""JSON files by their schemas: outer keys, defaults of those added later, damage in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.runs import schemas
from bench.runs.schemas import DamagedFileError, Key
from bench.runs.schemas.kinds import JSON
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

COMMITTED = sorted((ROOT / "results" / "reference").rglob("*.json"))
SEARCH = {
    "algorithm": "nsga2",
    "seed": 0,
    "evaluations": 20,
    "population": 10,
    "calibrated": True,
    "largest_multiply_adds": 48349056,
}


def damage(path: Path, content: bytes, schema: schemas.JsonSchema = schemas.SEARCH) -> str:
    path.write_bytes(content)
    with pytest.raises(DamagedFileError) as caught:
        schemas.read_json(path, schema)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{path}, line ")
    assert text.endswith(f"; {schema.remedy}")
    return text.removeprefix(f"{path}, ").removesuffix(f"; {schema.remedy}")


def read_or_refuse(path: Path) -> dict[str, Any] | str:
    try:
        return schemas.read_json(path, schemas.SEARCH)
    except DamagedFileError as error:
        return str(error)


@pytest.mark.parametrize("schema", JSON, ids=lambda schema: schema.name)
def test_every_committed_file_is_read_and_written_to_the_byte(
    schema: schemas.JsonSchema, tmp_path: Path
) -> None:
    paths = [path for path in COMMITTED if path.name == schema.name]
    assert paths
    for path in paths:
        values, written = schemas.read_json(path, schema), json.loads(path.read_text())
        later = {n: key.default for n, key in schema.keys.items() if not key.is_required}
        assert values == later | written
        schemas.write_json({name: values[name] for name in written}, tmp_path / path.name, schema)
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("schema", JSON, ids=lambda schema: schema.name)
def test_a_key_added_later_reads_as_its_default_in_every_file_before(
    schema: schemas.JsonSchema,
) -> None:
    later = replace(schema, keys={**schema.keys, "tags": schemas.later("list", [])}, version=99)
    for path in COMMITTED:
        if path.name == schema.name:
            schemas.read_json(path, later)["tags"].append("mine")  # a list of its own each time
            assert schemas.read_json(path, later)["tags"] == []


def test_a_key_of_a_later_version_does_not_disturb(tmp_path: Path) -> None:
    path = tmp_path / "search.json"
    path.write_text(json.dumps(SEARCH | {"note": "new"}))
    assert schemas.read_json(path, schemas.SEARCH) == SEARCH | {"note": "new"}


def test_a_run_of_recipe_and_seed_alone_has_the_rest_unknown(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"recipe": {}, "seed": 3}')
    about = schemas.read_json(path, schemas.RUN)
    assert set(about) == set(schemas.RUN.keys)
    assert about["commit"] == "unknown"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "line 1: no JSON: Expecting value"),
        (b"\xff", "line 1: byte 0xff is no text"),
        (b'{"seed": 1,\n "al', "line 2: no JSON: Unterminated string"),
        (b"[1]", "line 1: no JSON object"),
        (b"[" * 200_000, "line 1: no JSON: "),
        (b"9" * 9_000, "line 1: no JSON: "),
    ],
)
def test_damage_is_one_line(tmp_path: Path, content: bytes, found: str) -> None:
    assert damage(tmp_path / "search.json", content).startswith(found)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"seed": None}, "line 3: key 'seed': 'None' is no integer"),
        ({"seed": True}, "line 3: key 'seed': 'True' is no integer"),
        ({"seed": 1.5}, "line 3: key 'seed': '1.5' is no integer"),
        ({"calibrated": "True"}, "line 6: key 'calibrated': 'True' is no bool"),
        ({"largest_multiply_adds": "many"}, "line 7: key 'largest_multiply_adds': 'many' is no"),
        ({"version": 3}, "line 1: version '3' of search.json is unknown to this release"),
        ({"version": "x"}, "line 1: version 'x' of search.json is unknown to this release"),
    ],
)
def test_values_of_other_types_are_refused_both_ways(
    tmp_path: Path, changes: dict[str, Any], found: str
) -> None:
    path = tmp_path / "search.json"
    text = json.dumps(SEARCH | changes, indent=1)
    assert damage(path, text.encode()).startswith(found)
    path.unlink()
    with pytest.raises(ValueError, match=r"search\.json is not written: "):
        schemas.write_json(SEARCH | changes, path, schemas.SEARCH)
    assert not path.exists()


@pytest.mark.parametrize("name", SEARCH)
def test_a_key_that_is_gone_is_missed(tmp_path: Path, name: str) -> None:
    values = {key: value for key, value in SEARCH.items() if key != name}
    found = damage(tmp_path / "search.json", json.dumps(values).encode())
    assert found == f"line 1: key {name!r} is missing"


@given(st.data())
def test_whatever_happens_to_a_file_it_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw, path = json.dumps(SEARCH, indent=1).encode(), tmp_path_factory.getbasetemp() / "any.json"
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, len(raw)))
    path.write_bytes(raw[:start] + data.draw(st.binary(max_size=8)) + raw[end:])
    found = read_or_refuse(path)
    if isinstance(found, str):
        assert "\n" not in found
    else:
        assert set(found) >= set(SEARCH)


def test_a_key_says_whether_every_file_has_it() -> None:
    assert Key("text").is_required
    assert not schemas.later("text", "").is_required
