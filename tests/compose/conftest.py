"""What the tests of composing share: the publication, a composer, the two real issues and a small made-up one."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailer.compose.mail.composer import Composer
from mailer.compose.pictures.images import with_pictures
from mailer.compose.publication import Helsefellesskap, Publication
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.model import (
    CalendarDate,
    Contact,
    DateKind,
    Issue,
    Item,
    ItemDate,
    Link,
    Paragraph,
    Precision,
    Section,
    Text,
)
from mailer.issue.source import read_issue
from mailer.languages import Lang
from mailer.rendering.pages import Pages
from mailer.rendering.templates import Templates


@pytest.fixture(scope="session")
def publication(repository: Path) -> Publication:
    register = tomllib.loads((repository / "subscribers" / "helsefellesskap.toml").read_text("utf-8"))
    places = tuple(
        Helsefellesskap(
            slug=each["slug"], short=each["short"], region=each["region"], place_se=each.get("place_se", "")
        )
        for each in register["helsefellesskap"]
    )
    return Publication(
        name="Nyhetsbrev for helsefellesskap",
        publisher="Helsedirektoratet",
        places=places,
        pages=Pages("https://nyhetsbrev.example"),
        editor="redaksjon@nyhetsbrev.example",
    )


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates()


@pytest.fixture(scope="session")
def composer(templates: Templates, publication: Publication) -> Composer:
    return Composer(templates, theme=Theme(), publication=publication)


@pytest.fixture(scope="session")
def real_issue(repository: Path, publication: Publication) -> Callable[[str], Issue]:
    """Read one of the two published newsletters."""

    def read(slug: str) -> Issue:
        slugs = [place.slug for place in publication.places]
        reading = read_issue(repository / "issues" / slug, helsefellesskap=slugs, publisher=publication.publisher)
        assert reading.issue is not None
        return reading.issue

    return read


@pytest.fixture(scope="session")
def full_issue(repository: Path, publication: Publication) -> Issue:
    """The issue under tests/data that has every part an issue can have."""
    slugs = [place.slug for place in publication.places]
    folder = repository / "tests" / "data" / "issues" / "2024-06"
    reading = read_issue(folder, helsefellesskap=slugs, publisher=publication.publisher)
    assert reading.issue is not None
    return reading.issue


@pytest.fixture(scope="session")
def forms_of(composer: Composer, templates: Templates, publication: Publication) -> Callable[[Issue], dict[str, str]]:
    """An issue as mail and web page; the mail's pictures lie in the page, as a mail program would put them there."""

    def forms(issue: Issue) -> dict[str, str]:
        key = composer.variant_key(issue, issue.helsefellesskap, lang=issue.lang)
        page = compose_webpage(issue, templates=templates, theme=Theme(), publication=publication)
        composed = composer.compose(issue, key)
        return {"mail": with_pictures(composed.html, composed.images), "web": page}

    return forms


def _item(number: int, *, lang: Lang = "nn", **changes: object) -> Item:
    item = Item(
        slug=f"sak-{number}",
        number=number,
        lang=lang,
        title=f"Tittel {number}",
        body=(Paragraph((Text(f"Brødtekst {number}."),)),),
    )
    return replace(item, **changes)  # type: ignore[arg-type]  # each test names fields that Item has


@pytest.fixture(scope="session")
def make_item() -> Callable[..., Item]:
    """An item of one paragraph; fields may be given by name."""
    return _item


@pytest.fixture
def small_issue() -> Issue:
    """A nynorsk issue of December 2023 with one item in each of two sections."""
    deadline = ItemDate(when=CalendarDate(start=date(2023, 12, 14)), kind=DateKind.APPLICATION_DEADLINE)
    more = Paragraph((Text("Les meir her: "), Link((Text("Veileder"),), "https://veileder.example/", "nb"), Text(".")))
    first = _item(
        1,
        contacts=(Contact(email="kari@oslo.example"),),
        helsefellesskap=("oslo",),
        dates=(deadline,),
    )
    return Issue(
        slug="2023-12",
        title="Nyheitsbrev for helsefellesskap",
        published=CalendarDate(start=date(2023, 12, 1), precision=Precision.MONTH),
        lang="nn",
        publisher="Helsedirektoratet",
        sections=(
            Section(id="", items=(first,)),
            Section(id="ks", title="Nytt frå KS", items=(_item(2, lang="nb", body=(*_item(2).body, more)),)),
        ),
        intro=(Paragraph((Text("Velkomen."),)),),
        next_issue=CalendarDate(start=date(2024, 2, 1), precision=Precision.MONTH),
        contribution_deadline=date(2024, 2, 1),
    )
