import pytest

from mailer.local.asking import Asked, may_ask, may_launch, read_asked

PORT = 8123
OURS = "http://127.0.0.1:8123"
THEIRS = "http://127.0.0.1:8124"


def asked(method: str = "GET", *, host: str = "127.0.0.1:8123", **fields: str) -> Asked:
    return Asked(method=method, host=host, **fields)


@pytest.mark.parametrize(
    ("request_", "answered"),
    [
        (asked(), True),
        (asked(site="none"), True),
        (asked(site="same-origin"), True),
        (asked(site="same-site"), False),
        (asked(site="cross-site"), False),
        (asked(site="cross-site", mode="navigate", dest="document"), False),
        (asked(site="anything"), False),
        (asked(origin=OURS), True),
        (asked(origin=THEIRS), False),
        (asked(origin="null"), False),
        (asked("HEAD"), True),
        (asked("HEAD", site="same-site"), False),
        (asked(site="same-origin", dest="serviceworker"), False),
    ],
)
def test_what_changes_nothing_is_answered_unless_another_page_asks(*, request_: Asked, answered: bool) -> None:
    assert may_ask(request_, port=PORT) is answered


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"])
@pytest.mark.parametrize(
    ("fields", "answered"),
    [
        ({}, False),
        ({"site": "same-origin"}, True),
        ({"site": "same-origin", "origin": OURS}, True),
        ({"site": "same-origin", "origin": "null"}, True),
        ({"site": "same-origin", "origin": THEIRS}, False),
        ({"site": "none"}, False),
        ({"site": "none", "origin": OURS}, True),
        ({"site": "none", "origin": "null"}, False),
        ({"origin": OURS}, True),
        ({"origin": "null"}, False),
        ({"origin": THEIRS}, False),
        ({"origin": "https://127.0.0.1:8123"}, False),
        ({"origin": "http://localhost:8123"}, False),
        ({"site": "same-site", "origin": OURS}, False),
        ({"site": "cross-site", "origin": OURS}, False),
    ],
)
def test_what_changes_something_needs_the_browsers_word(*, method: str, fields: dict[str, str], answered: bool) -> None:
    assert may_ask(asked(method, **fields), port=PORT) is answered


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("127.0.0.1:8123", True),
        ("localhost:8123", True),
        ("127.0.0.1", False),
        ("127.0.0.1:8124", False),
        ("LOCALHOST:8123", False),
        ("localhost.:8123", False),
        ("127.0.0.1.evil.example:8123", False),
        ("evil.example:8123", False),
        ("[::1]:8123", False),
        ("", False),
    ],
)
def test_only_this_machine_with_the_port_is_a_name_of_ours(*, host: str, answered: bool) -> None:
    assert may_ask(asked(host=host), port=PORT) is answered
    assert may_launch(asked(host=host), port=PORT) is answered


def test_the_usual_port_is_left_out() -> None:
    assert may_ask(asked(host="127.0.0.1", origin="http://127.0.0.1"), port=80)
    assert not may_ask(asked(host="127.0.0.1:8123"), port=80)


@pytest.mark.parametrize(
    ("request_", "opens"),
    [
        (asked(), True),
        (asked(site="cross-site", mode="navigate", dest="document"), True),
        (asked(site="none", mode="navigate", dest="document"), True),
        (asked(site="cross-site", mode="navigate", dest="iframe"), False),
        (asked(site="cross-site", mode="no-cors", dest="image"), False),
        (asked(site="cross-site", mode="cors", dest="empty"), False),
        (asked(site="none", mode="navigate", dest="document", purpose="prefetch;prerender"), False),
        (asked("HEAD"), False),
        (asked("POST"), False),
    ],
)
def test_a_launch_opens_a_window_and_is_used_up_by_nothing_else(*, request_: Asked, opens: bool) -> None:
    assert may_launch(request_, port=PORT) is opens


def test_a_request_that_says_something_twice_is_not_understood() -> None:
    host = (b"host", b"127.0.0.1:8123")
    assert read_asked("GET", [host, (b"accept", b"a"), (b"accept", b"b")]) == asked()
    assert read_asked("GET", [host, host]) is None
    assert read_asked("GET", [host, (b"origin", b"a"), (b"origin", b"a")]) is None
