import pytest

from mailer.catalogue import msg
from mailer.issue.links.inside import InsideAddress, inside_address, is_inside_host, is_path, paths_in

SHAREPOINT = InsideAddress(msg("findings.inside-sharepoint"), msg("findings.try-without-login"))
FILE = InsideAddress(msg("findings.inside-file"), msg("findings.put-on-the-web"))


def login(name: str) -> InsideAddress:
    return InsideAddress(msg("findings.inside-login", name=name), msg("findings.try-without-login"))


def network(host: str) -> InsideAddress:
    return InsideAddress(msg("findings.inside-network", host=host), msg("findings.public-address"))


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://kommune.sharepoint.com/:w:/r/sites/Helse_/_layouts/15/Doc.aspx", SHAREPOINT),
        ("https://Kommune-my.SharePoint.com./personal/kari", SHAREPOINT),
        ("https://kommune.sharepoint.us/x", SHAREPOINT),
        ("https://onedrive.cloud.microsoft/x", SHAREPOINT),
        ("https://teams.microsoft.com/l/channel/19%3Ax", login("Teams")),
        ("https://teams.cloud.microsoft/l/message/19", login("Teams")),
        ("https://outlook.office.com/mail/inbox/id/x", login("Outlook")),
        ("https://outlook.office365.com/mail/x", login("Outlook")),
        ("https://web.yammer.com/main/x", login("Viva Engage")),
        ("https://engage.cloud.microsoft/x", login("Viva Engage")),
        ("https://web.microsoftstream.com/video/x", login("Stream")),
        ("https://loop.cloud.microsoft/p/x", login("Loop")),
        ("https://loop.microsoft.com/p/x", login("Loop")),
        ("https://planner.cloud.microsoft/x", login("Planner")),
        ("https://tasks.office.com/x", login("Planner")),
        ("https://app.powerbi.com/groups/x", login("Power BI")),
        ("https://apps.powerapps.com/play/x", login("Power Apps")),
        ("https://portal.office.com/x", login("Microsoft 365")),
        ("https://word.cloud.microsoft/open/x", login("Microsoft 365")),
        ("https://kommune.workplace.com/groups/x", login("Workplace")),
        ("https://app.slack.com/client/x", login("Slack")),
        ("https://intranett.kommune.example/x", network("intranett.kommune.example")),
        ("https://innsida.kommune.example/x", network("innsida.kommune.example")),
        ("http://sak/123", network("sak")),
        ("http://sak:8080/123", network("sak")),
        ("http://localhost:8000/x", network("localhost")),
        ("https://sak360.kommune.local/x", network("sak360.kommune.local")),
        ("https://10.0.0.5/x", network("10.0.0.5")),
        ("https://192.168.1.2/", network("192.168.1.2")),
        ("https://127.0.0.1/", network("127.0.0.1")),
        ("https://[fd00::1]/x", network("fd00::1")),
        ("http://10.1/x", network("10.1")),
        ("file:///K:/felles/a.docx", FILE),
        ("FILE://server/a.docx", FILE),
        ("K:\\felles\\a.docx", FILE),
        ("k:/felles/a.docx", FILE),
        ("\\\\server\\felles\\a.docx", FILE),
        ("ms-word:ofe|u|https://kommune.sharepoint.com/x.docx", FILE),
        ("onenote:https://d.docs.live.net/x", FILE),
    ],
)
def test_what_only_colleagues_can_open_is_told_with_what_to_do(url: str, inside: InsideAddress) -> None:
    assert inside_address(url) == inside


@pytest.mark.parametrize(
    "url",
    [
        "https://www.helsedirektoratet.no/tema",
        "https://a.example/intranett",
        "https://intra.example/",
        "https://internasjonalt.kommune.example/",
        "https://8.8.8.8/",
        "https://[2001:4860:4860::8888]/",
        "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x/0",
        "https://teams.microsoft.com/meet/123?p=x",
        "https://teams.microsoft.com/registration/x",
        "https://teams.microsoft.com/v2/?meetingjoin=true#/x",
        "https://teams.microsoft.com/light-meetings/launch?x",
        "https://outlook.office365.com/calendar/published/x",
        "https://events.teams.microsoft.com/event/x",
        "https://outlook.office365.com/owa/calendar/x@kommune.example/bookings/",
        "https://outlook.office.com/book/x",
        "https://app.powerbi.com/view?r=x",
        "https://forms.office.com/e/x",
        "https://sharepoint.com.example/",
        "https://notsharepoint.com/",
        "https://1drv.ms/w/x",
        "mailto:kari@intranett",
        "tel:+4712345678",
        "https://[::1",
        "https:///x",
        "/felles",
    ],
)
def test_what_everybody_can_open_is_not(url: str) -> None:
    assert inside_address(url) is None


@pytest.mark.parametrize(
    ("host", "is_own"),
    [("kvalitet.kommune.example", True), ("a.kvalitet.kommune.example", True), ("xkvalitet.kommune.example", False),
     ("kommune.example", False)],
)  # fmt: skip
def test_a_host_of_the_editors_own_list_is_inside_with_all_below_it(host: str, is_own: bool) -> None:  # noqa: FBT001
    found = inside_address(f"https://{host}/x", own=["a.b.example", "Kvalitet.kommune.example"])
    message = msg("findings.inside-own", host=host)
    assert found == (InsideAddress(message, msg("findings.public-address")) if is_own else None)


LABELS = """
intranet intranett intra innsiden innsida intern internt ansatt ansatte ansattportal ansattportalen ansattsiden
ansattsidene tilsett tilsette medarbeider medarbeiderportalen medarbeidar vpn
"""
NETWORKS = """local localdomain localhost lan internal intranet intern corp home private"""


@pytest.mark.parametrize("label", LABELS.split())
def test_a_host_is_inside_by_what_its_name_says(label: str) -> None:
    assert is_inside_host(f"{label}.kommune.example")
    assert is_inside_host(f"{label}.oslo.kommune.example")
    assert not is_inside_host(f"www.{label}.example")
    assert not is_inside_host(f"x{label}.kommune.example")


@pytest.mark.parametrize("last", NETWORKS.split())
def test_a_host_is_inside_by_a_domain_that_the_internet_does_not_have(last: str) -> None:
    assert is_inside_host(f"sak.{last}")
    assert not is_inside_host(f"{last}.sak.example") or last in {"intranet", "intern"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Se \\\\server\\felles\\_x.docx, og K:\\a\\b.", ["\\\\server\\felles\\_x.docx", "K:\\a\\b"]),
        ("(file:///C:/x.docx) «K:/a/b»", ["file:///C:/x.docx", "K:/a/b"]),
        ("https://sak/123?a=1, http://localhost:80/x)", ["https://sak/123?a=1", "http://localhost:80/x"]),
        ("ms-word:ofe|u|https://a.example/x", ["ms-word:ofe", "https://a.example/x"]),
        ("Kl. 10: a/b, A: ja, x:/y, profile:/x, Kategori:\\x og \\ og \\\\", []),
        ("https://", ["https://"]),
    ],
)
def test_paths_and_addresses_are_found_in_words_without_the_marks_after_them(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in paths_in(text)] == found


@pytest.mark.parametrize("address", ["https://a.example/", "mailto:a@b.example", "\\x", "a:b", "http:\\x", "k://x", ""])
def test_other_addresses_are_no_paths(address: str) -> None:
    assert not is_path(address)
