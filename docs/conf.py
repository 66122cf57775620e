"""Sphinx's settings: the Markdown of this folder as a static site (see CONTRIBUTING.md, Documentation)."""

import re
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

# A link to Markdown outside this folder, such as ../CONTRIBUTING.md#tests.
OUTSIDE = re.compile(r"\]\((\.\./[^)#\s]+\.md)(#[^)\s]*)?\)")

project = "Learning-analytics warehouse"
release = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]["version"]
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
root_doc = "index"
exclude_patterns = ["README.md", "*.ipynb"]
nitpicky = True

# GitHub's Markdown, with its anchors, so that each link works in both places.
myst_enable_extensions = ["strikethrough"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3
# No part of a page is marked as a code of a language that Pygments would guess.
highlight_language = "text"

html_theme = "furo"
html_title = project
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False


def link_to_file(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Pages outside this folder are no part of the site: it carries them as files, as they are."""
    source[0] = OUTSIDE.sub(r"](<path:\1>)", source[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", link_to_file)
