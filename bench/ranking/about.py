"""ranking.json: the command, recipes, protocols and table behind a ranking, in words and figures.

A number without its recipe and protocol is never printed; whoever prints one finds them here.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from bench.base.names import is_plugin
from bench.ranking.protocol import PROTOCOLS, Protocol, describe
from bench.runs import schemas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.table.table import Table


def read_earlier(results: Path) -> dict[str, Any]:
    """Read ranking.json, or nothing where the folder was never ranked."""
    path = results / schemas.RANKING.name
    return schemas.read_json(path, schemas.RANKING) if path.is_file() else {}


def earlier_protocols(about: Mapping[str, Any]) -> dict[str, Protocol]:
    """Return the protocols that a folder was ranked by, a user's own as it was then.

    Args:
        about: what `read_earlier` returned.
    """
    return {
        name: PROTOCOLS.get(name) or _protocol(values)
        for name, values in about.get("protocols", {}).items()
    }


def check_same_table(results: Path, table: Table) -> None:
    """Refuse another truth than the one that a folder was ranked against: its rows would change.

    Raises:
        ValueError: with the tables' files.
    """
    before = read_earlier(results).get("table", {})
    if before.get("digest", table.digest) != table.digest:
        raise ValueError(
            f"{results} was ranked against the table {before['file']}, and {table.path} has other "
            "figures: name that one with --table, or copy the runs into another folder and name it "
            "with --out"
        )


def about_ranking(
    recipes: Mapping[str, Any],
    table: Table,
    protocols: Sequence[Protocol],
    *,
    headline: str,
    command: str,
    notes: list[str],
    truth_note: str = "",
    baselines: Sequence[str] = (),
) -> dict[str, Any]:
    """Gather what ranking.json holds.

    Args:
        recipes: what made the scores, as from `describe_recipes`; none where scores were given.
        table: the truth.
        protocols: how the runs were ranked, the headline first.
        headline: the scorer shown first.
        command: the command line that asked for it.
        notes: what was assumed.
        truth_note: where the table is not of these runs' images or networks, how it differs.
        baselines: names of those ranked, of which a user's own are remembered.
    """
    return {
        "version": schemas.RANKING.version,
        "command": command,
        "headline": {"protocol": protocols[0].name, "scorer": headline},
        "protocols": {p.name: asdict(p) | {"words": describe(p)} for p in protocols},
        "recipes": dict(recipes),
        "table": _describe(table),
        "notes": notes,
        "truth_note": truth_note,
        "baselines": [name for name in baselines if is_plugin(name)],
    }


def _describe(table: Table) -> dict[str, Any]:
    return {
        **table.provenance,
        "file": table.path.name,
        "digest": table.digest,
        "sources": [source._asdict() for source in table.provenance["sources"]],
        "skeleton": asdict(table.skeleton),
    }


def _protocol(values: Mapping[str, Any]) -> Protocol:
    names = {field.name for field in fields(Protocol)}
    return Protocol(**{name: value for name, value in values.items() if name in names})
