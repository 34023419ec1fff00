"""ranking.json: the command, recipes, protocols and table behind a ranking, in words and figures.

A number without its recipe and protocol is never printed; whoever prints one finds them here.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bench.base.names import is_plugin
from bench.ranking.protocol import describe
from bench.runs import schemas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.ranking.protocol import Protocol
    from bench.table.table import Table


def read_earlier(results: Path) -> dict[str, Any]:
    """Read ranking.json, or nothing where the folder was never ranked."""
    path = results / schemas.RANKING.name
    return schemas.read_json(path, schemas.RANKING) if path.is_file() else {}


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
    sources = [source._asdict() for source in table.provenance["sources"]]
    return {
        "version": schemas.RANKING.version,
        "command": command,
        "headline": {"protocol": protocols[0].name, "scorer": headline},
        "protocols": {p.name: asdict(p) | {"words": describe(p)} for p in protocols},
        "recipes": dict(recipes),
        "table": {
            **table.provenance,
            "file": table.path.name,
            "sources": sources,
            "skeleton": asdict(table.skeleton),
        },
        "notes": notes,
        "truth_note": truth_note,
        "baselines": [name for name in baselines if is_plugin(name)],
    }
