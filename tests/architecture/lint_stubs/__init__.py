"""What a model's Jinja gives when sqlfluff reads it: every macro of the project as a plain function call.

The linter looks at how a model is written. Expanded in full, one survival curve is 600 brackets deep, which sqlfluff
refuses to read after minutes of trying; what the macros expand to is tested in `tests/metrics` instead. Variables
have their real values. The linter imports this package by its folder, so it may use nothing of the project.
"""

import re
from collections.abc import Callable
from pathlib import Path

import yaml

_ROOT = Path(__file__).resolve().parents[3]
_MACRO_NAME = re.compile(r"{%-?\s*macro\s+(\w+)\s*\(")
_VARS = yaml.safe_load((_ROOT / "dbt_project.yml").read_text())["vars"]
invocation_id = "a-run"


def var(name: str, default: object = None) -> object:
    """The value in dbt_project.yml."""
    return _VARS.get(name, default)


def _function_call(name: str) -> Callable[..., str]:
    def render(*arguments: object, **named: object) -> str:
        return f"{name}({', '.join(_sql(argument) for argument in (*arguments, *named.values()))})"

    return render


def _sql(argument: object) -> str:
    if isinstance(argument, list | tuple):
        return ", ".join(map(_sql, argument))
    return str(argument)


for _path in sorted((_ROOT / "macros").rglob("*.sql")):
    for _name in _MACRO_NAME.findall(_path.read_text()):
        globals()[_name] = _function_call(_name)


def benjamini_hochberg(relation: str, p_value: str, columns: list[str], family: list[str] | None = None) -> str:
    """A whole query, not an expression."""
    return f"select {_sql(columns)}, {p_value}, {p_value} as q_value from {relation}"


def courses_of_unnamed(events: str, course_activities: str, enrolments: str) -> str:
    """A whole query, not an expression."""
    return f"select learner_id, activity_id, '' as found_course_id from {events}"


def activities_of_touched_units(course_activities: str) -> str:
    """A whole query, not an expression."""
    return f"select activity_id as activity_key from {course_activities}"


def recorded_first_reached() -> str:
    """A whole query, not an expression."""
    return "select learner_id, course_id, reached_at as recorded_reached_at, 1 as is_recorded from progress_before"


def answers_by_module(attempts: str, unnamed_courses: str, course_activities: str) -> str:
    """A whole query, not an expression."""
    return (
        "select attempts.learner_id as learner_id, places.module_id as module_id, [] as answered "
        f"from {attempts} as attempts inner join {course_activities} as places "
        f"on attempts.item_id = places.activity_id inner join {unnamed_courses} as unnamed "
        "on attempts.learner_id = unnamed.learner_id"
    )
