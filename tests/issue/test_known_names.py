"""Names that editors write: of helsefellesskap, and of `kinds` of dates."""

from collections.abc import Callable

import pytest

from mailer.issue.files.known_names import KnownNames
from mailer.issue.model import DateKind
from mailer.issue.source import IssueReading
from mailer.subscribers.register import list_names, near_list, read_register

ReadFiles = Callable[..., IssueReading]


@pytest.fixture(scope="module")
def known(request: pytest.FixtureRequest) -> KnownNames:
    register = read_register(request.config.rootpath / "subscribers")
    return KnownNames.of({name: each.slug for name, each in list_names(register).items()})


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("vest-viken", "vest-viken"),
        ("Vest-Viken", "vest-viken"),
        ("Vest Viken", "vest-viken"),
        ("Vestre Viken", "vest-viken"),
        ("Helsefellesskap Oslo", "oslo"),
        ("helsefellesskapet  i Oslo", "oslo"),
        ("Oslo", "oslo"),
        ("Finnmark", "finnmark"),
        ("Helsefelleskapet Finnmark", "finnmark"),
        ("Helsefellesskapet på Agder", "agder"),
        ("Ahus", "akershus"),
        ("Lofoten, Vesterålen og Salten", "lofoten-vesteralen-og-salten"),
        ("ØSTFOLD", "ostfold"),
        ("helse-nord", ""),
        ("", ""),
    ],
)
def test_a_helsefellesskap_is_known_by_every_name(known: KnownNames, name: str, slug: str) -> None:
    assert known.slug_of(name) == slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("vestviken", "vest-viken"),
        ("Finmark", "finnmark"),
        ("Helsefellesskapet i Finmark", "finnmark"),
        ("osslo", "oslo"),
        ("Aggder", "agder"),
        ("helse-nord", ""),
        ("Helse Nord", ""),
        ("Helse Vest", ""),
        ("Helse Midt-Norge", ""),
        ("Helse Sør-Øst RHF", ""),
        ("Helsefellesskap Nord", ""),
        ("Rogaland", ""),
        ("Trøndelag", ""),
        ("Viken", ""),
        ("Stockholm", ""),
    ],
)
def test_a_helsefellesskap_is_suggested_only_where_its_name_is_mistyped(
    known: KnownNames, name: str, slug: str, request: pytest.FixtureRequest
) -> None:
    assert known.mistyped_in(name) == slug
    near = near_list(read_register(request.config.rootpath / "subscribers"), name)
    assert near is None or near.slug == slug


def test_an_item_may_name_them_in_any_way_and_each_counts_once(read_files: ReadFiles) -> None:
    facts = 'helsefellesskap = ["Vest-Viken", "vest-viken", "Helsefellesskapet i Oslo", "helse-nord"]'
    reading = read_files({"items/010-mote.md": f"+++\n{facts}\n+++\nTekst.\n"})
    assert reading.issue is not None
    assert reading.issue.items[0].helsefellesskap == ("vest-viken", "oslo")
    (finding,) = reading.findings
    assert (finding.rule, finding.line, finding.column, finding.words) == ("helsefellesskap", 2, 77, "helse-nord")
    assert finding.message == 'the helsefellesskap "helse-nord" is unknown and left out'
    assert finding.hint == "mailer lists shows them all."


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("påmeldingsfrist", DateKind.REGISTRATION_DEADLINE),
        ("Påmelding", DateKind.REGISTRATION_DEADLINE),
        ("frist for påmelding", DateKind.REGISTRATION_DEADLINE),
        ("registration_deadline", DateKind.REGISTRATION_DEADLINE),
        ("Registration deadline", DateKind.REGISTRATION_DEADLINE),
        ("SØKNADSFRIST", DateKind.APPLICATION_DEADLINE),
        ("application", DateKind.APPLICATION_DEADLINE),
        ("høringsfrist", DateKind.CONSULTATION_DEADLINE),
        ("Høyringsfrist", DateKind.CONSULTATION_DEADLINE),
        ("frist for innspill", DateKind.CONTRIBUTION_DEADLINE),
        ("frist", DateKind.DEADLINE),
        ("Deadline", DateKind.DEADLINE),
        ("utlysing", DateKind.CALL_EXPECTED),
        ("ikrafttredelse", DateKind.IN_FORCE),
        ("Lansering", DateKind.LAUNCH),
        ("utgjeving", DateKind.PUBLICATION),
        ("arrangement", DateKind.EVENT),
        ("Hending", DateKind.EVENT),
        ("møte", DateKind.MEETING),
        ("Konferanse", DateKind.CONFERENCE),
    ],
)
def test_a_kind_of_date_is_taken_in_the_words_people_write(read_files: ReadFiles, word: str, kind: DateKind) -> None:
    frame = 'title = "A"\ndate = "2024-02"\n'
    entry = f'[[important_dates]]\nkind = "{word}"\ndate = 2024-03-01\ntext = "A"\n'
    item = f'+++\ndates = [{{ kind = "{word}", date = 2024-03-01 }}]\n+++\nTekst.\n'
    issue = read_files({"issue.toml": frame + entry, "items/010-mote.md": item}).issue
    assert issue is not None
    assert [each.kind for each in issue.items[0].dates] == [kind]
    assert [each.kind for each in issue.important_dates] == [kind]


def test_a_deadline_for_registration_is_a_deadline() -> None:
    assert DateKind.REGISTRATION_DEADLINE.is_deadline
