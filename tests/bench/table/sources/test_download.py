"""Tests of bench.table.sources.download against a server on the loopback interface."""

import contextlib
import errno
import hashlib
import http.server
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.table.sources import download as module
from bench.table.sources.download import FILES, DownloadError, RemoteFile, download, official_file

DRIPS_S = 20.0
"""How long a slow server drips."""

CONTENT = bytes(range(256)) * 20_000  # 5.12 MB: several chunks


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT at every path, with the faults that a test asks for."""

    content = CONTENT
    has_ranges = True
    states_length = True
    drips = ""
    daemon_threads = True
    cuts: list[int]
    ranges: list[str | None]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one GET."""

    server: Server

    def do_GET(self) -> None:
        """Send the content, from the start of the range asked for, up to the next cut."""
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.path == "/absent":
            self.send_error(404)
            return
        if self.server.drips == "head":
            self._drip(b"HTTP/1.1 200 OK\r\n")
            return
        content = self.server.content
        start = 0
        if asked and self.server.has_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if self.server.states_length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.server.drips == "stall":
            time.sleep(DRIPS_S)
            return
        if self.server.drips == "body":
            self._drip(content[start:])
            return
        end = self.server.cuts.pop(0) if self.server.cuts else len(content)
        self.wfile.write(content[start:end])

    def _drip(self, data: bytes) -> None:
        """Send a byte now and then, for longer than anyone is to wait."""
        until = time.monotonic() + DRIPS_S
        with contextlib.suppress(OSError):  # the other end has had enough
            for byte in data:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)
                if time.monotonic() > until:
                    return

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    server = Server(("127.0.0.1", 0), Handler)
    server.cuts, server.ranges = [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def file(server: Server) -> RemoteFile:
    return RemoteFile(
        name="nasbench.tfrecord",
        url=f"http://127.0.0.1:{server.server_port}/nasbench.tfrecord",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole(server: Server, file: RemoteFile, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = download(file, tmp_path / "new", lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert names(path.parent) == ["nasbench.tfrecord"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert server.ranges == [None]


def test_a_cut_connection_is_resumed(server: Server, file: RemoteFile, tmp_path: Path) -> None:
    server.cuts = [1_000_000, 2_500_000]
    assert download(file, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000000-", "bytes=2500000-"]


def test_a_part_of_an_earlier_call_is_resumed(
    server: Server, file: RemoteFile, tmp_path: Path
) -> None:
    (tmp_path / "nasbench.tfrecord.part").write_bytes(CONTENT[:3_000_000])
    seen: list[tuple[int, int | None]] = []
    download(file, tmp_path, lambda done, total: seen.append((done, total)))
    assert (tmp_path / "nasbench.tfrecord").read_bytes() == CONTENT
    assert server.ranges == ["bytes=3000000-"]
    assert seen[0][0] > 3_000_000
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_complete_part_only_gets_its_name(
    server: Server, file: RemoteFile, tmp_path: Path
) -> None:
    (tmp_path / "nasbench.tfrecord.part").write_bytes(CONTENT)
    assert download(file, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [f"bytes={len(CONTENT)}-"]
    assert names(tmp_path) == ["nasbench.tfrecord"]


def test_a_server_without_ranges_starts_again(
    server: Server, file: RemoteFile, tmp_path: Path
) -> None:
    server.has_ranges = False
    (tmp_path / "nasbench.tfrecord.part").write_bytes(b"x" * 3_000_000)
    assert download(file, tmp_path).read_bytes() == CONTENT


def test_a_server_that_states_no_length(server: Server, file: RemoteFile, tmp_path: Path) -> None:
    server.states_length = False
    assert download(file, tmp_path).read_bytes() == CONTENT


def test_a_complete_file_is_not_fetched(server: Server, file: RemoteFile, tmp_path: Path) -> None:
    (tmp_path / "nasbench.tfrecord").write_bytes(CONTENT)
    assert download(file, tmp_path) == tmp_path / "nasbench.tfrecord"
    assert server.ranges == []


def test_another_file_of_that_name_is_kept(
    server: Server, file: RemoteFile, tmp_path: Path
) -> None:
    (tmp_path / "nasbench.tfrecord").write_bytes(b"mine")
    with pytest.raises(DownloadError, match="is there with another SHA-256: move it away first"):
        download(file, tmp_path)
    assert (tmp_path / "nasbench.tfrecord").read_bytes() == b"mine"
    assert server.ranges == []


def test_a_wrong_checksum_removes_the_part(
    server: Server, file: RemoteFile, tmp_path: Path
) -> None:
    server.content = CONTENT[:-1] + b"x"
    with pytest.raises(DownloadError, match=f"instead of {file.sha256}: removed"):
        download(file, tmp_path)
    assert names(tmp_path) == []


def test_a_part_of_something_else_is_found_out(file: RemoteFile, tmp_path: Path) -> None:
    (tmp_path / "nasbench.tfrecord.part").write_bytes(b"x" * 1000)
    with pytest.raises(DownloadError, match="removed; download it again"):
        download(file, tmp_path)
    assert download(file, tmp_path).read_bytes() == CONTENT


def test_a_connection_that_brings_nothing_more_ends_it(
    server: Server, file: RemoteFile, tmp_path: Path
) -> None:
    server.cuts = [1_000_000, 1_000_000]
    message = "the same command again to go on at 1,000,000 bytes"
    with pytest.raises(DownloadError, match=message):
        download(file, tmp_path)
    assert names(tmp_path) == ["nasbench.tfrecord.part"]
    assert download(file, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("drips", "message", "has_some"),
    [
        (
            "body",
            "it sends less than 1,000 bytes a second; check the network and run the same",
            True,
        ),
        ("stall", "timed out; check the network", False),
        ("head", "no answer in time; check the network", False),
    ],
)
def test_a_slow_server_is_given_up_in_time(
    server: Server,
    file: RemoteFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    drips: str,
    message: str,
    has_some: bool,
) -> None:
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.4)
    server.drips = drips
    started = time.monotonic()
    with pytest.raises(DownloadError, match=message):
        download(file, tmp_path)
    assert time.monotonic() - started < DRIPS_S / 2
    part = tmp_path / "nasbench.tfrecord.part"
    assert (part.is_file() and part.stat().st_size > 0) == has_some
    server.drips = ""
    monkeypatch.undo()
    monkeypatch.setenv("no_proxy", "*")
    assert download(file, tmp_path).read_bytes() == CONTENT
    assert str(server.ranges[-1]).startswith("bytes=") == has_some


def test_connections_that_bring_crumbs_end_it(
    server: Server, file: RemoteFile, tmp_path: Path
) -> None:
    server.cuts = [999, *range(1000, 2000)]
    with pytest.raises(DownloadError, match=r"broke; check the network .* on at 999 bytes"):
        download(file, tmp_path)


def test_no_server(file: RemoteFile, server: Server, tmp_path: Path) -> None:
    unreachable = replace(file, url="http://127.0.0.1:9/x")
    with pytest.raises(DownloadError, match=r"cannot fetch .* refused; check the network"):
        download(unreachable, tmp_path)
    assert names(tmp_path) == []
    assert server.ranges == []


def test_an_absent_file(server: Server, file: RemoteFile, tmp_path: Path) -> None:
    absent = replace(file, url=f"http://127.0.0.1:{server.server_port}/absent")
    with pytest.raises(DownloadError, match=r"cannot fetch .*/absent: HTTP 404 Not Found"):
        download(absent, tmp_path)


def test_a_full_disk_keeps_the_part(server: Server, file: RemoteFile, tmp_path: Path) -> None:
    def fill_up(done: int, _total: int | None) -> None:
        if done > 2_000_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left on device"):
        download(file, tmp_path, fill_up)
    assert names(tmp_path) == ["nasbench.tfrecord.part"]
    assert download(file, tmp_path).read_bytes() == CONTENT
    assert str(server.ranges[-1]).startswith("bytes=")


def test_ctrl_c_keeps_the_part(server: Server, file: RemoteFile, tmp_path: Path) -> None:
    def interrupt(done: int, _total: int | None) -> None:
        raise KeyboardInterrupt(done)

    with pytest.raises(KeyboardInterrupt):
        download(file, tmp_path, interrupt)
    assert names(tmp_path) == ["nasbench.tfrecord.part"]
    assert download(file, tmp_path).read_bytes() == CONTENT
    assert len(server.ranges) == 2


def test_official_files() -> None:
    assert official_file("nasbench_full") is FILES["nasbench_full"]
    assert FILES["nasbench_only108"].url == (
        "https://storage.googleapis.com/nasbench/nasbench_only108.tfrecord"
    )
    with pytest.raises(ValueError, match="unknown file 'nasbench_108': did you mean"):
        official_file("nasbench_108")
