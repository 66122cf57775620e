"""Pictures that stand alone: what Dagster shows beside a mart."""

import base64
from xml.etree import ElementTree

from orchestration.briefs.charts.rows import columns
from orchestration.briefs.page import Picture
from orchestration.briefs.pictures import as_uri, pictures_of
from tests.mart_tables import create_marts
from tests.orchestration.briefs.conftest import fill_cohorts, fill_watermark


def test_a_picture_is_a_whole_document_without_references() -> None:
    uri = as_uri(Picture("columns", columns([("1 <Jan>", 3, ""), ("2 & 3 Jan", 5, "before")]), "Events & more"))
    kind, _, content = uri.partition(",")
    svg = base64.b64decode(content).decode()
    assert kind == "data:image/svg+xml;base64"
    ElementTree.fromstring(svg)
    assert "1 &lt;Jan&gt;" in svg
    assert "href" not in svg
    assert "--paper" in svg


def test_a_mart_without_pictures_and_a_warehouse_without_marts_have_none(warehouse) -> None:
    assert pictures_of(warehouse, "fct_sessions") == {}
    assert pictures_of(warehouse, "agg_lateness") == {}


def test_the_triangle_needs_no_mart_that_is_built_later(warehouse) -> None:
    """In a first build, the other marts of the brief's section are not there yet."""
    create_marts(warehouse, ["agg_cohort_retention", "agg_data_watermark"])
    fill_watermark(warehouse)
    fill_cohorts(warehouse)
    [(title, markdown)] = pictures_of(warehouse, "agg_cohort_retention").items()
    assert title.startswith("Active again")
    assert "data:image/svg+xml;base64," in markdown
