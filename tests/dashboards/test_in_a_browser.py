"""What a person sees: every chart of every tab has rows, numbers are those of the marts, roles keep out."""

import re

import pytest

from orchestration.dashboards.assets import read_charts, read_dashboards
from tests.dashboards.conftest import TABLET

pytestmark = pytest.mark.bi

SLUGS = [dashboard.slug for dashboard in read_dashboards()]
TITLES = {chart.uuid: chart.title for chart in read_charts()}
# A demo has no dead ends, and the gate holds nothing of it: these tables may be empty.
MAY_BE_EMPTY = {"Files that are held or cannot be read", "Where sessions end in the middle of a module"}


def charts_of(visit, slug: str) -> dict[int, str]:
    """The charts of a dashboard as Superset numbers them, with their titles."""
    answer = visit.page.request.get(f"{visit.bi.url}/api/v1/dashboard/{slug}/charts")
    return {chart["id"]: chart["slice_name"] for chart in answer.json()["result"]}


@pytest.fixture(scope="module")
def admin(visit):
    return visit("admin")


@pytest.mark.parametrize("slug", SLUGS)
def test_every_chart_of_every_tab_has_rows(admin, slug: str):
    admin.open(slug)
    for tab in admin.tabs():
        assert admin.faults() == [], tab
        admin.save(f"{slug}_{tab or 'page'}_light".replace(" ", "_"))
    titles = charts_of(admin, slug)
    answered = {answer["chart"]: answer for answer in admin.answers if answer["chart"]}
    assert [answer["message"] for answer in admin.answers if answer["status"] != 200] == []
    assert {titles[chart] for chart in titles if chart not in answered} == set(), "charts without an answer"
    assert {titles[chart] for chart, answer in answered.items() if not answer["rows"]} <= MAY_BE_EMPTY


@pytest.mark.parametrize("slug", SLUGS)
def test_dashboards_are_shown_in_the_dark(visit, slug: str):
    guest = visit("admin", theme="dark")
    guest.open(slug)
    assert guest.faults() == []
    guest.save(f"{slug}_dark")
    ground = guest.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in re.findall(r"\d+", ground)[:3]) < 3 * 60, ground


def test_the_drop_off_curve_is_the_marts(admin, reader):
    admin.open("where-learners-stop")
    titles = charts_of(admin, "where-learners-stop")
    curve = [a for a in admin.answers if titles.get(a["chart"], "").startswith("How many still watch")][-1]
    chosen = next(one_filter["val"][0] for one_filter in curve["filters"] if one_filter["col"] == "video_of_course")
    shown = {row["position_ms"]: row["Still watching__yhat"] for row in curve["rows"]}
    asked = reader.query(
        "select toFloat64(bin_start_seconds) * 1000, survival from marts.agg_video_drop_off as facts "
        "inner join marts.dim_activities as video on video.activity_id = facts.video_id "
        "inner join marts.dim_courses as course on course.course_id = video.course_id "
        "where concat(video.title, ' · ', course.title) = {chosen:String}",
        parameters={"chosen": chosen},
    ).result_rows
    assert len(asked) > 100
    assert shown == dict(asked)


def test_a_number_of_the_overview_is_the_marts(admin, reader):
    admin.open("overview")
    count = reader.query("select count() from marts.agg_video_hot_spots").result_rows[0][0]
    text = admin.page.locator('[data-test-chart-name="Hot spots in videos"]').inner_text()
    assert str(count) in text.split()


def rows_of(visit, slug: str, title: str) -> list[dict]:
    """The rows that the browser got for a chart."""
    titles = charts_of(visit, slug)
    return [answer for answer in visit.answers if titles.get(answer["chart"]) == title][-1]["rows"]


def test_how_long_learners_of_a_course_stay_is_the_marts(admin, reader):
    admin.open("courses")
    rows = rows_of(admin, "courses", "How long learners stay, by course")
    asked = reader.query(
        "select course.title, horizon_weeks, restricted_mean_active_weeks from marts.agg_cohort_stay as facts "
        "inner join marts.dim_courses as course on course.course_id = facts.course_id "
        "where cohort_basis = 'first_activity' and cohort_month = 'all' and acquisition_channel = 'all' "
        "and restricted_mean_active_weeks is not null"
    ).result_rows
    assert asked
    shown = {(row["course"], row["horizon_weeks"]): row["active_weeks"].split(" (")[0] for row in rows}
    # The engine and Python may round a half to different sides.
    assert [key for *key, weeks in asked if abs(float(shown[tuple(key)]) - weeks) > 0.051] == []


def test_learners_to_contact_are_the_marts_and_in_its_order(admin, reader):
    admin.open("learners-to-contact")
    shown = [row["learner_id"] for row in rows_of(admin, "learners-to-contact", "Whom to contact, and why")]
    asked = reader.query(
        "select learner_id from marts.agg_learners_to_contact "
        "order by expected_kept desc nulls last, is_disengaging desc, contact_rank, learner_id limit 1000"
    ).result_rows
    assert asked
    assert shown == [learner for (learner,) in asked][: len(shown)]
    state = rows_of(admin, "learners-to-contact", "What the list stands on")[0]
    status = reader.query("select status from marts.fct_churn_runs order by as_of_at desc limit 1").result_rows
    expected = "published, as of" if status == [("published",)] else "not published: "
    assert state["scores_published"].startswith(expected)


def test_an_individual_learner_is_one_and_all_of_it(admin, reader):
    admin.open("individual-learner")
    # The options of the filter come without a chart.
    charts = [answer for answer in admin.answers if answer["chart"]]
    learners = {row["learner_id"] for answer in charts for row in answer["rows"] if "learner_id" in row}
    assert len(learners) == 1
    sessions = reader.query(
        "select count() from marts.fct_sessions where learner_id = {learner:String}",
        parameters={"learner": learners.pop()},
    ).result_rows[0][0]
    assert len(rows_of(admin, "individual-learner", "Sessions")) == sessions


def test_the_health_of_sources_is_the_marts(admin, reader):
    admin.open("data-health")
    shown = {row["source"]: row["event_count"] for row in rows_of(admin, "data-health", "Health of sources")}
    assert shown == dict(reader.query("select source, event_count from marts.agg_source_health").result_rows)


@pytest.mark.parametrize("slug", SLUGS)
def test_dashboards_fit_a_tablet(visit, slug: str):
    guest = visit("admin", size=TABLET)
    guest.open(slug)
    guest.save(f"{slug}_tablet")
    assert guest.faults() == []
    assert guest.page.evaluate("document.documentElement.scrollWidth") <= TABLET[0]


def test_a_chosen_course_reaches_the_queries(admin):
    admin.open("content-effectiveness")
    admin.answers.clear()
    choose(admin, "Course", "Data literacy")
    filtered = [a for a in admin.answers if {"col": "course", "op": "IN", "val": ["Data literacy"]} in a["filters"]]
    assert filtered
    assert {row["course"] for a in filtered for row in a["rows"] if "course" in row} == {"Data literacy"}


def choose(visit, name: str, option: str) -> None:
    """Open a filter, click the option (a text that is typed would be a value of its own), and apply."""
    box = visit.page.locator(".filter-item-wrapper, [data-test='form-item-value']").filter(has_text=name).first
    box.locator(".ant-select-selector, [role='combobox']").first.click()
    visit.page.locator(".ant-select-item-option", has_text=option).first.click()
    visit.page.keyboard.press("Escape")
    visit.page.locator('[data-test="filter-bar__apply-button"]').click()
    visit.settle()


def status_of(visit, path: str, **form) -> int:
    return visit.page.request.get(f"{visit.bi.url}{path}").status


def test_a_designer_sees_no_single_learner_and_no_sql(visit):
    designer = visit("designer")
    listed = designer.page.request.get(f"{designer.bi.url}/api/v1/dashboard/").json()["result"]
    assert {dashboard["slug"] for dashboard in listed} == set(SLUGS) - {"individual-learner", "learners-to-contact"}
    assert status_of(designer, "/api/v1/dashboard/individual-learner") in (403, 404)
    assert (
        status_of(designer, "/sqllab/") in (302, 403)
        or "sqllab" not in designer.page.goto(f"{designer.bi.url}/sqllab/").url
    )
    datasets = designer.page.request.get(f"{designer.bi.url}/api/v1/dataset/?q=(page_size:100)").json()["result"]
    names = {dataset["table_name"] for dataset in datasets}
    assert "Where learners stop in a video" in names
    assert not names & {"How learners work, week by week", "Sessions of a learner", "Answers of a learner"}


def test_a_manager_sees_learners(visit):
    manager = visit("manager")
    listed = manager.page.request.get(f"{manager.bi.url}/api/v1/dashboard/").json()["result"]
    assert {dashboard["slug"] for dashboard in listed} == set(SLUGS)
    manager.open("learners-to-contact")
    assert manager.faults() == []
    assert all(answer["status"] == 200 for answer in manager.answers)


def test_a_designer_limited_to_a_course_sees_no_other(visit):
    limited = visit("limited")
    limited.open("content-effectiveness")
    courses = {row["course"] for answer in limited.answers for row in answer["rows"] if "course" in row}
    assert courses == {"Data literacy"}


def test_without_a_login_nothing_is_shown(bi, browser):
    context = browser.new_context()
    answer = context.request.get(f"{bi.url}/api/v1/dashboard/")
    assert answer.status == 401 or answer.json().get("count") == 0
    page = context.new_page()
    page.goto(f"{bi.url}/superset/dashboard/overview/")
    assert "/login" in page.url
    context.close()


def test_no_request_leaves_the_host(admin):
    """Superset asks for a pixel of another host; the policy keeps the browser from it."""
    policy = admin.page.goto(f"{admin.bi.url}/dashboard/list/").headers["content-security-policy"]
    assert "http:" not in policy
    assert "https:" not in policy
    assert "unsafe-eval" not in policy
    assert admin.foreign == []
