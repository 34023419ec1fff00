"""Pages link as they do in the repository, so that links work there too; here they are bent.

What a page links to outside docs/ (`../results/reference/README.md`, a CSV, a script) comes along
into the site under its path in the repository; docs/ itself is the site's root.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

DOCS = "docs"
OUTSIDE = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "results/leaderboard/leaderboard.md",
    "results/reference/README.md",
)
"""Pages of the site that lie outside docs/."""
LINK = re.compile(r"(?<=\]\()(?!\w+:|#|/)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is linked to, and what that links to."""
    root = Path(config.config_file_path).parent
    todo = [f"{DOCS}/{file.src_uri}" for file in files if file.is_documentation_page()]
    todo += OUTSIDE
    seen = set(todo)
    while todo:
        path = todo.pop()
        if not path.startswith(f"{DOCS}/"):
            files.append(File.generated(config, path, abs_src_path=str(root / path)))
        if path.endswith(".md"):
            new = {p for p in _targets(path, root) if (root / p).is_file()} - seen
            seen |= new
            todo += sorted(p for p in new if not p.startswith(f"{DOCS}/"))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn paths in the repository into paths in the site."""
    here = page.file.src_uri
    source = here if page.file.generated_by else f"{DOCS}/{here}"

    def bend(match: re.Match[str]) -> str:
        target = normpath(join(dirname(source), match[1]))
        return relpath(target.removeprefix(f"{DOCS}/"), dirname(here) or ".")

    return LINK.sub(bend, markdown)


def _targets(path: str, root: Path) -> Iterator[str]:
    """Yield the paths in the repository that a page there links to."""
    for link in LINK.findall((root / path).read_text()):
        yield normpath(join(dirname(path), link))
