"""Transactions on the wire: pipelined and not, refused, cut, and answered with nonsense.

Steps wait by `waiting`, and what they give is one of `base`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from mailer.message.envelope import Envelope
from mailer.transport.base import Lost, Ready, Reply, Session, Stage
from mailer.transport.session import SmtpSession, Timeouts
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
from mailer.transport.waiting import run_to_end

Start = Callable[..., Any]

ONE = Envelope("retur@nyhetsbrev.example", "en@mottaker.example")
TWO = Envelope("retur@nyhetsbrev.example", "to@mottaker.example")
BODY = b"Subject: Nyhetsbrev\r\n\r\nHei\r\n"
QUICK = Timeouts(connect=5, command=5, data=5, body=5, dot=5)


@pytest.fixture
def connect() -> Iterator[Start]:
    """Open a session to a port; it is closed at the end of the test."""
    with ExitStack() as stack:

        def start(port: int, timeouts: Timeouts = QUICK) -> SmtpSession:
            options = SmtpOptions(host="127.0.0.1", port=port, security=Security.NONE, timeouts=timeouts)
            session = SmtpTransport(options).connect()
            stack.callback(session.withdraw)
            return session

        yield start


def send(session: Session, envelope: Envelope, *, following: Envelope | None = None) -> Reply | Lost:
    begun = run_to_end(session.begin(envelope))
    if not isinstance(begun, Ready):
        return begun
    return run_to_end(session.stream(BODY)) or run_to_end(session.finish(following=following))


def taking(*extensions: str, messages: int = 1) -> Callable[[Any], None]:
    def script(peer: Any) -> None:
        peer.greet(*extensions)
        for _ in range(messages):
            peer.take_envelope()
            peer.hear_body()
            peer.say("250 2.0.0 taken")
        peer.hear()
        peer.say("221 bye")

    return script


@pytest.mark.parametrize("extensions", [("PIPELINING", "8BITMIME"), ()])
def test_messages_follow_one_another_on_one_connection(
    raw_server: Start, connect: Start, extensions: tuple[str, ...]
) -> None:
    server = raw_server(taking(*extensions, messages=2))
    session = connect(server.port)
    assert send(session, ONE, following=TWO) == Reply(code=250, enhanced="2.0.0", text="taken")
    assert send(session, TWO) == Reply(code=250, enhanced="2.0.0", text="taken")
    run_to_end(session.close())
    commands = [line for line in server.heard[0] if line.split(b":")[0] in {b"MAIL FROM", b"RCPT TO", b"DATA", b"QUIT"}]
    assert commands == [
        b"MAIL FROM:<retur@nyhetsbrev.example>",
        b"RCPT TO:<en@mottaker.example>",
        b"DATA",
        b"MAIL FROM:<retur@nyhetsbrev.example>",
        b"RCPT TO:<to@mottaker.example>",
        b"DATA",
        b"QUIT",
    ]
    assert len(server.heard) == 1


def test_the_next_transaction_goes_out_with_the_dot_where_the_server_pipelines(
    raw_server: Start, connect: Start
) -> None:
    def script(peer: Any) -> None:
        peer.greet("PIPELINING")
        peer.take_envelope()
        peer.hear_body()
        [peer.hear() for _ in range(3)]  # these stand behind the dot, before it is answered
        peer.say("250 ok", "250 ok", "250 ok", "354 go ahead")
        peer.hear_body()
        peer.say("250 ok")

    session = connect(raw_server(script).port)
    assert isinstance(send(session, ONE, following=TWO), Reply)
    assert send(session, TWO) == Reply(code=250, text="ok")


def test_a_refused_recipient_whose_data_is_let_through_ends_with_a_lone_dot(raw_server: Start, connect: Start) -> None:
    def script(peer: Any) -> None:
        peer.greet("PIPELINING")
        [peer.hear() for _ in range(3)]
        peer.say("250 ok", "550 5.1.1 unknown", "354 go ahead")
        assert peer.hear() == b"."
        peer.say("554 5.5.1 no valid recipients")
        assert peer.hear() == b"RSET"
        peer.say("250 ok")
        peer.take_envelope()
        peer.hear_body()
        peer.say("250 ok")

    session = connect(raw_server(script).port)
    assert run_to_end(session.begin(ONE)) == Reply(code=550, enhanced="5.1.1", text="unknown", stage=Stage.RCPT)
    assert send(session, TWO) == Reply(code=250, text="ok")


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (("451 4.3.0 sender", "503 no", "503 no"), Reply(code=451, enhanced="4.3.0", text="sender", stage=Stage.MAIL)),
        (("250 ok", "450 4.2.1 full", "503 no"), Reply(code=450, enhanced="4.2.1", text="full", stage=Stage.RCPT)),
        (("250 ok", "250 ok", "554 5.7.1 spam"), Reply(code=554, enhanced="5.7.1", text="spam", stage=Stage.DATA)),
    ],
)
def test_a_refusal_names_its_stage_and_the_connection_goes_on(
    raw_server: Start, connect: Start, answers: tuple[str, ...], expected: Reply, extensions: tuple[str, ...]
) -> None:
    def script(peer: Any) -> None:
        peer.greet(*extensions)
        for answer in answers:
            peer.hear()
            peer.say(answer)
            if not extensions and not answer.startswith("250"):
                break
        assert peer.hear() == b"RSET"
        peer.say("250 ok")
        peer.take_envelope()
        peer.hear_body()
        peer.say("250 ok")

    session = connect(raw_server(script).port)
    assert run_to_end(session.begin(ONE)) == expected
    assert session.is_usable
    assert send(session, TWO) == Reply(code=250, text="ok")


@pytest.mark.parametrize(("line", "stage"), [(0, Stage.MAIL), (1, Stage.RCPT), (2, Stage.DATA)])
def test_421_ends_the_connection(raw_server: Start, connect: Start, line: int, stage: Stage) -> None:
    def script(peer: Any) -> None:
        peer.greet("PIPELINING")
        for number in range(3):
            peer.hear()
            peer.say("421 4.3.2 closing" if number == line else "250 ok")
            if number == line:
                return

    session = connect(raw_server(script).port)
    assert run_to_end(session.begin(ONE)) == Reply(code=421, enhanced="4.3.2", text="closing", stage=stage)
    assert not session.is_usable


def test_a_cut_before_the_dot_is_not_in_doubt(raw_server: Start, connect: Start) -> None:
    def script(peer: Any) -> None:
        peer.greet("PIPELINING")
        [peer.hear() for _ in range(3)]
        peer.say("250 ok")

    lost = run_to_end(connect(raw_server(script).port).begin(ONE))
    assert isinstance(lost, Lost)
    assert lost.stage is Stage.RCPT
    assert not lost.is_in_doubt


def test_a_cut_after_the_dot_is_in_doubt(raw_server: Start, connect: Start) -> None:
    def script(peer: Any) -> None:
        peer.greet("PIPELINING")
        peer.take_envelope()
        peer.hear_body()

    session = connect(raw_server(script).port)
    lost = send(session, ONE, following=TWO)
    assert lost == Lost(stage=Stage.DOT, why="the server closed the connection")
    assert lost.is_in_doubt
    assert not session.is_usable


@pytest.mark.parametrize("answer", ["100 what", "354 go ahead", "999 what", "hello", "25", "2x0 what", "\0\1\2"])
def test_an_answer_to_the_dot_that_makes_no_sense_leaves_doubt(raw_server: Start, connect: Start, answer: str) -> None:
    def script(peer: Any) -> None:
        peer.greet()
        peer.take_envelope()
        peer.hear_body()
        peer.say(answer)

    lost = send(connect(raw_server(script).port), ONE)
    assert isinstance(lost, Lost)
    assert lost.is_in_doubt


@pytest.mark.parametrize("answer", ["250-ok\r\n550 5.1.1 no", "550-5.1.1 no\r\n250 ok", "250-a\r\n250-b\r\n251 c"])
def test_an_answer_to_the_dot_with_two_codes_leaves_doubt(raw_server: Start, connect: Start, answer: str) -> None:
    """Neither of them, nor an enhanced code, is what the server decided."""

    def script(peer: Any) -> None:
        peer.greet()
        peer.take_envelope()
        peer.hear_body()
        peer.say(answer)

    lost = send(connect(raw_server(script).port), ONE)
    first, last = answer[:3], answer.rpartition("\n")[2][:3]
    assert lost == Lost(stage=Stage.DOT, why=f"the server answered {first} and {last} in one reply")
    assert lost.is_in_doubt


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
def test_an_answer_with_two_codes_before_the_dot_is_a_broken_connection(
    raw_server: Start, connect: Start, extensions: tuple[str, ...]
) -> None:
    def script(peer: Any) -> None:
        peer.greet(*extensions)
        peer.hear()
        peer.say("250 ok")
        peer.hear()
        peer.say("550-5.1.1 no", "250 ok", "354 go on")

    session = connect(raw_server(script).port)
    assert send(session, ONE) == Lost(stage=Stage.RCPT, why="the server answered 550 and 250 in one reply")
    assert not session.is_usable


def test_no_answer_in_time_leaves_doubt(raw_server: Start, connect: Start) -> None:
    def script(peer: Any) -> None:
        peer.greet()
        peer.take_envelope()
        peer.hear_body()
        peer.hear()

    session = connect(raw_server(script).port, Timeouts(connect=5, command=5, data=5, body=5, dot=0.1))
    assert send(session, ONE) == Lost(stage=Stage.DOT, why="no answer in time")


@pytest.mark.parametrize("answer", ["250-" + "x" * 9000, "\r\n".join(["250-more"] * 200)])
def test_an_endless_reply_is_cut_off(raw_server: Start, connect: Start, answer: str) -> None:
    def script(peer: Any) -> None:
        peer.greet()
        peer.hear()
        peer.say(answer)
        peer.hear()

    lost = run_to_end(connect(raw_server(script).port).begin(ONE))
    assert isinstance(lost, Lost)
    assert "no end" in lost.why


def test_a_reply_that_comes_byte_by_byte_is_cut_off_when_the_time_is_up(raw_server: Start, connect: Start) -> None:
    def script(peer: Any) -> None:
        peer.greet()
        peer.hear()
        for byte in b"250 " + b"x" * 1000:
            peer.sock.sendall(bytes([byte]))
            time.sleep(0.05)

    session = connect(raw_server(script).port, Timeouts(connect=5, command=0.3, data=5, body=5, dot=5))
    assert run_to_end(session.begin(ONE)) == Lost(stage=Stage.MAIL, why="no answer in time")


@pytest.mark.parametrize("then", ["cut", "listen"])
def test_a_refusal_in_the_midst_of_the_body_is_read(raw_server: Start, connect: Start, then: str) -> None:
    def script(peer: Any) -> None:
        peer.greet()
        peer.take_envelope()
        peer.sock.recv(1000)
        peer.say("552 5.3.4 too big")
        if then == "listen":
            while peer.sock.recv(65536):
                pass

    session = connect(raw_server(script).port)
    assert isinstance(run_to_end(session.begin(ONE)), Ready)
    answers = [run_to_end(session.stream(b"x" * 998 + b"\r\n")) for _ in range(1)]
    while answers[-1] is None:
        answers.append(run_to_end(session.stream((b"x" * 998 + b"\r\n") * 1000)))
    # A server that closes with our body unread may take its own words back (RFC 1122 §4.2.2.13).
    assert isinstance(answers[-1], Lost) or answers[-1] == Reply(
        code=552, enhanced="5.3.4", text="too big", stage=Stage.DATA
    )
    assert then == "cut" or isinstance(answers[-1], Reply)
    assert not session.is_usable


def test_a_message_over_the_servers_size_is_not_offered(raw_server: Start, connect: Start) -> None:
    server = raw_server(taking("SIZE 1000", "PIPELINING"))
    session = connect(server.port)
    large = Envelope(ONE.return_path, ONE.recipient, size=1001)
    refusal = run_to_end(session.begin(large))
    assert isinstance(refusal, Reply)
    assert (refusal.code, refusal.enhanced, refusal.stage, refusal.is_local) == (552, "5.3.4", Stage.MAIL, True)
    assert isinstance(send(session, ONE, following=large), Reply)
    assert isinstance(run_to_end(session.begin(large)), Reply)
    run_to_end(session.close())
    assert [line for line in server.heard[0] if line.startswith(b"MAIL")] == [b"MAIL FROM:<retur@nyhetsbrev.example>"]


@pytest.mark.parametrize("offered", ["SMTPUTF8", ""])
def test_an_address_beyond_ascii_is_offered_only_where_smtputf8_is(
    raw_server: Start, connect: Start, offered: str
) -> None:
    server = raw_server(taking("PIPELINING", *offered.split()))
    session = connect(server.port)
    answer = send(session, Envelope("retur@nyhetsbrev.example", "bjørn@mottaker.example"))
    assert isinstance(answer, Reply)
    run_to_end(session.close())
    if offered:
        assert answer.is_accepted
        assert server.heard[0][1:3] == [
            b"MAIL FROM:<retur@nyhetsbrev.example> SMTPUTF8",
            "RCPT TO:<bjørn@mottaker.example>".encode(),
        ]
    else:
        assert (answer.code, answer.enhanced, answer.stage, answer.is_local) == (553, "5.6.7", Stage.RCPT, True)


@pytest.mark.parametrize("address", ["a@b.example>\r\nRCPT TO:<c@d.example", "a b@c.example", "a@b.example\0"])
def test_an_address_cannot_begin_a_command_of_its_own(raw_server: Start, connect: Start, address: str) -> None:
    server = raw_server(taking())
    session = connect(server.port)
    refusal = run_to_end(session.begin(Envelope("retur@nyhetsbrev.example", address)))
    assert isinstance(refusal, Reply)
    assert refusal.is_local
    run_to_end(session.close())
    assert server.heard[0][1:] == [b"QUIT"]


def test_withdrawing_sends_no_dot(raw_server: Start, connect: Start) -> None:
    server = raw_server(taking("PIPELINING"))
    session = connect(server.port)
    run_to_end(session.begin(ONE))
    run_to_end(session.stream(BODY))
    session.withdraw()
    server.close()
    assert b"." not in server.heard[0]
    assert not session.is_usable


def test_closing_in_the_midst_of_a_body_says_no_quit(raw_server: Start, connect: Start) -> None:
    server = raw_server(taking("PIPELINING"))
    session = connect(server.port)
    run_to_end(session.begin(ONE))
    run_to_end(session.stream(BODY))
    run_to_end(session.close())
    server.close()
    assert b"QUIT" not in server.heard[0]


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
@pytest.mark.parametrize(
    "surplus", ["250 really", "550 5.1.1 really", "450 4.2.1 really", "354 go ahead", "421 closing"]
)
@pytest.mark.parametrize("late", [False, True])
def test_an_answer_too_many_is_never_the_next_recipients(
    *, raw_server: Start, connect: Start, surplus: str, extensions: tuple[str, ...], late: bool
) -> None:
    """With the answer to the dot, or only when the next transaction has begun."""
    pipelined = bool(extensions)

    def script(peer: Any) -> None:
        peer.greet(*extensions)
        peer.take_envelope()
        peer.hear_body()
        if late:
            peer.say("250 queued")
            peer.hear()
            peer.say(surplus, "250 ok")
        else:
            peer.say("250 queued", surplus)
            peer.hear()
            peer.say("250 ok")
        peer.hear()
        peer.say("250 ok")
        if peer.hear() == b"DATA":
            peer.say("354 go ahead")
        peer.hear()

    session = connect(raw_server(script).port)
    assert send(session, ONE, following=TWO if pipelined else None) == Reply(code=250, text="queued")
    answer = run_to_end(session.begin(TWO))
    if late and surplus[0] in "45":  # then nothing tells it from the answer to MAIL, and MAIL is about nobody
        assert isinstance(answer, Lost) or answer.stage is Stage.MAIL
    else:
        assert isinstance(answer, Lost) or (pipelined and surplus.startswith("421"))
    assert not (isinstance(answer, Lost) and answer.is_in_doubt)


def test_a_server_that_loses_what_came_with_the_dot_is_asked_one_thing_at_a_time(raw_server: Start) -> None:
    def losing(peer: Any) -> None:
        peer.greet("PIPELINING")
        peer.take_envelope()
        peer.hear_body()
        peer.say("250 queued")
        while peer.hear():
            pass

    def strict(peer: Any) -> None:
        peer.greet("PIPELINING")
        for answer in ("250 ok", "250 ok", "354 go ahead"):
            peer.hear()
            assert not peer._buffer, "one at a time"
            peer.say(answer)
        peer.hear_body()
        peer.say("250 queued")

    server = raw_server(losing, strict)
    timeouts = Timeouts(connect=5, command=0.2, data=5, body=5, dot=5)
    transport = SmtpTransport(
        SmtpOptions(host="127.0.0.1", port=server.port, security=Security.NONE, timeouts=timeouts)
    )
    first = transport.connect()
    assert isinstance(send(first, ONE, following=TWO), Reply)
    assert run_to_end(first.begin(TWO)) == Lost(stage=Stage.MAIL, why="no answer in time")
    second = transport.connect()
    assert send(second, TWO) == Reply(code=250, text="queued")
    second.withdraw()
