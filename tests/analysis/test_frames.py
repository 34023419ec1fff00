"""Choosing rows: what is preferred, and of which protocol."""

from __future__ import annotations

import pandas as pd

from analysis.frames import preferred, under_main_protocol


def test_what_is_preferred_is_taken_where_it_is_there() -> None:
    assert preferred([1, 2, 4], 2) == 2
    assert preferred([1, 4], 2) == 4


def test_analyses_are_about_the_sound_protocol_whichever_is_the_headline() -> None:
    frame = pd.DataFrame({"protocol": ["authors", "sound", "sound"], "tau": [0.1, 0.2, 0.3]})
    assert under_main_protocol(frame)["tau"].tolist() == [0.2, 0.3]
    assert under_main_protocol(frame.iloc[:1])["tau"].tolist() == [0.1]
