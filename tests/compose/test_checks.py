import pytest

from mailer.compose.mail.checks import (
    branches_are_balanced,
    check_composed,
    remote_resources,
    size_findings,
    slots_in,
)
from mailer.compose.slots import Slot
from mailer.errors import MailerError
from mailer.issue.model import Finding, Severity

LEAVE = Slot.UNSUBSCRIBE_URL.token
GOOD = f'<!DOCTYPE html><html><body><a href="{LEAVE}">Meld deg av</a></body></html>'


@pytest.mark.parametrize(
    ("html", "fetched"),
    [
        ('<img src="https://a.example/pixel.gif">', '<img src="https://a.example/pixel.gif">'),
        ("<IMG alt='' SRC='http://a.example/pixel.gif'>", "<img SRC='http://a.example/pixel.gif'>"),
        ('<img srcset="//a.example/x.png 2x">', '<img srcset="//a.example/x.png 2x">'),
        ('<td background="https://a.example/x.png">', '<td background="https://a.example/x.png">'),
        ('<img src="cid:x" poster="x.png">', '<img poster="x.png">'),
        ('<p style="background:url(https://a.example/x)">', '<p style="background:url(https://a.example/x)">'),
        ('<p style="background:url(//">', '<p style="background:url(//">'),
        ("<style>.a{background:url('//a.example/x.png')}</style>", "url('//"),
        ("<style>@import 'https://a.example/x.css';</style>", "@import"),
        ('<link rel="stylesheet" href="https://a.example/x.css">', "<link>"),
        ("<SCRIPT>1</SCRIPT>", "<script>"),
    ],
)
def test_whatever_would_be_fetched_is_named(html: str, fetched: str) -> None:
    assert remote_resources(html) == (fetched,)


def test_styles_are_named_before_elements_and_these_before_their_attributes() -> None:
    html = '<iframe src="https://a.example/"></iframe><style>@import "x"</style><img src="x.png" style="x: url(//x)">'
    assert remote_resources(html) == (
        "@import",
        "<iframe>",
        '<iframe src="https://a.example/">',
        '<img src="x.png">',
        '<img style="x: url(//x)">',
    )


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
        (
            GOOD + '<img src="//a/x"><img src="//b/x">',
            LEAVE,
            'The mail would fetch something from another machine when it is opened (<img src="//a/x">).',
        ),
        ("<p>", LEAVE, "The HTML part has no place for each reader's own unsubscribe_url."),
        (GOOD, "", "The text part has no place for each reader's own unsubscribe_url."),
        (GOOD + "<!--[if mso]>", LEAVE, "A part meant for Outlook alone (<!--[if mso]>) is not closed."),
    ],
)
def test_a_mail_that_could_not_be_sent_is_refused(html: str, text: str, problem: str) -> None:
    with pytest.raises(MailerError) as caught:
        check_composed(html, text, template="email/issue.mjml.j2")
    refused = caught.value
    hint = "Compare your templates with those that come with mailer."
    assert (refused.what, refused.where, refused.hint) == (problem, "email/issue.mjml.j2", hint)


def test_a_mail_that_gmail_clips_is_warned_about() -> None:
    assert size_findings("x" * 101_999) == ()
    (finding,) = size_findings("å" * 51_000)
    assert finding == Finding(
        severity=Severity.WARNING,
        rule="size",
        message="The mail has 102 kB of HTML; Gmail shows the first 102 kB and hides the rest.",
        file="issue.toml",
        hint="Shorten the longest items, or move some to the next issue.",
    )
    (finding,) = size_findings("x" * 900_000)
    assert "has 900 kB" in finding.message
