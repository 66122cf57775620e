"""A second reading of the specification, in plain Python and without staging's patterns: is a statement to be accepted?

It knows who, what, to what, ids and versions. Times are taken from a list of good ones, because their grammar has unit
tests of its own.
"""

import re
from dataclasses import dataclass

IDENTIFIERS = frozenset({"mbox", "mbox_sha1sum", "openid", "account"})
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
INTERACTIONS = frozenset(
    [
        "true-false",
        "choice",
        "fill-in",
        "long-fill-in",
        "matching",
        "performance",
        "sequencing",
        "likert",
        "numeric",
        "other",
    ]
)
COMPONENTS = frozenset({"choices", "scale", "source", "target", "steps"})
_PRIVATE_TAG = r"[ixIX](-[a-zA-Z0-9]{1,8})+"
_SUBTAGS = r"([a-zA-Z]{2,3}(-[a-zA-Z]{3}){0,3}|[a-zA-Z]{4,8})(-[a-zA-Z]{4})?(-([a-zA-Z]{2}|\d{3}))?"
_VARIANTS = (
    r"(-([a-zA-Z0-9]{5,8}|\d[a-zA-Z0-9]{3}))*(-[0-9a-wyzA-WYZ](-[a-zA-Z0-9]{2,8})+)*(-[xX](-[a-zA-Z0-9]{1,8})+)?"
)


def matches(pattern: str, value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def is_iri(value: object) -> bool:
    return matches(r'[a-zA-Z][a-zA-Z0-9+.-]*:[^\s"\\]+', value)


def is_uuid(value: object) -> bool:
    return matches(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value)


def is_language_map(value: object) -> bool:
    tag = f"{_SUBTAGS}{_VARIANTS}|{_PRIVATE_TAG}"
    return isinstance(value, dict) and all(matches(tag, key) and isinstance(text, str) for key, text in value.items())


def is_list_of(value: object, is_item: object) -> bool:
    return isinstance(value, list) and all(is_item(item) for item in value)


def is_text(value: object) -> bool:
    return isinstance(value, str)


def has_one_identifier(actor: dict) -> bool:
    given = IDENTIFIERS & actor.keys()
    if len(given) != 1:
        return False
    name = given.pop()
    value = actor[name]
    if name == "account":
        return (
            isinstance(value, dict)
            and value.keys() == {"homePage", "name"}
            and is_iri(value["homePage"])
            and matches(r"(?s).+", value["name"])
        )
    patterns = {"mbox": r'mailto:[^@\s"\\]+@[^@\s"\\]+', "mbox_sha1sum": "[0-9a-fA-F]{40}"}
    return is_iri(value) if name == "openid" else matches(patterns[name], value)


def is_agent(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.get("objectType", "Agent") == "Agent"
        and isinstance(value.get("name", ""), str)
        and "member" not in value
        and has_one_identifier(value)
    )


def is_member(value: object) -> bool:
    """Unknown properties of a member are not looked through, unlike those of the actor."""
    return is_agent(value) and value.keys() <= IDENTIFIERS | {"objectType", "name"}


def is_group(value: object) -> bool:
    if not isinstance(value, dict) or value.get("objectType") != "Group" or not isinstance(value.get("name", ""), str):
        return False
    if not is_list_of(value.get("member", []), is_member):
        return False
    return has_one_identifier(value) if IDENTIFIERS & value.keys() else bool(value.get("member"))


def is_actor(value: object) -> bool:
    return is_agent(value) or is_group(value)


def is_verb(value: object) -> bool:
    return isinstance(value, dict) and is_iri(value.get("id")) and is_language_map(value.get("display", {}))


def is_component(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= {"id", "description"}
        and isinstance(value.get("id", ""), str)
        and is_language_map(value.get("description", {}))
    )


def is_definition(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    rules = {
        **dict.fromkeys(("name", "description"), is_language_map),
        **dict.fromkeys(("type", "moreInfo"), is_iri),
        "interactionType": lambda part: isinstance(part, str) and part in INTERACTIONS,
        "correctResponsesPattern": lambda part: is_list_of(part, is_text),
        **dict.fromkeys(COMPONENTS, lambda part: is_list_of(part, is_component)),
        "extensions": lambda part: isinstance(part, dict) and all(is_iri(key) for key in part),
    }
    return all(rules[key](part) for key, part in value.items() if key in rules)


@dataclass(frozen=True)
class Judge:
    """Accepts or refuses statements; these are the times it takes for good."""

    times: frozenset[str]

    def accepts(self, statement: dict) -> bool:
        context = statement.get("context", {})
        return (
            ("id" not in statement or is_uuid(statement["id"]))
            and is_actor(statement.get("actor"))
            and is_verb(statement.get("verb"))
            and self.is_object(statement.get("object"))
            and (statement["verb"]["id"] != VOIDED or statement["object"].get("objectType") == "StatementRef")
            and self.is_time(statement.get("timestamp", statement.get("stored")))
            and (statement.get("version") is None or matches(r"(1\.0|2\.0)(\..*)?", statement["version"]))
            and ("registration" not in context or is_uuid(context["registration"]))
        )

    def is_time(self, value: object) -> bool:
        return isinstance(value, str) and value in self.times

    def is_object(self, value: object, may_be_statement: bool = True) -> bool:
        if not isinstance(value, dict):
            return False
        kind = value.get("objectType", "Activity")
        of_actors, of_activities = IDENTIFIERS | {"name", "member"}, {"id", "definition"}
        if kind in ("Agent", "Group"):
            return is_actor(value) and not of_activities & value.keys()
        if kind == "SubStatement":
            return may_be_statement and self.is_sub_statement(value)
        if of_actors & value.keys():
            return False
        if kind == "StatementRef":
            return is_uuid(value.get("id")) and "definition" not in value
        is_activity = kind in ("Activity", "GroupActivity") and is_iri(value.get("id"))
        return is_activity and is_definition(value.get("definition", {}))

    def is_sub_statement(self, value: dict) -> bool:
        return (
            not value.keys() & {"id", "stored", "version", "authority"}
            and is_actor(value.get("actor"))
            and is_verb(value.get("verb"))
            and self.is_object(value.get("object"), may_be_statement=False)
            and (value.get("timestamp") is None or self.is_time(value["timestamp"]))
        )
