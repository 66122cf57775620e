"""The brief as data: sections, each with its answer, pictures, tables and next steps; and the page made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Cell:
    """One cell of a table: the value, and below it what qualifies it (an interval, a count)."""

    text: str
    note: str = ""
    kind: str = ""
    """`missing` for a value that is not shown, `mark` for a verdict, `number` for what stands to the right."""
    tone: str = ""
    """Of a mark: `bad`, `warn`, `good` or none."""


@dataclass(frozen=True)
class Table:
    """A table with its caption; `more` says what was left out."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    more: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture: which macro draws it, its shapes, what it shows and how to read it."""

    chart: str
    shapes: object
    title: str
    how_to_read: str = ""


@dataclass(frozen=True)
class Section:
    """One question on one screen."""

    anchor: str
    question: str
    answer: Markup
    explanation: str = ""
    figures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    next_steps: Sequence[Markup] = ()
    caveat: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Brief:
    """The whole page."""

    scope: str
    week: str
    week_label: str
    complete_through: str
    event_count: int
    sections: Sequence[Section]
    facts: Sequence[Cell] = ()
    days: Picture | None = None


def sentence(text: str, *values: object, **named: object) -> Markup:
    """A sentence with markup of ours and values of others, which are escaped."""
    return Markup(text).format(*values, **named)


def number(text: str, note: str = "") -> Cell:
    return Cell(text, note, "number")


def missing(why: str) -> Cell:
    """A value that is not shown, with the reason in its place."""
    return Cell(why, kind="missing")


def render(brief: Brief) -> str:
    """The page as one HTML document without any reference to the outside."""
    return _environment().get_template("brief.html.j2").render(brief=brief)


def drawing(figure: Picture) -> str:
    """The picture of a figure as an SVG document of its own, with the page's style in it."""
    return _environment().get_template("drawing.svg.j2").render(figure=figure)


def render_empty(reason: str, steps: Sequence[str]) -> str:
    """A page for a warehouse that has nothing to tell yet."""
    return _environment().get_template("empty.html.j2").render(reason=reason, steps=steps)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup((TEMPLATES / "style.css").read_text())
    return environment
