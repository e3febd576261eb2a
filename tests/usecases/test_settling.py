"""The words of a log that are kept as evidence, and the count of what became of those that it settles."""

from dataclasses import replace
from datetime import UTC, datetime

from mailer.delivery.logs.model import Evidence, InLog, LogLine, News, Sighting, Step
from mailer.delivery.model import Doubt
from mailer.usecases.settling import LONGEST_EVIDENCE, LogAnswer, SearchedDoubt, count_outcomes, evidence_in_words

SENT = News(Step.TAKEN, status="sent", words="(250 ok)", at="Nov 29 10:49:13", queue_id="A1B2C3")


def evidence(news: News | None, finding: InLog = InLog.TAKEN) -> Evidence:
    return Evidence(finding=finding, sighting=news and Sighting(news, LogLine("mail.log", 7)))


def searched(number: int, found: Evidence) -> SearchedDoubt:
    now = datetime(2026, 11, 29, tzinfo=UTC)
    doubt = Doubt(
        id=number,
        mailing_id=1,
        address="x",
        recipient="x",
        since=now,
        sent_after=now,
        is_only_copy=True,
        has_other_keys=False,
        now=None,
    )
    return SearchedDoubt(doubt=doubt, message_id="<x>", evidence=found)


def test_the_evidence_names_file_line_time_queue_id_and_status_and_has_an_end() -> None:
    assert evidence_in_words(evidence(SENT)) == "log mail.log:7: Nov 29 10:49:13 A1B2C3 status=sent (250 ok)"
    assert len(evidence_in_words(evidence(SENT._replace(words="x" * 1000)))) == LONGEST_EVIDENCE == 500
    assert evidence_in_words(evidence(None, InLog.MISSING)) == ""


def test_evidence_of_a_return_has_room_whatever_was_said_before() -> None:
    back = Sighting(SENT._replace(status="bounced", words="(550 no)", queue_id="D4E5F6"), LogLine("mail.log", 9))
    both = replace(evidence(SENT), came_back=back)
    said = "mail.log:9: Nov 29 10:49:13 D4E5F6 status=bounced (550 no)"
    assert evidence_in_words(both) == f"{evidence_in_words(evidence(SENT))}; came back: {said}"
    long = evidence_in_words(replace(evidence(SENT._replace(words="x" * 1000)), came_back=back))
    assert long.endswith(f"x; came back: {said}")
    assert len(long) == 500
    longest = evidence_in_words(replace(both, came_back=Sighting(SENT._replace(words="y" * 1000), back.place)))
    assert longest.startswith(evidence_in_words(evidence(SENT)))
    assert longest.count("y") > 150


def test_what_came_back_is_counted_as_such() -> None:
    back = Sighting(SENT._replace(status="bounced"), LogLine("mail.log", 9))
    search = LogAnswer(slug="x", searched=(searched(1, replace(evidence(SENT), came_back=back)),), logs=(), unknown=())
    assert count_outcomes(search) == {"bounced": 1}


def test_outcomes_are_counted_of_those_taken_alone() -> None:
    found = [evidence(SENT), evidence(SENT._replace(status="Sent")), evidence(SENT._replace(status="bounced"))]
    found += [evidence(SENT, InLog.NOT_QUEUED), evidence(None, InLog.MISSING)]
    search = LogAnswer(slug="x", searched=tuple(searched(n, each) for n, each in enumerate(found)), logs=(), unknown=())
    assert [each.doubt.id for each in search.taken] == [0, 1, 2]
    assert count_outcomes(search) == {"bounced": 1, "sent": 2}
