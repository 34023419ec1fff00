"""What dry runs measure and say."""

from __future__ import annotations

import pytest

from bench.base.forecast import a_few, duration, say_when, seconds_each


@pytest.mark.parametrize(("num", "expected"), [(0, []), (3, [0, 1, 2]), (4, [0, 1, 2, 3])])
def test_few_are_all(num: int, expected: list[int]) -> None:
    assert [*a_few(range(num), 4)] == expected


def test_of_many_a_few_come_evenly() -> None:
    assert [*a_few(range(100), 4)] == [0, 25, 50, 75]
    assert [*a_few(range(101), 4)] == [0, 26, 52, 78]


def test_one_of_a_few_is_timed_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    monkeypatch.setattr("bench.base.forecast.time.perf_counter", lambda: 10.0 * len(done))
    assert seconds_each(range(100), 4, done.append) == 10.0
    assert done == [0, 0, 25, 50, 75]


def test_jobs_share_the_time() -> None:
    told = say_when(2, 7200.0, "cells")
    assert told == "2 at once: about 1:00:00, measured on a few cells; nothing was written"
    assert duration(3599.6) == "1:00:00"
