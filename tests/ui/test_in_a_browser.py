"""What a person sees in Dagster's UI and on the pages beside it, and what they can do there."""

import re

import pytest

from tests.ui.conftest import ANSWER_MS, Site, Visit

pytestmark = [pytest.mark.ui, pytest.mark.timeout(900)]

THEMES = ("activity", "assessment", "content", "core", "learners", "quality", "retention", "sessions", "video")
# Job → a field of its config, and words of the help on it.
CONFIG = {
    "near_real_time": ("tier", "RECENT: today and yesterday"),
    "nightly": ("full_refresh", "Build the selected models from nothing"),
    "weekly": ("refresh_months", "Months whose events are all computed again"),
    "replay": ("prefix:", "Objects below this prefix of the lake"),
    "replay_day": ("reason", "Why the dates are loaded again"),
}


def test_the_start_page_leads_everywhere(visit: Visit, held: dict):
    visit.open("/warehouse/")
    visit.see("What needs a person")
    assert "rubbish" in visit.page.locator("main").inner_text()
    links = [link.get_attribute("href") for link in visit.page.locator("nav a").all()]
    assert {"/", "/warehouse/data-docs/", "/warehouse/dbt/"} <= set(links)
    visit.save("start_page")
    for link in links:
        assert visit.page.request.get(f"{visit.site.url}{link}" if link.startswith("/") else link).status < 300, link


def test_the_asset_graph_has_a_group_for_each_theme(visit: Visit):
    visit.open("/asset-groups")
    for theme in (*THEMES, "raw", "ledger", "staging", "intermediate", "exposures"):
        visit.see(theme, exact=True)
    visit.save("asset_graph")
    search = visit.page.locator(".CodeMirror, textarea").first
    search.click()
    visit.page.keyboard.type('key:"marts/agg_video_hot_spots" or key:"marts/agg_video_hot_spots"+')
    visit.page.keyboard.press("Enter")
    visit.see("Materialize all (")
    visit.save("asset_graph_downstream")


def test_the_page_of_a_run_shows_its_steps(visit: Visit, held: dict):
    assert held["status"] == "SUCCESS"
    visit.open(f"/runs/{held['runId']}")
    for step in ("load_drops", "gate", "build_models"):
        visit.see(step)
    visit.save("run")


def test_a_failed_check_leads_to_data_docs_over_http(visit: Visit, held: dict):
    visit.open("/assets/raw/event_lines?view=checks")
    visit.see("no_object_is_held").click()
    link = visit.page.locator("a[href*='/warehouse/data-docs/']").first
    link.wait_for()
    visit.see("Failed")
    visit.save("failed_check")
    address = link.get_attribute("href")
    assert address.startswith("http://")
    visit.page.goto(address)
    assert visit.page.title() == "What the gate found"
    row = visit.page.locator("tbody tr", has_text="held").first
    assert row.inner_text().split("\t")[2] == "events"
    visit.save("data_docs")
    row.locator("a").click()
    visit.see("First lines at fault")
    assert "careless" in visit.page.locator("main").inner_text()
    visit.save("data_docs_load")


@pytest.mark.parametrize(
    "mart",
    ["agg_video_hot_spots", "agg_cohort_retention", "agg_source_hours", "agg_event_completeness", "agg_lateness"],
)
def test_a_plot_of_a_mart_is_drawn(visit: Visit, mart: str):
    visit.open(f"/assets/marts/{mart}")
    row = visit.page.locator("tr", has_text="picture: ").first
    row.scroll_into_view_if_needed()
    row.get_by_text("[Show Markdown]").click()
    picture = visit.page.locator("img[src^='data:image/svg+xml']").first
    picture.wait_for()
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 200
    visit.save(f"plot_{mart}")


@pytest.mark.parametrize("job", CONFIG)
def test_the_launchpad_shows_defaults_and_help(visit: Visit, job: str):
    name, words = CONFIG[job]
    visit.open(f"/locations/warehouse/jobs/{job}/playground")
    visit.see("Launch Run")
    line = visit.page.locator(".CodeMirror-line", has_text=name).first
    line.wait_for()
    line.click()
    visit.page.wait_for_function(
        "words => document.body.innerText.replace(/\\s+/g, ' ').includes(words)", arg=words, timeout=ANSWER_MS
    )
    visit.see("No errors" if job != "replay" else "Errors")
    visit.save(f"launchpad_{job}")


def lake_days(site: Site) -> list[str]:
    rows = site.command.rows(
        "select distinct extract(object_key, '/dt=([0-9-]+)/') as day from ops.live_objects "
        "where startsWith(object_key, 'events/web/') order by day"
    )
    return [row["day"] for row in rows]


def test_a_range_of_lake_dates_is_loaded_again(visit: Visit, held: dict):
    days = lake_days(visit.site)[3:6]
    before = set(visit.site.runs())
    visit.open("/assets/lake/event_drops")
    visit.page.get_by_role("button", name="Materialize").first.click()
    visit.see("Launch runs to materialize")
    visit.see("Show all partitions").click()
    field = visit.page.get_by_role("dialog").locator("input[type=text]").first
    field.fill(f"[{days[0]}...{days[-1]}]")
    field.press("Enter")
    visit.save("backfill_dialog")
    launch = visit.page.get_by_role("button", name=re.compile("Launch"))
    launch.last.click()
    run = visit.site.finished(lambda run: run["runId"] not in before and "asset_partition_range" in str(run["tags"]))
    assert run["status"] == "SUCCESS"
    visit.open("/assets/lake/event_drops?view=partitions")
    visit.see("Materialized (")
    visit.save("partitions")
    said = visit.site.ask(
        '{ assetNodeOrError(assetKey: {path: ["lake", "event_drops"]}) { ... on AssetNode { '
        "partitionStats { numMaterialized numFailed } } } }"
    )["assetNodeOrError"]["partitionStats"]
    assert said["numMaterialized"] >= len(days)
    assert said["numFailed"] == 0
    [replayed] = visit.site.command.rows(
        "select uniqExact(extract(object_key, '/dt=([0-9-]+)/')) as days from ops.load_revocations "
        "inner join ops.load_commits using (load_id, object_id) where reason = 'Backfill of lake dates.'"
    )
    assert replayed["days"] >= len(days)


def test_a_model_and_its_children_are_built_again(visit: Visit):
    before = set(visit.site.runs())
    visit.open("/assets/marts/dim_item_options?view=lineage&lineageScope=downstream")
    visit.see("fct_chosen_options")
    visit.save("lineage_downstream")
    visit.page.get_by_role("button", name=re.compile("Materialize")).last.click()
    run = visit.site.finished(lambda run: run["runId"] not in before and run["jobName"] == "__ASSET_JOB")
    assert run["status"] == "SUCCESS"
    materialized = "assetMaterializations { assetKey { path } }"
    said = visit.site.ask(f'{{ runOrError(runId: "{run["runId"]}") {{ ... on Run {{ {materialized} }} }} }}')
    built = {made["assetKey"]["path"][-1] for made in said["runOrError"]["assetMaterializations"]}
    assert {"dim_item_options", "fct_answer_options", "fct_chosen_options"} <= built
    visit.open(f"/runs/{run['runId']}")
    visit.see("build_models")
    visit.save("rebuild")
