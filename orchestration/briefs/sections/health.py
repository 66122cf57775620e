"""Can these numbers be trusted? How fresh the data are, how late they come, what was refused or is held."""

from datetime import datetime

from markupsafe import Markup

from orchestration.briefs.charts.rows import bars
from orchestration.briefs.marts import Marts, Row
from orchestration.briefs.page import Cell, Picture, Section, Table, missing, number, sentence
from orchestration.briefs.words import count, duration, moment, percent, shortened, whole

SHOWN_REASONS = 8
SHOWN_DROPS = 6
BEHIND_SECONDS = 86_400
"""A source whose latest event is so far behind the newest of all is called behind."""


def section(marts: Marts) -> Section:
    sources, refused, held = marts.rows("sources"), marts.rows("refused"), marts.rows("held")
    late = _latest_lateness(marts.rows("lateness"))
    tables = [_source_table(sources, late)] if sources else []
    is_bad = bool(held) or any(_is_behind(source) for source in sources)
    return Section(
        anchor="health",
        question="Can these numbers be trusted?",
        answer=_answer(sources, refused, held),
        explanation=_freshness(sources),
        figures=[_figure(refused)] if refused else [],
        tables=[*tables, *([_held_table(held)] if held else [])],
        next_steps=_next_steps(sources, refused, held),
        caveat="Refused lines count in no number of this page. Lines of held files may: they are all or nothing, and "
        "count once a person releases the file or a corrected one arrives.",
        tone="bad" if is_bad else "",
    )


def _answer(sources: list[Row], refused: list[Row], held: list[Row]) -> Markup:
    if not sources:
        return sentence("No source has delivered events yet.")
    lines = sum(source["line_count"] for source in sources)
    lost = sum(row["line_count"] for row in refused)
    behind = [source for source in sources if _is_behind(source)]
    verdict = "Mostly" if held or behind else "Yes"
    share = f" ({percent(lost / lines)})" if lines and lost else ""
    return sentence(
        "{}: of {} delivered by {}, {} {} refused{}, and {} published.{}",
        verdict,
        count(lines, "line", "lines"),
        count(len(sources), "source", "sources"),
        whole(lost),
        "was" if lost == 1 else "were",
        share,
        f"{count(len(held), 'file is', 'files are')} not" if held else "every file is",
        sentence(" <b>{}</b> lags behind.", ", ".join(source["source"] for source in behind)) if behind else "",
    )


def _freshness(sources: list[Row]) -> Markup:
    newest = [source for source in sources if source["latest_occurred_at"] is not None]
    if not newest:
        return Markup()
    latest = max(newest, key=lambda source: source["latest_occurred_at"])
    delivered = max(source["latest_delivered_at"] for source in sources)
    return sentence(
        "The newest event is of {} (source {}); the last file arrived on {}.",
        moment(latest["latest_occurred_at"]),
        latest["source"],
        moment(delivered),
    )


def _is_behind(source: Row) -> bool:
    return source["behind_seconds"] is None or source["behind_seconds"] > BEHIND_SECONDS


def _latest_lateness(rows: list[Row]) -> dict[str, Row]:
    """Of each source, its newest day with first copies."""
    return {row["source"]: row for row in rows if row["lateness_median_seconds"] is not None}


def _figure(refused: list[Row]) -> Picture:
    shown = refused[:SHOWN_REASONS]
    left = sum(row["line_count"] for row in refused[SHOWN_REASONS:])
    values = [(f"{row['detail']} ({row['source']})", row["line_count"], "") for row in shown]
    if left:
        values.append((f"{len(refused) - SHOWN_REASONS} other reasons", left, ""))
    return Picture("bars", bars(values), "Refused lines by reason", "Counted over all deliveries.")


def _source_table(sources: list[Row], late: dict[str, Row]) -> Table:
    return Table(
        "Sources",
        ["Source", "Latest event", "Lines", "Refused", "Files not published", "Late by (median; 9 of 10 within)"],
        [
            [
                Cell(source["source"]),
                Cell(*_when(source)),
                number(whole(source["line_count"])),
                number(whole(source["rejected_count"]), _share(source["rejected_ratio"])),
                number(whole(source["unpublished_drop_count"])),
                _lateness(late.get(source["source"])),
            ]
            for source in sources
        ],
    )


def _when(source: Row) -> tuple[str, str]:
    latest: datetime | None = source["latest_occurred_at"]
    if latest is None:
        return "none accepted", ""
    behind = f"{duration(source['behind_seconds'])} behind the newest" if source["behind_seconds"] else "the newest"
    return moment(latest), behind


def _share(ratio: float | None) -> str:
    return "" if ratio is None else percent(ratio)


def _lateness(row: Row | None) -> Cell:
    if row is None:
        return missing("nothing delivered lately")
    median, most = duration(row["lateness_median_seconds"]), duration(row["lateness_p90_seconds"])
    return number(f"{median}; {most}", f"{row['delivered_date']:%d %b}, {count(row['event_count'], 'event', 'events')}")


def _held_table(held: list[Row]) -> Table:
    left = len(held) - SHOWN_DROPS
    return Table(
        "Files that are not published",
        ["File", "State", "Reason", "Lines"],
        [
            [
                Cell(shortened_key(drop["object_key"]), f"{drop['source']}, {moment(drop['delivered_at'])}"),
                Cell("held" if drop["status"] == "held" else "cannot be read", kind="mark", tone="bad"),
                Cell(shortened(drop["reason"], 160)),
                number(whole(drop["line_count"])) if drop["status"] == "held" else missing("not read"),
            ]
            for drop in held[:SHOWN_DROPS]
        ],
        f"{count(left, 'more is', 'more are')} in marts.fct_drops." if left > 0 else "",
    )


def shortened_key(key: str) -> str:
    """The end of a key tells files apart."""
    return key if len(key) <= 60 else f"…{key[-59:]}"


def _next_steps(sources: list[Row], refused: list[Row], held: list[Row]) -> list[Markup]:
    steps = []
    if held:
        steps.append(
            sentence("Look at the held files with <code>warehouse status</code>: fix and send again, or release them.")
        )
    steps += [
        sentence("Ask the owner of <b>{}</b> why no newer event arrived.", source["source"])
        for source in sources
        if _is_behind(source)
    ]
    if refused:
        first = refused[0]
        steps.append(
            sentence(
                "Show the developers of <b>{}</b> the commonest reason, “{}”: <code>warehouse check</code> finds it "
                "before a file is sent.",
                first["source"],
                first["detail"],
            )
        )
    return steps or [sentence("Nothing to do.")]
