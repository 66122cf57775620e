"""Which pages and names belong to this machine."""

import pytest

from orchestration.web_guard.origins import is_known_host, is_own_origin


@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        ("http://127.0.0.1:3000", "127.0.0.1:3000", True),
        ("HTTP://LOCALHOST:3000", "localhost:3000", True),
        ("https://proxy.example", "proxy.example", True),
        ("https://proxy.example:8443", "127.0.0.1:3000", True),
        ("http://localhost:3000", "127.0.0.1:3000", False),
        ("http://127.0.0.1", "127.0.0.1:3000", False),
        ("file://127.0.0.1:3000", "127.0.0.1:3000", False),
        ("http://127.0.0.1:3000@evil.example", "127.0.0.1:3000", False),
        ("http://[", "127.0.0.1:3000", False),
        ("null", "", False),
        ("", "", False),
    ],
)
def test_an_origin_is_compared_whole(origin: str, host: str, expected: bool) -> None:
    assert is_own_origin(origin, host, {"proxy.example"}) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:3000", True),
        ("LocalHost", True),
        ("[::1]:3000", True),
        ("proxy.example:443", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("0.0.0.0:3000", False),
        ("[", False),
        ("", False),
    ],
)
def test_a_host_is_known_by_its_whole_name(host: str, expected: bool) -> None:
    assert is_known_host(host, {"proxy.example"}) is expected
