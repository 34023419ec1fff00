"""Tests of bench.table.sources.csv_rows."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.network.skeleton import NASBENCH101, Skeleton
from bench.table.data import SourceError, TableError
from bench.table.sources.csv_rows import branches_cell, graph_cell, read_csv
from tests.graphs import FIRST_CELL, INCEPTION_CELL

if TYPE_CHECKING:
    from bench.table.data import TableData

ADJACENCY = "0110010000100000000100000101000001000000010000000"
OPERATIONS = "+".join(FIRST_CELL.operations)
NAN = np.nan


def read(tmp_path: Path, text: str, **options: bool | int) -> "TableData":
    builder, _ = read_csv(written(tmp_path, text), NASBENCH101, **options)  # type: ignore[arg-type]  # each to its own
    return builder.build()


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.csv"
    path.write_text(text)
    return path


def test_repeats_in_their_order(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        "repeat,adjacency,operations,epochs,test_accuracy,valid_accuracy,time_s\n"
        f"2,{ADJACENCY},{OPERATIONS},108,0.93,0.83,20\n"
        f"1,{ADJACENCY},{OPERATIONS},108,0.91,0.81,10.5\n"
        f'1,{ADJACENCY},"{OPERATIONS.replace("+", ",")}",4,0.5,0.4,1\n',
    )
    assert [*data.budgets] == [4, 108]
    figures = data.budgets[108].figures
    np.testing.assert_array_equal(figures["test"], [[0.91, 0.93]])
    np.testing.assert_array_equal(figures["valid"], [[0.81, 0.83]])
    np.testing.assert_array_equal(figures["train"], [[NAN, NAN]])
    np.testing.assert_array_equal(figures["time_s"], [[10.5, 20.0]])
    assert not data.budgets[108].mean_only.any()
    assert data.hashes.tobytes().hex() == FIRST_CELL.hash


def test_repeats_without_numbers_come_as_they_stand(tmp_path: Path) -> None:
    data = read(tmp_path, "branches,valid_accuracy\nmaxpool3x3,0.3\nmaxpool3x3,0.2\n", epochs=12)
    np.testing.assert_array_equal(data.budgets[12].figures["valid"], [[0.3, 0.2]])


def test_means(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        "module_hash,branches,trainable_parameters,mean_test_accuracy,mean_time_s\n"
        "96794a104891b22bf4f2abbdd7c3e90f,conv3x3-bn-relu,11215242,0.924179,9\n"
        ",conv1x1-bn-relu+maxpool3x3,,0.8,8\n",
    )
    assert data.budgets[108].mean_only.all()
    assert data.budgets[108].figures["test"].shape == (2, 1)
    assert sorted(data.budgets[108].figures["time_s"].ravel()) == [8.0, 9.0]


def test_parameters_are_those_of_the_skeleton(tmp_path: Path) -> None:
    text = "adjacency,operations,test_accuracy,trainable_parameters\n0100,input+output,0.1,210\n"
    skeleton = Skeleton(stem_channels=2, num_stacks=1, image_size=8, in_channels=1)
    builder, _ = read_csv(written(tmp_path, text.replace("210", "76")), skeleton)
    assert [*builder.parameters] == [9 * 2 + 4 + 3 * (4 + 4) + 2 * 10 + 10]


def test_unknown_accuracies_are_left_out_only_when_asked(tmp_path: Path) -> None:
    path = written(tmp_path, "branches,test_accuracy,time_s\nmaxpool3x3,,1\nmaxpool3x3,0.2,1\n")
    with pytest.raises(SourceError, match="record 1: missing field test_accuracy: fill it in"):
        read_csv(path)
    builder, num_skipped = read_csv(path, skip_unknown=True)
    assert num_skipped == 1
    np.testing.assert_array_equal(builder.build().budgets[108].figures["test"], [[0.2]])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("branches,test_acuracy", "unknown column 'test_acuracy': did you mean 'test_accuracy'"),
        ("branches,test_accuracy,test_accuracy", "column 'test_accuracy' comes twice"),
        ("test_accuracy", "needs the columns adjacency and operations, or else branches"),
        ("adjacency,test_accuracy", "needs the columns adjacency and operations"),
        ("adjacency,operations,branches,test_accuracy", "needs the columns adjacency"),
        ("branches", "needs one of train_accuracy, valid_accuracy, test_accuracy, or else of"),
        ("branches,time_s", "needs one of train_accuracy"),
        ("branches,test_accuracy,mean_test_accuracy", "needs one of train_accuracy"),
        ("branches,mean_test_accuracy,repeat", "a mean has no repeat"),
        ("", "needs the columns"),
    ],
)
def test_bad_headers_are_refused(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(TableError, match=f"x.csv: {message}"):
        read(tmp_path, header + "\n")


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("branches,test_accuracy", "maxpool3x3", "must have 2 fields"),
        ("branches,test_accuracy", "maxpool3x3,0.1,0.2", "must have 2 fields"),
        ("branches,test_accuracy", "maxpool3x3,1.1", r"must be in \[0, 1\], not '1.1'"),
        ("branches,test_accuracy", "maxpool3x3,-0.1", "must be in"),
        ("branches,test_accuracy", "maxpool3x3,nan", "must be in"),
        ("branches,test_accuracy", "maxpool3x3,high", "must be in .* not 'high'"),
        ("branches,test_accuracy,time_s", "maxpool3x3,0.1,-1", r"time_s must be in \[0, 1e\+18\]"),
        ("branches,test_accuracy,time_s", "maxpool3x3,0.1,inf", r"time_s must be in \[0, 1e\+18\]"),
        ("branches,test_accuracy,time_s", "maxpool3x3,0.1,", "missing field time_s"),
        ("branches,test_accuracy", "maxpool,0.1", "unknown operation 'maxpool': did you mean"),
        ("branches,test_accuracy", "+".join(["maxpool3x3"] * 5) + ",0.1", "at most 7 vertices"),
        ("adjacency,operations,test_accuracy", "0100,input,0.1", "is not the 1 digits"),
        ("adjacency,operations,test_accuracy", "0000,input+output,0.1", "no path"),
        ("branches,test_accuracy,module_hash", f"maxpool3x3,0.1,{'0' * 32}", "states hash 0{32}"),
        ("branches,test_accuracy,trainable_parameters", "maxpool3x3,0.1,5", "states 5 trainable"),
        ("branches,test_accuracy,trainable_parameters", "maxpool3x3,0.1,x", "must be a whole"),
        ("branches,test_accuracy,epochs", "maxpool3x3,0.1,0", "epochs must be a whole number"),
        ("branches,test_accuracy,epochs", "maxpool3x3,0.1,1000001", "from 1 to 1,000,000, not"),
        ("branches,test_accuracy,repeat", f"maxpool3x3,0.1,{'9' * 40}", "repeat must be a whole"),
        ("branches,test_accuracy,repeat", f"maxpool3x3,0.1,{'9' * 5000}", "not '9{40}'$"),
        ("branches,test_accuracy,repeat", "maxpool3x3,0.1,\u0663", "repeat must be a whole"),
        ("branches,test_accuracy,epochs", "maxpool3x3,0.1,", "epochs must be a whole number"),
        ("branches,test_accuracy,repeat", "maxpool3x3,0.1,-1", "repeat must be a whole number"),
        ("branches,test_accuracy,repeat", "conv3x3-bn-relu,0.1,1", "once more: leave one row"),
        ("branches,mean_test_accuracy", "conv3x3-bn-relu,0.1", "once more: leave one row out"),
        ("branches,test_accuracy", 'maxpool3x3,"0.1"2', "expected after"),
    ],
)
def test_bad_rows_are_refused(tmp_path: Path, header: str, row: str, message: str) -> None:
    values = {
        "branches": "conv3x3-bn-relu",
        "adjacency": "0100",
        "operations": "input+output",
        "repeat": "1",
        "epochs": "108",
    }
    good = ",".join(
        "0.5" if "accuracy" in name or name == "time_s" else values.get(name, "")
        for name in header.split(",")
    )
    with pytest.raises(SourceError, match=f"x.csv: record 2: .*{message}"):
        read(tmp_path, f"{header}\n{good}\n{row}\n")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"branches,test_accuracy\nmaxpool3x3,0.1\n\xff\xff,0.2\n")
    with pytest.raises(TableError, match=r"x.csv can't be read: 'utf-8'"):
        read_csv(path)
    path.write_bytes(b"branches,test_accuracy\n" + b"maxpool3x3,0.1\n" * 2000 + b"\xff,0.2\n")
    with pytest.raises(TableError, match=r"x.csv: record .*'utf-8'"):
        read_csv(path)


def test_a_file_that_ends_within_a_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"x.csv ends within a line: is it whole\?"):
        read(tmp_path, "branches,test_accuracy\nmaxpool3x3,0.91")


@pytest.mark.parametrize("epochs", [0, 2**63])
def test_epochs_are_bounded(tmp_path: Path, epochs: int) -> None:
    with pytest.raises(TableError, match=r"epochs must be from 1 to 1,000,000, not"):
        read(tmp_path, "branches,test_accuracy\nmaxpool3x3,0.1\n", epochs=epochs)


def test_cells_from_text() -> None:
    assert graph_cell(ADJACENCY, OPERATIONS) == FIRST_CELL
    assert graph_cell(ADJACENCY, OPERATIONS) != INCEPTION_CELL
    assert branches_cell(["maxpool3x3", "conv1x1-bn-relu"]) == branches_cell(
        ["conv1x1-bn-relu", "maxpool3x3"]
    )


def test_the_paper_s_cells(shared_data: Path) -> None:
    builder, num_skipped = read_csv(
        shared_data / "nasbench101_mixpath_cells.csv", skip_unknown=True
    )
    data = builder.build()
    assert (len(data.hashes), num_skipped) == (22, 12)
    assert data.budgets[108].mean_only.all()
