"""From a question to an answer, with the registry and with a model that cannot be trusted."""

import json

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.questions.asking import Answer, NotAnswered, ask_model, ask_registry
from orchestration.questions.endpoint import Conversation, EndpointError, read_proposal
from tests.orchestration.questions.conftest import COURSE, StubModel

QUESTION = "How many learners does the worst video lose?"
GOOD = {
    "sql": "select title, drop_off_ratio, excess_learners_lost from marts.agg_video_hot_spots",
    "answer": "{title} loses {excess_learners_lost|whole} learners ({drop_off_ratio|percent}).",
    "caveats": ["Beyond expectation."],
}
HOSTILE = [
    "drop table marts.dim_courses",
    "insert into marts.dim_courses select 'x'",
    "select 1; drop table marts.dim_courses",
    "select * from raw.event_lines",
    "select * from ops.keys",
    "select * from url('http://127.0.0.1:1/')",
    "select * from file('secrets.json', 'LineAsString')",
    "/* select 1 from marts.dim_courses */ alter table marts.dim_courses delete where 1",
    "select 1 -- \n; truncate table marts.dim_courses",
    "select * from marts.dim_courses settings readonly = 0",
]


def ask(reader: Client, model: StubModel, text: str = QUESTION) -> Answer:
    return ask_model(reader, text, lambda context: Conversation(model.endpoint, context))


def test_the_registry_answers_with_the_marts_number(reader: Client):
    answer = ask_registry(reader, "which videos lose the most learners?", {})
    assert answer.sentence.replace("\u00a0", " ") == (
        "How the course works loses the most, at 4:00: 812 of 1,353 starters leave there for good (60 %), 785 more "
        "than at the same place of other videos."
    )
    assert answer.source == "registry: videos_losing_learners"
    assert "marts.agg_video_hot_spots" in answer.sql


def test_a_course_in_the_question_reaches_the_query(reader: Client):
    named = ask_registry(reader, "which videos lose the most learners in Project leadership?", {})
    assert (named.rows, named.parameters) == ([], {"course": "https://lms.example/courses/lead"})
    assert named.sentence.startswith("No video loses")
    assert ask_registry(reader, "which videos lose the most learners in data literacy", {}).parameters == {
        "course": COURSE
    }


def test_what_a_question_cannot_take_into_account_is_said(reader: Client):
    answer = ask_registry(reader, "which videos lose the most learners in October 2025", {})
    assert any("period '2025-10' is not taken into account" in caveat for caveat in answer.caveats)


def test_a_question_without_its_video_asks_for_it(reader: Client):
    with pytest.raises(NotAnswered, match=r"Which video.*'How the course works'"):
        ask_registry(reader, "show the drop-off curve of the video", {})


def test_an_unknown_question_has_no_answer(reader: Client):
    with pytest.raises(NotAnswered):
        ask_registry(reader, "what is the weather in Paris", {})


def test_a_model_answers_and_its_sentence_is_filled_here(reader: Client, model: StubModel):
    model.answers = [json.dumps(GOOD)]
    answer = ask(reader, model)
    assert answer.sentence.replace("\u00a0", " ") == "How the course works loses 785 learners (60 %)."
    assert answer.sql.split()[-2:] == ["LIMIT", "1000"]
    assert answer.caveats[0] == "Beyond expectation."
    assert "language model" in answer.caveats[-1]


def test_the_model_gets_definitions_and_no_data(reader: Client, model: StubModel):
    model.answers = [json.dumps(GOOD)]
    ask(reader, model)
    sent = json.dumps(model.received)
    assert "marts.agg_video_hot_spots" in sent
    assert QUESTION in sent
    assert "785" not in sent
    assert "How the course works" not in sent
    assert model.headers[0]["Authorization"] == "Bearer a secret key"
    assert model.headers[0]["path"] == "/v1/chat/completions"
    assert model.received[0]["model"] == "small-model"


@pytest.mark.parametrize("sql", HOSTILE)
def test_hostile_sql_is_never_run(reader: Client, warehouse: Client, model: StubModel, sql: str):
    model.answers = [json.dumps(GOOD | {"sql": sql})]
    with pytest.raises(NotAnswered, match="not run"):
        ask(reader, model)
    assert len(model.received) == 2, "one repair round, not more"
    assert warehouse.query("select count() from marts.dim_courses").result_rows == [(2,)]


def test_one_repair_round_tells_what_was_wrong(reader: Client, model: StubModel):
    model.answers = [json.dumps(GOOD | {"sql": "select nothing from marts.agg_video_hot_spots"}), json.dumps(GOOD)]
    assert ask(reader, model).rows
    repair = model.received[1]["messages"][-1]["content"]
    assert "UNKNOWN_IDENTIFIER" in repair
    assert "nothing" in repair


def test_a_model_that_cannot_answer_says_why(reader: Client, model: StubModel):
    model.answers = [json.dumps({"sql": "", "answer": "The marts hold no salaries.", "caveats": []})]
    with pytest.raises(NotAnswered, match="no salaries"):
        ask(reader, model)


def test_what_is_in_the_rows_is_no_instruction(reader: Client, model: StubModel):
    """A title with holes stays a title: it is put in once."""
    sql = "select '{title}' as title, 1 as excess_learners_lost, 0.5 as drop_off_ratio from marts.dim_courses"
    model.answers = [json.dumps(GOOD | {"sql": sql})]
    assert ask(reader, model).sentence.startswith("{title} loses 1 learners")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": "no"}, "choices"),
        ({"choices": []}, "choices"),
        ({"choices": [{"message": {"content": None}}]}, "text"),
    ],
)
def test_another_protocol_is_an_error_in_words(reader: Client, model: StubModel, answer: dict, said: str):
    model.answers = [answer]
    with pytest.raises(EndpointError, match=said):
        ask(reader, model)


def test_a_refusal_of_the_endpoint_names_the_settings_and_not_the_key(reader: Client, model: StubModel):
    model.answers, model.status = [{"error": "bad key"}], 401
    with pytest.raises(EndpointError, match=r"status 401.*ASK_API_KEY") as failed:
        ask(reader, model)
    assert "a secret key" not in str(failed.value)


def test_an_endpoint_that_is_not_there_is_an_error_in_words(reader: Client, model: StubModel):
    model.server.shutdown()
    model.server.server_close()
    with pytest.raises(EndpointError, match="does not answer"):
        ask(reader, model)


@pytest.mark.parametrize(
    "text",
    ['{"sql": "select 1"}', 'Sure:\n```json\n{"sql": "select 1"}\n```\nDone.', "```sql\nselect 1\n```", "select 1"],
)
def test_sql_is_found_however_a_model_wraps_it(text: str):
    assert read_proposal(text).sql == "select 1"
