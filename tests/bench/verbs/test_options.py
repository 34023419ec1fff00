"""What several command lines ask for: how texts are read, and how help and complaints read."""

from __future__ import annotations

import pytest

from bench.base.command import words
from bench.base.parser import CommandParser
from bench.verbs import options


@pytest.mark.parametrize(
    ("text", "seeds"), [("3", (0, 1, 2)), ("1", (0,)), ("7,", (7,)), ("0,7", (0, 7))]
)
def test_seeds_are_a_number_or_a_list(text: str, seeds: tuple[int, ...]) -> None:
    p = CommandParser()
    options.add_seeds(p)
    assert p.parse_args(["--seeds", text]).seeds == seeds
    assert p.parse_args([]).seeds == (0, 1, 2)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            ["--seeds", "0"],
            "--seeds '0' must be a whole number of at least 1, or a list of seeds from 0, such as "
            "0,7 or, of one alone, 5000,: ",
        ),
        (["--seeds", ","], "--seeds ',' must be 1 to 1,000 seeds, or a list"),
        (["--seeds", "1,2," * 501], "--seeds '1,2,1.*... must be 1 to 1,000 seeds"),
        (["--m", ","], "--m ',' must be a whole number of at least 1, or a list such as 3,4"),
        (["--only", ","], "--only ',' has no name: give one, or a list"),
        (["--only", ""], "--only '' has no name"),
        (["--seeds", "-1"], "--seeds '-1' must be a whole number of at least 1"),
        (["--seeds", "x"], "--seeds 'x' must be a whole number"),
        (["--m", "3,x"], "--m 'x' must be a whole number of at least 1, or a list such as 3,4"),
        (["--seeds", "10000000"], "--seeds '10000000' must be a whole number up to 1,000, or"),
        (
            ["--seeds", "1001"],
            "--seeds '1001' must be a whole number up to 1,000, or a list.* 5000,",
        ),
        (["--seeds", f"1,{2**63}"], "--seeds '9223372036854775808' must be a whole number up to"),
        (["--seeds", "9" * 5000], "--seeds '9{40}...' must be a whole number up to 1,000, or"),
        (["--jobs", "1000000"], "--jobs '1000000' must be a whole number up to 1,024"),
        (["--jobs", "-2"], "--jobs '-2' must be a whole number of at least 1"),
        (["--jobs", "0"], "--jobs '0' must be a whole number of at least 1"),
        (["--jobs"], "--jobs expected one argument"),
    ],
)
def test_complaints_name_the_option_as_it_is_typed(argv: list[str], message: str) -> None:
    p = CommandParser(prog="x")
    options.add_seeds(p)
    options.add_ms(p)
    options.add_jobs(p, "runs")
    options.add_only(p)
    with pytest.raises(ValueError, match=f"^{message}"):
        p.parse_args(argv)


def test_names_and_numbers_are_lists() -> None:
    assert options.names("shadow,single,") == ("shadow", "single")
    assert options.numbers("3,4") == (3, 4)
    assert len(options.seeds("1000")) == 1000


def test_words_are_utf_8_whatever_the_locale_takes_them_for() -> None:
    assert options.names("T\udcc3\udca4st,b") == ("T\u00e4st", "b")
    assert words("T\u00e4st") == "T\u00e4st"
    assert words("T\udce4st") == "T\ufffdst", "not UTF-8 either"


def test_help_fills_paragraphs_keeps_examples_and_adds_defaults() -> None:
    words = "word " * 40
    p = CommandParser(prog="x", description=f"Do it, {words}\n\n    x --a 1    # as it stands\n")
    p.add_argument("--a", type=int, default=0, help="how many")
    p.add_argument("--b", default="text", help="what")
    p.add_argument("--c", action="store_true", help="whether")
    p.add_argument("--d", help="which (default: the first)")
    text = p.format_help()
    assert "    x --a 1    # as it stands\n" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "how many (default: 0)" in text
    assert "what (default: text)" in text
    assert "whether\n" in text
    assert text.count("(default: the first)") == 1


def test_options_not_given_leave_the_preset_alone() -> None:
    p = CommandParser()
    options.add_m(p, None)
    options.add_net(p)
    options.add_sampler(p)
    options.add_data_set(p, "digits")
    assert set(vars(p.parse_args([])).values()) == {None}
