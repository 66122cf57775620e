"""Great Expectations' Data Docs: static pages of what the gate found, one per load, and an index of the last ones.

Its renderers and templates draw them; the frame of the page is ours, because theirs loads styles and scripts from six
hosts. What is drawn is an allow-list of counts: no line, no value of one, and no script reach a page.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.expectations.docs_store import open_store
from orchestration.expectations.faults import UnmetExpectation
from orchestration.expectations.verdict import LoadVerdict

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

    from orchestration.settings import Settings

KEPT_PAGES = 200
"""Pages of 15 kB, or of 170 kB where 50 objects are held. Range 20..1000: the index lists them all on one page."""
PAGES_PER_RUN = 20
"""A page takes 20 to 60 ms of CPU. Of a run with more loads, those with held objects come first, then the latest."""
SHOWN_OBJECTS = 50
FOLDER = "data_docs"
"""Below the home, unless DATA_DOCS_URL says otherwise."""
SERVED_AT = "/warehouse/data-docs/"
TEMPLATES = Path(__file__).parent / "pages"
_SHOWN_RESULT = ("element_count", "missing_count", "unexpected_count", "unexpected_percent")
"""Of what an expectation found; the rest are values."""


@dataclass(frozen=True)
class IndexEntry:
    """A line of the index."""

    load_id: str
    kind: str
    judged_at: str
    object_count: int
    held_count: int
    noted_count: int
    met_count: int
    evaluated_count: int

    @property
    def page(self) -> str:
        return f"loads/{self.load_id}.html"


@dataclass(frozen=True)
class _Document:
    entry: IndexEntry
    result: "ExpectationSuiteValidationResult"
    faults: dict[str, list[UnmetExpectation]]
    """By key of the object."""


@dataclass
class DataDocs:
    """The pages of one run of the gate: gathered while it judges, written once at its end."""

    settings: "Settings"
    documents: list[_Document] = field(default_factory=list)

    def add(self, load_id: str, kind: str, keys: dict[str, str], verdict: LoadVerdict) -> None:
        """Keep what was found of a load; `keys` are its objects by id."""
        if verdict.result is None:
            return
        statistics = verdict.result.statistics
        entry = IndexEntry(
            load_id=load_id,
            kind=kind,
            judged_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
            object_count=len(keys),
            held_count=len(keys) if verdict.held_entirely else sum(key in verdict.held for key in keys),
            noted_count=sum(key in verdict.noted and key not in verdict.held for key in keys),
            met_count=statistics["successful_expectations"],
            evaluated_count=statistics["evaluated_expectations"],
        )
        faults = {keys[object_id]: some for object_id, some in verdict.faults.items() if object_id in keys}
        self.documents.append(_Document(entry, verdict.result, faults))
        self.documents.sort(key=lambda document: (document.entry.held_count > 0, document.entry.load_id), reverse=True)
        del self.documents[PAGES_PER_RUN:]

    def publish(self) -> str:
        """Write the pages and the index again, and forget the oldest; where the index is, or nothing to write."""
        if not self.documents:
            return ""
        view = _view()
        pages = {document.entry.page: _page(view, document) for document in self.documents}
        with open_store(self.settings) as store:
            entries = {entry["load_id"]: entry for entry in store.read_entries()}
            entries |= {document.entry.load_id: asdict(document.entry) for document in self.documents}
            latest = sorted(entries.values(), key=lambda entry: (entry["judged_at"], entry["load_id"]), reverse=True)
            kept = latest[:KEPT_PAGES]
            pages["index.html"] = view.env.get_template("index.j2").render(entries=kept, kept=KEPT_PAGES)
            store.write(pages, kept)
        return docs_address(self.settings)


def docs_address(settings: "Settings") -> str:
    """Where the index is, or will be: a path, or an address that begins with s3://."""
    return f"{settings.data_docs_url.rstrip('/')}/index.html"


def served_address(settings: "Settings") -> str:
    """Where a browser reads the index: from `warehouse up` while it runs and the pages lie in the home, else
    `docs_address`."""
    address = settings.home / "up.url"
    if settings.data_docs_url == str(settings.home / FOLDER) and address.exists():
        return f"{address.read_text().strip()}{SERVED_AT}"
    return docs_address(settings)


def _view():
    """Great Expectations' own view on our frame: a template of ours goes before theirs of the same name."""
    from great_expectations.render.view import DefaultJinjaPageView
    from jinja2 import ChoiceLoader, FileSystemLoader

    view = DefaultJinjaPageView()
    view.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), view.env.loader])
    return view


def _page(view: Any, document: _Document) -> str:
    from great_expectations.render import RenderedSectionContent
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    content = ValidationResultsPageRenderer().render(_without_values(document.result))
    overview = content.sections[0]
    # The first block links to a page of the suite, the last shows the query: neither is there.
    overview.content_blocks = [_facts(document.entry), overview.content_blocks[1]]
    if document.faults:
        blocks = [_held(document.faults)]
        content.sections.insert(1, RenderedSectionContent(section_name="Held objects", content_blocks=blocks))
    content.page_title = f"{document.entry.kind} load {document.entry.load_id}"
    return view.render(content, load_id=document.entry.load_id)


def _without_values(result: "ExpectationSuiteValidationResult") -> "ExpectationSuiteValidationResult":
    """The same result with counts only."""
    from great_expectations.core import ExpectationSuiteValidationResult

    return ExpectationSuiteValidationResult(
        success=bool(result.success),
        results=[_counts(expectation) for expectation in result.results],
        suite_name=result.suite_name,
        statistics=result.statistics,
        meta={},
    )


def _counts(expectation: "ExpectationValidationResult") -> "ExpectationValidationResult":
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    config = expectation.expectation_config
    shown = {name: expectation.result[name] for name in _SHOWN_RESULT if name in expectation.result}
    if isinstance(expectation.result.get("observed_value"), int | float):
        shown["observed_value"] = expectation.result["observed_value"]
    arguments = {name: value for name, value in config.kwargs.items() if name != "batch_id"}
    return ExpectationValidationResult(
        success=expectation.success,
        expectation_config=ExpectationConfiguration(type=config.type, kwargs=arguments, severity=config.severity),
        result=shown,
        exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
    )


def _facts(entry: IndexEntry):
    rows = [
        ("Load", entry.load_id),
        ("Kind", entry.kind),
        ("Judged (UTC)", entry.judged_at),
        ("Objects judged", entry.object_count),
        ("Held", entry.held_count),
        ("Published with warnings", entry.noted_count),
    ]
    return _table(("", ""), rows)


def _held(faults: dict[str, list[UnmetExpectation]]):
    """Which objects, why, and where in them to look."""
    rows = [
        (key, unmet.meaning, f"{unmet.found_count:,}", unmet.expected, ", ".join(map(str, unmet.line_numbers)) or "–")
        for key, some in sorted(faults.items())[:SHOWN_OBJECTS]
        for unmet in some
    ]
    if len(faults) > SHOWN_OBJECTS:
        rows.append((f"… and {len(faults) - SHOWN_OBJECTS:,} more objects", "", "", "", ""))
    return _table(("Object", "What", "Lines", "Expected", "First lines at fault"), rows)


def _table(headings: tuple[str, ...], rows: list[tuple]):
    from great_expectations.render import RenderedTableContent

    cells = [[_text(value) for value in row] for row in rows]
    header = {"header_row": list(headings)} if any(headings) else {}
    return RenderedTableContent(table=cells, styling={"body": {"classes": ["table"]}}, **header)


def _text(value: object):
    """Escaped by their view; a string by itself would not be, and a key may hold whatever S3 allows."""
    from great_expectations.render import RenderedStringTemplateContent

    return RenderedStringTemplateContent(string_template={"template": "$value", "params": {"value": str(value)}})
