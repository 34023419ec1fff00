"""The cache of decoded images: found by what the files are, never believed when damaged."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.base.files import CACHE_VARIABLE, cache_folder
from supernet.data import cache
from supernet.data.cache import cached
from tests.paths import ROOT

PIXELS = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.png").write_bytes(b"1234")
    return folder


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def read(folder: Path, decode: Callable[[], np.ndarray] = PIXELS.copy) -> np.ndarray:
    return cached(folder, sorted(folder.iterdir()), decode)


def never() -> np.ndarray:
    raise AssertionError("decoded again")


def test_what_was_decoded_is_mapped_and_a_write_stays_in_the_process(images: Path) -> None:
    read(images)
    again = read(images, never)
    assert np.array_equal(again, PIXELS)
    assert isinstance(again, np.memmap)
    again[:] = 0
    assert np.array_equal(read(images, never), PIXELS)


def touch(folder: Path) -> None:
    os.utime(folder / "a.png", ns=(1, 1))


def rewrite(folder: Path) -> None:
    """Other content of the same size, with the time of the content set back."""
    before = (folder / "a.png").stat()
    (folder / "a.png").write_bytes(b"4321")
    os.utime(folder / "a.png", ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        touch,
        rewrite,
        lambda folder: (folder / "a.png").write_bytes(b"12345"),
        lambda folder: (folder / "a.png").rename(folder / "c.png"),
        lambda folder: (folder / "b.png").unlink(),
    ],
)
def test_changed_files_are_decoded_anew_and_the_old_cache_goes(
    images: Path, place: Path, change: Callable[[Path], object]
) -> None:
    read(images)
    change(images)
    other = 255 - PIXELS
    assert np.array_equal(read(images, other.copy), other)
    assert np.array_equal(read(images, never), other)
    assert len(list(place.iterdir())) == 1


def test_another_way_of_decoding_and_another_folder_have_a_cache_of_their_own(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(images)
    images.rename(tmp_path / "moved")
    with pytest.raises(AssertionError, match="decoded again"):
        read(tmp_path / "moved", never)
    read(tmp_path / "moved")
    monkeypatch.setattr(cache, "DECODING", "2: grey")
    with pytest.raises(AssertionError, match="decoded again"):
        read(tmp_path / "moved", never)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:0],
        lambda content: content[:40],
        lambda content: content[:-1],
        lambda content: content[:-40] + b"\xff" + content[-39:],  # one pixel
        lambda content: content + b"\0",
    ],
)
def test_damage_is_noticed_and_made_good(
    images: Path, place: Path, damage: Callable[[bytes], bytes]
) -> None:
    read(images)
    (path,) = place.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert np.array_equal(read(images), PIXELS)
    assert path.read_bytes() == whole


def test_sound_caches_that_changed_places_are_noticed(
    images: Path, tmp_path: Path, place: Path
) -> None:
    read(images)
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "c.png").write_bytes(b"1234")
    other = 255 - PIXELS
    read(tmp_path / "others", other.copy)
    one, two = place.iterdir()
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)
    assert np.array_equal(read(images), PIXELS)
    assert np.array_equal(read(tmp_path / "others", other.copy), other)


def test_a_full_disk_costs_the_cache_and_one_line(
    images: Path, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: np.ndarray, path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(cache, "_write", full)
    assert np.array_equal(read(images), PIXELS)
    assert capsys.readouterr().err == (
        f"decoded images can't be kept in {place} (No space left on device), so every start "
        "decodes them anew: MIXPATH_CACHE names another folder\n"
    )


def test_a_place_that_cannot_be_written_costs_the_cache_and_one_line(
    images: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write_text("a file where the folder would be")
    assert np.array_equal(read(images), PIXELS)
    assert "can't be kept in" in capsys.readouterr().err


def test_processes_that_start_at_once_are_both_right(images: Path, place: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.supernet.data import test_cache as t\n"
        "def slow():\n"
        "    time.sleep(0.2)\n"
        "    return t.PIXELS.copy()\n"
        "for _ in range(20):\n"
        "    assert (t.read(Path(sys.argv[1]), slow) == t.PIXELS).all()\n"
        "    for path in Path(sys.argv[2]).glob('*.npy'):\n"
        "        path.unlink(missing_ok=True)\n"
    )
    command = [sys.executable, "-c", code, str(images), str(place)]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert not list(place.glob(".*"))


def test_the_cache_folder_is_the_users_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_VARIABLE)
    assert cache_folder().name == "mixpath-bench"
