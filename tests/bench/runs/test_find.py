"""A damaged run stops whoever looks for runs; it is never left out."""

import shutil
from pathlib import Path

import pytest

from bench.runs import schemas
from bench.runs.about import RunFolderError
from bench.runs.digests import write_kept
from bench.runs.find import check_files, find_runs, find_trained
from bench.runs.searches import find_searches, read_search
from tests.rewritten import rewrite_recipe
from tests.synthetic import write_runs


@pytest.fixture
def results(tmp_path: Path) -> Path:
    write_runs(tmp_path, ms=(2,), seeds=(0, 1))
    return tmp_path


@pytest.fixture
def folder(results: Path) -> Path:
    return results / "branches-m2" / "shadow-seed1"


def refuse(results: Path, message: str) -> None:
    with pytest.raises(RunFolderError, match=message):
        find_runs(results)


def test_a_misspelt_recipe(results: Path, folder: Path) -> None:
    rewrite_recipe(folder, name="soumd")
    refuse(results, r"run\.json: name='soumd' is not sound or authors: did you mean 'sound'")


def test_a_copy_of_a_run(results: Path, folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("shadow-seed2"))
    refuse(results, r"shadow-seed2 holds the run of .*/shadow-seed1, by its run.json: move it out")


def test_scores_without_run_json(results: Path, folder: Path) -> None:
    (folder / "run.json").unlink()
    refuse(results, r"shadow-seed1 has results, but no run\.json")


def test_scores_that_are_gone(results: Path, folder: Path) -> None:
    scores = folder / "scores.csv"
    write_kept(scores.read_text(), scores)
    scores.unlink()
    refuse(results, r"scores\.csv was written and is gone: the command that made it makes it again")
    assert len(find_runs(results, [folder])) == 3


def test_a_history_that_is_gone(results: Path, folder: Path) -> None:
    write_kept(HISTORY, folder / "history.csv")
    assert [run.folder for run in find_trained(results)] == [folder]
    (folder / "history.csv").unlink()
    with pytest.raises(RunFolderError, match=r"history\.csv was written and is gone"):
        find_trained(results)


HISTORY = "epoch,lr,loss,accuracy\n" + "".join(f"{n},0.1,1.0,0.5\n" for n in range(1, 41))
TIMES = "epoch,time_s,stage\n1,2.0,train\n"


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize(
    ("name", "whole", "damaged", "message"),
    [
        ("history.csv", HISTORY, HISTORY + "41,0.1,1.0,0.5\n", "line 42: .*goes on after 40"),
        ("history.csv", HISTORY, HISTORY[: HISTORY.index("\n40,") + 1], "ends before 40"),
        ("times.csv", TIMES, TIMES.replace("train", "trian"), "'trian' is none of train, score"),
        ("scores.csv", "", "x\n", "line 1: 0 scores of 132, without"),
    ],
)
def test_files_of_runs_are_checked_before_they_are_needed(
    results: Path, folder: Path, name: str, whole: str, damaged: str, message: str, is_kept: bool
) -> None:
    path = folder / name
    whole = whole or path.read_text()
    path.write_text(whole)
    check_files(find_runs(results))
    if is_kept:
        write_kept(whole, path)
        check_files(find_runs(results))
    path.write_text(damaged)
    with pytest.raises(schemas.DamagedFileError, match=message):
        check_files(find_runs(results))


def test_every_digest_of_a_run_is_checked(results: Path, folder: Path) -> None:
    (folder / "notes.csv").write_text("a user's own")
    write_kept("x\n", folder / "others.csv")
    curve = folder / "curve.csv"
    write_kept("not,a\ncurve,\n", curve)
    check_files(find_runs(results))
    curve.write_text("not,a\ncurve,1\n")
    with pytest.raises(schemas.DamagedFileError, match=r"curve\.csv, line 1: column 'not'"):
        check_files(find_runs(results))


@pytest.mark.parametrize("name", ["history.csv", "times.csv"])
def test_a_run_whose_history_is_gone_is_not_left_out(
    results: Path, folder: Path, name: str
) -> None:
    write_kept("x", folder / name)
    (folder / name).unlink()
    refuse(results, rf"{name} was written and is gone: the command that made it makes it again")
    assert len(find_runs(results, [folder])) == 3


def test_a_search_that_is_gone_or_another(tmp_path: Path) -> None:
    folder = tmp_path / "search-nsga2-seed0"
    settings = '{"algorithm": "nsga2", "seed": 1, "evaluations": 1, "population": 1, '
    write_kept(settings + '"calibrated": true, "largest_multiply_adds": 9}', folder / "search.json")
    names = "evaluation,architecture,num_parameters,num_multiply_adds,calibrated,accuracy,loss,"
    row = "1,e3k3,1,1,True,0.5,1.0,0.5,True\n"
    write_kept(f"{names}hypervolume,is_on_front\n{row}", folder / "evaluated.csv")
    with pytest.raises(RunFolderError, match="holds the search by 'nsga2' with seed 1: move it"):
        read_search(folder)
    assert find_searches(tmp_path) == [folder]
    (folder / "search.json").unlink()
    with pytest.raises(RunFolderError, match=r"search\.json was written and is gone"):
        find_searches(tmp_path)
