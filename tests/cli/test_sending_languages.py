"""A mailing is told of in bokmål and nynorsk from plan to account; what the server said stays as it said it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SLUG = "2024-01"
Run = Callable[..., Any]
KARI, OLA = "kari@agder.example", "ola@agder.example"
LATER = "451 4.3.0 come back later"
WORDS = {
    "nb": {
        "plan": ("Lister         agder", "Testsendt      nei", "Varianter      ", "Server         127.0.0.1"),
        "equation": ("  utelatt    ", "+ i kø       ", "+ utsatt             1", "= på listene         3  stemmer"),
        "ended": ("2024-01  venter med de utsatte: ingen sender nå", "Serveren vil ta imot noen av meldingene senere."),
        "failed": ("Svar eller årsak", f"{KARI}   utsatt   {LATER}"),
        "in doubt": (f"{OLA}   uvisst   serveren brøt forbindelsen",),
        "log": ("planla den for 3 mottakere av 3 på agder; --untested", "begynte å sende til 3 mottakere"),
    },
    "nn": {
        "plan": ("Lister         agder", "Testsendt      nei", "Variantar      ", "Server         127.0.0.1"),
        "equation": ("  utelate    ", "+ i kø       ", "+ utsett             1", "= på listene         3  stemmer"),
        "ended": (
            "2024-01  ventar med dei utsette: ingen sender no",
            "Serveren vil ta imot nokre av meldingane seinare.",
        ),
        "failed": ("Svar eller årsak", f"{KARI}   utsett   {LATER}"),
        "in doubt": (f"{OLA}   uvisst   serveren braut sambandet",),
        "log": ("planla henne for 3 mottakarar av 3 på agder; --untested", "byrja å sende til 3 mottakarar"),
    },
}


@pytest.mark.parametrize("lang", ["nb", "nn"])
def test_a_mailing_from_plan_to_account(lang: str, moody: Any, mailer: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_INTERFACE__LANG", lang)
    moody.answers = {KARI: LATER, OLA: "vanish"}
    sent = mailer("send", SLUG, "--list", "agder", "--untested", "--confirm", 3, "--once").out
    shown = {
        "plan": sent,
        "equation": sent,
        "ended": sent,
        "failed": mailer("status", SLUG, "--failed").out,
        "in doubt": mailer("status", SLUG, "--in-doubt").out,
        "log": mailer("log", SLUG).out,
    }
    missing = {what: [each for each in words if each not in shown[what]] for what, words in WORDS[lang].items()}
    assert not any(missing.values()), (missing, shown)


@pytest.mark.parametrize(
    ("lang", "note"),
    [
        ("nb", "serveren nekter å ta imot utsendingen"),
        ("nn", "serveren nektar å ta imot utsendinga"),
    ],
)
def test_why_a_mailing_was_paused_is_kept_for_readers_of_any_language(
    lang: str, note: str, moody: Any, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "550 5.7.60 you may not send as this sender"
    moody.answers = {KARI: words}
    told = mailer("send", SLUG, "--list", "agder", "--untested", "--confirm", 3, "--once").out
    assert f"the server refuses the mailing: {words}" in told
    monkeypatch.setenv("MAILER_INTERFACE__LANG", lang)
    assert f"{note}: «{words}»" in mailer("status", SLUG).out


def test_nobody_answers_where_the_server_should_be(
    workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workspace.is_dir()
    monkeypatch.setenv("MAILER_SMTP__PORT", "1")
    monkeypatch.setenv("MAILER_INTERFACE__LANG", "nn")
    refused = mailer("test-send", SLUG, "--to", "redaksjon@nyhetsbrev.example").err
    assert "feil 127.0.0.1:1 (ikkje kryptert): serveren kan ikkje nåast: ingen svarar på den porten\n" in refused
    assert "Start han med mailer catch i ein annan terminal" in refused
