import pytest

from mailer.compose.checks import (
    GMAIL_CLIPS_AT,
    branches_are_balanced,
    check_composed,
    remote_resources,
    size_findings,
    slots_in,
)
from mailer.compose.slots import Slot
from mailer.errors import MailerError
from mailer.issue.model import Severity

LEAVE = Slot.UNSUBSCRIBE_URL.token
GOOD = f'<!DOCTYPE html><html><body><a href="{LEAVE}">Meld deg av</a></body></html>'


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://a.example/pixel.gif">',
        "<img src='http://a.example/pixel.gif'>",
        '<img srcset="//a.example/x.png 2x">',
        '<td background="https://a.example/x.png">',
        '<p style="background:url(https://a.example/x.png)">',
        "<style>.a{background:url('//a.example/x.png')}</style>",
        "<style>@import 'https://a.example/x.css';</style>",
        '<link rel="stylesheet" href="https://a.example/x.css">',
        "<script>1</script>",
        '<iframe src="https://a.example/"></iframe>',
    ],
)
def test_whatever_would_be_fetched_is_found(html: str) -> None:
    assert remote_resources(html) != ()


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://a.example/">https://a.example/</a>',
        '<img src="cid:logo">',
        '<img src="data:image/png;base64,AAAA">',
        "<p>src=&#34;https://a.example/&#34; og @import, url(https://a.example/), &lt;script&gt;</p>",
        '<p title="src=https://a.example/">',
        '<p title="<script>" aria-label=\'<img src="https://a.example/">\'>',
    ],
)
def test_links_and_words_are_not_fetched(html: str) -> None:
    assert remote_resources(html) == ()


@pytest.mark.parametrize(
    ("html", "balanced"),
    [
        ("<!--[if mso]><table><![endif]-->x<!--[if mso | IE]></table><![endif]-->", True),
        ("<!--[if !mso]><!--><meta><!--<![endif]-->", True),
        ("no branch", True),
        ("<!--[if mso]><table>", False),
        ("<table><![endif]-->", False),
        ("<!--[if mso]><!--[if mso]><![endif]-->", False),
    ],
)
def test_branches_for_word_are_closed_one_by_one(html: str, *, balanced: bool) -> None:
    assert branches_are_balanced(html) is balanced


def test_slots_are_found_by_their_tokens() -> None:
    assert slots_in(f"til {Slot.EMAIL.token}: {LEAVE}") == {Slot.EMAIL, Slot.UNSUBSCRIBE_URL}


def test_a_good_mail_gives_its_slots() -> None:
    assert check_composed(GOOD, f"{Slot.EMAIL.token} {LEAVE}", template="x") == {Slot.EMAIL, Slot.UNSUBSCRIBE_URL}


@pytest.mark.parametrize(
    ("html", "text", "problem"),
    [
        (GOOD + '<img src="https://a.example/x.gif">', LEAVE, "would fetch something"),
        ("<p>", LEAVE, "HTML part has no place for each reader's own unsubscribe_url"),
        (GOOD, "", "text part has no place for each reader's own unsubscribe_url"),
        (GOOD + "<!--[if mso]>", LEAVE, "Outlook"),
    ],
)
def test_a_mail_that_could_not_be_sent_is_refused(html: str, text: str, problem: str) -> None:
    with pytest.raises(MailerError, match=problem) as caught:
        check_composed(html, text, template="email/issue.mjml.j2")
    assert caught.value.where == "email/issue.mjml.j2"


def test_a_mail_that_gmail_clips_is_warned_about() -> None:
    assert size_findings("x" * (GMAIL_CLIPS_AT - 1)) == ()
    (finding,) = size_findings("å" * (GMAIL_CLIPS_AT // 2))
    assert finding.severity is Severity.WARNING
    assert "102 kB" in finding.message
