"""A PostgreSQL server that goes away in the midst of a command: people are told so in words, whatever the moment."""

import gc
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from typer.testing import CliRunner

from mailer.cli.app import app
from mailer.errors import MailerError

pytestmark = [
    pytest.mark.postgresql,
    # A cursor whose connection is gone cannot be closed, and the driver warns of that.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

COMMANDS = [
    "lists",
    "status --failed",
    "subscribers show p1@mottaker.example",
    "subscribers add kari@oslo.example --list oslo --basis e:samhandling",
    "subscribers import people.csv",
    "subscribers export all.csv",
    "subscribers erase p2@mottaker.example --yes",
    "pause 2023-12",
    "resolve 2023-12 --accepted",
    "resume 2023-12 --once",
    "cancel 2023-12 --yes",
]
SHORT = {"subscribers import people.csv", "resume 2023-12 --once"}
PEOPLE = "epost;navn;liste;språk;rolle;grunnlag\nny@oslo.example;Ny;oslo;nb;kommune;e: samhandling\n"


@pytest.fixture
def command(
    shared_office: Any, catch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., BaseException | None]:
    """Run a command in the workspace; what it raised, if anything."""
    shared_office.plan(3)
    shared_office.database.close()
    monkeypatch.chdir(shared_office.folder)
    monkeypatch.setenv("MAILER_DATABASE__URL", shared_office.url)
    monkeypatch.setenv("MAILER_SMTP__PORT", str(catch(shared_office, 0.0).port))
    monkeypatch.setattr("mailer.delivery.ledger.retrying.PATIENCE_SECONDS", 0.1)
    (shared_office.folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return lambda words: CliRunner().invoke(app, words.split()).exception


@pytest.mark.parametrize(
    ("words", "stride"),
    [
        *(pytest.param(each, 19, id=f"{each} now and then") for each in COMMANDS if each in SHORT),
        *(pytest.param(each, 1, id=each, marks=[pytest.mark.slow, pytest.mark.timeout(300)]) for each in COMMANDS),
    ],
)
def test_whenever_the_server_goes_away_a_command_ends_in_words(
    command: Callable[..., BaseException | None], postgresql_proxy: tuple[str, Any], words: str, stride: int
) -> None:
    """From the nth word to the server on nothing is answered, and no connection is taken; then from the next on."""
    proxy, failed = postgresql_proxy[1], 0
    for moment in count(1, stride):
        said, before = count(1), proxy.swallowed
        proxy.swallows = lambda _, said=said, moment=moment: next(said) >= moment
        ended = command(words)
        if proxy.swallowed == before:
            break  # the command had said all it had to say
        failed += isinstance(ended, MailerError)
        assert ended is None or isinstance(ended, MailerError | SystemExit), f"at {moment}"
    assert failed > 2, "nothing was tested"
    gc.collect()
