"""Addresses of a file are suppressed or released all or none: each line has its outcome, each refusal its place."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailer.errors import MailerError
from mailer.subscribers.imports.suppressing import AddressLine, Fate, ManyReport, release_file, suppress_file
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions, suppress
from mailer.subscribers.people.suppression import SuppressionReason

SuppressText = Callable[..., ManyReport]


@pytest.fixture
def suppress_text(sqlite_store: SubscriberStore, tmp_path: Path) -> SuppressText:
    """Suppress the addresses of a text because they "bounced"."""

    def run(text: str, *, list_slug: str | None = None, dry_run: bool = False, note: str = "bounced") -> ManyReport:
        file = tmp_path / "gone.csv"
        file.write_text(text, "utf-8")
        return suppress_file(sqlite_store, file, note=note, list_slug=list_slug, dry_run=dry_run)

    return run


def _held(store: SubscriberStore, address: str) -> list[tuple[str, str, str]]:
    return [(each.scope, each.reason.value, each.note) for each in read_suppressions(store, address)]


def test_each_line_has_its_outcome_and_one_that_is_wrong_stops_all(
    sqlite_store: SubscriberStore, suppress_text: SuppressText
) -> None:
    sqlite_store.add("kari@x.example", lists=["oslo", "bergen", "agder"], basis="e: case 1")
    sqlite_store.remove("kari@x.example", list_slug="agder")
    suppress(sqlite_store, "eva@x.example", reason=SuppressionReason.MANUAL, note="asked")
    lines = "navn;epost\nKari;Kari@x.example\n;kari@x.example\nEva;eva@x.example\nPer;per@x.example\n"
    wrong = suppress_text(f"{lines}Uten\nFeil;{'a' * 81}\n")
    kari = AddressLine(line=2, fate=Fate.SUPPRESSED, address="kari@x.example", is_known=True, lists=("bergen", "oslo"))
    good = (
        kari,
        AddressLine(line=3, fate=Fate.DUPLICATE, address="kari@x.example", is_known=True),
        AddressLine(line=4, fate=Fate.ALREADY, address="eva@x.example"),
        AddressLine(line=5, fate=Fate.SUPPRESSED, address="per@x.example"),
    )
    nothing, long = wrong.lines[4:]
    assert wrong == ManyReport(applied=False, lines=(*good, nothing, long))
    assert (nothing.line, nothing.fate, nothing.address) == (6, Fate.INVALID, "")
    assert (long.line, long.fate, long.address) == (7, Fate.INVALID, "a" * 80)
    assert nothing.reason == "'' is no e-mail address: An email address must have an @-sign."
    assert [wrong.count(each) for each in Fate] == [2, 0, 1, 0, 1, 2]
    assert suppress_text(lines, dry_run=True) == ManyReport(applied=False, lines=good)
    assert _held(sqlite_store, "kari@x.example") == []
    assert suppress_text(lines) == ManyReport(applied=True, lines=good)
    assert _held(sqlite_store, "kari@x.example") == [("all", "manual", "bounced")]
    assert _held(sqlite_store, "per@x.example") == [("all", "manual", "bounced")]
    assert _held(sqlite_store, "eva@x.example") == [("all", "manual", "asked")]
    assert [each.fate for each in suppress_text(lines).lines] == [
        *(Fate.ALREADY, Fate.DUPLICATE, Fate.ALREADY, Fate.ALREADY)
    ]


def test_addresses_of_a_file_may_be_suppressed_on_one_list_alone(
    sqlite_store: SubscriberStore, suppress_text: SuppressText
) -> None:
    sqlite_store.add("kari@x.example", lists=["oslo", "bergen"], basis="e: case 1")
    suppress(sqlite_store, "kari@x.example", reason=SuppressionReason.IMPORTED, list_slug="oslo")
    sqlite_store.add("per@x.example", lists=["bergen"], basis="e: case 1")
    report = suppress_text("kari@x.example\n\nper@x.example\n", list_slug="oslo")
    assert report.lines == (
        AddressLine(line=1, fate=Fate.SUPPRESSED, address="kari@x.example", is_known=True),
        AddressLine(line=3, fate=Fate.SUPPRESSED, address="per@x.example", is_known=True),
    )
    report = suppress_text("kari@x.example\nper@x.example\n", list_slug="bergen")
    assert [each.lists for each in report.lines] == [("bergen",), ("bergen",)]
    assert _held(sqlite_store, "kari@x.example") == [("oslo", "manual", "bounced"), ("bergen", "manual", "bounced")]
    found = sqlite_store.show("per@x.example")
    assert found is not None
    assert [(each.list, each.status.value) for each in found.subscriptions] == [("bergen", "suppressed")]


def test_addresses_of_a_file_are_released_where_they_were_suppressed_so(
    sqlite_store: SubscriberStore, suppress_text: SuppressText, tmp_path: Path
) -> None:
    sqlite_store.add("kari@x.example", lists=["oslo"], basis="e: case 1")
    suppress_text("kari@x.example\nper@x.example\n")
    suppress_text("ola@x.example\n", list_slug="oslo")
    suppress_text("eva@x.example\n", note="asked")
    suppress(sqlite_store, "liv@x.example", reason=SuppressionReason.COMPLAINT, note="bounced")
    file = tmp_path / "back.csv"
    names = ("kari", "per", "per", "ola", "eva", "liv", "nobody")
    file.write_text("".join(f"{each}@x.example\n" for each in names) + "feil\n", "utf-8")
    wrong = release_file(sqlite_store, file, note="it was a mistake", noted="bounced")
    fates = (Fate.RELEASED, Fate.RELEASED, Fate.DUPLICATE, *[Fate.LEFT_ALONE] * 4, Fate.INVALID)
    assert [each.fate for each in wrong.lines] == list(fates)
    assert (wrong.applied, _held(sqlite_store, "per@x.example")) == (False, [("all", "manual", "bounced")])
    assert wrong.lines[7].reason == "'feil' is no e-mail address: An email address must have an @-sign."
    file.write_text(file.read_text("utf-8").replace("feil\n", ""), "utf-8")
    dry = release_file(sqlite_store, file, note="it was a mistake", noted=" bounced ", dry_run=True)
    assert (dry.applied, dry.lines) == (False, wrong.lines[:7])
    done = release_file(sqlite_store, file, note="it was a mistake", noted="bounced")
    assert (done.applied, done.lines) == (True, dry.lines)
    assert done.lines[0] == AddressLine(line=1, fate=Fate.RELEASED, address="kari@x.example", is_known=True)
    held = [_held(sqlite_store, f"{each}@x.example") for each in ("kari", "per", "ola", "eva", "liv")]
    assert [len(each) for each in held] == [0, 0, 1, 1, 1]
    (event,) = (each for each in sqlite_store.history("kari@x.example") if each.action == "released")
    assert event.detail == {"reason": "it was a mistake"}
    again = release_file(sqlite_store, file, note="it was a mistake", noted="bounced", list_slug="oslo")
    assert [each.address for each in again.lines if each.fate is Fate.RELEASED] == ["ola@x.example"]
    anew = suppress_text("kari@x.example\n", note="bounced again")
    assert (anew.count(Fate.SUPPRESSED), _held(sqlite_store, "kari@x.example")) == (
        *(1, [("all", "manual", "bounced again")]),
    )


@pytest.mark.parametrize(
    ("text", "line", "what", "hint"),
    [
        (
            "a@x.example;b@x.example\n",
            1,
            "this line has several cells, and no first line says which of them holds the address",
            "Name the column epost in the first line, or write one address on each line.",
        ),
        (
            "a@x.example\n\nb@x.example;Kari\n",
            3,
            "this line has several cells, and no first line says which of them holds the address",
            "Name the column epost in the first line, or write one address on each line.",
        ),
        (
            "navn;epost;E-mail\nKari;a@x.example;b@x.example\n",
            1,
            "two columns hold the address",
            "Remove one of them.",
        ),
        (
            "epost;avmeldt;status\na@x.example;;active\n",
            1,
            "a column of this file says something else of each line: status",
            "Every address of the file would be suppressed. Import the file, or remove the column.",
        ),
        (
            "epost;navn\na@x.example;Kari\n01010012356;Per\n",
            3,
            "this holds what looks like a fødselsnummer; nothing was taken in",
            "Remove it, and delete copies of the file.",
        ),
    ],
)
def test_a_file_that_does_not_say_whom_it_means_is_refused(
    text: str, line: int, what: str, hint: str, *, suppress_text: SuppressText, tmp_path: Path
) -> None:
    with pytest.raises(MailerError) as refused:
        suppress_text(text)
    error = refused.value
    assert (error.what, error.where, error.hint) == (what, f"{tmp_path / 'gone.csv'}:{line}", hint)


def test_columns_that_say_nothing_of_mail_may_stand_twice(suppress_text: SuppressText) -> None:
    report = suppress_text("merknad;epost;merknad;navn\nx;a@x.example;y;Kari\n")
    assert [(each.line, each.address) for each in report.lines] == [(2, "a@x.example")]


def test_somebody_says_why_and_names_no_number(suppress_text: SuppressText) -> None:
    with pytest.raises(MailerError) as refused:
        suppress_text("a@x.example\n", note=" ")
    assert (refused.value.what, refused.value.hint) == ("a reason is missing", "Say why, with --reason.")
    with pytest.raises(MailerError) as refused:
        suppress_text("a@x.example\n", note="asked, 01010012356")
    assert refused.value.where == "reason"
    assert suppress_text("\n") == replace(suppress_text(""), applied=True)
