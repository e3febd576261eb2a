"""What notices say: the issue, what happened and why, figures and the next step, in three languages and as JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.catalogue import Lang, msg, render
from mailer.notices.model import Notice, NoticeEvent, NoticeState, Way
from mailer.notices.words import body_of, subject_of, text_of

AT = datetime(2026, 12, 1, 7, 0, 12, 31402, tzinfo=UTC)
COUNTS = {"audience": 12, "skipped": 1, "queued": 0, "accepted": 8, "rejected": 2, "in_doubt": 1}
START = {"local": "2026-12-01 08:00", "zone": "Europe/Oslo"}
STATUS = "`mailer status 2026-06`"
DOUBT = "1 is in doubt: `mailer status 2026-06 --in-doubt` says who, and `mailer resolve 2026-06` settles it."
FIGURES = "audience: 12\nskipped: 1\naccepted: 8\nrejected: 2\nin doubt: 1"


def notice(event: NoticeEvent = NoticeEvent.FINISHED, **detail: Any) -> Notice:
    return Notice(
        id=1,
        way=Way.MAIL,
        key="k",
        event=event,
        slug="2026-06",
        mailing_id=7,
        detail={"counts": COUNTS, "lost_many": False, **detail},
        note="",
        created_at=AT,
        due_at=AT,
        state=NoticeState.WAITING,
        attempts=0,
        reply="",
        sent_at=None,
    )


def said(told: Notice, *, why: str = "", lang: Lang = "en") -> tuple[str, list[str]]:
    return render(subject_of(told), lang), text_of(told, lang, why=why).split("\n\n")


def test_a_finished_mailing_is_told_of_with_its_figures() -> None:
    assert said(notice()) == (
        "2026-06 is sent: 8 deliveries accepted",
        [
            "The mailing of 2026-06 is finished (01.12.2026 07:00 UTC).",
            FIGURES,
            f"{DOUBT}\nAll figures: {STATUS}.",
        ],
    )


def test_many_that_were_lost_are_told_of() -> None:
    counts = {"audience": 60, "accepted": 30, "rejected": 30}
    assert said(notice(lost_many=True, counts=counts))[1][2] == (
        f"Many were not reached: `mailer status 2026-06 --failed` says who, and why.\nAll figures: {STATUS}."
    )


PAUSED = {
    True: "mailer has paused the mailing of 2026-06 ({}). Nothing more is sent until a person says so.",
    False: "Somebody has paused the mailing of 2026-06 ({}). Nothing more is sent until it is resumed.",
}


@pytest.mark.parametrize("by_itself", PAUSED)
def test_a_pause_is_told_of_with_its_reason(by_itself: bool) -> None:  # noqa: FBT001 a case
    happened = PAUSED[by_itself].format("01.12.2026 07:00 UTC")
    told = notice(NoticeEvent.PAUSED, by_itself=by_itself)
    subject, (first, figures, steps) = said(told, why=msg("sending.connection-broke", why="gone"))
    assert (subject, figures) == ("2026-06 is paused", FIGURES)
    assert first == f"{happened}\nWhy: the connection broke: gone"
    assert steps == f"See how it stands with {STATUS}, and go on with `mailer resume 2026-06`.\n{DOUBT}"
    assert said(told)[1][0] == happened


def test_a_missed_start_is_told_of_with_its_time() -> None:
    subject, (first, _, steps) = said(notice(NoticeEvent.MISSED, counts={"audience": 2, "queued": 2}, **START))
    assert subject == "2026-06 did not begin at its time"
    assert first == (
        "2026-06 was to begin 2026-12-01 08:00 Europe/Oslo, and nobody was there to send it. "
        "Nothing is sent until a person decides."
    )
    assert steps == "Send it with `mailer send 2026-06`, or take it back with `mailer unschedule 2026-06`."


@pytest.mark.parametrize(("number", "words"), [(1, "1 delivery is in doubt"), (2, "2 deliveries are in doubt")])
def test_what_is_in_doubt_is_told_of(number: int, words: str) -> None:
    subject, (first, figures, steps) = said(notice(NoticeEvent.IN_DOUBT, counts={"in_doubt": number}))
    assert (subject, figures) == (f"2026-06: {words}", f"in doubt: {number}")
    assert first == (
        "A sender of 2026-06 has ended (01.12.2026 07:00 UTC), and the mail server had not answered for everybody. "
        "Nobody knows whether those mails arrived."
    )
    assert "`mailer resolve 2026-06` settles" in steps
    assert STATUS not in steps


def test_a_test_says_that_it_is_one_and_nothing_more() -> None:
    told = notice(NoticeEvent.TEST, counts={})
    assert said(told) == ("Test of the notices", ["This is a test: notices arrive here. Nothing has happened."])


def test_figures_are_those_of_the_equation_in_its_order() -> None:
    terms = ("audience", "skipped", "queued", "claimed", "in_flight", "accepted", "deferred", "rejected", "expired")
    counts = {term: number for number, term in enumerate((*terms, "cancelled", "in_doubt"), start=1001)}
    assert said(notice(counts=counts))[1][1].replace("\N{NO-BREAK SPACE}", " ").splitlines() == [
        "audience: 1 001",
        "skipped: 1 002",
        "queued: 1 003",
        "claimed: 1 004",
        "in flight: 1 005",
        "accepted: 1 006",
        "deferred: 1 007",
        "rejected: 1 008",
        "expired: 1 009",
        "cancelled: 1 010",
        "in doubt: 1 011",
    ]


@pytest.mark.parametrize(
    ("lang", "subject", "first", "figure"),
    [
        ("nb", "2026-06 er sendt: 8 levert", "Utsendingen av 2026-06 er ferdig (1. desember 2026", "på listene: 12"),
        ("nn", "2026-06 er send: 8 levert", "Utsendinga av 2026-06 er ferdig (1. desember 2026", "på listene: 12"),
    ],
)
def test_notices_are_written_in_the_editors_language(lang: Lang, subject: str, first: str, figure: str) -> None:
    told = said(notice(), lang=lang)
    assert told[0] == subject
    assert told[1][0].startswith(first)
    assert told[1][1].splitlines()[0] == figure
    assert (
        said(notice(NoticeEvent.PAUSED, by_itself=True), why=msg("sending.no-answer"), lang=lang)[1][0].splitlines()[1]
        == f"Årsak: {render(msg('sending.no-answer'), lang)}"
    )


def test_programs_get_the_same_in_english_with_a_text_for_people() -> None:
    told = notice(NoticeEvent.PAUSED, by_itself=True)
    body = body_of(told, "nb", why=msg("sending.connection-broke", why="æ"))
    assert body == body_of(told, "nb", why=msg("sending.connection-broke", why="æ"))
    assert "æ".encode() in body
    found = json.loads(body)
    assert found["data"] == {
        "mailing": 7,
        "slug": "2026-06",
        "reason": "the connection broke: æ",
        "counts": COUNTS,
        "lost_many": False,
        "by_itself": True,
    }
    assert (found["type"], found["timestamp"]) == ("mailing.paused", "2026-12-01T07:00:12.031402+00:00")
    assert found["text"].startswith("2026-06 er satt på pause\n\nmailer har satt utsendingen")
    assert set(found) == {"type", "timestamp", "data", "text"}
    assert json.loads(body_of(notice(NoticeEvent.TEST), "en", why=""))["type"] == "test"


@given(st.emails(), st.text(max_size=20))
def test_no_address_is_in_a_notice_whatever_the_reason_says(address: str, words: str) -> None:
    why = f"550 5.7.1 <{address}> {words}"
    told = notice(NoticeEvent.PAUSED, by_itself=True)
    for text in (text_of(told, "nb", why=why), json.loads(body_of(told, "nb", why=why))["data"]["reason"]):
        assert address not in text
        assert "@" not in text
