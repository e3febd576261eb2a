"""Why a mail was not taken: the server's words stay as they are, ours are in the language of the interface.

The words for what a relay's log says are `relay_words`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import build_services
from mailer.catalogue import render
from mailer.cli.answers import answer_in_words
from mailer.cli.relay_words import relay_status
from mailer.database.tables import attempt, delivery
from mailer.delivery.logs.tables import _STATUSES

Run = Callable[..., Any]
KARI = "kari@agder.example"


@pytest.mark.parametrize(
    ("stored", "nb"),
    [
        ("not sent: no answer in time", "ikke sendt: ikke noe svar i tide"),
        ("no answer in time", "ikke noe svar i tide"),
        ("not sent: the sender was asked to stop", "ikke sendt: senderen ble bedt om å stoppe"),
        (
            "not sent: the message has 10 bytes, the server takes 9",
            "ikke sendt: meldingen er på 10 byte, serveren tar imot 9",
        ),
        ("not sent: TLS: BAD", "ikke sendt: TLS: BAD"),
        ("the server said without being asked: 250 hi", "serveren sa uten å være spurt: «250 hi»"),
        ("a person decided that it was received", "et menneske avgjorde at den er mottatt"),
        ("a person decided to send it again", "et menneske avgjorde at den skal sendes på nytt"),
        (
            "queued again: the answer before may be about us who send",
            "satt i kø igjen: Svaret før kan gjelde oss som sender",
        ),
        ("550 5.1.1 no answer in time", "550 5.1.1 no answer in time"),
        ("", ""),
    ],
)
def test_only_our_own_words_are_said_in_the_language(stored: str, nb: str) -> None:
    assert render(answer_in_words(stored), "nb") == nb
    assert answer_in_words(stored) == stored


@pytest.mark.parametrize(("lang", "shown"), [("nb", "ikke sendt: ikke noe"), ("nn", "ikkje sendt: ikkje noko")])
@pytest.mark.usefixtures("planned")
def test_what_is_stored_of_a_person_says_it_so_too(
    lang: str, shown: str, mailer: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = build_services(workspace / "config.toml", environ={}, announce=lambda _: None)
    with services.database.writing() as connection:
        [number] = connection.execute(
            delivery.update()
            .where(delivery.c.address == KARI)
            .values(reply="450 4.2.1 not now", status="deferred")
            .returning(delivery.c.id)
        ).scalars()
        tried = {"delivery_id": number, "at": services.subscribers.clock(), "outcome": "deferred"}
        connection.execute(attempt.insert().values(tried | {"reply": "not sent: no answer in time"}))
    services.close()
    monkeypatch.setenv("MAILER_INTERFACE__LANG", lang)
    monkeypatch.setenv("COLUMNS", "300")
    told = mailer("subscribers", "show", KARI).out
    assert shown in told
    assert "; 450 4.2.1 not now" in told
    assert "not sent" not in told
    assert "not sent: no answer in time" in mailer("subscribers", "show", KARI, "--json").out


def test_every_status_of_a_trace_has_a_word_whatever_its_capitals_and_signs() -> None:
    for each in ("sent", "bounced", "deferred", "expired", "force-expired", "queued", *_STATUSES):
        for lang in ("nb", "nn"):
            assert "«" not in render(relay_status(each.upper()), lang)
    assert render(relay_status("FilteredAsSpam"), "nb") == "tatt for søppelpost"
    assert render(relay_status("RECEIVE"), "nn") == "«RECEIVE»"
