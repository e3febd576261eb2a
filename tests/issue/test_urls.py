"""Addresses that links may lead to, and the `tracking` that is taken off them."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.issue.links.urls import EMAIL, LinkTarget, address_problem, clean_url, find_bare_addresses

ALLOWED = re.compile(r"https?://[A-Za-z0-9.:_-]+([/?#][!-~]*)?|mailto:[!-~]+|tel:[+0-9().-]+")
ATTACKS = [
    "//evil.example/x",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "https://user@evil.example/",
    "https://user:pass@evil.example/",
    "https:///x",
    "https://",
    "https://[::1",
    "https://a.example:99999999/",
    "/local",
    "mailto:d’angelo@a.example",
    "example.org",
    "mailto:",
    "mailto:a",
    "mailto:a@b.example%0ABcc:x@y.example",
    "mailto:a@b.example?subject=x%0D%0ABcc:c@d.example",
    "tel:abc",
    "https://a.example/\u202egnp.exe",
    "https://a.example/\nx",
    "java\tscript:alert(1)",
    "https://a.example/a\u202fb",
    "https://a.example/Tillegg\u00a01.pdf",
]


@pytest.mark.parametrize("written", ATTACKS)
def test_an_address_that_is_not_on_the_allow_list_is_refused_with_a_reason(written: str) -> None:
    address = clean_url(written)
    assert address.url == ""
    assert address.problem


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://www.ks.no/a_b/(c)?x=1&y=2#z", "https://www.ks.no/a_b/(c)?x=1&y=2#z"),
        ("HTTPS://ks.no/", "https://ks.no/"),
        ("Http://ks.no/A", "http://ks.no/A"),
        ("MAILTO:Kari@a.example", "mailto:Kari@a.example"),
        ("Tel:+47 22", "tel:+4722"),
        ("http://ks.no", "http://ks.no"),
        ("mailto:Turid.Moseid@helsedir.example", "mailto:Turid.Moseid@helsedir.example"),
        ("mailto:a@b.example?subject=Hei%20du", "mailto:a@b.example?subject=Hei%20du"),
        ("tel:+47 810 20 050", "tel:+4781020050"),
        ("https://blåbær.example/søk?q=ærlig", "https://xn--blbr-roah.example/s%C3%B8k?q=%C3%A6rlig"),
        ("https://a.example/x y", "https://a.example/x%20y"),
        ("www.a.example/x", "https://www.a.example/x"),
        ("WWW.a.example", "https://WWW.a.example"),
        ("tel:+47\u00a022\u202f33", "tel:+472233"),
    ],
)
def test_an_allowed_address_becomes_ascii_and_is_otherwise_kept(written: str, url: str) -> None:
    assert clean_url(written).url == url


@pytest.mark.parametrize(
    ("written", "url", "removed"),
    [
        ("https://a.example/?fbclid=Iw&x=1", "https://a.example/?x=1", ("fbclid",)),
        ("https://a.example/?utm_source=n&utm_medium=e#part", "https://a.example/#part", ("utm_source", "utm_medium")),
        ("https://a.example/?gclid=1&mc_eid=2", "https://a.example/", ("gclid", "mc_eid")),
        ("https://a.example/?id=utm_source", "https://a.example/?id=utm_source", ()),
        ("https://a.example/#utm_source=n&xtor=2", "https://a.example/", ("utm_source", "xtor")),
        ("https://a.example/?a=1&igsh=b#del=2", "https://a.example/?a=1#del=2", ("igsh",)),
        ("https://a.example/#_gl", "https://a.example/#_gl", ()),
        ("mailto:a@b.example?utm_source=x", "mailto:a@b.example?utm_source=x", ()),
        (
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fks.example%2Fa%3Ffbclid%3D1&data=05",
            "https://ks.example/a",
            ("SafeLinks", "fbclid"),
        ),
        ("https://x.safelinks.protection.outlook.com/?url=javascript%3Aalert(1)", "", ("SafeLinks",)),
    ],
)
def test_tracking_and_wrappers_are_taken_off_and_named(written: str, url: str, removed: tuple[str, ...]) -> None:
    address = clean_url(written)
    assert (address.url, address.removed) == (url, removed)


TRACKING = """
fbclid gclid dclid yclid ttclid twclid msclkid gbraid wbraid gclsrc irclickid rb_clickid li_fat_id srsltid
igsh igshid utm_id wt_mc WT.mc_id wt_zmc mtm_campaign matomo_source piwik_kwd pk_campaign pk_kwd at_medium
at_campaign at_custom1 cmpid s_cid _gl _ga _ga_1A xtor elqTrackId elqTrack elqaid elqCampaignId elq_mid mc_eid
mc_cid mkt_tok _hsenc _hsmi __hstc hsCtaTracking oly_enc_id vero_id vero_conv ml_subscriber ml_subscriber_hash
dm_i _kx _openstat sfmc_id bsft_uid epik fb_ref fb_source fb_action_ids ref_src ref_url ns_campaign
ns_mchannel
"""
NEEDED = """id q ref source at_time pk lang side trk cid page_id gl hsid campaign medium ns"""


@pytest.mark.parametrize("name", TRACKING.split())
def test_a_name_that_only_serves_tracking_is_taken_off(name: str) -> None:
    assert clean_url(f"https://a.example/?a=1&{name}=x&b=2#c") == LinkTarget(
        url="https://a.example/?a=1&b=2#c", removed=(name,)
    )


@pytest.mark.parametrize("name", NEEDED.split())
def test_a_name_that_a_page_may_need_stays(name: str) -> None:
    url = f"https://a.example/?{name}=x"
    assert clean_url(url) == LinkTarget(url=url)


@given(st.builds(str.__add__, st.sampled_from(["", "https://", "HttP://a.example/", "Mailto:", "TEL:"]), st.text()))
@example("https://a.example/\\..")
def test_whatever_is_let_through_fits_the_allow_list(written: str) -> None:
    address = clean_url(written)
    assert bool(address.url) != bool(address.problem)
    if address.url:
        assert ALLOWED.fullmatch(address.url)


@given(st.text(alphabet="abc.@:/httpsw()?!_*'’|;~ "))
def test_bare_addresses_are_found_in_order_and_do_not_overlap(text: str) -> None:
    ends = 0
    for start, end in find_bare_addresses(text):
        assert ends <= start < end <= len(text)
        ends = end


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Send til ola@a.example.", ["ola@a.example"]),
        ("Se https://a.example/x, og (https://b.example/y).", ["https://a.example/x", "https://b.example/y"]),
        ("«https://a.example/(x)»", ["https://a.example/(x)"]),
        ("https:// og @ola og a@b og kl. 12", []),
        ("Skriv til per_hansen_@k.example eller a*b@k.example", ["per_hansen_@k.example", "a*b@k.example"]),
        (
            "per~x@a.example kari=n@a.example ola*n@a.example",
            ["per~x@a.example", "kari=n@a.example", "ola*n@a.example"],
        ),
        ("d’angelo@a.example o'brien+nyhet=b@a.example", ["d’angelo@a.example", "o'brien+nyhet=b@a.example"]),
        ("’kari@a.example’ 'ola@a.example' *siv@a.example", ["kari@a.example", "ola@a.example", "siv@a.example"]),
        ("_post_@a.example kari&ola@a.example", ["_post_@a.example", "kari&ola@a.example"]),
        ("kari@a.example/ola@a.example|siv@b.example", ["kari@a.example", "ola@a.example", "siv@b.example"]),
        ("@kari@a.example og kari@@a.example og kari@a.example@b", []),
        (
            "www.a.example/x_y, (www.b.example) www.c.example?d=1.",
            ["www.a.example/x_y", "www.b.example", "www.c.example?d=1"],
        ),
        ("helsedir.no/x, sftp://a.example/x og a.www.b.example", []),
        ("siv.lise/ola@a.example, helsedir.no/@x og a.no/b@c", ["siv.lise/ola@a.example"]),
        ("|https://a.example/a|b_c_d| https://a.example/x|", ["https://a.example/a|b_c_d", "https://a.example/x"]),
        ("https://a.example/x;https://a.example/y", ["https://a.example/x", "https://a.example/y"]),
        ("https://a.example/?u=https://b.example", ["https://a.example/?u=https://b.example"]),
        ("mailto:kari@a.example?subject=Hei_du.", ["mailto:kari@a.example?subject=Hei_du"]),
        (
            "Se https://a.example/x… og https://a.example/y– og https://a.example/–z",
            ["https://a.example/x", "https://a.example/y", "https://a.example/–z"],
        ),
        (
            "[https://a.example/z] „https://a.example/q” ’https://a.example/r’",
            ["https://a.example/z", "https://a.example/q", "https://a.example/r"],
        ),
        (
            "https://a.example/x[1]_(2)_ https://a.example/a\u202fb",
            ["https://a.example/x[1]_(2)_", "https://a.example/a"],
        ),
        ("https://a.example/x{lang=nb} https://a.example/{A-1}", ["https://a.example/x", "https://a.example/{A-1}"]),
        (
            "`https://a.example/x` {https://a.example/y} ~~https://a.example/z_~~",
            ["https://a.example/x", "https://a.example/y", "https://a.example/z_"],
        ),
        (
            "https://a.example/{x} https://a.example/~x~ https://a.example/x}.",
            ["https://a.example/{x}", "https://a.example/~x~", "https://a.example/x"],
        ),
        ("Staerk; siv-lise.staerk@a.example ", ["siv-lise.staerk@a.example"]),
    ],
)
def test_the_end_of_a_sentence_is_no_part_of_a_bare_address(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in find_bare_addresses(text)] == found


@pytest.mark.parametrize("local", ["per~x", "kari=n", "o'brien+nyhet=b", "kari&ola", "kåre_ås"])
def test_a_contact_may_have_the_signs_that_an_address_in_the_text_may_have(local: str) -> None:
    assert EMAIL.fullmatch(f"{local}@a.example")
    assert clean_url(f"mailto:{local}@a.example").url


@pytest.mark.parametrize(
    ("written", "mark"),
    [("siste**kari@a.example", "**"), ("d’angelo@a.example", "’"), ("ola*n@a.example", ""), ("kari@a.example**", "")],
)
def test_an_address_that_may_be_two_words_says_by_which_mark(written: str, mark: str) -> None:
    assert address_problem(written) == (f"a link has a {mark} in its e-mail address" if mark else "")
