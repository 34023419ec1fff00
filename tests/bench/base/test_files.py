"""Tests of bench.base.files."""

from pathlib import Path

import platformdirs
import pytest

from bench.base.files import CACHE_VARIABLE, cache_folder, data_folder, replacing


def test_success_replaces(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    for text in ("first", "second"):
        with replacing(path) as temporary:
            temporary.write_text(text)
            assert temporary.parent == path.parent
        assert path.read_text() == text
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("bad"), OSError(28, "full")])
def test_failure_leaves_everything_as_it_was(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(type(error)) as raised, replacing(path) as temporary:  # noqa: PT012 (what is tested is the block)
        temporary.write_text("half of the n")
        raise error
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]
    if isinstance(raised.value, OSError):
        assert raised.value.filename == str(path)


def test_a_user_s_folders_lie_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_VARIABLE)
    for folder in (cache_folder(), data_folder()):
        assert folder.is_absolute()
        assert "mixpath-bench" in folder.parts


@pytest.mark.parametrize("found", [Path("~/.cache"), None])
def test_without_a_home_a_user_s_folders_lie_in_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Path | None
) -> None:
    """Older platformdirs leave `~` as it is, newer ones raise an error."""

    def find(_: str) -> Path:
        if found is None:
            raise RuntimeError
        return found

    for name in ("user_cache_path", "user_data_path"):
        monkeypatch.setattr(platformdirs, name, find)
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.chdir(tmp_path)
    assert cache_folder() == data_folder() == tmp_path / "mixpath-bench"
