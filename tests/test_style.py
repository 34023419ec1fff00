"""What a linter, a type checker or the formatter is told to overlook has its reason beside it."""

import io
import re
import tokenize

import pytest

from tests.paths import ROOT

FILES = sorted(
    path
    for top in ("analysis", "bench", "supernet", "tests")
    for path in (ROOT / top).rglob("*.py")
)
MARK = re.compile(r"#\s*(type:\s*ignore|noqa|fmt:\s*(skip|off))", re.IGNORECASE)
REASONED = re.compile(
    r"# (type: ignore\[[\w, -]+\]|noqa: [A-Z]+\d+(, [A-Z]+\d+)*|fmt: (skip|off))"
    r"( \(\w.*\)|  # (?!noqa|type:|fmt:)\w.*)"
)


def unexplained(text: str) -> list[str]:
    """List the comments of a module that switch a rule off and don't say which and why."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return [one for one in comments if MARK.search(one) and not REASONED.fullmatch(one)]


def test_every_exception_has_a_reason() -> None:
    assert len(FILES) > 300
    found = {str(path.relative_to(ROOT)): unexplained(path.read_text()) for path in FILES}
    assert not {path: comments for path, comments in found.items() if comments}


@pytest.mark.parametrize(
    "comment",
    [
        "# type: ignore",
        "# type: ignore  # any",
        "# type: ignore[index]",
        "# type: ignore[index]  # noqa: E501",
        "# noqa",
        "# noqa: ARG001",
        "# noqa: ARG001 ()",
        "# fmt: skip",
        "# fmt: off",
    ],
)
def test_a_bare_exception_is_found(comment: str) -> None:
    assert unexplained(f"x = 1  {comment}\n") == [comment]


@pytest.mark.parametrize(
    "comment",
    [
        "# type: ignore[index, operator]  # ModuleList of ModuleLists",
        "# noqa: ARG001 (torch's hook)",
        "# noqa: N803, E501  # as published",
        "# fmt: skip  # a table",
        "# a comment",
    ],
)
def test_a_reason_will_do(comment: str) -> None:
    assert unexplained(f"x = 1  {comment}\n") == []


def test_marks_in_text_are_none() -> None:
    assert unexplained('x = "# noqa"\n') == []
