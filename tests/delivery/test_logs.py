"""Logs of mail servers: `lines` of Postfix and Exim, `tables` of Exchange, `reading` them and `searching` in them."""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.logs.lines import moment, parse_line
from mailer.delivery.logs.model import Evidence, InLog, LogLine, LogProgress, LogSummary, News, Sought, Step, Trails
from mailer.delivery.logs.reading import LONGEST_LINE, read_logs
from mailer.delivery.logs.searching import LogSearch, judge
from mailer.delivery.logs.tables import parse_header, parse_row, split_row
from mailer.errors import MailerError

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
OURS = "abc234@nyhetsbrev.example"
KARI = "kari@agder.example"
SOUGHT = Sought(
    message_id=OURS,
    addresses=frozenset({KARI}),
    sent_after=datetime(2026, 11, 9, 10, tzinfo=UTC),
    is_only_copy=True,
)
OTHER = "ola@agder.example"

QUEUED = "from=<b+1.2.x@nyhetsbrev.example>, size=98424, nrcpt=1 (queue active)"
SENT = (
    f"to=<{KARI}>, relay=mx.agder.example[192.0.2.1]:25, delay=0.9, delays=0.1/0/0.4/0.4, dsn=2.0.0, status=sent "
    "(250 2.0.0 Ok: queued as 4XyZ1)"
)


def postfix(service: str, words: str, *, at: str = "Nov 29 10:49:11", host: str = "relay") -> str:
    return f"{at} {host} postfix/{service}[123]: {words}"


def read(*texts: str | bytes, folder: Path) -> Trails:
    """Read logs with these texts, in this order."""
    names = []
    for number, text in enumerate(texts):
        file = folder / f"log{number}"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        names.append(str(file))
    return read_logs(names, {OURS}, standard_input=io.BytesIO(), now=NOW, on_progress=lambda _: None)


def look(*lines: str, folder: Path, sought: Sought = SOUGHT) -> Evidence:
    trails = read("\n".join([*lines, ""]), folder=folder)
    return judge(sought, trails.sightings.get(OURS, ()), now=NOW)


Look = Callable[..., Evidence]


@pytest.fixture
def looked(tmp_path: Path) -> Look:
    """Look for Kari's message in the lines of a log."""
    return lambda *lines: look(*lines, folder=tmp_path)


# --- Postfix ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("queue_id", ["4F2C81B003A", "4XyZbdT0nFz3v"], ids=["short", "long"])
@pytest.mark.parametrize(
    "head",
    [
        "Nov 29 10:49:11 relay postfix/{}[123]: ",
        "Nov  9 10:49:11.123456 relay.example postfix/{}[123]: ",
        "2026-11-29T10:49:11.123456+01:00 relay postfix/{}[123]: ",
        "2026-11-29T10:49:11+0100 relay postfix/{}: ",
        "2026-11-29T09:49:11Z relay postfix-out/{}[123]: ",
        "Nov 29 10:49:11 relay postfix/relay/{}[123]: ",
        "<22>Nov 29 10:49:11 2001:db8::1 mx-2/{}[123]: ",
    ],
)
def test_a_message_is_joined_by_its_queue_id(looked: Look, head: str, queue_id: str) -> None:
    evidence = looked(
        head.format("smtpd") + f"{queue_id}: client=desk.example[192.0.2.9]",
        head.format("cleanup") + f"{queue_id}: message-id=<{OURS}>",
        head.format("qmgr") + f"{queue_id}: {QUEUED}",
        head.format("smtp") + f"{queue_id}: {SENT}",
        head.format("qmgr") + f"{queue_id}: removed",
    )
    assert evidence.finding is InLog.TAKEN
    assert evidence.sighting is not None
    news, place = evidence.sighting
    assert (news.status, news.queue_id, place.line) == ("sent", queue_id, 4)
    assert news.words == "(250 2.0.0 Ok: queued as 4XyZ1)"
    assert head.startswith(("<22>", news.at))


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (f"smtp to=<{KARI}>, relay=mx[1.2.3.4]:25, delay=1, dsn=5.1.1, status=bounced (host said: 550 no)", "bounced"),
        (f"smtp to=<{KARI}>, relay=none, delay=1, dsn=4.4.1, status=deferred (connect to mx: refused)", "deferred"),
        (f"discard to=<{KARI}>, relay=none, delay=0, dsn=2.0.0, status=sent (agder.example)", "discarded"),
        (f"local to=<{KARI}>, relay=local, dsn=2.0.0, status=sent (delivered to file: /dev/null)", "discarded"),
        (f"smtp to=<{KARI}>, relay=mx, delay=1, dsn=5.1.1, status=SOFTBOUNCE (550 no)", "SOFTBOUNCE"),
        (f"lmtp to=<{KARI}>, relay=d[private/lmtp], delay=1, dsn=2.0.0, status=sent (250 Saved)", "sent"),
        (f"local to=<k@box.example>, orig_to=<{KARI}>, relay=local, delay=1, dsn=2.0.0, status=sent (box)", "sent"),
        (f"error to=<{KARI.upper()}>, relay=none, delay=1, dsn=5.0.0, status=bounced (dead)", "bounced"),
        (f"qmgr {QUEUED}", "queued"),
        ("qmgr from=<b@nyhetsbrev.example>, status=expired, returned to sender", "expired"),
        ("qmgr from=<b@nyhetsbrev.example>, status=force-expired, returned to sender", "expired"),
    ],
)
def test_what_the_relay_did_with_it_proves_that_it_was_taken(looked: Look, words: str, status: str) -> None:
    service, _, said = words.partition(" ")
    evidence = looked(postfix("cleanup", f"A1B2C3: message-id=<{OURS}>"), postfix(service, f"A1B2C3: {said}"))
    assert (evidence.finding, evidence.sighting and evidence.sighting.news.status) == (InLog.TAKEN, status)


@pytest.mark.parametrize(
    ("lines", "finding"),
    [
        ([postfix("cleanup", f"A1B2C3: message-id=<{OURS}>")], InLog.NOT_QUEUED),
        (
            [
                postfix("cleanup", f"A1B2C3: message-id=<{OURS}>"),
                postfix("cleanup", f"A1B2C3: milter-reject: END-OF-MESSAGE from desk: 5.7.1 no; to=<{KARI}>"),
                postfix("smtpd", "lost connection after DATA (1234 bytes) from desk.example[192.0.2.9]"),
            ],
            InLog.NOT_QUEUED,
        ),
        ([postfix("qmgr", f"A1B2C3: {QUEUED}"), postfix("smtp", f"A1B2C3: {SENT}")], InLog.MISSING),
        ([postfix("cleanup", "A1B2C3: message-id=<x@y.example>"), postfix("smtp", f"A1B2C3: {SENT}")], InLog.MISSING),
        (
            [
                postfix("cleanup", f"A1B2C3: message-id=<{OURS}>"),
                postfix("smtp", f"A1B2C3: {SENT}".replace(KARI, "ola@agder.example")),
            ],
            InLog.OTHER_RECIPIENT,
        ),
        (
            [
                postfix("cleanup", f"A1B2C3: message-id=<{OURS}>"),
                postfix("smtp", f"A1B2C3: {SENT}".replace(KARI, "ola@agder.example")),
                postfix("cleanup", f"D4E5F6: message-id=<{OURS}>"),
                postfix("qmgr", f"D4E5F6: {QUEUED}"),
            ],
            InLog.OTHER_RECIPIENT,
        ),
        (
            [
                postfix("cleanup", f"A1B2C3: message-id=<{OURS}>"),
                postfix("smtp", f"A1B2C3: to=<{KARI}>, relay=mx, delay=1, dsn=2.0.0, status=se"),
            ],
            InLog.NOT_QUEUED,
        ),
        (
            [
                postfix("cleanup", f"A1B2C3: message-id=<{OURS}>"),
                postfix("smtp", f"A1B2C3: to=<{KARI}>, relay=mx, delay=1, dsn=2.0.0, status=deliverable (250 ok)"),
            ],
            InLog.NOT_QUEUED,
        ),
    ],
    ids=[
        "named only",
        "refused at the end",
        "no Message-ID",
        "another Message-ID",
        "another recipient",
        "moved",
        "cut in its status",
        "an address asked for",
    ],
)
def test_what_does_not_show_that_this_message_was_queued_for_this_person_decides_nothing(
    looked: Look, lines: list[str], finding: InLog
) -> None:
    assert looked(*lines).finding is finding


@pytest.mark.parametrize(
    "between",
    [
        [postfix("smtpd", "A1B2C3: client=other.example[192.0.2.7]")],
        [postfix("pickup", "A1B2C3: uid=0 from=<root>")],
        [postfix("cleanup", "A1B2C3: message-id=<other@other.example>")],
        [postfix("cleanup", "A1B2C3: message-id=<>")],
        [postfix("cleanup", "A1B2C3: message-id=no brackets")],
        [postfix("qmgr", "A1B2C3: removed")],
    ],
)
def test_a_queue_id_that_another_message_has_by_now_is_not_taken_for_ours(looked: Look, between: list[str]) -> None:
    """One that was never queued gives its id back without a word."""
    named = postfix("cleanup", f"A1B2C3: message-id=<{OURS}>")
    assert looked(named, *between, postfix("qmgr", f"A1B2C3: {QUEUED}")).finding is InLog.NOT_QUEUED


def test_what_cleanup_warns_of_takes_no_queue_id_away(looked: Look) -> None:
    named = postfix("cleanup", f"A1B2C3: message-id=<{OURS}>")
    warned = postfix("cleanup", "A1B2C3: warning: header Subject: Nyhetsbrev; from=<> to=<>")
    assert looked(named, warned, postfix("qmgr", f"A1B2C3: {QUEUED}")).finding is InLog.TAKEN
    by_another = postfix("smtp", f"A1B2C3: message-id=<{OURS}>")
    assert looked(by_another, postfix("qmgr", f"A1B2C3: {QUEUED}")).finding is InLog.MISSING


def test_queues_of_two_relays_and_of_two_instances_are_kept_apart(looked: Look) -> None:
    named = postfix("cleanup", f"A1B2C3: message-id=<{OURS}>")
    assert looked(named, postfix("qmgr", f"A1B2C3: {QUEUED}", host="other")).finding is InLog.NOT_QUEUED
    other = postfix("qmgr", f"A1B2C3: {QUEUED}").replace("postfix/", "postfix-in/")
    assert looked(named, other).finding is InLog.NOT_QUEUED


def test_what_a_content_filter_gave_back_or_was_requeued_is_followed(looked: Look) -> None:
    handed = SENT.replace("4XyZ1", "D4E5F6")
    bounced = f"D4E5F6: to=<{KARI}>, relay=mx[1.2.3.4]:25, delay=1, dsn=5.1.1, status=bounced (550 no)"
    evidence = looked(
        postfix("cleanup", f"A1B2C3: message-id=<{OURS}>"),
        postfix("qmgr", f"A1B2C3: {QUEUED}"),
        postfix("cleanup", f"D4E5F6: message-id=<{OURS}>"),
        postfix("qmgr", f"D4E5F6: {QUEUED}"),
        postfix("smtp", bounced),
        postfix("smtp", f"A1B2C3: {handed}"),
    )
    assert evidence.sighting is not None
    assert (evidence.sighting.news.status, evidence.sighting.place.line) == ("bounced", 5)


def test_that_it_was_delivered_counts_before_what_came_later(looked: Look) -> None:
    """Two copies, of which one was delivered."""
    deferred = f"D4E5F6: to=<{KARI}>, relay=none, delay=1, dsn=4.4.1, status=deferred (later)"
    evidence = looked(
        postfix("cleanup", f"A1B2C3: message-id=<{OURS}>"),
        postfix("smtp", f"A1B2C3: {SENT}"),
        postfix("cleanup", f"D4E5F6: message-id=<{OURS}>"),
        postfix("smtp", deferred),
    )
    assert evidence.sighting is not None
    assert evidence.sighting.news.status == "sent"


def test_what_another_queue_says_of_its_return_is_shown_beside_what_was_sent(looked: Look) -> None:
    """Names of queues that the relay's answer cut short, or of a relay further on, join nothing by themselves."""
    bounced = f"D4E5F6: to=<{KARI}>, relay=mx[1.2.3.4]:25, delay=1, dsn=5.1.1, status=bounced (550 no)"
    first = [postfix("cleanup", f"A1B2C3: message-id=<{OURS}>"), postfix("smtp", f"A1B2C3: {SENT}")]
    second = [postfix("cleanup", f"D4E5F6: message-id=<{OURS}>"), postfix("smtp", bounced)]
    evidence = looked(*first, *second)
    assert evidence.sighting is not None
    assert evidence.came_back is not None
    assert (evidence.sighting.news.status, evidence.sighting.place.line) == ("sent", 2)
    assert (evidence.came_back.news.status, evidence.came_back.place.line) == ("bounced", 4)
    assert looked(*second, *first).came_back is None  # one that came back, and one that was sent later
    assert looked(*first).came_back is None


@pytest.mark.parametrize("status", ["bounced (no)", "expired (no)", "force-expired (no)"])
def test_each_word_for_a_return_is_one(looked: Look, status: str) -> None:
    named = postfix("cleanup", f"A1B2C3: message-id=<{OURS}>")
    evidence = looked(
        named, postfix("smtp", f"A1B2C3: {SENT}"), postfix("smtp", f"A1B2C3: to=<{KARI}>, relay=mx, status={status}")
    )
    assert evidence.came_back is not None
    assert looked(named, postfix("smtp", f"A1B2C3: {SENT}")).came_back is None


# --- Several copies with one Message-ID, and lines from before ---------------------------------------

AGAIN = replace(SOUGHT, sent_after=datetime(2026, 11, 29, 10, 49, 11, 900_000, tzinfo=UTC), is_only_copy=False)
NAMED = f"A1B2C3: message-id=<{OURS}>"


@pytest.mark.parametrize(
    ("at", "is_only", "finding"),
    [
        ("Nov 29 10:49:11", False, InLog.TAKEN),
        ("Nov 29 10:49:10", False, InLog.EARLIER),
        ("2026-11-29T11:49:11+01:00", False, InLog.TAKEN),
        ("2026-11-29T11:49:10+01:00", False, InLog.EARLIER),
        ("Nov 28 22:49:11", True, InLog.TAKEN),
        ("Nov 28 22:49:10", True, InLog.EARLIER),
        ("2026-11-29T11:48:11+01:00", True, InLog.TAKEN),
        ("2026-11-29T11:48:10+01:00", True, InLog.EARLIER),
        ("2026-11-29T10:48:10Z", True, InLog.EARLIER),
        ("Nov 20 10:49:11", True, InLog.EARLIER),
        ("Nov 31 10:49:11", True, InLog.TAKEN),
        ("Nov 31 10:49:11", False, InLog.EARLIER),
    ],
)
def test_a_line_from_before_the_copy_in_doubt_settles_nothing(
    tmp_path: Path, at: str, finding: InLog, *, is_only: bool
) -> None:
    """Of a single copy a time without a zone may be of any zone; a time that is none may be any."""
    lines = (postfix("cleanup", NAMED), postfix("smtp", f"A1B2C3: {SENT}", at=at))
    assert look(*lines, folder=tmp_path, sought=replace(AGAIN, is_only_copy=is_only)).finding is finding


@pytest.mark.parametrize(
    ("lines", "of_only_copy", "of_several"),
    [
        ([postfix("qmgr", f"A1B2C3: {QUEUED}")], InLog.TAKEN, InLog.UNNAMED),
        ([postfix("qmgr", f"A1B2C3: {QUEUED}"), postfix("smtp", f"A1B2C3: {SENT}")], InLog.TAKEN, InLog.TAKEN),
        (
            [postfix("qmgr", f"A1B2C3: {QUEUED}"), postfix("smtp", f"A1B2C3: {SENT.replace(KARI, OTHER)}")],
            InLog.OTHER_RECIPIENT,
            InLog.OTHER_RECIPIENT,
        ),
    ],
)
def test_a_line_that_names_nobody_settles_only_what_was_sent_once(
    tmp_path: Path, lines: list[str], of_only_copy: InLog, of_several: InLog
) -> None:
    found = [
        look(postfix("cleanup", NAMED), *lines, folder=tmp_path, sought=replace(AGAIN, is_only_copy=is_only)).finding
        for is_only in (True, False)
    ]
    assert found == [of_only_copy, of_several]


# --- Exim -------------------------------------------------------------------------------------------

ARRIVED = f"<= b@nyhetsbrev.example H=desk (a) [192.0.2.9] P=esmtps X=TLS1.3 S=98424 id={OURS}"


@pytest.mark.parametrize("exim_id", ["1ajLoq-0001wC-Pk", "1vPabc-000000001Xy-0aBc"], ids=["before 4.97", "4.97"])
@pytest.mark.parametrize(
    "head",
    [
        "2026-11-29 10:49:11 ",
        "2026-11-29 10:49:11.123 +0100 [4711] ",
        "Nov 29 10:49:11 relay exim[4711]: 2026-11-29 10:49:11 ",
        "Nov 29 10:49:11 relay exim[4711]: ",
    ],
)
@pytest.mark.parametrize(
    ("words", "status"),
    [
        (f'=> {KARI} R=dnslookup T=remote_smtp H=mx [192.0.2.1] C="250 OK id=x"', "sent"),
        (f"-> {KARI} R=dnslookup T=remote_smtp H=mx [192.0.2.1]", "sent"),
        (f"=> kari <{KARI}> R=local_user T=mail_spool", "sent"),
        (f"=> kari (team@agder.example) <{KARI}> R=local_user T=mail_spool", "sent"),
        (f"=> :blackhole: <{KARI}> R=system_aliases", "discarded"),
        (f"=> /dev/null <{KARI}> R=system_aliases T=**bypassed**", "discarded"),
        (f"** {KARI} R=dnslookup T=remote_smtp: SMTP error from remote mail server: 550 no such user", "bounced"),
        (f"** {KARI}: Unrouteable address", "bounced"),
        (f"== {KARI} R=dnslookup T=remote_smtp defer (111): Connection refused", "deferred"),
        ("Completed", "queued"),
    ],
)
def test_exims_main_log_is_read(looked: Look, head: str, exim_id: str, words: str, status: str) -> None:
    evidence = looked(f"{head}{exim_id} {ARRIVED} for {KARI}", f"{head}{exim_id} {words}")
    assert (evidence.finding, evidence.sighting and evidence.sighting.news.status) == (InLog.TAKEN, status)
    assert evidence.sighting is not None
    assert evidence.sighting.news.queue_id == exim_id


@pytest.mark.parametrize(
    "arrived",
    [
        ARRIVED.replace(OURS, "other@x.example"),
        ARRIVED.replace(f"id={OURS}", "id=other@x.example") + f' T="Re id={OURS} x"',
        f'<= b@nyhetsbrev.example H=desk S=1 T="see id={OURS} there"',
        "<= <> R=1ajLoq-0001wC-Pk U=Debian-exim P=local S=2042",
    ],
)
def test_exim_lines_with_another_message_id_or_with_ours_in_the_subject_are_not_ours(
    looked: Look, arrived: str
) -> None:
    head = "2026-11-29 10:49:11 1ajLoq-0001wC-Pk "
    assert looked(head + arrived, f"{head}=> {KARI} R=dnslookup T=remote_smtp").finding is InLog.MISSING


@pytest.mark.parametrize(
    ("tail", "finding"),
    [
        ("", InLog.TAKEN),
        (f" for {KARI}", InLog.TAKEN),
        (f" for {KARI.upper()}", InLog.TAKEN),
        (f" for {OTHER} {KARI}", InLog.TAKEN),
        (f' T="til \\"deg\\" for {OTHER}" from <b@x.example> for {KARI}', InLog.TAKEN),
        (f" for {OTHER}", InLog.OTHER_RECIPIENT),
        (f" for {OTHER} third@x.example", InLog.OTHER_RECIPIENT),
        (f" for x<{KARI}>", InLog.OTHER_RECIPIENT),
        (f" for x{KARI}", InLog.OTHER_RECIPIENT),
        (f' T="x for {KARI}" for {OTHER}', InLog.OTHER_RECIPIENT),
        (f' T="x for {KARI}"', InLog.TAKEN),
    ],
)
def test_whom_exim_has_taken_it_for_stands_at_the_end_of_the_line(looked: Look, tail: str, finding: InLog) -> None:
    evidence = looked(f"2026-11-29 10:49:11 1ajLoq-0001wC-Pk {ARRIVED}{tail}")
    assert evidence.finding is finding
    assert evidence.sighting is not None
    assert evidence.sighting.news.status == "queued"


# --- Exchange ---------------------------------------------------------------------------------------

TRACE = "Received,SenderAddress,RecipientAddress,Subject,Status,ToIP,FromIP,Size,MessageId,MessageTraceId"


def traced(status: str, *, to: str = KARI, message_id: str = f"<{OURS}>") -> str:
    return (
        f'"2026-11-29T10:49:11","b@nyhetsbrev.example","{to}","Nyhetsbrev, nr. 4","{status}",,,98424,"{message_id}",7'
    )


@pytest.mark.parametrize(
    "status", ["Delivered", "Failed", "Pending", "Expanded", "Quarantined", "FilteredAsSpam", "GettingStatus"]
)
def test_a_message_trace_says_that_the_service_has_it(looked: Look, status: str) -> None:
    evidence = looked(TRACE, traced(status))
    assert evidence.finding is InLog.TAKEN
    assert evidence.sighting is not None
    news, place = evidence.sighting
    assert (news.status, news.at, news.queue_id, place.line) == (status, "2026-11-29T10:49:11", "7", 2)


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        (traced(""), InLog.NOT_QUEUED),
        (traced("None"), InLog.NOT_QUEUED),
        (traced("Delivered", message_id="<other@x.example>"), InLog.MISSING),
        (traced("Delivered", message_id=""), InLog.MISSING),
        (traced("Delivered", to=""), InLog.NOT_QUEUED),
        (traced("Delivered", to="ola@agder.example"), InLog.OTHER_RECIPIENT),
    ],
)
def test_a_row_that_does_not_say_it_decides_nothing(looked: Look, row: str, finding: InLog) -> None:
    assert looked(TRACE, row).finding is finding


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_trace_is_read_in_each_encoding_and_with_each_delimiter(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    rows = [["Message ID", "Recipient address", "Status"], [f"<{OURS}>", KARI.upper(), "Delivered"]]
    text = "\r\n".join(["#TYPE Microsoft.Exchange", *(delimiter.join(f'"{each}"' for each in row) for row in rows)])
    trails = read(text.encode(encoding), folder=tmp_path)
    assert judge(SOUGHT, trails.sightings[OURS], now=NOW).finding is InLog.TAKEN
    assert trails.logs[0].garbled == 0


def test_an_enhanced_summary_names_recipients_with_their_events(looked: Look) -> None:
    header = (
        "origin_timestamp_utc,sender_address,recipient_status,message_subject,total_bytes,message_id,network_message_id"
    )
    row = (
        f'2026-11-29T10:49:11.1234567Z,b@x.example,"ola@x.example##Receive, Send;{KARI}##Receive, Fail",S,1,<{OURS}>,n1'
    )
    evidence = looked(header, row)
    assert evidence.finding is InLog.TAKEN
    assert evidence.sighting is not None
    assert evidence.sighting.news.status == "Receive, Fail"


FIELDS = (
    "#Fields: date-time,client-ip,source,event-id,internal-message-id,message-id,network-message-id,"
    "recipient-address,recipient-status,total-bytes,message-subject"
)


@pytest.mark.parametrize(
    ("source", "event", "finding"),
    [
        ("SMTP", "RECEIVE", InLog.TAKEN),
        ("SMTP", "SEND", InLog.TAKEN),
        ("STOREDRIVER", "DELIVER", InLog.TAKEN),
        ("QUEUE", "DEFER", InLog.TAKEN),
        ("AGENT", "FAIL", InLog.NOT_QUEUED),
        ("SMTP", "HARECEIVE", InLog.NOT_QUEUED),
    ],
)
def test_the_tracking_log_of_exchange_is_read(looked: Look, source: str, event: str, finding: InLog) -> None:
    row = f"2026-11-29T09:49:11.123Z,192.0.2.9,{source},{event},42,<{OURS}>,n1,ola@x.example;{KARI},,98424,Nyhetsbrev"
    evidence = looked(
        "#Software: Microsoft Exchange Server", "#Version: 15.02", "#Log-type: Message Tracking Log", FIELDS, row
    )
    assert evidence.finding is finding


def test_a_subject_on_several_lines_is_one_row_and_a_quotation_mark_that_is_never_closed_costs_one(
    tmp_path: Path,
) -> None:
    broken, two_lines = traced("Delivered").replace(', nr. 4"', ""), traced("Delivered").replace("nr. 4", "nr.\n4")
    many = [traced("Delivered", message_id=f"<{each}@x.example>") for each in range(40)]
    trails = read("\n".join([TRACE, broken, *many, two_lines]), folder=tmp_path)
    [log] = trails.logs
    assert (log.lines, log.garbled) == (44, 1)
    [sighting] = trails.sightings[OURS]
    assert sighting.place.line == 43


@pytest.mark.parametrize("row", ['"a"b,c', 'a,"b', 'a,"b""'])
def test_a_row_with_a_quotation_mark_too_many_or_too_few_is_garbled(row: str) -> None:
    assert split_row('a,"b ""c"""', ",") == ["a", 'b "c"']
    assert split_row(row, ",") is None


def test_a_quotation_mark_that_is_not_closed_before_the_table_ends_costs_the_last_row(tmp_path: Path) -> None:
    broken = traced("Delivered", message_id="<other@x.example>").replace(', nr. 4"', "")
    trails = read("\n".join([TRACE, traced("Delivered"), broken]), folder=tmp_path)
    [log] = trails.logs
    assert (log.lines, log.garbled, [*trails.sightings]) == (3, 1, [OURS])


# --- Files ------------------------------------------------------------------------------------------

LOG = "\n".join(
    [
        postfix("cleanup", f"A1B2C3: message-id=<{OURS}>"),
        postfix("qmgr", f"A1B2C3: {QUEUED}", at="Nov 29 10:49:12"),
        "\x00\x00 half a li",
        "",
        postfix("smtp", f"A1B2C3: {SENT}", at="Nov 29 10:49:13"),
        "Nov 29 10:49:14 relay sshd[1]: session closed",
        "",
    ]
)


def test_an_empty_log_says_nothing(tmp_path: Path) -> None:
    trails = read("", folder=tmp_path)
    empty = LogSummary(name=str(tmp_path / "log0"), lines=0, garbled=0, first="", last="", is_cut=False)
    assert (trails.logs, trails.sightings) == ((empty,), {})


@pytest.mark.parametrize("pack", [lambda each: each, gzip.compress, lzma.compress, bz2.compress])
def test_logs_are_read_packed_or_not_and_lines_that_are_none_are_counted(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    trails = read(pack(LOG.encode()), folder=tmp_path)
    assert judge(SOUGHT, trails.sightings[OURS], now=NOW).finding is InLog.TAKEN
    [log] = trails.logs
    assert (log.lines, log.garbled, log.is_cut) == (6, 1, False)
    assert (log.first, log.last) == ("Nov 29 10:49:11", "Nov 29 10:49:14")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_a_packed_log_that_breaks_off_is_read_up_to_there(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    noise = "".join(postfix("smtpd", f"connect from {each * 7919 % 99991}") + "\n" for each in range(3_000))
    whole = pack((LOG + noise).encode())
    trails = read(whole[: len(whole) * 9 // 10], folder=tmp_path)
    assert trails.logs[0].is_cut
    if pack is not bz2.compress:  # which gives nothing before a block of 900 kB is whole
        assert judge(SOUGHT, trails.sightings[OURS], now=NOW).finding is InLog.TAKEN


@pytest.mark.parametrize(
    ("pack", "missing", "lines"),
    [(gzip.compress, 1, 6), (gzip.compress, 8, 6), (gzip.compress, 12, 5), (lzma.compress, 12, 6)],
)
def test_a_small_packed_log_without_its_last_bytes_is_read_as_far_as_it_unpacks(
    tmp_path: Path, pack: Callable[[bytes], bytes], missing: int, lines: int
) -> None:
    trails = read(pack(LOG.encode())[:-missing], folder=tmp_path)
    assert judge(SOUGHT, trails.sightings[OURS], now=NOW).finding is InLog.TAKEN
    assert (trails.logs[0].lines, trails.logs[0].is_cut) == (lines, True)


@pytest.mark.parametrize(
    "line",
    [
        postfix("smtp", f"A1B2C3: {SENT}"),
        f"2026-11-29 10:49:11 1ajLoq-0001wC-Pk {ARRIVED} for {KARI}",
        f"2026-11-29 10:49:11 1ajLoq-0001wC-Pk {ARRIVED}",
    ],
)
@pytest.mark.parametrize(("end", "finding", "is_cut"), [("\n", "taken", False), ("", "not_queued", True)])
def test_a_last_line_without_its_end_proves_nothing(
    tmp_path: Path, line: str, end: str, finding: str, *, is_cut: bool
) -> None:
    """The address at its end may go on."""
    trails = read(f"{postfix('cleanup', NAMED)}\n{line}{end}", folder=tmp_path)
    assert judge(SOUGHT, trails.sightings[OURS], now=NOW).finding == finding
    assert trails.logs[0].is_cut is is_cut


def test_of_a_line_that_is_too_long_nothing_is_proved_and_the_file_is_whole(tmp_path: Path) -> None:
    line = postfix("smtp", f"A1B2C3: {SENT}")
    trails = read(f"{postfix('cleanup', NAMED)}\n{line}{'x' * LONGEST_LINE}\n", folder=tmp_path)
    assert judge(SOUGHT, trails.sightings[OURS], now=NOW).finding is InLog.NOT_QUEUED
    assert not trails.logs[0].is_cut


def test_logs_are_put_in_the_order_of_their_times(tmp_path: Path) -> None:
    """As `mail.log mail.log.1` names them: the newest first."""
    older, newer = LOG.split("\x00")[0], LOG.rpartition("\n\n")[2]
    trails = read(newer, older, folder=tmp_path)
    assert [Path(each.name).name for each in trails.logs] == ["log1", "log0"]
    evidence = judge(SOUGHT, trails.sightings[OURS], now=NOW)
    assert evidence.sighting is not None
    assert (evidence.sighting.news.status, Path(evidence.sighting.place.file).name) == ("sent", "log0")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("Nov 29 10:49:11", "2026-11-29T10:49:11+00:00"),
        ("Nov 30 11:00:00.5", "2026-11-30T11:00:00+00:00"),
        ("Dec  1 12:00:00", "2025-12-01T12:00:00+00:00"),
        ("Feb 29 12:00:00", "2024-02-29T12:00:00+00:00"),
        ("Nov 29 2024 10:49:11", "2024-11-29T10:49:11+00:00"),
        ("2026-11-29T10:49:11,5+01:00", "2026-11-29T10:49:11.500000+01:00"),
        ("2026-11-29 10:49:11", "2026-11-29T10:49:11+00:00"),
        ("2026-11-29 10:49:11.5 +0100", "2026-11-29T10:49:11.500000+01:00"),
        ("2026-11-29 10:49:11 -0500", "2026-11-29T10:49:11-05:00"),
        ("Foo 29 10:49:11", None),
        ("Nov 31 10:49:11", None),
        ("11/29/2026 10:49", None),
    ],
)
def test_a_time_without_a_year_is_of_the_last_one_that_it_can_be(at: str, expected: str | None) -> None:
    found = moment(at, now=NOW)
    assert (found and found.isoformat()) == expected


def test_29_february_may_be_eight_years_ago() -> None:
    found = moment("Feb 29 12:00:00", now=NOW.replace(year=2104, month=1))
    assert found is not None
    assert found.year == 2096


def test_of_what_a_relay_says_the_first_three_hundred_letters_are_kept() -> None:
    line = parse_line(postfix("smtp", f"A1B2C3: to=<{KARI}>, relay=x, status=sent ({'å  ' * 400}"))
    assert line is not None
    assert line.news is not None
    assert line.news.words == f"({' '.join('å' * 200)}"[:300]
    assert len(line.news.words) == 300


def test_a_header_is_looked_for_below_comments_and_a_log_without_end_is_not_read_for_one(tmp_path: Path) -> None:
    for comments, is_table in ((199, True), (200, False)):
        text = "#x\n" * comments + f"{TRACE}\n{traced('Delivered')}\n"
        if is_table:
            assert read(text, folder=tmp_path).sightings[OURS]
        else:
            with pytest.raises(MailerError, match="no log"):
                read(text, folder=tmp_path)


def test_standard_input_is_read_and_stays_open(tmp_path: Path) -> None:
    del tmp_path
    stream = io.BufferedReader(io.BytesIO(gzip.compress(LOG.encode())))
    trails = read_logs(["-"], {OURS}, standard_input=stream, now=NOW, on_progress=lambda _: None)
    assert trails.logs[0].name == "-"
    assert not stream.closed


@pytest.mark.parametrize(
    ("content", "what", "hint"),
    [
        (
            b"Hei\n" * 300,
            "{file} is no log of Postfix or Exim, and no message trace of Exchange",
            "Give Postfix's mail.log, Exim's mainlog, or a message trace as CSV with English headings.",
        ),
        (
            b"\x28\xb5\x2f\xfdxyz",
            "{file} is packed in a way that mailer cannot undo",
            "Unpack it first; .gz, .xz and .bz2 can stay as they are.",
        ),
        (
            b"PK\x03\x04",
            "{file} is packed in a way that mailer cannot undo",
            "Unpack it first; .gz, .xz and .bz2 can stay as they are.",
        ),
        (
            None,
            "{file} is a folder",
            "Give Postfix's mail.log, Exim's mainlog, or a message trace as CSV with English headings.",
        ),
    ],
    ids=["no log", "zstd", "zip", "folder"],
)
def test_what_is_no_log_is_refused(tmp_path: Path, content: bytes | None, what: str, hint: str) -> None:
    file = tmp_path / "file"
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(MailerError) as refused:
        read_logs([str(file)], {OURS}, standard_input=io.BytesIO(), now=NOW, on_progress=lambda _: None)
    assert (refused.value.what, refused.value.hint) == (what.format(file=file), hint)


def test_progress_is_told_and_of_a_line_without_end_only_the_beginning_is_read(tmp_path: Path) -> None:
    told = list[LogProgress]()
    file = tmp_path / "log"
    noise = (postfix("smtpd", "connect from x") + "\n") * 45_000
    file.write_text(f"{noise}{'x' * (3 * LONGEST_LINE)}\n{noise[:100].splitlines()[0]}\n")
    trails = read_logs([str(file)], {OURS}, standard_input=io.BytesIO(), now=NOW, on_progress=told.append)
    assert [each.lines for each in told] == [20_000, 40_000]
    assert {each.size for each in told} == {file.stat().st_size}
    assert 0 < told[0].done < told[1].done <= told[0].size
    assert (trails.logs[0].lines, trails.logs[0].garbled) == (45_002, 1)


def test_a_search_keeps_no_more_of_a_message_than_its_latest_news_of_each_kind() -> None:
    search = LogSearch({OURS})
    news = News(Step.TAKEN, queue="q", message_id=OURS, recipients=(KARI,), status="deferred")
    for line in range(1000):
        search.add(news, LogLine("log", line))
    [sighting] = search.sightings(OURS)
    assert sighting.place.line == 999


# --- Whatever stands in a log -----------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "Nov 29 10:49:11 relay postfix/",
        "2026-11-29 10:49:11 ",
        "2026-11-29T10:49:11+01:00 r x/",
        "cleanup[1]: ",
        "qmgr[1]: ",
        "smtp[1]: ",
        "A1B2C3: ",
        "1ajLoq-0001wC-Pk ",
        "message-id=<",
        f"{OURS[:-1]}",
        ">",
        "<= x id=",
        "=> ",
        KARI,
        f"to=<{KARI}>, relay=x, status=sent (ok)",
        QUEUED,
        "removed",
        "\n",
        '"',
        ";",
        ",",
        TRACE,
        "#Fields: ",
        "Delivered",
    ]
)
GARBAGE = st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=40).map("".join)


@given(GARBAGE, st.sampled_from(["utf-8", "utf-16", "utf-16-le"]), st.sampled_from([bytes, gzip.compress]))
def test_garbage_never_raises_and_nothing_is_found_without_the_message_id(
    tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    del tmp_path_factory
    data = pack((LOG.replace(OURS, "other@x.example") + text).encode(encoding, "surrogatepass"))
    stream = io.BufferedReader(io.BytesIO(data))
    trails = read_logs(["-"], {OURS}, standard_input=stream, now=NOW, on_progress=lambda _: None)
    assert OURS in text or judge(SOUGHT, trails.sightings.get(OURS, ()), now=NOW).finding is InLog.MISSING


@given(st.binary(max_size=300))
def test_any_bytes_are_a_log_or_refused_in_words(data: bytes) -> None:
    stream = io.BufferedReader(io.BytesIO(data))
    with suppress(MailerError):
        trails = read_logs(["-"], {OURS}, standard_input=stream, now=NOW, on_progress=lambda _: None)
        assert not trails.sightings


@given(GARBAGE)
def test_a_line_is_understood_or_not_and_never_raises(text: str) -> None:
    line = parse_line(text)
    if line is not None and line.news is not None and line.news.step is not Step.GONE:
        assert line.news.queue_id in text
        assert line.news.message_id in text


@given(st.sampled_from([TRACE, FIELDS, TRACE.replace(",", ";")]), st.text(max_size=80))
def test_a_row_of_another_width_is_garbled(header: str, text: str) -> None:
    found = parse_header(header)
    assert found is not None
    cells = split_row(text.replace("\n", "").replace("\r", ""), found.delimiter)
    if cells is not None and len(cells) != found.width:
        assert parse_row(cells, found) is None
