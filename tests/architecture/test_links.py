"""Every relative link of the documentation leads to a file, and to a heading that is there."""

import re
from pathlib import Path

from tests.architecture.project import ROOT, repository_files

CODE = re.compile(r"^(```|~~~).*?^\1[^\S\n]*$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
LONGEST_README = 120


def links(text: str) -> list[str]:
    """The targets of a page's links; those in code are none."""
    return LINK.findall(CODE.sub(lambda match: "code" if "\n" not in match.group() else "", text))


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    names: list[str] = []
    for heading in HEADING.findall(re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        names.append(f"{name}-{names.count(name)}" if name in names else name)
    return set(names)


def broken_links(page: Path, root: Path) -> list[str]:
    """A sentence for each link of the page that leads nowhere; addresses of the web are not asked."""
    sentences = []
    for link in links(page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists():
            sentences.append(f"{page.relative_to(root)}: no file for the link {link}")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
            sentences.append(f"{page.relative_to(root)}: no heading for the link {link}")
    return sentences


def test_every_relative_link_leads_somewhere():
    sentences = [sentence for page in repository_files(".md") for sentence in broken_links(page, ROOT)]
    assert not sentences, "\n".join(sentences)


def test_every_page_of_the_documentation_is_on_its_map():
    pages = {page.name for page in repository_files(".md") if page.parent == ROOT / "docs"} - {"README.md"}
    assert pages <= set(links((ROOT / "docs/README.md").read_text()))
    assert pages == {
        f"{name}.md" for name in re.findall(r"^   ([a-z-]+)$", (ROOT / "docs/index.rst").read_text(), re.M)
    }


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= LONGEST_README


def test_a_link_without_its_file_or_heading_is_found(tmp_path: Path):
    (tmp_path / "there.md").write_text("# Some `code`, and more\n\n## Twice\n\n## Twice\n\n```\n# no heading\n```\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#some-code-and-more) [c](there.md#twice-1) `[d](gone.md)` [e](https://example.org)\n"
        "```\n[f](gone.md)\n```\n[g](gone.md) [h](there.md#no-heading) [`i`](there.md#three)\n"
    )
    assert broken_links(page, tmp_path) == [
        "page.md: no file for the link gone.md",
        "page.md: no heading for the link there.md#no-heading",
        "page.md: no heading for the link there.md#three",
    ]
