"""Logging in on the wire: a secret only after a 334, nothing after a refusal, and none of it in what is shown."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest

from mailer.message.envelope import Envelope
from mailer.transport.base import Reply, Stage, TransportError
from mailer.transport.session import SmtpSession, Timeouts
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
from mailer.transport.waiting import run_to_end

Start = Callable[..., Any]

USERNAME, PASSWORD = "avsender@nyhetsbrev.example", "Hemmelig-Passord-123"
CHALLENGE = b"<1896.697170952@raw.example>"
QUICK = Timeouts(connect=5, command=5, data=5, body=5, dot=5)


def in_base64(words: str) -> bytes:
    return b64encode(words.encode())


def log_in(port: int) -> SmtpSession:
    options = SmtpOptions(
        host="127.0.0.1", port=port, security=Security.NONE, username=USERNAME, password=PASSWORD, timeouts=QUICK
    )
    return SmtpTransport(options).connect()


def refusal(port: int) -> TransportError:
    with pytest.raises(TransportError) as caught:
        log_in(port)
    assert caught.value.stage is Stage.LOGIN
    return caught.value


def saying(*answers: str, offers: str) -> Callable[[Any], None]:
    """Answer one line after the other so, "" = hang up; then listen to all that still comes."""

    def script(peer: Any) -> None:
        peer.greet(f"AUTH {offers}")
        for answer in answers:
            if not peer.hear() or not answer:
                return
            peer.say(*answer.split("\n"))
        while peer.hear():
            pass

    return script


def holds_secret(heard: list[bytes]) -> bool:
    everything = b"\n".join(heard)
    return any(each in everything for each in (PASSWORD.encode(), in_base64(PASSWORD)))


NAMES = "334 VXNlcm5hbWU6"
BAD = {
    "454": ("454 4.7.0 Temporary authentication failure", False),
    "421": ("421 4.7.0 closing", False),
    "432": ("432 4.7.12 change your password", False),
    "504": ("504 5.5.4 unknown mechanism", True),
    "535": ("535 5.7.8 bad credentials", True),
    "530": ("530 5.7.0 encrypt first", True),
    "250": ("250 2.0.0 ok", False),
    "235 early": ("235 2.7.0 let in", False),
    "354": ("354 go ahead", False),
    "garbage": ("what?", False),
    "hangs up": ("", False),
    "speaks twice": ("334 VXNlcm5hbWU6\n454 4.7.0 later", False),
}


@pytest.mark.parametrize(("answer", "lasts"), BAD.values(), ids=BAD)
def test_who_is_refused_at_auth_login_says_neither_name_nor_password(
    raw_server: Start,
    answer: str,
    lasts: bool,  # noqa: FBT001 a case
) -> None:
    server = raw_server(saying(answer, "334 UGFzc3dvcmQ6", "235 ok", offers="LOGIN"))
    error = refusal(server.port)
    server.close()
    assert error.is_lasting is lasts
    assert server.heard[0][1:] == [b"AUTH LOGIN"], "nothing after the refusal"
    if answer[:1] in "45" and answer:
        assert answer in str(error), "the server's own words"


@pytest.mark.parametrize(("answer", "lasts"), BAD.values(), ids=BAD)
def test_who_is_refused_after_the_name_does_not_say_the_password(
    raw_server: Start,
    answer: str,
    lasts: bool,  # noqa: FBT001 a case
) -> None:
    server = raw_server(saying(NAMES, answer, "235 ok", offers="LOGIN"))
    error = refusal(server.port)
    server.close()
    assert error.is_lasting is lasts
    assert server.heard[0][1:] == [b"AUTH LOGIN", in_base64(USERNAME)]
    assert not holds_secret(server.heard[0])


@pytest.mark.parametrize("answer", [*BAD, "334"])
@pytest.mark.parametrize("offers", ["PLAIN", "CRAM-MD5", "LOGIN"])
def test_after_the_last_word_of_a_login_a_refusal_is_the_end(raw_server: Start, answer: str, offers: str) -> None:
    said = BAD.get(answer, ("334 more", False))[0] if answer != "235 early" else "334 more"
    asked = {"PLAIN": [], "CRAM-MD5": [f"334 {b64encode(CHALLENGE).decode()}"], "LOGIN": [NAMES, "334 UGFzc3dvcmQ6"]}
    server = raw_server(saying(*asked[offers], said, offers=offers))
    error = refusal(server.port)
    server.close()
    spoken = {"PLAIN": 1, "CRAM-MD5": 2, "LOGIN": 3}[offers]
    assert len(server.heard[0][1:]) == spoken, server.heard
    assert error.is_lasting is (said[:1] == "5")


def test_a_challenge_that_is_not_base64_gets_no_answer(raw_server: Start) -> None:
    server = raw_server(saying("334 x", offers="CRAM-MD5"))
    assert not refusal(server.port).is_lasting
    server.close()
    assert server.heard[0][1:] == [b"AUTH CRAM-MD5"]


def test_cram_md5_is_answered_where_nothing_else_is_offered(raw_server: Start) -> None:
    server = raw_server(saying(f"334 {b64encode(CHALLENGE).decode()}", "235 2.7.0 ok", "221 bye", offers="CRAM-MD5"))
    run_to_end(log_in(server.port).close())
    server.close()
    proof = hmac.new(PASSWORD.encode(), CHALLENGE, hashlib.md5).hexdigest()
    assert b64decode(server.heard[0][2]).decode() == f"{USERNAME} {proof}"


def test_after_504_the_next_way_that_is_offered_is_tried(raw_server: Start) -> None:
    server = raw_server(saying("504 5.5.4 not PLAIN", NAMES, "334 UGFzc3dvcmQ6", "235 ok", offers="LOGIN PLAIN"))
    log_in(server.port).withdraw()
    server.close()
    assert [line.split()[0] for line in server.heard[0][1:3]] == [b"AUTH", b"AUTH"]
    assert server.heard[0][-1] == in_base64(PASSWORD)


@pytest.mark.parametrize("answer", ["535 5.7.8 no", "454 4.7.0 later", "534 5.7.9 too weak", "501 5.5.2 bad"])
def test_after_any_other_refusal_no_other_way_is_tried(raw_server: Start, answer: str) -> None:
    server = raw_server(saying(answer, NAMES, offers="PLAIN LOGIN CRAM-MD5"))
    assert answer in str(refusal(server.port))
    server.close()
    assert len(server.heard[0][1:]) == 1


ECHOES = {
    "PLAIN": (
        [],
        in_base64(f"\0{USERNAME}\0{PASSWORD}").decode(),
    ),
    "LOGIN": ([NAMES, "334 UGFzc3dvcmQ6"], in_base64(PASSWORD).decode()),
    "CRAM-MD5": (
        [f"334 {b64encode(CHALLENGE).decode()}"],
        in_base64(
            f"{USERNAME} {hmac.new(PASSWORD.encode(), CHALLENGE, hashlib.md5).hexdigest()}",
        ).decode(),
    ),
}


@pytest.mark.parametrize("code", ["535 5.7.8", "454 4.7.0"])
@pytest.mark.parametrize("mechanism", ECHOES)
def test_a_login_that_the_server_repeats_is_not_shown(raw_server: Start, mechanism: str, code: str) -> None:
    asked, sent = ECHOES[mechanism]
    text = f"{code} not {sent}, nor {sent.rstrip('=')}, nor {PASSWORD}"
    lines = f"{text[:40]}\n{code} {text[40:]}".replace(f"{code} not", f"{code[:3]}-{code[4:]} not")
    server = raw_server(saying(*asked, lines, offers=mechanism))
    error = refusal(server.port)
    shown = f"{error} {error!r} {error.__cause__!r}"
    assert f"{code} not ***" in str(error)
    assert PASSWORD not in shown
    assert not any(sent[at : at + 8] in shown for at in range(len(sent) - 8))


def test_a_password_that_the_server_repeats_later_is_not_shown_either(raw_server: Start) -> None:
    def script(peer: Any) -> None:
        peer.greet("AUTH PLAIN")
        peer.hear()
        peer.say("235 ok")
        peer.hear()
        peer.say(f"550 5.7.1 you logged in with {PASSWORD}")
        peer.hear()

    session = log_in(raw_server(script).port)
    answer = run_to_end(session.begin(Envelope("a@a.example", "b@b.example")))
    session.withdraw()
    assert answer == Reply(code=550, enhanced="5.7.1", text="you logged in with ***", stage=Stage.MAIL)


@pytest.mark.parametrize("answer", ["421 4.7.0 Try again later, closing connection. (EHLO)", "450 4.3.2 not now"])
def test_what_is_said_to_ehlo_is_shown_and_not_lost_in_helo(raw_server: Start, answer: str) -> None:
    def script(peer: Any) -> None:
        peer.say("220 raw.example")
        peer.hear()
        peer.say(answer)

    server = raw_server(script)
    with pytest.raises(TransportError) as caught:
        log_in(server.port)
    assert not caught.value.is_lasting
    assert answer in str(caught.value)
    server.close()
    assert len(server.heard[0]) == 1


def test_a_server_that_hangs_up_at_helo_is_known_by_what_it_said_to_ehlo(raw_server: Start) -> None:
    def script(peer: Any) -> None:
        peer.say("220 raw.example")
        peer.hear()
        peer.say("550 5.7.1 your name is bad")
        peer.hear()

    with pytest.raises(TransportError, match=r"550 5\.7\.1 your name is bad"):
        log_in(raw_server(script).port)


def test_a_server_that_speaks_before_it_is_asked_gets_no_login(raw_server: Start) -> None:
    def script(peer: Any) -> None:
        peer.say("220 raw.example")
        peer.hear()
        peer.say("250-raw.example", "250 AUTH LOGIN", "334 VXNlcm5hbWU6")
        while peer.hear():
            pass

    server = raw_server(script)
    assert "nobody had asked" in str(refusal(server.port))
    server.close()
    assert len(server.heard[0]) == 1
