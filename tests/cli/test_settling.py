"""`mailer resolve`: deliveries in doubt are settled by the mail server's own log, by a person who agrees to the number.

The rules are those of `usecases.settling`; what is shown, of `settling` and `decisions`.
"""

import gzip
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from mailer.bootstrap import build_services
from mailer.database.tables import attempt, delivery, run
from mailer.delivery.model import Attempt, DeliveryStatus, MailingDraft, Mark, PlannedDelivery
from mailer.message.compiled import FORM, CompiledMessage
from mailer.message.identity import make_message_id

Run = Callable[..., Any]
SLUG = "2024-01"
KARI, AASE = "kari@agder.example", "aase@oslo.example"
WHEN = datetime.now(UTC)
MINUTE = f"{WHEN:%b} {WHEN.day:2} {WHEN:%H:%M}"
SHOWN = " ".join(MINUTE.split())  # of words that are compared without their blanks
HEAD = MINUTE + ":{:02} relay postfix/{}[123]: A1B2C{}: {}"

OTHER = "another-key-of-many-letters"
UNNAMED = (
    f"these are not the keys that {SLUG} was signed with: without its own, no Message-ID of it is known, "
    "and no log can be searched for one"
)
PUT_BEHIND = (
    "Put the old key behind the new one: MAILER_SECRET_KEYS=NEW,OLD, or two lines of var/keys. "
    "When the old one is lost, decide with `mailer resolve --accepted` or `--resend`."
)


@pytest.fixture
def in_doubt(workspace: Path, mailer: Run) -> dict[str, dict[str, Any]]:
    return put_in_doubt(workspace, mailer)


def put_in_doubt(workspace: Path, mailer: Run, *, form: int = FORM, signed: bool = True) -> dict[str, dict[str, Any]]:
    """Plan two mailings, with one person in doubt in each; returns them by address."""
    compiled = CompiledMessage(
        segments=(b"", b"\r\n"),
        places=("message_id",),
        base_url="https://nyhetsbrev.example",
        return_path="retur@nyhetsbrev.example",
        verp=False,
        domain="nyhetsbrev.example",
        form=form,
    )
    services = build_services(workspace / "config.toml", announce=lambda _: None)
    for lists, address in ((("agder",), KARI), (("oslo",), AASE)):
        [person] = services.subscribers.find(address)
        draft = MailingDraft(slug=SLUG, content_hash="c", subject="s", lists=lists)
        draft = replace(draft, key_id=services.keys.newest_id) if signed else draft
        with services.ledger.open_plan(draft) as writer:
            writer.add_variant("nb:", compiled.to_bytes())
            writer.add([PlannedDelivery(person.id, address, address, lists, "nb:")])
        with services.ledger.start_run(writer.mailing_id) as sending:
            [claimed] = sending.claim(1)
            assert sending.marks([claimed.id])[claimed.id] is Mark.GO
            sending.record(Attempt(delivery=claimed, status=DeliveryStatus.IN_DOUBT, reply="cut"))
    services.close()
    mailings = mailer("status", SLUG, "--in-doubt", "--json").json["mailings"]
    found = {each["address"]: each | {"mailing": of["id"]} for of in mailings for each in of["deliveries"]}
    assert set(found) == {KARI, AASE}
    return found


def write_log(file: Path, people: dict[str, dict[str, Any]], statuses: dict[str, str]) -> Path:
    """Write a log of Postfix in which these people's messages are queued and came to something."""
    lines = list[str]()
    for number, (address, status) in enumerate(statuses.items()):
        lines += [
            HEAD.format(1, "cleanup", number, f"message-id={people[address]['message_id']}"),
            HEAD.format(2, "qmgr", number, "from=<b@nyhetsbrev.example>, size=9, nrcpt=1 (queue active)"),
            HEAD.format(3, "smtp", number, f"to=<{address}>, relay=mx, delay=1, dsn=2.0.0, status={status} (250 ok)"),
        ]
    file.write_text("\n".join([*lines, "garbled", ""]))
    return file


def replies() -> dict[str, str]:
    services = build_services(announce=lambda _: None)
    with services.database.reading() as connection:
        found = {row.recipient: row.reply for row in connection.execute(select(delivery))}
        tried = [*connection.execute(select(attempt.c.reply).where(attempt.c.outcome == "accepted")).scalars()]
    services.close()
    assert all(each in found.values() for each in tried)
    return found


def test_what_the_log_shows_is_settled_when_a_person_agrees_to_the_number(
    mailer: Run, in_doubt: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    log = write_log(tmp_path / "mail.log", in_doubt, {AASE: "bounced"})
    ask = ("resolve", SLUG, "--by-log", log)
    shown = mailer(*ask, "--dry-run")
    assert shown.code == 0
    words = " ".join(shown.out.split())
    assert f"{log}: 4 lines, from {SHOWN}:01 to {SHOWN}:03 1 line could not be read." in words
    assert re.search(rf"\d\d\.\d\d\.\d{{4}} \d\d:\d\d UTC taken: bounced \(250 ok\) {log}:3 {SHOWN}:03 A1B2C0", words)
    assert "not there" in words
    assert "By its log, the mail server has taken 1: 1 bounced." in words
    assert "1 stays in doubt: what a log does not show, it does not decide." in words
    assert words.endswith("Nothing was changed.")
    for wrong in ("2", "0"):
        refused = mailer(*ask, "--confirm", wrong)
        assert (refused.code, refused.err) == (
            1,
            f"error {SLUG}: you confirmed {wrong}, it is 1\nNothing was changed.\n",
        )
    assert [each["in_doubt"] for each in mailer("status", SLUG, "--json").json["mailings"]] == [1, 1]
    settled = mailer(*ask, typed="1\n")
    assert settled.code == 0
    assert settled.out.endswith(f"1 settled.\n  1 of mailing {in_doubt[AASE]['mailing']} (oslo)\n")
    assert [each["in_doubt"] for each in mailer("status", SLUG, "--json").json["mailings"]] == [1, 0]
    assert replies()[AASE] == f"log {log}:3: {MINUTE}:03 A1B2C0 status=bounced (250 ok)"
    [decision] = [each for each in mailer("log", SLUG, "--json").json["decisions"] if each["action"] == "resolved"]
    assert decision["detail"] == {"number": 1, "resolution": "accepted", "by": "log", "outcomes": {"bounced": 1}}
    assert "settled 1 delivery in doubt by the mail server's log: 1 bounced" in mailer("log", SLUG).out
    again = mailer(*ask, "--confirm", "0")
    assert (again.code, "Nothing is in doubt. Nothing was changed." in again.out) == (1, True)


def test_a_dry_run_shows_what_a_dead_sender_had_in_hand_and_takes_nothing_over(
    mailer: Run, in_doubt: dict[str, dict[str, Any]], workspace: Path, tmp_path: Path
) -> None:
    services = build_services(announce=lambda _: None)
    with services.database.writing() as connection:
        connection.execute(update(run).values(ended_at=None, heartbeat_at=WHEN - timedelta(hours=1)))
        connection.execute(delete(attempt))
        connection.execute(update(delivery).values(status=DeliveryStatus.IN_FLIGHT))
    services.close()
    log = write_log(tmp_path / "mail.log", in_doubt, {KARI: "sent", AASE: "sent"})
    before = _rows(workspace)
    shown = mailer("resolve", SLUG, "--by-log", log, "--dry-run", "--json")
    assert (shown.code, [each["finding"] for each in shown.json["deliveries"]]) == (0, ["taken", "taken"])
    refused = mailer("resolve", SLUG, "--by-log", log, "--confirm", "1")
    assert refused.err == f"error {SLUG}: you confirmed 1, it is 2\nNothing was changed.\n"
    assert _rows(workspace) == before
    assert mailer("resolve", SLUG, "--by-log", log, "--confirm", "2").code == 0
    assert [each["in_doubt"] for each in mailer("status", SLUG, "--json").json["mailings"]] == [0, 0]
    assert set(replies()) == {KARI, AASE}


def _rows(workspace: Path) -> list[str]:
    with closing(sqlite3.connect(workspace / "var" / "mailer.sqlite3")) as database:
        return [*database.iterdump()]


def test_mail_in_doubt_that_an_earlier_version_sent_is_settled_by_its_log(
    mailer: Run, workspace: Path, tmp_path: Path
) -> None:
    people = put_in_doubt(workspace, mailer, form=1)
    services = build_services(announce=lambda _: None)
    sent = make_message_id(
        services.keys,
        mailing_id=people[AASE]["mailing"],
        delivery_id=2,
        planned_at=None,
        domain="nyhetsbrev.example",
    )
    services.close()
    log = write_log(tmp_path / "mail.log", people | {AASE: people[AASE] | {"message_id": sent}}, {AASE: "sent"})
    assert mailer("resolve", SLUG, "--by-log", log, "--confirm", "1").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("case", ["lost", "another", "lost, of a version that named none"])
def test_without_the_keys_of_then_no_log_is_searched_and_no_message_id_is_told(
    mailer: Run, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    keys, is_lost = workspace / "var" / "keys", case != "another"
    build_services(announce=lambda _: None).keys  # noqa: B018 makes them, as the first mailing does
    people = put_in_doubt(workspace, mailer, signed=case in {"lost", "another"})
    log = write_log(tmp_path / "mail.log", people, {AASE: "sent"})
    old = keys.read_text("ascii").strip()
    if is_lost:
        keys.unlink()
    else:
        monkeypatch.setenv("MAILER_SECRET_KEYS", OTHER)
    before = _rows(workspace)
    for arguments in (("--dry-run",), ("--confirm", "0"), ("--confirm", "1")):
        refused = mailer("resolve", SLUG, "--by-log", log, *arguments)
        assert (refused.code, refused.err) == (1, f"error {SLUG}: {UNNAMED}\n{PUT_BEHIND}\n")
    for option in ("--in-doubt", "--failed"):
        told = " ".join(mailer("status", SLUG, option).out.split())
        assert (f"{SLUG}: {UNNAMED} {PUT_BEHIND}" in told) == (option == "--in-doubt")
    told = mailer("status", SLUG, "--in-doubt", "--json").json["mailings"]
    assert [each["message_id"] for of in told for each in of["deliveries"]] == [None, None]
    assert _rows(workspace) == before
    assert keys.exists() != is_lost
    monkeypatch.setenv("MAILER_SECRET_KEYS", f"{OTHER},{old}")
    assert UNNAMED not in " ".join(mailer("status", SLUG, "--in-doubt").out.split())
    assert mailer("resolve", SLUG, "--by-log", log, "--confirm", "1").code == 0


def test_mailings_whose_key_is_there_are_searched_for_while_that_of_another_is_gone(
    mailer: Run, in_doubt: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    services = build_services(announce=lambda _: None)
    services.ledger.sign_with(in_doubt[KARI]["mailing"], "a key that is lost")
    services.close()
    log = write_log(tmp_path / "mail.log", in_doubt, {AASE: "sent"})
    assert UNNAMED in mailer("resolve", SLUG, "--by-log", log, "--dry-run").err
    assert mailer("resolve", SLUG, "--by-log", log, "--to", AASE, "--confirm", "1").code == 0


def test_what_was_sent_with_the_keys_of_before_stays_in_doubt_and_it_is_said_why(
    workspace: Path, mailer: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mailing of the issue goes on with other keys, in which another person then comes into doubt."""
    people = put_in_doubt(workspace, mailer)
    old = (workspace / "var" / "keys").read_text("ascii").strip()
    log = write_log(tmp_path / "mail.log", people, {KARI: "sent", AASE: "sent"})
    monkeypatch.setenv("MAILER_SECRET_KEYS", OTHER)
    services = build_services(workspace / "config.toml", announce=lambda _: None)
    for each in people.values():
        services.ledger.sign_with(each["mailing"], services.keys.newest_id)
    with services.database.writing() as connection:  # the next copy to Aase goes out with the new keys
        later = datetime.now(UTC) + timedelta(seconds=1)
        of_her = run.c.mailing_id == people[AASE]["mailing"]
        connection.execute(update(run).where(of_her).values(started_at=later))
    services.close()
    found = {
        each["address"]: each
        for each in mailer("resolve", SLUG, "--by-log", log, "--dry-run", "--json").json["deliveries"]
    }
    assert (found[KARI]["finding"], found[AASE]["finding"]) == ("other_keys", "missing")
    shown = mailer("resolve", SLUG, "--by-log", log)
    assert shown.code == 1
    words = " ".join(shown.out.split())
    assert "sent before --other-keys" in words
    assert "Nothing was changed." in words
    monkeypatch.setenv("MAILER_SECRET_KEYS", f"{OTHER},{old}")
    assert mailer("resolve", SLUG, "--by-log", log, "--confirm", "1", "--to", KARI).code == 0, (
        "the keys of then are back"
    )
    assert replies()[KARI].startswith(f"log {log}")


def test_nobody_to_type_and_what_is_no_number_change_nothing(
    mailer: Run, in_doubt: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    log = write_log(tmp_path / "mail.log", in_doubt, {AASE: "sent", KARI: "sent"})
    nobody = mailer("resolve", SLUG, "--by-log", log)
    assert nobody.code == 1
    assert nobody.err.endswith(
        "error: nobody is here to type the number; nothing was changed\nIn scripts, give it with --confirm 2\n"
    )
    word = mailer("resolve", SLUG, "--by-log", log, typed="yes\n")
    assert word.code == 1
    assert word.err.endswith("error: the number was not typed; it is 2\nNothing was changed.\n")
    assert [each["in_doubt"] for each in mailer("status", SLUG, "--json").json["mailings"]] == [1, 1]


def test_a_tool_gets_the_evidence_for_each_and_the_mailings_they_belong_to(
    mailer: Run, in_doubt: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    log = write_log(tmp_path / "mail.log", in_doubt, {AASE: "sent"})
    before = mailer("resolve", SLUG, "--by-log", log, "--dry-run", "--json").json
    assert (before["settled"], before["mailings"], before["not_in_doubt"]) == (0, [], [])
    assert [(each["address"], each["finding"], each["mailing"]) for each in before["deliveries"]] == [
        (KARI, "missing", in_doubt[KARI]["mailing"]),
        (AASE, "taken", in_doubt[AASE]["mailing"]),
    ]
    missing, taken = before["deliveries"]
    assert missing["evidence"] is None
    assert taken["message_id"] == in_doubt[AASE]["message_id"]
    assert taken["evidence"] == {
        "file": str(log),
        "line": 3,
        "at": f"{MINUTE}:03",
        "queue_id": "A1B2C0",
        "recipients": [AASE],
        "status": "sent",
        "words": "(250 ok)",
    }
    assert (missing["came_back"], taken["came_back"]) == (None, None)
    assert before["logs"] == [
        {
            "name": str(log),
            "lines": 4,
            "garbled": 1,
            "first": f"{MINUTE}:01",
            "last": f"{MINUTE}:03",
            "is_cut": False,
        }
    ]
    after = mailer("resolve", SLUG, "--by-log", log, "--confirm", "1", "--json").json
    assert (after["settled"], after["mailings"]) == (1, [{"id": in_doubt[AASE]["mailing"], "settled": 1}])
    by_hand = mailer("resolve", SLUG, "--accepted", "--to", KARI, "--to", "nobody@x.example", "--json").json
    assert by_hand == {
        "slug": SLUG,
        "settled": 1,
        "waiting": 0,
        "not_in_doubt": ["nobody@x.example"],
        "mailings": [{"id": in_doubt[KARI]["mailing"], "settled": 1}],
    }


NEW = "kari.ny@agder.example"
EXIM = "{:%Y-%m-%d %H:%M:%S} +0000 1vPabc-000000001xY-0Z1a <= b@x.example H=a [127.0.0.1] P=esmtp S=9 id={}{}"


@pytest.fixture
def twice_in_doubt(mailer: Run, in_doubt: dict[str, dict[str, Any]], workspace: Path) -> str:
    """Have Kari move, send to the new address, and be in doubt there; returns the Message-ID, as a log has it."""
    del workspace
    assert mailer("subscribers", "move", KARI, NEW).code == 0
    assert mailer("resolve", SLUG, "--resend", "--to", KARI).code == 0
    services = build_services(announce=lambda _: None)
    with services.ledger.start_run(in_doubt[KARI]["mailing"]) as sending:
        [claimed] = sending.claim(1)
        assert sending.marks([claimed.id])[claimed.id] is Mark.GO
        sending.record(Attempt(delivery=claimed, status=DeliveryStatus.IN_DOUBT, reply="cut"))
    services.close()
    return str(in_doubt[KARI]["message_id"]).strip("<>")


@pytest.mark.parametrize(
    ("ago", "tail", "finding", "words"),
    [
        (23, f" for {KARI}", "other_recipient", f"taken for another address: {KARI}"),
        (0, f" for {KARI}", "other_recipient", f"taken for another address: {KARI}"),
        (0, " for other@x.example", "other_recipient", "taken for another address: other@x.example"),
        (0, "", "unnamed", "taken, but not for whom, and more than one copy was sent"),
        (23, "", "earlier", "taken, but before the copy in doubt was sent"),
        (23, f" for {NEW}", "earlier", "taken, but before the copy in doubt was sent"),
    ],
)
def test_a_log_of_another_copy_settles_nothing(
    mailer: Run,
    twice_in_doubt: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    ago: int,
    tail: str,
    finding: str,
    words: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    log = tmp_path / "mainlog"
    at = datetime.now(UTC) + timedelta(seconds=5) - timedelta(minutes=ago)
    log.write_text(EXIM.format(at, twice_in_doubt, tail) + "\n")
    ask = ("resolve", SLUG, "--by-log", log, "--to", NEW)
    shown = mailer(*ask)
    assert (shown.code, words in shown.out) == (1, True)
    found = mailer(*ask, "--json", "--dry-run").json["deliveries"]
    assert [(each["address"], each["finding"]) for each in found] == [(NEW, finding)]
    assert mailer(*ask, "--confirm", "1").code == 1
    log.write_text(EXIM.format(datetime.now(UTC) + timedelta(seconds=5), twice_in_doubt, f" for {NEW}") + "\n")
    assert mailer(*ask, "--confirm", "1").code == 0


@pytest.mark.parametrize(
    ("lang", "words", "counted"),
    [
        ("en", "taken: sent (250 ok); then it came back: bounced (550 no)", "has taken 1: 1 bounced."),
        ("nb", "tatt imot: sendt videre (250 ok); så kom det i retur: i retur (550 no)", "tatt imot 1: 1 i retur."),
    ],
)
def test_what_was_sent_and_came_back_is_shown_and_kept_with_both_lines(
    lang: str,
    words: str,
    counted: str,
    *,
    mailer: Run,
    in_doubt: dict[str, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAILER_INTERFACE__LANG", lang)
    monkeypatch.setenv("COLUMNS", "400")
    log = write_log(tmp_path / "mail.log", in_doubt, {AASE: "sent"})
    message_id = f"message-id={in_doubt[AASE]['message_id']}"
    back = f"to=<{AASE}>, relay=mx, delay=1, dsn=5.1.1, status=bounced (550 no)"
    log.write_text(f"{log.read_text()}{HEAD.format(4, 'cleanup', 9, message_id)}\n{HEAD.format(5, 'smtp', 9, back)}\n")
    found = mailer("resolve", SLUG, "--by-log", log, "--json", "--dry-run").json["deliveries"][1]
    assert (found["evidence"]["line"], found["came_back"]["line"]) == (3, 6)
    assert (found["evidence"]["status"], found["came_back"]["status"]) == ("sent", "bounced")
    shown = " ".join(mailer("resolve", SLUG, "--by-log", log, "--confirm", "1").out.split())
    assert words in shown
    assert f"{log}:3 {SHOWN}:03 A1B2C0 → {log}:6 {SHOWN}:05 A1B2C9" in shown
    assert counted in shown
    assert replies()[AASE].endswith(f"; came back: {log}:6: {MINUTE}:05 A1B2C9 status=bounced (550 no)")


def test_a_log_that_breaks_off_is_read_up_to_there_and_said_to(
    mailer: Run, in_doubt: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    log = write_log(tmp_path / "mail.log", in_doubt, {AASE: "sent"})
    log.write_bytes(gzip.compress(log.read_bytes())[:-8])
    shown = mailer("resolve", SLUG, "--by-log", log, "--confirm", "1")
    assert shown.code == 0
    assert (
        "The file breaks off: the rest is missing, and a last line that is not whole counts for nothing."
        in " ".join(shown.out.split())
    )


def test_only_those_named_are_looked_for(mailer: Run, in_doubt: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    log = write_log(tmp_path / "mail.log", in_doubt, {AASE: "sent", KARI: "sent"})
    options = ("--to", AASE.upper(), "--to", "nobody@x.example", "--confirm", "1")
    settled = mailer("resolve", SLUG, "--by-log", log, *options)
    assert settled.code == 0
    assert "nobody@x.example: not in doubt." in settled.out
    assert [each["in_doubt"] for each in mailer("status", SLUG, "--json").json["mailings"]] == [1, 0]


def test_a_log_that_shows_nothing_ends_with_1_and_the_message_id_is_the_one_that_was_sent(
    mailer: Run, in_doubt: dict[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the sender's address has another domain by now."""
    log = write_log(tmp_path / "mail.log", in_doubt, {AASE: "sent"})
    monkeypatch.setenv("MAILER_NEWSLETTER__FROM_ADDRESS", "redaksjon@nytt.example")
    listed = mailer("status", SLUG, "--in-doubt", "--json").json["mailings"][1]["deliveries"]
    assert [each["message_id"] for each in listed] == [in_doubt[AASE]["message_id"]]
    assert "1 settled." in mailer("resolve", SLUG, "--by-log", log, "--confirm", "1").out
    nothing = mailer("resolve", SLUG, "--by-log", log)
    assert (nothing.code, nothing.out.endswith("Nothing was changed.\n")) == (1, True)


def test_a_log_that_cannot_be_read_is_refused_before_anything(mailer: Run, in_doubt: Any, tmp_path: Path) -> None:
    del in_doubt
    away = mailer("resolve", SLUG, "--by-log", tmp_path / "away.log", "--confirm", "1")
    assert (away.code, "away.log" in away.err) == (74, True)
    (tmp_path / "letter.txt").write_text("Hei\n")
    letter = mailer("resolve", SLUG, "--by-log", tmp_path / "letter.txt", "--json", "--dry-run")
    assert letter.code == 1
    assert "is no log of Postfix or Exim" in letter.json["error"]["what"]


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "choose --accepted, --resend or --by-log"),
        (("--accepted", "--by-log", "x"), "choose --accepted, --resend or --by-log"),
        (("--accepted", "--dry-run"), "goes with --by-log"),
        (("--resend", "--confirm", "1"), "goes with --by-log"),
        (("--by-log", "x", "--json"), "with --by-log it goes with --dry-run or --confirm"),
    ],
)
def test_options_that_do_not_go_together_are_refused(mailer: Run, options: tuple[str, ...], words: str) -> None:
    refused = mailer("resolve", SLUG, *options)
    assert refused.code == 2
    assert words in " ".join((refused.err + refused.out).replace("│", " ").split())


@pytest.mark.parametrize(
    ("lang", "taken", "counted", "decided"),
    [
        ("nb", "tatt imot: i retur (250 ok)", "tatt imot 2: 1 «bounce», 1 i retur.", "1 «bounce», 1 i retur"),
        ("nn", "teken imot: i retur (250 ok)", "teke imot 2: 1 «bounce», 1 i retur.", "1 «bounce», 1 i retur"),
        ("en", "taken: bounced (250 ok)", "has taken 2: 1 bounce, 1 bounced.", "1 bounce, 1 bounced"),
    ],
)
def test_what_came_of_it_is_said_in_the_language_and_a_word_that_has_none_as_the_log_says_it(
    lang: str,
    taken: str,
    counted: str,
    decided: str,
    *,
    mailer: Run,
    in_doubt: dict[str, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAILER_INTERFACE__LANG", lang)
    monkeypatch.setenv("COLUMNS", "300")
    log = write_log(tmp_path / "mail.log", in_doubt, {AASE: "bounced", KARI: "bounce"})
    shown = " ".join(mailer("resolve", SLUG, "--by-log", log, "--confirm", "2").out.split())
    assert taken in shown
    assert counted in shown
    assert decided in mailer("log", SLUG).out


@pytest.mark.usefixtures("in_doubt")
def test_a_mailing_that_ends_names_the_one_that_waited_for_it(moody: Any, mailer: Run) -> None:
    assert mailer("resolve", SLUG, "--resend").code == 0
    ended = mailer("resume", SLUG)
    assert (ended.code, "1 in another mailing of 2024-01 is to be sent again." in ended.out) == (75, True)
    assert ended.out.endswith(f"mailer resume {SLUG}\n")
    assert mailer("resume", SLUG).code == 0
    assert moody.taken == [KARI, AASE]


@pytest.mark.usefixtures("workspace")
def test_an_issue_that_is_not_there_has_no_log_to_be_searched(mailer: Run, tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_text("")
    found = mailer("resolve", "2099-01", "--by-log", tmp_path / "mail.log")
    assert (found.code, 'there is no issue "2099-01"' in found.err) == (1, True)
