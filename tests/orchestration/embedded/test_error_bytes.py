"""An error of the engine that quotes bytes which are no UTF-8 reaches the client as that error."""

import httpx


def test_a_message_with_other_bytes_is_the_engines_error(http: httpx.Client) -> None:
    answer = http.post("/", content=b"select cast(unhex('C328FF41') as UInt8)")
    assert answer.status_code == 400
    assert "Cannot parse string" in answer.text
