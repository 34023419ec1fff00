"""Every file between stages is read by its schema; a damaged one is one line that says where."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.base.files import read_csv, write_csv
from bench.runs import schemas
from bench.runs.schemas import Column, DamagedFileError
from bench.runs.schemas.kinds import IN_RESULTS, IN_RUNS
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = ROOT / "results" / "reference"
LOOKED_AT = {
    "bn_ratios.csv",
    "calibration.csv",
    "combination_costs.csv",
    "combinations.csv",
    "curves.csv",
    "figure3_curves.csv",
    "figure5_bn_ratios.csv",
    "figure6_accuracies.csv",
    "kernel_cost.csv",
    "lemma_1.csv",
    "lemma_2_paths.csv",
    "search_cost.csv",
    "search_lead.csv",
    "similarity_table.csv",
    "table1.csv",
    "table2.csv",
    "table4_similarity.csv",
    "what_moves_tau.csv",
}
"""What analyses write for people, beside `accuracies.csv` in a results folder."""

COMMITTED = sorted(REFERENCE.rglob("*.csv"))
ALL = [*IN_RUNS, *IN_RESULTS]
HASHES = ("96794a104891b22bf4f2abbdd7c3e90f", "278a65c91e279624407615a84f3282c4")
SCORES = f"""architecture,cell_hash,calibrated,accuracy,loss
3---,{HASHES[0]},False,0.3625,1.690763161221519
1---,{HASHES[1]},False,0.26,1.979
3---,{HASHES[0]},True,0.383,1.6463985572829842
"""
TAU = """m,bn,calibrated,scorer,protocol,seed,num_architectures,num_cells,tau,spearman,\
weighted_tau,precision_top10,regret,ceiling
4,shadow,True,negative_loss,sound,0,255.0,34.0,0.07,0.13,-0.01,0.0,0.008914,0.86
4,shadow,False,accuracy,sound,0,255.0,34.0,,,,0.0,0.008914,0.86
4,-,-,random,sound,0,255.0,34.0,-0.001,0.0,0.08,0.15,0.027,0.86
"""


def has_schema(path: Path) -> bool:
    try:
        schemas.schema_of(path)
    except ValueError:
        return False
    return True


def damage(path: Path, content: str | bytes, schema: schemas.Schema = schemas.CELL_SCORES) -> str:
    """Write a damaged file, read it, and return the one line that this gives."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DamagedFileError) as caught:
        schemas.read(path, schema)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{path}, line ")
    assert text.endswith(f"; {schema.remedy}")
    return text.removeprefix(f"{path}, ").removesuffix(f"; {schema.remedy}")


def read_or_refuse(path: Path, schema: schemas.Schema) -> pd.DataFrame | str:
    try:
        return schemas.read(path, schema)
    except DamagedFileError as error:
        return str(error)


# What is there


@pytest.mark.parametrize(
    "path", [*filter(has_schema, COMMITTED)], ids=lambda p: str(p.relative_to(REFERENCE))
)
def test_every_committed_file_is_read_and_written_to_the_byte(path: Path, tmp_path: Path) -> None:
    schema = schemas.schema_of(path)
    frame, copy = schemas.read(path, schema), tmp_path / "copy.csv"
    schemas.write(frame, copy, schema)
    plain = read_csv(path)
    added = [name for name in schema.columns if name not in plain.columns]
    assert list(frame.columns) == [*plain.columns, *added], "columns added since stand at the end"
    defaults = [schema.column(name).default for name in added]
    lines = [",".join([line, *end]) for line, end in _endings(path, added, defaults)]
    assert copy.read_text() == "".join(f"{line}\n" for line in lines)
    pd.testing.assert_frame_equal(schemas.conform(frame, schema), frame)
    for name, column in schema.columns.items():
        if column.kind == "float" and name not in added:  # to the last bit, as the plain reader
            pd.testing.assert_series_equal(frame[name], plain[name], check_exact=True)


def _endings(path: Path, names: list[str], defaults: list[Any]) -> list[tuple[str, list[Any]]]:
    """Return a file's lines, each with what the columns added since end it with."""
    header, *rows = path.read_text().splitlines()
    return [(header, names), *((row, defaults) for row in rows)]


def test_only_what_is_made_to_be_looked_at_has_no_schema() -> None:
    without = [path for path in COMMITTED if not has_schema(path)]
    others = {path.name for path in without} - LOOKED_AT
    assert others == {"accuracies.csv"}
    assert all((p.parent / "ranking.json").is_file() for p in without if p.name in others)
    assert {path.name for path in COMMITTED} >= {s.name for s in ALL} - {"scores.part.csv"}


def test_every_file_of_a_tiny_run_is_read_and_written_to_the_byte(
    measured_results: Path, tmp_path: Path
) -> None:
    seen = set()
    for path in filter(has_schema, measured_results.rglob("*.csv")):
        schema = schemas.schema_of(path)
        schemas.write(schemas.read(path, schema), tmp_path / "copy.csv", schema)
        assert (tmp_path / "copy.csv").read_bytes() == path.read_bytes(), path
        seen.add(path.name)
    assert len(seen) == 16  # history, times, scores; seven measurements; six of the ranking


def test_the_two_kinds_of_scores_are_told_apart() -> None:
    cells = REFERENCE / "digits" / "branches-m4" / "shadow-seed0" / "scores.csv"
    kernels = REFERENCE / "s1-small" / "s1-m2" / "shadow-seed0" / "scores.csv"
    assert schemas.schema_of(cells) is schemas.CELL_SCORES
    assert schemas.schema_of(kernels) is schemas.KERNEL_SCORES


# What a later version adds


@pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema.name)
def test_a_column_added_later_reads_as_its_default_in_every_file_before(
    schema: schemas.Schema,
) -> None:
    added = {
        "note": Column("str", default="none"),
        "num_tries": Column("int", low=1, default="1"),
        "time_share": Column("float", nullable=True, default=""),
        "is_new": Column("bool", default="False"),
    }
    later = replace(schema, columns={**schema.columns, **added}, version=2)
    for path in COMMITTED:
        if has_schema(path) and schemas.schema_of(path) is schema:
            frame = schemas.read(path, later)
            assert list(frame.columns)[-4:] == list(added)
            assert set(frame["note"]) == {"none"}
            assert set(frame["num_tries"]) == {1}
            assert frame["time_share"].isna().all()
            assert not frame["is_new"].any()


def test_a_column_without_a_default_is_missed(tmp_path: Path) -> None:
    columns = {**schemas.CELL_SCORES.columns, "note": Column("str")}
    later = replace(schemas.CELL_SCORES, columns=columns)
    assert damage(tmp_path / "scores.csv", SCORES, later) == "line 1: column 'note' is missing"


def test_a_file_of_a_later_version_says_so(tmp_path: Path) -> None:
    text = "epoch,lr,loss,accuracy,grad_norm\n1,0.1,2.3,0.1,5.0\n"
    found = damage(tmp_path / "history.csv", text, schemas.HISTORY)
    assert found == "line 1: column 'grad_norm' is unknown to version 1 of history.csv"


# What is damaged


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (SCORES, "", "line 1: the file is empty"),
        ("979\n3---", "9", "line 3: the line is cut off"),
        ("0.26,1.979", "0.26", "line 3: 4 values, where the header has 5"),
        ("0.26,1.979", "0.26,1.979,", "line 3: 6 values, where the header has 5"),
        ("1.979\n", "1.979\n\n", "line 4: 0 values, where the header has 5"),
        ("0.26", "", "line 3: column 'accuracy': '' is no value"),
        ("0.26", "nan", "line 3: column 'accuracy': 'nan' is no number"),
        ("0.26", "0.2b", "line 3: column 'accuracy': '0.2b' is no number"),
        ("0.26", "0_26", "line 3: column 'accuracy': '0_26' is no number"),
        ("0.26", "1.26", "line 3: column 'accuracy': '1.26' is above 1"),
        ("0.26", "-0.26", "line 3: column 'accuracy': '-0.26' is below 0"),
        ("1.979", "inf", "line 3: column 'loss': 'inf' is not finite"),
        ("1.979", "1e999", "line 3: column 'loss': 'inf' is not finite"),
        ("4,False,0.26", "4,false,0.26", "column 'calibrated': 'false' is neither True nor False"),
        ("4,False,0.26", "4,-,0.26", "line 3: column 'calibrated': '-' is neither True nor False"),
        ("1---,2", "1---,x", f"line 3: column 'cell_hash': 'x{HASHES[1][1:]}' is not like"),
        ("1---", "3---", "line 3: a row before it has the same architecture '3---', calibrated"),
        ("accuracy,loss", "accuracy,accuracy", "line 1: column 'accuracy' is there twice"),
        ("calibrated,", "kalibrated,", "line 1: column 'calibrated' is missing"),
        ("1---", "1-\x00-", r"line 3: '\x00' is no text"),
        ("1---", '"1---', "line 4: no CSV: unexpected end of data"),
        ("1---", '"1-"--', "line 3: no CSV: ',' expected after '\"'"),
    ],
)
def test_damage_is_one_line_with_file_row_and_remedy(
    tmp_path: Path, old: str, new: str, found: str
) -> None:
    assert old in SCORES
    text = SCORES.replace(old, new, 1) if new != "9" else SCORES[: SCORES.index(old) + 2]
    assert found in damage(tmp_path / "scores.csv", text)


def test_binary_garbage_is_no_text(tmp_path: Path) -> None:
    garbage = SCORES.encode().replace(b"0.26", b"\xff\xfe")
    assert damage(tmp_path / "scores.csv", garbage) == "line 3: byte 0xff is no text"


def test_a_huge_value_is_shown_short(tmp_path: Path) -> None:
    found = damage(tmp_path / "scores.csv", SCORES.replace("0.26", "9" * 1000))
    assert len(found) < 120


@pytest.mark.parametrize(
    ("schema", "text", "found"),
    [
        (schemas.HISTORY, "0,0.1,2.3,0.1", "line 2: column 'epoch': '0' is below 1"),
        (schemas.HISTORY, "1.5,0.1,2.3,0.1", "line 2: column 'epoch': '1.5' is no integer"),
        (schemas.HISTORY, "1,0.1,2,0.1\n1,0.1,2,0.1", "line 3: a row before it has the same epoch"),
        (schemas.TIMES, "0,1.5,trial", "line 2: column 'stage': 'trial' is none of train, score"),
        (schemas.TIMES, "0,-1.5,train", "line 2: column 'time_s': '-1.5' is below 0"),
    ],
)
def test_other_files_have_bounds_of_their_own(
    tmp_path: Path, schema: schemas.Schema, text: str, found: str
) -> None:
    path = tmp_path / schema.name
    assert damage(path, f"{','.join(schema.columns)}\n{text}\n", schema).startswith(found)


@given(st.data())
def test_whatever_happens_to_a_file_it_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text, schema = data.draw(
        st.sampled_from([(SCORES, schemas.CELL_SCORES), (TAU, schemas.KENDALL_TAU_BY_SEED)])
    )
    raw, path = text.encode(), tmp_path_factory.getbasetemp() / "any.csv"
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(start + 30, len(raw))))
    path.write_bytes(raw[:start] + data.draw(st.binary(max_size=8)) + raw[end:])
    found = read_or_refuse(path, schema)
    if isinstance(found, str):
        assert "\n" not in found
        assert found.startswith(f"{path}, line ")
    else:
        assert len(found) <= 4
        assert set(found.columns) >= set(schema.columns)


@given(st.integers(1, len(SCORES) - 1))
def test_a_file_cut_anywhere_but_behind_a_row_is_refused(
    tmp_path_factory: pytest.TempPathFactory, length: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.csv"
    if SCORES[length - 1] == "\n":
        path.write_text(SCORES[:length])
        schemas.read(path, schemas.CELL_SCORES)
    else:
        assert "cut off" in damage(path, SCORES[:length])


# What is written


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1),
            st.one_of(st.floats(0, allow_infinity=False), st.just(math.nan)),
            st.floats(allow_infinity=False),
        )
    )
)
def test_what_is_written_is_read_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[float, float, float]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.csv"
    frame = pd.DataFrame(values, columns=["accuracy", "loss", "mine:scorer"])
    names = [f"{i}e1" for i in range(len(values))]  # which pandas' own reader takes for numbers
    frame.insert(0, "architecture", pd.Series(names, dtype=str))
    frame.insert(1, "cell_hash", pd.Series([HASHES[0]] * len(values), dtype=str))
    frame.insert(2, "calibrated", pd.Series([True] * len(values), dtype=bool))
    schemas.write(frame, path, schemas.CELL_SCORES)
    again = schemas.read(path, schemas.CELL_SCORES)
    typed = schemas.conform(frame, schemas.CELL_SCORES)
    pd.testing.assert_frame_equal(again, typed, check_exact=True)
    write_csv(frame, path.with_name("plain.csv"))
    assert path.read_bytes() == path.with_name("plain.csv").read_bytes()


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"accuracy": 1.5}, r"line 2: column 'accuracy': '1.5' is above 1"),
        ({"loss": math.inf}, r"line 2: column 'loss': 'inf' is not finite"),
        ({"accuracy": math.nan}, r"line 2: column 'accuracy': no value"),
        ({"calibrated": "perhaps"}, r"column 'calibrated' is not of type calibrated: "),
        ({"calibrated": "-"}, r"line 2: column 'calibrated': no value"),
        ({"accuracy": "much"}, r"column 'accuracy' is not of type float: "),
        ({"own": "text"}, r"column 'own' is not of type float: "),
        ({"architecture": "3---"}, r"line 3: a row before it has the same architecture '3---'"),
    ],
)
def test_what_could_not_be_read_is_not_written(
    tmp_path: Path, changes: dict[str, Any], found: str
) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(SCORES)
    frame = schemas.read(path, schemas.CELL_SCORES)
    path.unlink()
    with pytest.raises(ValueError, match=found) as caught:
        schemas.write(frame.assign(**changes), path, schemas.CELL_SCORES)
    assert str(caught.value).startswith(f"{path} is not written: line ")
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="column 'loss' is missing"):
        schemas.write(frame.drop(columns="loss"), path, schemas.CELL_SCORES)
    assert not path.exists()


def test_counts_stay_integers_and_are_never_cut_down() -> None:
    sweep = schemas.CALIBRATION_SWEEP
    row: dict[str, Any] = {"factor": "images", "split": "train", "architecture": "3---"}
    row |= {
        "cell_hash": HASHES[0],
        "accuracy": 0.5,
        "loss": 1.0,
        "num_images": 16.0,
        "batch": None,
        "reset": True,
    }
    frame = schemas.conform(pd.DataFrame([row]), sweep)
    assert frame["num_images"].dtype == frame["batch"].dtype == "Int64"
    assert frame["reset"].dtype == "boolean"
    with pytest.raises(ValueError, match=r"rows of calibration_sweep.csv: column 'num_images' is"):
        schemas.conform(pd.DataFrame([row | {"num_images": 16.5}]), sweep)


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame(columns=["m", "bn"])])
def test_a_table_of_nothing_keeps_its_bytes_and_reads_as_no_rows(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    schemas.write(frame, tmp_path / "differences.csv", schemas.DIFFERENCES)
    write_csv(frame, tmp_path / "plain.csv")
    assert (tmp_path / "differences.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()
    read = schemas.read(tmp_path / "differences.csv", schemas.DIFFERENCES)
    assert len(read) == 0
    assert set(read.columns) == set(schemas.DIFFERENCES.columns)


# calibrated


def test_calibrated_has_one_type_with_and_without_baselines(tmp_path: Path) -> None:
    for name, text, schema in (
        ("scores.csv", SCORES, schemas.CELL_SCORES),
        ("kendall_tau_by_seed.csv", TAU, schemas.KENDALL_TAU_BY_SEED),
    ):
        (tmp_path / name).write_text(text)
        frame = schemas.read(tmp_path / name, schema)
        assert frame["calibrated"].dtype == "boolean"
    states = frame["calibrated"]
    assert states.isna().tolist() == [False, False, True]
    assert [schemas.calibrated_text(c) for c in states] == ["True", "False", "-"]
    assert [schemas.calibrated_word(c) for c in states] == ["calibrated", "raw", "-"]
    assert [schemas.is_calibrated(c) for c in states] == [True, False, False]
    assert [schemas.is_raw(c) for c in states] == [False, True, False]
    records: list[Any] = frame.to_dict("records")
    assert [schemas.is_calibrated(row["calibrated"]) for row in records] == [True, False, False]


def test_calibrated_is_made_of_texts_bools_and_gaps_alike() -> None:
    for values in (["True", "False", "-"], [True, False, None], [True, False, pd.NA]):
        made = schemas.to_calibrated(pd.Series(values, dtype=object))
        assert made.dtype == "boolean"
        assert [schemas.calibrated_text(c) for c in made] == ["True", "False", "-"]


def test_schemas_are_known_without_pandas() -> None:
    code = "import sys, bench.runs.schemas; assert not {'pandas', 'pandera'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
