"""A composed issue is compiled once; per recipient only the recipient's own values differ.

`parts` cuts its two bodies at their slots, and each recipient has an `envelope`.
"""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.composed import ComposedIssue
from mailer.compose.pictures.picture import Picture
from mailer.compose.slots import Slot
from mailer.keys import KeyRing
from mailer.message.addresses import WireAddressError
from mailer.message.compiled import CompiledMessage, RecipientValues, Sender, compile_message
from mailer.message.headers import BIDI_CONTROLS, HeaderError
from mailer.message.parts import MARK, MessageError
from mailer.message.verp import parse_return_path

Compose = Callable[..., ComposedIssue]
Parse = Callable[[bytes], EmailMessage]
Body = Callable[[EmailMessage, str], str]

EVERY_SLOT = frozenset(Slot)
TOKENS = "".join(f"({slot.token})" for slot in Slot)

readable = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters=BIDI_CONTROLS))
written = st.text(
    st.one_of(st.sampled_from("\n. =<&æŋ🎉"), st.characters(exclude_categories=["Cs"], exclude_characters="\r"))
).filter(lambda text: MARK not in text.lower())  # which is refused, since nobody writes so
local_parts = st.text(st.sampled_from("abcxyzABC019!#$%&'*+/=?^_`{|}~-æøåčđŋšŧž🎉"), min_size=1, max_size=12)
domains = st.sampled_from(["kommune.example", "Bodø.example", "kárášjohka.example", "a.b-c.example"])
tokens = st.text(st.sampled_from("abcXYZ019._~-"), min_size=1, max_size=200)


def is_safe_on_the_wire(payload: bytes) -> bool:
    head, _, rest = payload.partition(b"\r\n\r\n")
    lines = payload.split(b"\r\n")
    return (
        lines[-1] == b""
        and not any(re.search(rb"[\r\n\0]", line) or line.startswith(b".") for line in lines)
        and all(len(line) <= 998 for line in head.split(b"\r\n"))
        and all(len(line) <= 76 for line in rest.split(b"\r\n"))
        and rest.isascii()
    )


@given(subject=readable, text=written, markup=written, name=readable, local=local_parts, domain=domains, token=tokens)
def test_whatever_is_written_arrives_as_written(
    *, compose: Compose, sender: Sender, values: RecipientValues, parse: Parse, body: Body,
    subject: str, text: str, markup: str, name: str, local: str, domain: str, token: str,
) -> None:  # fmt: skip
    issue = compose(subject=subject, text=text + TOKENS, html=markup + TOKENS, slots=EVERY_SLOT)
    compiled = compile_message(issue, sender=replace(sender, name=name), slug="2023-12")
    address = f"{local}@{domain}"
    own = replace(values, address=address, unsubscribe_token=token, preferences_token=token[::-1])
    payload = compiled.personalise(own, smtputf8=True)
    assert is_safe_on_the_wire(payload)
    assert len(payload) <= compiled.size
    message = parse(payload)
    assert len(message.keys()) == len(set(message.keys())) == 17
    assert message["Subject"] == subject.strip(" ")
    assert parseaddr(str(message["To"]))[1].rpartition("@")[0] == local
    pages = sender.pages
    filled = {
        Slot.EMAIL.token: address,
        Slot.UNSUBSCRIBE_URL.token: pages.leave(token),
        Slot.PREFERENCES_URL.token: pages.preferences(token[::-1]),
    }
    assert body(message, "plain") == replaced(issue.text, filled)
    assert body(message, "html") == replaced(issue.html, {slot: html.escape(value) for slot, value in filled.items()})


def replaced(text: str, filled: dict[str, str]) -> str:
    return re.sub("|".join(map(re.escape, filled)), lambda found: filled[found[0]], text)


def test_the_headers_are_those_of_a_list(
    compose: Compose, sender: Sender, values: RecipientValues, parse: Parse
) -> None:
    sender = replace(sender, reply_to="svar@nyhetsbrev.example", owner="eier@nyhetsbrev.example")
    message = parse(compile_message(compose(), sender=sender, slug="2023-12").personalise(values))
    assert {name: str(value) for name, value in message.items() if name != "Content-Type"} == {
        "From": "Nyhetsbrev for helsefellesskap <redaksjon@nyhetsbrev.example>",
        "Reply-To": "svar@nyhetsbrev.example",
        "To": "ola@kommune.example",
        "Subject": "Prøvebrev",
        "Date": "Thu, 14 Dec 2023 08:00:00 +0000",
        "Message-ID": "<abc@nyhetsbrev.example>",
        "List-Id": "Nyhetsbrev for helsefellesskap <helsefellesskap.nyhetsbrev.example>",
        "List-Unsubscribe": "<https://nyhetsbrev.example/one-click/leave-token>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Help": "<https://nyhetsbrev.example/privacy>",
        "List-Subscribe": "<https://nyhetsbrev.example/subscribe>",
        "List-Archive": "<https://nyhetsbrev.example/>",
        "List-Owner": "<mailto:eier@nyhetsbrev.example>",
        "Feedback-ID": "2023-12:nb:newsletter:helsefellesskap",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Content-Language": "nb",
        "MIME-Version": "1.0",
    }
    assert message.get_content_type() == "multipart/alternative"
    parts = [
        (each.get_content_type(), each.get_content_charset(), each["Content-Transfer-Encoding"])
        for each in message.iter_parts()
    ]
    assert parts == [("text/plain", "utf-8", "quoted-printable"), ("text/html", "utf-8", "quoted-printable")]


def test_no_header_line_is_longer_than_a_terminal_is_wide(
    compose: Compose, sender: Sender, values: RecipientValues
) -> None:
    compiled = compile_message(compose(subject="Nyhetsbrev – " * 20), sender=sender, slug="2023-12")
    head = compiled.personalise(values).partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_two_recipients_differ_only_in_their_own_values(
    compose: Compose, sender: Sender, values: RecipientValues
) -> None:
    compiled = compile_message(compose(), sender=sender)
    kari = replace(values, address="kari@sykehus.example", unsubscribe_token="kari-token", message_id="<k@x.example>")
    first, second = compiled.personalise(values), compiled.personalise(kari)
    swaps = ((b"ola@kommune", b"kari@sykehus"), (b"leave-token", b"kari-token"), (b"<abc@nyhetsbrev", b"<k@x"))
    for mine, hers in swaps:
        first = first.replace(mine, hers)
    assert first == second


def test_the_domain_of_the_recipient_goes_as_a_labels(
    *, compose: Compose, sender: Sender, values: RecipientValues, keys: KeyRing, parse: Parse, body: Body
) -> None:
    issue = compose(text=Slot.EMAIL.token, slots=frozenset({Slot.EMAIL, Slot.UNSUBSCRIBE_URL}))
    compiled = compile_message(issue, sender=sender)
    message = parse(compiled.personalise(replace(values, address="ola@bodø.example")))
    assert message["To"] == "ola@xn--bod-2na.example"
    assert body(message, "plain").startswith("ola@bodø.example\n")
    envelope = compiled.envelope("ola@bodø.example", keys=keys, mailing_id=3, delivery_id=4, planned_at=values.date)
    assert envelope.recipient == "ola@xn--bod-2na.example"
    base = "b@nyhetsbrev.example"
    found = parse_return_path(keys, envelope.return_path, base=base, planned_at={3: values.date}.get)
    assert found
    assert (found.mailing_id, found.delivery_id) == (3, 4)


def test_a_relay_that_insists_gets_a_fixed_return_path(compose: Compose, sender: Sender, keys: KeyRing) -> None:
    compiled = compile_message(compose(), sender=replace(sender, verp=False))
    envelope = compiled.envelope("ola@x.example", keys=keys, mailing_id=3, delivery_id=4, planned_at=None)
    assert envelope.return_path == sender.return_path


def test_letters_before_the_at_sign_need_a_server_that_takes_them(
    compose: Compose, sender: Sender, values: RecipientValues
) -> None:
    compiled = compile_message(compose(), sender=sender)
    own = replace(values, address="åse@kommune.example")
    with pytest.raises(WireAddressError, match=r"5\.6\.7"):
        compiled.personalise(own)
    assert "\r\nTo: åse@kommune.example\r\n".encode() in compiled.personalise(own, smtputf8=True)


def test_a_test_send_is_marked_and_has_no_one_click(
    compose: Compose, sender: Sender, values: RecipientValues, parse: Parse, body: Body
) -> None:
    label = "TEST – ikkje vidaresend <no>"
    message = parse(compile_message(compose(), sender=sender, test_label=label).personalise(values))
    assert message["Subject"] == "TEST: Prøvebrev"
    assert message["List-Unsubscribe-Post"] is None
    assert body(message, "plain").startswith(f"{label}\n\n")
    assert re.search(r'<body class="x"><div [^>]*>TEST – ikkje vidaresend &lt;no&gt;</div>', body(message, "html"))


MEND = "Put your own template right, or delete it: then that of mailer is used."


def test_a_test_send_needs_a_body_to_stand_in(compose: Compose, sender: Sender) -> None:
    issue = replace(compose(), html=Slot.UNSUBSCRIBE_URL.token)
    with pytest.raises(MessageError, match=f"the composed HTML has no <body>\n{MEND}"):
        compile_message(issue, sender=sender, test_label="TEST")


@pytest.mark.parametrize("declared", [frozenset({Slot.UNSUBSCRIBE_URL}), frozenset(Slot)])
def test_slots_that_are_not_the_ones_declared_are_refused(
    compose: Compose, sender: Sender, declared: frozenset[Slot]
) -> None:
    with pytest.raises(MessageError, match=rf"declared: (email|preferencesurl)\n{MEND}"):
        compile_message(compose(text=Slot.EMAIL.token, slots=declared), sender=sender)


@pytest.mark.parametrize("damaged", [Slot.EMAIL.token[:-1], Slot.UNSUBSCRIBE_URL.token[:-1], Slot.EMAIL.token.upper()])
def test_a_damaged_slot_is_refused(compose: Compose, sender: Sender, damaged: str) -> None:
    with pytest.raises(MessageError, match="damaged"):
        compile_message(compose(html=damaged), sender=sender)


def test_each_part_must_hold_the_link_to_leave(compose: Compose, sender: Sender) -> None:
    for issue in (replace(compose(), text="Hei"), replace(compose(), html="<body>Hei")):
        with pytest.raises(MessageError, match=f"the composed text has no slot for unsubscribeurl\n{MEND}"):
            compile_message(issue, sender=sender)


@pytest.mark.parametrize(
    "change", [{"name": "A\nBcc: x"}, {"reply_to": "a@b.example\r\nBcc: x"}, {"list_name": "\x00"}]
)
def test_no_setting_can_add_a_header(compose: Compose, sender: Sender, change: dict[str, str]) -> None:
    with pytest.raises(HeaderError):
        compile_message(compose(), sender=replace(sender, **change))  # type: ignore[arg-type]  # only its strings are changed


@pytest.mark.parametrize(
    "change",
    [
        {"unsubscribe_token": "a b"},
        {"preferences_token": "a>"},
        {"unsubscribe_token": ""},
        {"message_id": "<a@b>\r\nBcc: x"},
        {"message_id": "a@b"},
        {"date": datetime(2023, 12, 14)},
    ],
)
def test_a_value_of_the_wrong_form_is_a_mistake(
    compose: Compose, sender: Sender, values: RecipientValues, change: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match=r"token|Message-ID|time zone"):
        compile_message(compose(), sender=sender).personalise(replace(values, **change))  # type: ignore[arg-type]  # ill-formed on purpose


def test_the_same_issue_always_compiles_to_the_same_bytes(compose: Compose, sender: Sender) -> None:
    first, again = (compile_message(compose(text="Hei"), sender=sender).to_bytes() for _ in range(2))
    assert first == again
    assert compile_message(compose(text="Hallo"), sender=sender).to_bytes() != first


@given(subject=readable, text=written)
def test_what_is_stored_comes_back_whole(compose: Compose, sender: Sender, subject: str, text: str) -> None:
    compiled = compile_message(compose(subject=subject, text=text), sender=sender)
    for each in (compiled, replace(compiled, form=1)):
        assert CompiledMessage.from_bytes(each.to_bytes()) == each


def test_a_message_stored_by_another_version_is_refused(compose: Compose, sender: Sender) -> None:
    stored = compile_message(compose(), sender=sender).to_bytes()
    with pytest.raises(MessageError, match="a newer version"):
        CompiledMessage.from_bytes(stored.replace(b'"version":2', b'"version":3'))


def test_the_text_flows_and_lines_that_would_mean_something_else_have_a_space_before_them(
    compose: Compose, parse: Parse, sender: Sender, values: RecipientValues
) -> None:
    lines = ("Ein lang linje som ", "held fram.", "> ikkje eit sitat", "From A til B", "  innrykk", "", "- punkt")
    text = "\n".join(lines)
    composed = compose()
    message = parse(
        compile_message(replace(composed, text=f"{text}\n{composed.text}"), sender=sender).personalise(values)
    )
    plain = message.get_body(("plain",))
    assert plain is not None
    assert (plain.get_param("format"), plain.get_param("delsp")) == ("flowed", "no")
    stuffed = ("Ein lang linje som ", "held fram.", " > ikkje eit sitat", " From A til B", "   innrykk", "", "- punkt")
    assert tuple(plain.get_content().split("\r\n")[: len(lines)]) == stuffed


def test_pictures_travel_with_the_html_that_shows_them(
    compose: Compose, parse: Parse, sender: Sender, values: RecipientValues
) -> None:
    picture = Picture(media_type="image/png", data=bytes(range(256)), width=1, height=1)
    composed = replace(compose(html=f'<img src="cid:{picture.cid}" alt="">'), images=(picture,))
    message = parse(compile_message(composed, sender=sender).personalise(values))
    plain, related = message.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert (related.get_content_type(), related.get_param("type")) == ("multipart/related", "text/html")
    page, image = related.iter_parts()
    assert f"cid:{picture.cid}" in page.get_content()
    assert image["Content-ID"] == f"<{picture.cid}>"
    assert image["Content-Disposition"] == 'inline; filename="picture-1.png"'
    assert image.get_content() == picture.data
    assert message.get_body(("html",)) == page
