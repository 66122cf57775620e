"""SQL and Python find the same people in a line, whatever is written around them."""

import json

import pytest

from orchestration.contract.lines import OWN_REASONS
from orchestration.contract.named import identities_in, mail_identity, role_of
from orchestration.erasure.person import PersonError, learner_id_of, person_of
from orchestration.expectations.limits import limits
from orchestration.loading.ledger import erased

LINES = [
    '{"actor":{"mbox":"mailto:Anna@Example.org"}}',
    '{"actor": {"account": {"homePage": "HTTPS://LMS.Example:443/", "name": "a\\u0040b \\"q\\" é"}}, "i": "x@y.z"}',
    '{"actor":{"account":{"name":"l-4","homePage":"https:\\/\\/lms.example\\/x"}}, '
    '"s":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"}',
    '{"actor":{"openid":"https://Me.example:8080/"}, "context":{"team":{"member":[{"openid":"http://a.b"}]}}}',
    'broken "mbox": "mailto: xx@y.example" and "account" : { "name" : "n{}" , "homePage" : "https://x.example/" }',
    json.dumps({"event": json.dumps({"actor": {"account": {"homePage": "https://x.example", "name": "n1"}}})}),
    '{"a":"mailto:jürgen@bücher.example"}',
    "",
    "[]",
    "null",
]


def test_both_find_the_same_identities(warehouse) -> None:
    rows = warehouse.query(
        f"select line, {erased._identities('line')} from (select arrayJoin({{lines:Array(String)}}) as line)",
        parameters={"lines": LINES},
    ).result_rows
    assert {line: set(identities) for line, identities in rows} == {line: set(identities_in(line)) for line in LINES}


@pytest.mark.parametrize(
    ("line", "identity"),
    [
        (LINES[0], mail_identity("anna@example.org")),
        (LINES[1], 'account|https://lms.example|a@b \\"q\\" é'),
        (LINES[2], "account|https://lms.example/x|l-4"),
        (LINES[3], "openid|http://a.b"),
        (LINES[4], "account|https://x.example|n{}"),
        (LINES[5], "account|https://x.example|n1"),
    ],
)
def test_an_identity_is_found_wherever_it_stands(line, identity) -> None:
    assert identity in identities_in(line)


def test_roles_are_told_apart() -> None:
    line = json.dumps({"actor": {"openid": "https://a.example"}, "object": {"openid": "https://b.example"}})
    assert role_of(line, {"openid|https://a.example"}) == "actor"
    assert role_of(line, {"openid|https://b.example"}) == "elsewhere"


@pytest.mark.parametrize(
    ("given", "identity"),
    [
        ("Anna@Example.org", mail_identity("anna@example.org")),
        ("mailto:anna@example.org", mail_identity("anna@example.org")),
        ("A" * 40, f"mbox_sha1sum|{'a' * 40}"),
        ("https://id.example/anna", "openid|https://id.example/anna"),
        ("https://lms.example/|anna@x.example", "account|https://lms.example|anna@x.example"),
        ('{"actor": {"mbox": "mailto:anna@example.org"}}', mail_identity("anna@example.org")),
    ],
)
def test_a_person_is_given_in_any_readable_form(given, identity) -> None:
    person = person_of(given, "key")
    assert identity in person.identities
    assert learner_id_of(identity, "key") in person.learner_ids


@pytest.mark.parametrize("given", ["Anna", "", "|x", "{", '{"name": "Anna"}', '{"account": {"name": "x"}}'])
def test_what_names_no_person_is_refused(given) -> None:
    with pytest.raises(PersonError, match="form that names a person"):
        person_of(given, "key")


def test_the_gate_counts_no_line_that_our_own_rules_refuse(warehouse) -> None:
    counted = next(limit.counted for limit in limits("events") if limit.column == "refused_count")
    counts = ", ".join(f"'{reason}', 50" for reason in OWN_REASONS)
    counts_query = warehouse.query(f"select {counted} from (select map({counts}, 'not_json', 2) as refused_counts)")
    assert counts_query.result_rows == [(2,)]
