"""Reading the engine's error texts."""

import pytest

from orchestration.embedded.errors import read_engine_error


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Code: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE)",
            "Code: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE)",
        ),
        (
            "Code: 115. DB::Exception: Code: 115. DB::Exception: Unknown setting 'x'. (UNKNOWN_SETTING) "
            "(version 26.9.2.1). (UNKNOWN_SETTING)",
            "Code: 115. DB::Exception: Unknown setting 'x'. (UNKNOWN_SETTING)",
        ),
        ("", "Code: 1002. DB::Exception: The engine gave no reason. (UNKNOWN_EXCEPTION)"),
    ],
)
def test_wrapped_texts_become_one(message: str, expected: str) -> None:
    assert str(read_engine_error(message)) == expected
