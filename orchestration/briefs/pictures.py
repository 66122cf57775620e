"""Pictures of the marts, each an SVG document of its own: what Dagster shows on the page of a mart."""

from base64 import b64encode
from collections.abc import Callable, Mapping

from clickhouse_connect.driver.client import Client

from orchestration.briefs.brief import last_whole_week
from orchestration.briefs.charts.rows import bars, columns
from orchestration.briefs.marts import ALL, Marts, NotBuilt
from orchestration.briefs.page import Picture, drawing
from orchestration.briefs.sections import hot_spots, retention

SHOWN = 20
DAY_WIDTH = 96
"""For two columns and their labels."""


def pictures_of(client: Client, mart: str) -> dict[str, str]:
    """Title → Markdown of each picture of this mart; empty for a mart without pictures or without rows."""
    draw = DRAWN.get(mart)
    if draw is None:
        return {}
    try:
        reach = Marts(client).row("reach")
        if not reach or not reach["event_count"]:
            return {}
        figures = draw(Marts(client, course=ALL, week=last_whole_week(reach["complete_through_at"].date())))
    except NotBuilt:
        return {}
    return {figure.title: f"{figure.how_to_read}\n\n![{figure.title}]({as_uri(figure)})" for figure in figures}


def as_uri(figure: Picture) -> str:
    """The picture as an address that holds it."""
    svg = drawing(figure)
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _volumes(marts: Marts) -> list[Picture]:
    rows = marts.rows("pictures/volumes")
    if not rows:
        return []
    values = []
    for row in rows:
        values += [(f"{row['event_date']:%d %b}", row["day_count"], ""), ("usual", row["usual_count"], "before")]
    how = "Blue: events of the day. Grey: what its hours had in earlier weeks, or the same without earlier weeks."
    return [Picture("columns", columns(values, width=DAY_WIDTH * len(rows)), "Events on each day, and as usual", how)]


def _completeness(marts: Marts) -> list[Picture]:
    rows = marts.rows("pictures/completeness")[:SHOWN]
    values = [(f"{row['field']} ({row['family']}, {row['source']})", row["missing_count"], "") for row in rows]
    how = "Events of the latest two weeks that lack a field which their family should carry."
    return [Picture("bars", bars(values), "Fields that are not sent", how)] if values else []


def _lateness(marts: Marts) -> list[Picture]:
    rows = [row for row in marts.rows("lateness") if row["lateness_p90_seconds"] is not None]
    latest = {row["source"]: row for row in rows}
    values = [(source, row["lateness_p90_seconds"] / 3600, "") for source, row in sorted(latest.items())]
    how = "Hours from an event to its delivery, on each source’s latest day: nine of ten events come within."
    return [Picture("bars", bars(values), "How late events come", how)] if values else []


DRAWN: Mapping[str, Callable[[Marts], list[Picture]]] = {
    "agg_video_hot_spots": lambda marts: list(hot_spots.section(marts).figures),
    "agg_cohort_retention": lambda marts: retention.triangle_of(marts.rows("triangle")),
    "agg_source_hours": _volumes,
    "agg_event_completeness": _completeness,
    "agg_lateness": _lateness,
}
"""Mart → what draws its pictures."""
