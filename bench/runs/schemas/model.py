"""What a schema says of a file: columns, types, bounds, and what to do about a damaged one.

A schema describes files that are already lying about, so it changes with care: a column that a
later version adds has a default, and a file written before reads as if it had it. Types never
change. `version` counts the changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind: TypeAlias = Literal["str", "int", "float", "bool", "calibrated"]

NONE = "-"
"""What files hold for `calibrated` where a row has neither: baselines."""


class DamagedFileError(ValueError):
    """A file that is not as its schema says: in one line the file, the row and the remedy."""


class FlawError(ValueError):
    """What is wrong on one line of a file; whoever knows the file adds its name and the remedy.

    Attributes:
        line: of the file, the header being line 1.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True)
class Column:
    """One column of a CSV file.

    Attributes:
        kind: `calibrated` is true, false, or neither; floats are finite.
        low: the least value.
        high: the greatest value.
        choices: the only values, or () for any.
        pattern: regular expression that a whole text matches, or '' for any.
        nullable: whether there may be no value: NaN or <NA> in memory, '' of texts.
        default: what a file written before this column is read as holding, written as in a file.
    """

    kind: Kind
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    nullable: bool = False
    default: str | None = None

    @property
    def gap(self) -> str:
        """How a file writes that there is no value."""
        return NONE if self.kind == "calibrated" else ""

    @property
    def dtype(self) -> Any:  # a str, of which pandas' stubs know each one by itself
        """Its type in memory: numpy's, or pandas' nullable one where numpy has none."""
        if self.kind == "calibrated":
            return "boolean"  # with and without baselines, so that it has one type everywhere
        if self.kind == "int":
            return "Int64" if self.nullable else "int64"
        if self.kind == "bool":
            return "boolean" if self.nullable else "bool"
        return {"str": "str", "float": "float64"}[self.kind]


@dataclass(frozen=True, eq=False)
class Schema:
    """One kind of CSV file.

    Attributes:
        name: the file's name.
        columns: by name, in the order written.
        remedy: what to do about a damaged one.
        keys: columns that no two rows share all of, or () if rows may recur.
        allows_more: whether further columns are numbers, such as those of own scorers.
        version: raised with every change.
    """

    name: str
    columns: Mapping[str, Column]
    remedy: str
    keys: tuple[str, ...] = ()
    allows_more: bool = False
    version: int = 1

    def column(self, name: str) -> Column:
        """Describe a column, also one that the schema does not name but allows."""
        return self.columns.get(name, FURTHER)

    def check_names(self, names: list[str]) -> None:
        """Refuse a header with a name twice, or one that the schema does not know.

        Raises:
            FlawError: on line 1.
        """
        for name in names:
            if names.count(name) > 1:
                raise FlawError(1, f"column {name!r} is there twice")
            if name not in self.columns and (not self.allows_more or not name):
                raise FlawError(
                    1, f"column {name!r} is unknown to version {self.version} of {self.name}"
                )


FURTHER = Column("float", nullable=True)
"""A column beyond the schema's own: the values of an own scorer."""
