import base64
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.issue.links.unwrapping import Unwrapped, unwrap
from mailer.issue.links.urls import clean_url

TARGET = "https://a.example/søk/b_c?x=1&y=%20#d"
ENCODED = quote(TARGET, safe="")
BASE64 = base64.b64encode(TARGET.encode()).decode()
PROOFPOINT = "https://urldefense.com/v3/"

HOLD_THE_ADDRESS = [
    ("SafeLinks", "https://eur01.safelinks.protection.outlook.com/?url={}&data=05%7C01"),
    ("SafeLinks", "https://NAM02.SafeLinks.Protection.Outlook.com/ap/w-59584e83/?url={}&amp;data=05"),
    ("SafeLinks", "https://safelinks.protection.outlook.com./?url={}"),
    ("SafeLinks", "https://gcc02.safelinks.protection.outlook.com/GetUrlReputation?Url={}"),
    ("SafeLinks", "https://usg01.safelinks.protection.office365.us/?url={}"),
    ("SafeLinks", "https://usg02.safelinks.protection.apps.mil/?url={}"),
    (
        "SafeLinks",
        "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url={}&locale=nb",
    ),
    ("SafeLinks", "https://statics.teams.microsoft.com/evergreen-assets/safelinks/2/atp-safelinks.html?url={}"),
    ("SafeLinks", "https://eur.safelink.emails.azure.net/redirect/?destination={}&p=b"),
    ("Proofpoint", "https://urldefense.proofpoint.com/v1/url?u={}&k=abc"),
    ("Proofpoint", "https://eu.urldefense.us/v1/url?u={}&k=abc"),
    ("Barracuda", "https://linkprotect.cudasvc.com/url?a={}&c=E,1,x&typo=1"),
    ("Cisco", "https://secure-web.cisco.com/1abcDEF-_/{}"),
    ("Trend Micro", "https://ddec1-0-en-ctp.trendmicro.com:443/wis/clicktime/v1/query?url={}&umid=1"),
    ("Trend Micro", "https://eu-ctp.trendmicro.com/wis/clicktime/v2/query?umid=1&url={}"),
    ("Symantec", "https://clicktime.symantec.com/15u?h=a&u={}"),
    ("Check Point", "https://checkpoint.url-protection.com/v1/url?o={}&g=a"),
    ("Trellix", "https://protect2.fireeye.com/v1/url?k=a&q=1&u={}"),
    ("Trustwave", "https://scanmail.trustwave.com/?c=1&d=a&u={}"),
    ("TitanHQ", "https://linklock.titanhq.com/analyse?url={}&data=a"),
    ("FortiMail", "https://mail.kommune.example/fmlurlsvc/?fewReq=:B:a&url={}"),
    ("Outlook", "https://post.kommune.example/owa/redir.aspx?C=a&URL={}"),
    ("Google", "https://www.google.com/url?q={}&sa=D&source=docs"),
    ("Google", "https://google.no/url?sa=t&url={}"),
    ("Google", "https://www.google.co.uk/url?q={}"),
    ("YouTube", "https://www.youtube.com/redirect?event=x&q={}"),
    ("Facebook", "https://l.facebook.com/l.php?u={}&h=AT0"),
    ("Facebook", "https://lm.facebook.com/l.php?u={}"),
    ("Facebook", "https://l.messenger.com/l.php?u={}"),
    ("Facebook", "https://l.instagram.com/?u={}&e=AT0"),
    ("LinkedIn", "https://www.linkedin.com/safety/go?url={}&trk=a"),
    ("LinkedIn", "https://no.linkedin.com/redir/redirect?url={}"),
    ("Slack", "https://slack-redir.net/link?url={}"),
    ("DuckDuckGo", "https://duckduckgo.com/l/?uddg={}&rut=a"),
    ("Amazon SES", "https://abc.r.eu-west-1.awstrack.me/L0/{}/1/0102-abc/x=1"),
]
DO_NOT_HOLD_IT = [
    ("Mimecast", "https://protect-eu.mimecast.com/s/AbCdEf?domain=a.example"),
    ("Mimecast", "https://url.uk.m.mimecastprotect.com/s/AbCdEf"),
    ("Mailchimp", "https://x.us1.list-manage.com/track/click?u=1&id=2&e=3"),
    ("Mandrill", "https://mandrillapp.com/track/click/1/a.example?p=eyJ"),
    ("Sophos", "https://eu-central-1.protection.sophos.com/?d=a.example&c=x"),
    ("Sophos", "https://eu-central-1.protection.sophos.com/?d=a.example&u=%FF"),
    ("SafeLinks", "https://eur01.safelinks.protection.outlook.com/?data=05"),
    ("Proofpoint", "https://urldefense.com/v3/x"),
    ("Proofpoint", "https://urldefense.proofpoint.com/v2/url?d=x"),
    ("Google", "https://www.google.com/url?q=a.example"),
    ("SendGrid", "https://u1.ct.sendgrid.net/ls/click?upn=a"),
    ("HubSpot", "https://d1.hubspotlinks.com/Ctc/a"),
    ("Brevo", "https://x.r.af.sendibt2.com/tr/cl/a"),
    ("Mailjet", "https://x.r.mjt.lu/lnk/a"),
    ("Campaign Monitor", "https://firma.cmail19.com/t/y-l-a"),
    ("Constant Contact", "https://r20.rs6.net/tn.jsp?f=a"),
    ("Customer.io", "https://e.customeriomail.com/e/c/a"),
    ("Apsis", "https://rsp.anpdm.com/a"),
    ("Inky", "https://shared.outlook.inky.com/link?domain=a.example&t=h"),
    ("EdgePilot", "https://link.edgepilot.com/s/a"),
    ("Hornetsecurity", "https://atpscan.global.hornetsecurity.com/?d=a"),
    ("Intermedia", "https://url.emailprotection.link/?b=a"),
]
NO_WRAPPERS = [
    "https://a.example/?url=https%3A%2F%2Fb.example",
    "https://www.google.com/search?q=https%3A%2F%2Fa.example",
    "https://forms.gle/url?q=https%3A%2F%2Fa.example",
    "https://www.facebook.com/sharer.php?u=https%3A%2F%2Fa.example",
    "https://www.linkedin.com/sharing/share-offsite/?url=https%3A%2F%2Fa.example",
    "https://www.youtube.com/watch?v=a&q=https%3A%2F%2Fa.example",
    "https://www.trendmicro.com/?url=https%3A%2F%2Fa.example",
    "https://kommune.us1.list-manage.com/subscribe?u=1",
    "https://www.mimecast.com/blog",
    "https://duckduckgo.com/?uddg=https%3A%2F%2Fa.example",
    "https://statics.teams.cdn.office.net/x.html?url=https%3A%2F%2Fa.example",
    "https://docs.sendgrid.net/blog",
    "https://urldefense.com/learn",
    "https://mandrillapp.com/login",
    "https://www.bing.com/search?u=a1aHR0cHM6Ly9hLmV4YW1wbGUv",
    "https://evilsafelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Fa.example",
    "https://notsafelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example",
    "mailto:kari@a.example",
    "https://[::1",
]


@pytest.mark.parametrize(("name", "form"), HOLD_THE_ADDRESS)
def test_an_address_is_taken_out_of_what_is_put_around_it(name: str, form: str) -> None:
    assert unwrap(form.format(ENCODED)) == Unwrapped(url=TARGET, wrappers=(name,))


@pytest.mark.parametrize(("name", "url"), DO_NOT_HOLD_IT)
def test_a_wrapper_that_does_not_hold_the_address_is_named_and_stays(name: str, url: str) -> None:
    assert unwrap(url) == Unwrapped(url=url, opaque=name)


@pytest.mark.parametrize("url", NO_WRAPPERS)
def test_an_address_that_only_looks_like_a_wrapper_is_none(url: str) -> None:
    assert unwrap(url) == Unwrapped(url=url)


def urlsafe(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


SOPHOS = "https://eu-central-1.protection.sophos.com"
V2 = "https://urldefense.proofpoint.com/v2/url"
SAFELINKS = "https://eur01.safelinks.protection.outlook.com"


@pytest.mark.parametrize(
    ("wrapped", "url", "name"),
    [
        (V2 + "?u=https-3A__a.example_x-5Fy-3Fz-3D1&d=D&e=", "https://a.example/x_y?z=1", "Proofpoint"),
        (PROOFPOINT + "__https://a.example/x__;!!abc!def$", "https://a.example/x", "Proofpoint"),
        (PROOFPOINT + "__https:/a.example/x__;!!abc!def$", "https://a.example/x", "Proofpoint"),
        (
            PROOFPOINT + "__https://a.example/x?y=*&z=**A__;w6bDuMOl!!abc!def$",
            "https://a.example/x?y=æ&z=øå",
            "Proofpoint",
        ),
        (
            PROOFPOINT + f"__https://a.example/*/**B/**_*s__;{urlsafe('#+++' + '-' * 65 + '?')}!!a!b$",
            "https://a.example/#/+++/" + "-" * 65 + "?s",
            "Proofpoint",
        ),
        (f"{SOPHOS}?d=a.example&u={BASE64}&i=1", TARGET, "Sophos"),
        (f"{SOPHOS}/?d=a.example&u={BASE64.rstrip('=')}", TARGET, "Sophos"),
        (f"https://www.bing.com/ck/a?!&&p=1&u=a1{urlsafe(TARGET)}&ntb=1", TARGET, "Bing"),
        ("https://secure-web.cisco.com/1abc/https://a.example/x?y=1", "https://a.example/x?y=1", "Cisco"),
        (
            "https://protect.checkpoint.com/v2/___https://a.example/x?y=1#z___.YXAz",
            "https://a.example/x?y=1#z",
            "Check Point",
        ),
        ("https://url.avanan.click/v2/r01/___https://a.example/x___.YXAz", "https://a.example/x", "Check Point"),
        (f"{SAFELINKS}/?url=https%253A%252F%252Fa.example%252Fx", "https://a.example/x", "SafeLinks"),
        (f"{SAFELINKS}/?url={ENCODED}&url=https%3A%2F%2Fb.example", TARGET, "SafeLinks"),
        (f"{SOPHOS}/?u={base64.b64encode(b'https://a.example/~~>?').decode()}", "https://a.example/~~>?", "Sophos"),
        (f"{SOPHOS}/?u={urlsafe('https://a.example/¿¿¿>>')}", "https://a.example/¿¿¿>>", "Sophos"),
        (PROOFPOINT + f"__https://a.example/**B__;{urlsafe('¿¿¿')}!!a", "https://a.example/¿¿¿", "Proofpoint"),
        (PROOFPOINT + f"__https://a.example/**B*__;{urlsafe('æ')}!!a", "https://a.example/æ", "Proofpoint"),
        (f"{SAFELINKS}/?url=%20mailto%3Akari%40a.example", "mailto:kari@a.example", "SafeLinks"),
    ],
)
def test_an_address_is_read_out_of_every_way_to_write_it(wrapped: str, url: str, name: str) -> None:
    assert unwrap(wrapped) == Unwrapped(url=url, wrappers=(name,))


def around(url: str, times: int, form: str = HOLD_THE_ADDRESS[0][1]) -> str:
    return url if times == 0 else form.format(quote(around(url, times - 1, form), safe=""))


def test_wrappers_in_each_other_come_off_one_after_the_other_and_are_named_once() -> None:
    google = around("https://www.google.com/url?q=" + ENCODED, 2)
    assert unwrap(google) == Unwrapped(url=TARGET, wrappers=("SafeLinks", "Google"))
    mimecast = DO_NOT_HOLD_IT[0][1]
    assert unwrap(around(mimecast, 1)) == Unwrapped(url=mimecast, wrappers=("SafeLinks",), opaque="Mimecast")


def test_no_chain_of_wrappers_is_followed_without_end() -> None:
    around_it = "https://l.instagram.com/?u="
    assert unwrap(around_it * 10 + "https://a.example/") == Unwrapped(url="https://a.example/", wrappers=("Facebook",))
    assert unwrap(around_it * 11 + "https://a.example/") == Unwrapped(
        url=around_it + "https://a.example/", wrappers=("Facebook",), opaque="Facebook"
    )
    assert unwrap(around_it * 2) == Unwrapped(url=around_it, wrappers=("Facebook",), opaque="Facebook")


LEGS = st.sampled_from([form for _, form in HOLD_THE_ADDRESS])
LETTERS = st.text("abc_-.~:/?#@!$&'()*+,;=%æ ", max_size=12)


@given(st.lists(LEGS, max_size=3), LETTERS)
def test_what_is_put_around_any_address_comes_off_whole(forms: list[str], rest: str) -> None:
    url = wrapped = "https://a.example/x" + rest.strip()
    for form in forms:
        wrapped = form.format(quote(wrapped, safe=""))
    assert unwrap(wrapped).url == url


@given(
    st.sampled_from([form for _, form in [*HOLD_THE_ADDRESS, *DO_NOT_HOLD_IT]] + [PROOFPOINT + "__{}__;{}!"]), st.text()
)
@example(PROOFPOINT + "__{}__;{}!", "**_")
@example("https://eu.protection.sophos.com/?u={}", "æ")
@example("https://x.safelinks.protection.outlook.com/?url={}", "javascript:alert(1)")
def test_nothing_in_a_wrapper_raises_or_leads_where_no_link_may(form: str, text: str) -> None:
    for written in (text, quote(text, safe=""), quote("\n" + text, safe="")):
        address = clean_url(form.replace("{}", written))
        assert address.problem or address.url.startswith(("https://", "http://", "mailto:", "tel:"))
