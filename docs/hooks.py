"""What mkdocs needs to know of this repository: pages may show files that lie outside of docs/."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(((?:\.\./)+)([^)#:]+)(#[^)]*)?\)")
"""A link that leaves the folder: how far, the file, its anchor."""
PAGE = "CONTRIBUTING.md"


def on_files(files: Files, config: Any) -> Files:
    """Take in what the pages link to, under the name that it has in the repository."""
    wanted = {PAGE}
    for page in Path(config["docs_dir"]).rglob("*.md"):
        wanted |= {found[2] for found in LINK.finditer(page.read_text(encoding="utf-8"))}
    for name in sorted(wanted):
        if not (ROOT / name).is_file():
            raise FileNotFoundError(f"docs/ links to {name}, which is not there")
        files.append(File(name, str(ROOT), config["site_dir"], use_directory_urls=False))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """On the site those files lie beside the pages and not above them."""
    depth = page.file.src_uri.count("/")
    return LINK.sub(lambda found: f"]({'../' * depth}{found[2]}{found[3] or ''})", markdown)
