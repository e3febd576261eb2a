"""The transports that need no network, and the server that catches mail.

They are `memory` and `eml_files`, the server is `catcher`; `replies` reads what any server says.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.message.envelope import Envelope
from mailer.transport.base import Lost, Ready, Reply, Session, Stage
from mailer.transport.catcher import CatcherError, CatchingServer, Faults
from mailer.transport.eml_files import EmlFilesTransport, without_stuffed_dots
from mailer.transport.memory import MemoryTransport
from mailer.transport.replies import parse_reply
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
from mailer.transport.waiting import run_to_end

TO_OLA = Envelope("retur@nyhetsbrev.example", "ola@mottaker.example")
PAYLOAD = b"Subject: Nyhetsbrev\r\n\r\n..dot\r\nH\xc3\xa5\r\n"


def send(session: Session, envelope: Envelope = TO_OLA) -> Reply | Lost:
    assert isinstance(run_to_end(session.begin(envelope)), Ready)
    assert run_to_end(session.stream(PAYLOAD)) is None
    return run_to_end(session.finish())


def connect(server: CatchingServer) -> Session:
    host, port = server.address
    return SmtpTransport(SmtpOptions(host=host, port=port, security=Security.NONE)).connect()


def test_each_message_is_a_file_that_opens_as_mail(tmp_path: Path) -> None:
    transport = EmlFilesTransport(tmp_path / "ut")
    assert transport.address == str(tmp_path / "ut")
    session = transport.connect()
    assert isinstance(send(session), Reply)
    assert isinstance(send(session, Envelope("r@r.example", "../../b\u00f8@mottaker.example")), Reply)
    run_to_end(session.close())
    session.withdraw()
    assert sorted(path.name for path in (tmp_path / "ut").iterdir()) == [
        "000001-ola@mottaker.example.eml",
        "000002-.._.._b\u00f8@mottaker.example.eml",
    ]
    assert (tmp_path / "ut" / "000001-ola@mottaker.example.eml").read_bytes() == PAYLOAD.replace(b"..", b".")


def test_a_file_that_cannot_be_written_is_a_refusal_for_now(tmp_path: Path) -> None:
    session = EmlFilesTransport(tmp_path / "ut").connect()
    run_to_end(session.begin(TO_OLA))
    run_to_end(session.stream(PAYLOAD))
    (tmp_path / "ut").rmdir()
    reply = run_to_end(session.finish())
    assert reply.is_transient
    assert not reply.is_accepted


def test_memory_keeps_what_it_takes() -> None:
    transport = MemoryTransport()
    session = transport.connect()
    assert isinstance(send(session), Reply)
    run_to_end(session.close())
    assert [(each.envelope, each.payload) for each in transport.received] == [(TO_OLA, PAYLOAD)]


def test_memory_answers_as_it_is_told() -> None:
    transport = MemoryTransport(lambda _: Lost(stage=Stage.DOT, why="cut"))
    session = transport.connect()
    assert send(session) == Lost(stage=Stage.DOT, why="cut")
    assert not session.is_usable
    assert transport.received == ()


def test_what_was_answered_250_is_a_file_with_its_envelope(tmp_path: Path) -> None:
    caught: list[tuple[str, Path]] = []
    with CatchingServer(tmp_path, on_caught=lambda to, path: caught.append((to, path))) as server:
        session = connect(server)
        assert isinstance(send(session), Reply)
        run_to_end(session.close())
    [(recipient, path)] = caught
    assert recipient == "ola@mottaker.example"
    assert path.parent == tmp_path / "new"
    head = b"Return-Path: <retur@nyhetsbrev.example>\r\nDelivered-To: ola@mottaker.example\r\n"
    assert path.read_bytes() == head + PAYLOAD.replace(b"..", b".")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_catcher_announces_pipelining_and_takes_letters_beyond_ascii(tmp_path: Path) -> None:
    following = Envelope("retur@nyhetsbrev.example", "bj\u00f8rn@mottaker.example")
    with CatchingServer(tmp_path) as server:
        session = connect(server)
        run_to_end(session.begin(TO_OLA))
        run_to_end(session.stream(PAYLOAD))
        assert run_to_end(session.finish(following=following)) == Reply(code=250, enhanced="2.0.0", text="kept")
        assert isinstance(send(session, following), Reply)
        run_to_end(session.close())
    assert len(list((tmp_path / "new").iterdir())) == 2


def test_the_catching_server_plays_faults_when_told_to(tmp_path: Path) -> None:
    faults = Faults(reject="nei@*", defer="*@senere.example", slow=0.01, cut=2)
    with CatchingServer(tmp_path, faults=faults) as server:
        session = connect(server)
        to = ("nei@a.example", "ja@senere.example")
        answers = [run_to_end(session.begin(Envelope("r@r.example", each))) for each in to]
        assert [each.code for each in answers if isinstance(each, Reply)] == [550, 451]
        first, second = send(session), send(session)
    assert isinstance(first, Reply)
    assert first.is_accepted
    assert isinstance(second, Lost)
    assert second.is_in_doubt
    assert len(list((tmp_path / "new").iterdir())) == 2, "it took both, and answered one"


def test_a_mail_that_cannot_be_kept_may_come_again(tmp_path: Path) -> None:
    with CatchingServer(tmp_path) as server:
        session = connect(server)
        (tmp_path / "tmp").rmdir()
        reply = send(session)
        run_to_end(session.close())
    assert isinstance(reply, Reply)
    assert (reply.code, reply.enhanced) == (452, "4.3.1")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with CatchingServer(tmp_path) as server, pytest.raises(CatcherError, match=str(server.address[1])):
        CatchingServer(tmp_path, port=server.address[1]).start()


def test_stopping_twice_is_no_harm(tmp_path: Path) -> None:
    server = CatchingServer(tmp_path)
    server.stop()
    server.start()
    session = connect(server)
    server.stop()
    server.stop()
    assert isinstance(run_to_end(session.begin(TO_OLA)), Lost)


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\r" not in line and b"\n" not in line), min_size=1))
def test_dots_come_out_as_they_went_in(lines: list[bytes]) -> None:
    stuffed = b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)
    assert without_stuffed_dots(stuffed) == b"".join(line + b"\r\n" for line in lines)


@given(st.integers(200, 599), st.binary(max_size=2000))
def test_any_words_of_a_server_become_printable_and_short(code: int, words: bytes) -> None:
    reply = parse_reply(code, words, stage=Stage.DOT)
    assert str(reply).isprintable()
    assert len(reply.text) <= 400


def test_the_enhanced_code_is_read_from_each_line() -> None:
    reply = parse_reply(550, b"5.1.1 no such user\n5.1.1 ask the postmaster", stage=Stage.RCPT)
    assert (reply.enhanced, reply.text) == ("5.1.1", "no such user ask the postmaster")
    assert str(reply) == "550 5.1.1 no such user ask the postmaster"
    assert parse_reply(250, b"2.10 is no enhanced code", stage=Stage.DOT).enhanced == ""
