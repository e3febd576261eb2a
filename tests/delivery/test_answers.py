"""Whom a refusal is about: the table, and the wordings of many servers that are not in it.

`answer_rows` says what holds of an answer, `answers_page` prints the table, `words_of_answers` compares the words.
"""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.answer_rows import About, AnswerRow
from mailer.delivery.answers import TABLE, about, find_row
from mailer.delivery.answers_page import describe
from mailer.delivery.words_of_answers import kind_of, without_address, without_addresses
from mailer.transport.base import Reply, Stage
from mailer.transport.replies import parse_reply

SAID = {
    (About.SENDER, Stage.RCPT): [
        "550 5.4.5 Daily SMTP relay sending quota exceeded, see https://help.example/166852 - gsmtp",
        "550 5.7.0 Daily mail sending limit reached",
        "554 5.7.1 Sender a@b.example daily limit exceeded",
        "450 4.7.1 <a@b.example>: Recipient address rejected: Rate limit exceeded",
        "451 4.7.1 You have reached your rate limit",
        "450 4.7.1 rate",
        "550 5.7.1 Client does not have permissions to send as this sender",
        "550 5.7.1 Access denied, sender suspended",
        "550 Authentication required",
        "550 5.7.1 Authentication required",
        "550 must be authenticated",
        "550 SMTP authentication is required for message submission on port 587",
        "503 AUTH first (#5.5.1)",
        "554 5.7.1 <a@b.example>: Sender address rejected: Access denied",
        "501 5.5.2 <x>: Helo command rejected: Invalid name",
    ],
    (About.SENDER, Stage.DOT): [
        "550-5.4.5 Daily sending quota exceeded",
        "452 4.5.3 Your message has exceeded your daily sending quota",
        "552 5.2.2 user@x.example has exceeded the sending quota",
        "550 over your relay quota",
        "552 You are over your relay quota",
        "552 sender over relay quota",
        "554 Daily message limit reached",
        "550 Monthly email limit exceeded",
        "550 5.7.1 Hourly recipient limit of 500 exceeded",
        "452 4.7.1 Message rate exceeded",
        "451 4.7.650 The mail server [1.2.3.4] has been temporarily rate limited due to IP reputation",
        "550 account limit: you have sent too many messages today",
        "554 5.7.1 Your account has been blocked for sending spam",
        "554 Access denied: User arn:aws:iam::1:user/x is not authorized to perform ses:SendRawEmail",
        "454 Temporary service failure",
        "550 5.7.1 Your email account has been blocked",
        "552 5.2.0 SubmissionQuotaExceeded",
        "550 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
        "550 Sending limit exceeded",
        "550 sending quota",
        "554 Message rejected: Sending paused for this account",
        "550 Unauthorized sender",
        "550 The from address does not match a verified Sender Identity",
        "550 5.7.1 Relaying quota exceeded",
        "450 Requested action not taken: sending rate",
        "421 Service not available, maximum credits exceeded",
    ],
    (About.CONNECTION, Stage.DOT): [
        "421 4.7.0 daily limit",
        "421 too many messages in this connection",
    ],
    (About.CONNECTION, Stage.RCPT): [
        "421 4.7.0 too many errors",
        "421 4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing",
        "452 4.3.2 too many concurrent connections",
        "421 4.4.5 Too many connections from your host",
    ],
    (About.ADDRESS, Stage.RCPT): [
        "550 5.1.1 unknown",
        "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in virtual mailbox table",
        "550 a@b.example... User unknown",
        "550 Requested action not taken: mailbox unavailable",
        "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found",
        "550 Recipient unknown",
        "550 Recipient not found.",
        "550 invalid mailbox",
        "550 Invalid recipient: <a@b.example>",
        "550 user not found",
        "550 User doesn't exist: a@b.example",
        "550 5.0.0 user unknown",
        "550 unknown recipient",
        "550 Address unknown",
        "550 that user does not exist here",
        "550 No such person at this address",
        "550 The recipient cannot be found",
        "550 unknown local part a in <a@b.example>",
        "550 The mailbox does not exist",
        "550 Mailbox disabled for this recipient",
        "550 User unknown in local recipient table",
        "550 No mailbox by that name is currently available",
        "553 5.3.0 <a@b.example>... No such user here",
        "550 Brukeren finnes ikke",
        "550 Adressen er ikke i bruk",
        "550 5.1.1 ukjent mottaker",
        "550 Mottaker ukjent",
        "550 Ukjent bruker",
        "550 Adressaten finst ikkje",
        "550 Mottakar ikkje funnen",
        "550 Not a valid recipient",
        "550 not a local user",
        "550 is not a known user on this system",
        "550 no such address here",
        "550 Unknown address error 550-'5.1.1 no'",
        "550 Account not found",
        "550 user a not found",
        "550 undeliverable address: unknown user: a@b.example",
        "550 5.7.1 <a@b.example>: Recipient address rejected: User unknown",
        "550 rejecting, user unknown",
        "550 Mailbox inactive",
        "550 5.2.1 mailbox disabled, not accepting messages",
        "511 5.1.1 unknown address",
        "550 domain does not exist",
        "550 This user doesn't have an account here",
        "550 <a@b.example> No such user",
        "450 4.7.1 <a@b.example>: Recipient address rejected: Greylisted",
    ],
    (About.ADDRESS, Stage.DOT): [
        "550 5.1.1 unknown",
    ],
    (About.UNCLEAR, Stage.RCPT): [
        "550 5.4.1 relay denied",
        "550 relay not permitted",
        "550 Relaying denied",
        "550 5.7.1 Unable to relay",
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "550-5.7.1 Mail relay denied",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "552 5.2.2 mailbox full",
        "452 4.2.2 mailbox full",
        "452-4.2.2 The email account that you tried to reach is over quota.",
        "552 5.2.2 user is over quota",
        "552 5.2.2 Mailbox over quota",
        "552 recipient storage full, quota exceeded",
        "550 Mailbox quota exceeded",
        "450 4.2.2 mailbox quota exceeded",
        "552 5.2.2 The recipient's mailbox is over its storage limit",
        "452 4.2.2 Over quota",
        "451 4.3.0 try later",
        "451 Temporary local problem - please try later",
        "450 4.7.1 try again later",
        "451 4.7.1 Please try again",
        "452 4.5.3 Too many recipients",
        "550 5.7.1 <a@b.example>: Recipient address rejected: Access denied",
        "450 4.2.1 mailbox busy",
        "550 5.7.1 recipient does not accept mail from outside the organisation",
    ],
    (About.UNCLEAR, Stage.DOT): [
        "554 5.7.1 spam",
        "550 5.6.0 no",
        "550 5.7.1 Message rejected due to content restrictions",
        "554 5.0.0 rejected",
        "552 5.3.4 Message size exceeds fixed maximum message size",
        "552 Message size limit exceeded",
        "552 5.2.2 <a@b.example> Quota exceeded (mailbox for user is full)",
        "554 5.2.2 STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; mailbox full",
        "451 4.3.2 Please try again later",
        "550 rejected by policy",
        "550 5.2.3 message exceeds limit for this mailbox",
        "552 5.2.3 Message length exceeds administrative limit",
        "550 Transaction failed",
    ],
}

RECIPIENT = "kari.nordmann@kommune.example"


def said(words: str, stage: Stage = Stage.RCPT) -> Reply:
    return parse_reply(int(words[:3]), words[4:].encode(), stage=stage)


@pytest.mark.parametrize(
    ("words", "stage", "whom"),
    [(words, stage, whom) for (whom, stage), several in SAID.items() for words in several],
)
def test_what_servers_say(words: str, stage: Stage, whom: About) -> None:
    assert about(said(words, stage)) is whom


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what[:40])
def test_each_example_is_found_by_its_own_row(row: AnswerRow) -> None:
    for each in row.examples:
        stage, _, words = each.partition(": ") if each.startswith(("dot: ", "rcpt: ")) else ("", "", each)
        for at in [Stage(stage)] if stage else [Stage.RCPT, Stage.DATA, Stage.DOT]:
            assert find_row(said(words, at)) is row, each


@given(
    st.integers(400, 599),
    st.from_regex(r"([45]\.\d{1,2}\.\d{1,3})?", fullmatch=True),
    st.text(max_size=400),
    st.sampled_from(list(Stage)),
)
def test_every_answer_has_a_row(code: int, enhanced: str, text: str, stage: Stage) -> None:
    assert find_row(Reply(code=code, enhanced=enhanced, text=text, stage=stage)) in TABLE


@pytest.mark.parametrize("address", ["sending.quota@limit.example", "no-such-user@x.example", "helo@spam.example"])
def test_a_word_in_an_address_or_a_link_says_nothing(address: str) -> None:
    words = f"550 5.7.1 <{address}>: Access denied, see https://daily.example/sending-limit?helo=unknown+user"
    assert about(said(words)) is About.UNCLEAR


def test_the_page_of_answers_is_printed_from_the_table(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "answers.md").read_text("utf-8")
    assert "\n".join(line for line in page.splitlines() if line.startswith("|")) == "\n".join(describe())
    for line in describe():
        assert len(re.findall(r"(?<!\\)\|", line)) == 5, "a bar in a cell ends it"


# --- The same answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        "550 <{address}> relay not permitted",
        "550 {address}: relay not permitted",
        "550 relay not permitted for {address} [id 4Sg2x03{number}kLz]",
        "550 {local}: relay not permitted",
        "550 relaying to {domain} denied by mx{number}.relay.example",
        "554 Transaction failed: looks like spam (score {number}) q{number}si3456.12 - gsmtp",
        "550 5.7.1 {address} {number}",
        "550 blocked, ref=AbCdEf{number} https://help.example/{number}",
    ],
)
def test_answers_that_differ_in_whom_they_name_are_the_same(pattern: str) -> None:
    kinds = set()
    for number, address in enumerate(["kari@en.example", "Ola.Nordmann@to.example", "p3@TRE.kommune.example"]):
        local, _, domain = address.partition("@")
        words = pattern.format(address=address, local=local, domain=domain, number=number)
        kinds.add(kind_of(said(words), recipient=address))
    assert len(kinds) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("550 relay not permitted", "550 spam rejected"),
        ("550 relay not permitted", "554 relay not permitted"),
        ("550 5.7.1 no", "550 5.7.2 no"),
        ("550 5.7.1 no", "550 no"),
        ("450 4.7.1 no", "550 5.7.1 no"),
    ],
)
def test_other_codes_or_words_are_not_the_same(one: str, other: str) -> None:
    assert kind_of(said(one), recipient=RECIPIENT) != kind_of(said(other), recipient=RECIPIENT)


def test_notes_and_logs_name_no_recipient() -> None:
    reply = said(f"550 5.7.1 <{RECIPIENT.upper()}>: not for avsender@nyhetsbrev.example")
    assert without_address(reply, RECIPIENT) == "550 5.7.1 <…>: not for avsender@nyhetsbrev.example"
    assert without_addresses(str(reply)) == "550 5.7.1 <…>: not for …"
