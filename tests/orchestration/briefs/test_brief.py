"""The page says what the marts say, names what is missing, and runs nothing that a title brings along."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.assets.briefs import write_page
from orchestration.briefs import NothingToTell, UnknownCourse, all_marts, write_brief
from orchestration.briefs.words import JOIN
from tests.mart_tables import create_marts, fill_mart
from tests.orchestration.briefs.conftest import COURSE, END, HOSTILE

NUMBERS = {
    "stop": [
        "4:00–4:10",
        "being worked on since Sat 1 Nov",
        "60 %",
        "812 of 1,353",
        "57–63 %",
        "63 %",
        "2 % expected",
        "1,290 got there",
        "785",
        "17",
    ],
    "content": [
        "288 of 701",
        "41 %",
        "38–45 %",
        "44 %",
        "40–48 %",
        "83 %",
        "115 more learners",
        "266 learners",
        "33–43 %",
    ],
    "fix": [
        "36 %",
        "517 learners; 32–41 %",
        "309 learners; 1–5 %",
        "−33 points",
        "−38 to −29",
        "2:15–2:45",
        "recut on Mon 20 Oct",
        "improved",
        "too early to say",
    ],
    "return": ["6.3", "6.1–6.5", "3.1", "412", "52 %", "230 learners"],
    "contact": ["39", "14", "+13 points", "+2 to +24", "322", "74 %", "83", "61 %", "219 contacted"],
    "questions": ["49 %", "51 %", "−2 points", "−11 to +7", "of 351; 44–54 %", "of 182", "19 %", "of 533; 16–22 %"],
    "health": ["123,457", "61", "<0.1 %", "77", "12 November 2025, 14:05 UTC"],
}
MISSING = ["too few learners to show", "too early to say", "too few learners to tell", ">few<"]


class Page(HTMLParser):
    """Tags, addresses and texts of a page, as a browser would read it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attributes]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).replace(JOIN, "").split())


@pytest.fixture(scope="module")
def html(marts: Client) -> str:
    return write_brief(marts, COURSE).html


def section(html: str, anchor: str) -> str:
    return Page(html.partition(f'id="{anchor}"')[2].partition("</section>")[0]).text


@pytest.mark.parametrize("anchor", NUMBERS)
def test_the_numbers_are_the_marts(html: str, anchor: str):
    shown = section(html, anchor)
    assert [number for number in NUMBERS[anchor] if number not in shown] == []


@pytest.mark.parametrize("anchor", NUMBERS)
def test_each_question_has_an_answer_a_picture_a_table_and_a_next_step(html: str, anchor: str):
    part = html.partition(f'id="{anchor}"')[2].partition("</section>")[0]
    wanted = ['class="answer"', "<figure", "<table", "What to do next"]
    if anchor == "contact":  # a handful of counts needs no picture
        wanted.remove("<figure")
    places = [part.index(mark) for mark in wanted]
    assert places == sorted(places)


def test_a_brief_names_no_learner(html: str, marts: Client):
    assert [name for name in ("high 13", "medium 13") if name in html + write_brief(marts).html] == []


def test_a_course_too_small_to_count_says_so(marts: Client):
    shown = section(write_brief(marts, "other COURSE").html, "contact")
    assert "fewer than 10 learners are to contact" in shown
    assert "In Other course there is no score" in shown
    assert "No contact has been recorded yet" in shown


def test_scores_that_are_not_published_say_why(marts: Client):
    newer = {
        "as_of_at": datetime(2025, 11, 17, tzinfo=UTC),
        "status": "not_published",
        "reason": "no better than silence",
    }
    fill_mart(marts, "fct_churn_runs", newer)
    try:
        shown = section(write_brief(marts, COURSE).html, "contact")
    finally:
        marts.command("delete from marts.fct_churn_runs where status = 'not_published'")
    assert "publishes no scores (no better than silence): listed is who was silent for a week" in shown


def test_what_is_missing_says_why_and_is_no_zero(html: str):
    assert [words for words in MISSING if words not in html] == []
    small = re.search(r'<g class="tile (?:suppressed|censored)[^>]*>.*?</g>', html, re.DOTALL)
    assert small
    assert "0 %" not in small.group()


def test_titles_are_text_and_nothing_else(html: str):
    page = Page(html)
    assert not {"script", "img", "iframe", "object", "link"} & page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert " ".join(HOSTILE.split()) in page.text


def test_nothing_comes_from_outside(html: str):
    page = Page(html.replace(HOSTILE, ""))
    addresses = [value for name, value in page.attributes if name in ("src", "href", "xlink:href", "action", "data")]
    assert [address for address in addresses if not address.startswith("#")] == []
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"@import|url\((?!#)|https?:", style)
    assert "default-src 'none'" in html


def test_the_week_is_the_last_whole_one_before_the_watermark(marts: Client):
    written = write_brief(marts)
    assert written.week_label == "2025-W45"
    assert "3–9 November 2025" in written.html
    assert written.html.count('class="question') == written.section_count == 7


def test_the_days_of_a_course_are_drawn(html: str):
    columns = html.partition('<figure class="columns">')[2].partition("</figure>")[0]
    assert [number for number in ("31", "47", "53") if f">{number}<" not in columns] == []


def test_another_course_has_a_page_of_its_own(marts: Client):
    html = write_brief(marts, "other COURSE").html
    assert "Other course" in html
    assert "812 of 1,353" not in html


def test_an_unknown_course_is_answered_with_those_there_are(marts: Client):
    with pytest.raises(UnknownCourse, match="Other course"):
        write_brief(marts, "no such course")


def test_a_mart_that_is_not_built_costs_its_section_only(marts: Client):
    marts.command("rename table marts.agg_instructional_gaps to marts.away")
    try:
        html = write_brief(marts, COURSE).html
    finally:
        marts.command("rename table marts.away to marts.agg_instructional_gaps")
    assert "not built yet (marts.agg_instructional_gaps" in section(html, "questions")
    assert "812 of 1,353" in section(html, "stop")


class TestEmpty:
    """A warehouse that has nothing to tell says what to do."""

    def test_without_marts(self, warehouse: Client, tmp_path):
        for mart in all_marts():
            warehouse.command(f"drop table if exists marts.{mart}")
        with pytest.raises(NothingToTell, match=r"no marts yet.*warehouse run"):
            write_brief(warehouse)
        page = write_page(warehouse, tmp_path / "briefs")
        assert page.name == "nothing-yet.html"
        assert "warehouse demo" in page.read_text()

    def test_without_events(self, warehouse: Client):
        create_marts(warehouse, all_marts())
        with pytest.raises(NothingToTell, match="No event"):
            write_brief(warehouse)

    def test_with_events_and_no_finding(self, warehouse: Client, tmp_path):
        create_marts(warehouse, all_marts())
        fill_mart(warehouse, "agg_data_watermark", {"source": "all", "event_count": 5, "complete_through_at": END})
        page = write_page(warehouse, tmp_path)
        assert page.name == "2025-W45.html"
        text = Page(page.read_text()).text
        assert "It is too early to say" in text
        assert "No question can be judged yet" in text
        assert "No learner is to be contacted this week" in text
        assert "No churn model has run yet" in text
        assert "No source has delivered events yet" in text
