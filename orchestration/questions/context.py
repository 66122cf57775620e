"""What a language model has to know of the marts: rules, grains, columns, definitions, examples, from dbt's manifest.

The whole is `context.md`, for people and for assistants that read files. `relevant` takes the parts that a question
needs, so that a small model can read them.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from orchestration.questions.registry import Question, closest, significant

CONTEXT = Path(__file__).with_name("context.md")
WIDTH = 120
SHOWN_MARTS = 12
SHOWN_EXAMPLES = 5
_SECTION = re.compile(r"^### marts\.(\w+)\n", re.MULTILINE)
_MART = re.compile(r"\bmarts\.(\w+)")
METRIC_DOCS = "macros/metrics/"
RULES = """\
# The marts, for a language model

Written by `python -m orchestration.generate` from dbt's manifest and the registry of questions: change those,
not this file.

## Rules

- Query the database `marts` only, as ClickHouse SQL, one SELECT, tables written as `marts.<name>`.
- Choose the mart whose grain is the answer. An `agg_` mart has the number ready: select it, and do not compute it again
  from `fct_` marts. Never add up rows of `all` with the rows beside them; distinct learners do not add up over days,
  courses or cohorts.
- Ratios are 0..1. Times are UTC. Durations and positions are seconds.
- Show a ratio with its interval (`*_low`, `*_high`, 95 %) or with the counts that it is made of.
- A NULL says why: `is_suppressed` (too few learners), `is_censored` or a `*_reason` column. It is never zero: keep it
  out of averages, and say it.
- Nothing depends on the clock. "Has not come back" is judged at `marts.agg_data_watermark` (source `all`). For "this
  week" take the last whole week before it, never `now()`.
- `learner_id` is a pseudonym. Group learners; do not list them unless the question is about single learners.
- In the example questions, {course:String} and its like stand for values: write the value into the SQL, or leave the
  condition out when nothing is named.
- Titles are in `dim_courses`, `dim_activities` and `dim_units`; ids are IRIs, equal only as a whole.
"""


@dataclass(frozen=True)
class Mart:
    """A mart as dbt describes it."""

    name: str
    theme: str
    grain: str
    notes: str
    columns: tuple[tuple[str, str, str], ...]
    """(name, type, meaning)."""


def read_marts(manifest: Mapping[str, Any]) -> list[Mart]:
    """All marts, by theme and name."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    marts = [_mart(model) for model in models if model["original_file_path"].startswith("models/marts/")]
    return sorted(marts, key=lambda mart: (mart.theme, mart.name))


def _mart(model: Mapping[str, Any]) -> Mart:
    first, _, rest = _one_line(model["description"]).partition(". ")
    columns = tuple(
        (name, column.get("data_type") or "", _one_line(column["description"]))
        for name, column in model["columns"].items()
    )
    return Mart(model["name"], Path(model["original_file_path"]).parts[2], first.rstrip("."), rest, columns)


def context_page(manifest: Mapping[str, Any], questions: Iterable[Question]) -> str:
    """The whole context file."""
    marts = read_marts(manifest)
    docs = sorted(
        (doc["name"], _one_line(doc["block_contents"]))
        for doc in manifest["docs"].values()
        if doc["original_file_path"].startswith(METRIC_DOCS)
    )
    parts = [
        RULES,
        "## Definitions\n",
        *(_item(f"`{name}`: {text}") for name, text in docs),
        "\n## Example questions\n",
        *(_example(question) for question in questions),
        "## Marts\n",
        *(_item(f"`marts.{mart.name}` ({mart.theme}): {mart.grain}.") for mart in marts),
        "",
        *(_mart_section(mart) for mart in marts),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _item(text: str) -> str:
    return textwrap.fill(f"- {text}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _example(question: Question) -> str:
    asked = "; ".join(f"{phrasing}?" for phrasing in question.phrasings[:3])
    caveats = "\n".join(_item(caveat) for caveat in question.caveats)
    asked = textwrap.fill(asked, WIDTH, break_on_hyphens=False)
    return f"### {question.name}\n\n{asked}\n\n```sql\n{question.sql}\n```\n\n{caveats}\n".replace("\n\n\n", "\n\n")


def _mart_section(mart: Mart) -> str:
    lines = [f"### marts.{mart.name}\n", textwrap.fill(f"{mart.grain}.", WIDTH)]
    if mart.notes:
        lines.append(textwrap.fill(mart.notes, WIDTH, break_long_words=False, break_on_hyphens=False))
    lines.append("")
    lines += [_item(f"`{name}` {kind}: {meaning}") for name, kind, meaning in mart.columns]
    return "\n".join(lines) + "\n"


@cache
def mart_sections() -> dict[str, str]:
    """The sections of the checked-in file, by mart."""
    parts = _SECTION.split(CONTEXT.read_text())[1:]
    return {name: f"### marts.{name}\n{text}".rstrip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def relevant(text: str) -> str:
    """The context for one question: rules, the list of marts, the nearest examples, and the marts it may be about."""
    page = CONTEXT.read_text()
    rules = page.partition("## Definitions")[0].strip()
    index = page.partition("## Marts\n")[2].partition("### marts.")[0].strip()
    examples = [match.question for match in closest(text)[:SHOWN_EXAMPLES]]
    sections = mart_sections()
    named = [mart for question in examples for mart in _MART.findall(question.sql)]
    alike = sorted(sections, key=lambda name: -_likeness(text, name, sections[name]))
    chosen = list(dict.fromkeys([*named, *alike]))[:SHOWN_MARTS]
    parts = [
        rules,
        f"## All marts\n\n{index}",
        "## Examples\n\n" + "\n".join(_example(question) for question in examples),
        "## Marts that may hold the answer\n\n" + "\n\n".join(sections[name] for name in chosen),
    ]
    return "\n\n".join(parts)


def _likeness(text: str, name: str, section: str) -> float:
    about = f"{name.replace('_', ' ')} {section.partition('- `')[0][:600]}"
    return fuzz.token_set_ratio(significant(text), significant(about))
