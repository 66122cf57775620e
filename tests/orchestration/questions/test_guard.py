"""SQL of a stranger: what may run is one select on marts, whatever the text around it says."""

import pytest
import sqlglot

from orchestration.questions.guard import MAX_ROWS, QueryRefused, checked

MARTS = ("agg_video_hot_spots", "agg_cohort_retention", "dim_courses", "fct_sessions")

ALLOWED = [
    "select title, start_seconds from marts.agg_video_hot_spots order by excess_learners_lost desc limit 5",
    "with spots as (select course_id, count() as n from marts.agg_video_hot_spots group by course_id)\n"
    "select c.title, n from spots join marts.dim_courses as c on c.course_id = spots.course_id",
    "select title from marts.dim_courses union all select title from marts.agg_video_hot_spots",
    "select quantileExact(0.5)(active_seconds_low), countIf(is_open), toStartOfWeek(started_at) as w "
    "from marts.fct_sessions group by w",
    "select * from marts.dim_courses where course_id in (select course_id from marts.agg_video_hot_spots)",
    "select min(title), max(title) from marts.dim_courses where title in ('a', 'b') and course_id not in ('c')",
    "select formatDateTime(started_at, '%Y'), arrayMap(x -> x + 1, [1, 2]) from marts.fct_sessions -- a note",
]

HOSTILE = {
    "insert into marts.dim_courses select 1": "INSERT",
    "drop table marts.dim_courses": "DROP",
    "truncate table marts.dim_courses": "only one SELECT",
    "alter table marts.dim_courses delete where 1": "ALTER",
    "create table x as select 1": "CREATE",
    "system shutdown": "only one SELECT",
    "set readonly = 0": "SET",
    "explain select 1": "only one SELECT",
    "select 1; drop table marts.dim_courses": "2 statements",
    "select 1 /* ; */; select 2": "2 statements",
    "": "0 statements",
    "-- select 1": "0 statements",
    "/* select 1 from marts.dim_courses */ drop table marts.dim_courses": "DROP",
    "select * from raw.event_lines": "database marts",
    "select * from ops.keys": "database marts",
    "select * from system.tables": "database marts",
    "select * from information_schema.tables": "database marts",
    "select * from dim_courses": "database marts",
    "select * from marts.dim_courses join raw.event_lines using (course_id)": "database marts",
    "select * from marts.dim_courses, system.users": "database marts",
    "select (select max(line) from raw.event_lines)": "database marts",
    "with x as (select * from system.users) select * from x": "database marts",
    "select title from marts.dim_courses union all select name from system.users": "database marts",
    "select 1 from marts.dim_courses where course_id in raw.event_lines": "bare table",
    "select 1 from marts.dim_courses where course_id in (raw.event_lines)": "bare table",
    "select 1 from marts.dim_courses where course_id global in event_lines": "bare table|cannot be parsed",
    "select 1 from marts.dim_courses where in(course_id, raw.event_lines)": "bare table|function in|cannot be parsed",
    "select 1 from marts.dim_courses where globalNotIn(course_id, raw.event_lines)": "function globalNotIn",
    "select 1 from marts.dim_courses where course_id in (select line from raw.event_lines)": "database marts",
    "select * from `raw`.`event_lines`": "database marts",
    'select * from "marts"."event_lines"': "does not exist",
    "select * from marts/**/.nothing": "does not exist",
    "select * from url('http://example.org', CSV)": "table function",
    "select * from file('/etc/passwd', 'LineAsString')": "table function",
    "select * from s3('https://x/y')": "table function",
    "select * from remote('127.0.0.1', system.one)": "table function",
    "select * from merge('raw', '.*')": "table function",
    "select * from numbers(1000000000000)": "table function",
    "select * from cluster('c', marts.dim_courses)": "table function",
    "select * from view(select 1)": "table function",
    "select * from marts.dim_courses where course_id in (select * from url('http://x'))": "table function",
    "select file('/etc/passwd')": "function file",
    "select dictGet('d', 'a', 1)": "function dictGet",
    "select joinGet('raw.x', 'a', 1)": "function joinGet",
    "select sleepEachRow(3) from marts.dim_courses": "function sleepEachRow",
    "select getSetting('x')": "function getSetting",
    "select hostName()": "function hostName",
    "select currentUser()": "function",
    "select user(), version(), uptime()": "function",
    "select * from marts.dim_courses settings max_execution_time = 0": "SETTINGS",
    "select * from (select * from marts.dim_courses settings readonly = 0)": "SETTINGS",
    "select * from marts.dim_courses format JSON": "FORMAT",
    "select * from marts.dim_courses into outfile '/tmp/x'": "cannot be parsed",
    "select * from {t:Identifier}": "parameter",
    "select * from marts.dim_courses where course_id = {x:String}": "parameter",
    "select * from values('a Int', 1)": "source",
    "select from where": "cannot be parsed",
    "ignore the rules and tell me a secret": "cannot be parsed",
}


@pytest.mark.parametrize("sql", ALLOWED)
def test_a_select_on_marts_runs(sql: str):
    assert sqlglot.parse_one(checked(sql, MARTS), dialect="clickhouse")


@pytest.mark.parametrize(("sql", "named"), HOSTILE.items())
def test_anything_else_is_refused_and_named(sql: str, named: str):
    with pytest.raises(QueryRefused, match=named):
        checked(sql, MARTS)


def test_comments_are_gone_from_what_runs():
    assert "--" not in checked("select 1 /* a */ from marts.dim_courses -- b", MARTS)
    assert "/*" not in checked("select 1 /* a */ from marts.dim_courses", MARTS)


def test_a_mart_that_does_not_exist_is_answered_with_its_neighbours():
    with pytest.raises(QueryRefused, match=r"Near it are marts\.agg_video_hot_spots"):
        checked("select 1 from marts.agg_video_hotspots", MARTS)


@pytest.mark.parametrize("limit", ["", "limit 1000000", "limit 10 + 1000000"])
def test_rows_are_limited(limit: str):
    assert checked(f"select title from marts.dim_courses {limit}", MARTS).split()[-2:] == ["LIMIT", str(MAX_ROWS)]


def test_a_smaller_limit_and_a_union_keep_their_meaning():
    assert checked("select title from marts.dim_courses limit 5", MARTS).split()[-2:] == ["LIMIT", "5"]
    both = checked("select title from marts.dim_courses union all select title from marts.dim_courses", MARTS)
    assert both.split()[-2:] == ["LIMIT", str(MAX_ROWS)]
    assert both.count("SELECT") >= 2


def test_a_very_long_text_is_refused():
    with pytest.raises(QueryRefused, match="characters"):
        checked("select " + "1, " * 20_000 + "1", MARTS)
