"""What the PDF cannot print is named at its place, and one error does not hide what else can be found.

Texts of the settings have theirs by `setting_texts`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path

import pytest

from mailer.bootstrap import Services, build_services
from mailer.issue.model import Finding, Severity
from mailer.usecases.checking import check_issue
from mailer.usecases.creation import init_workspace

SLUG = "2024-02"
FRAME = """\
title = "Nyhetsbrev 中 for alle"
date = "2024-02"
lang = "nb"
preheader = "中 som bare innboksen viser"
intro = \"\"\"
Kort fortalt.

Sett i skogen: 中 og
en 文.
\"\"\"
reader_note = "Se 中"
contact = { email = "kari@a.example", name = "中 Kari" }

[[sections]]
title = "Nytt 中"

[[important_dates]]
date = 2024-03-01
place = "中-salen"
text = "Møte 中"

[[link_groups]]
title = "中 Nettsider"
entries = ["中 en", "[中 to](https://a.example/)"]
"""
ITEM = """\
+++
title = "Sak 中"
contacts = [{ name = "中", email = "kari@a.example" }, { name = "中", email = "ola@a.example" }]
dates = [{ date = 2024-03-02, title = "中", place = "中" }]
image = { file = "kart.png", alt = "語", caption = "中" }
+++

![語](images/kart.png "中 i skogen")

- Ett punkt
- **To 中**

> «中»
"""


@pytest.fixture
def start(tmp_path: Path, repository: Path) -> Iterator[Callable[..., Services]]:
    with ExitStack() as stack:

        def begin(frame: str, item: str, *, publisher: str = "", settings: dict[str, str] | None = None) -> Services:
            folder = tmp_path / "workspace"
            init_workspace(folder)
            issue = folder / "issues" / SLUG
            (issue / "items").mkdir(parents=True)
            (issue / "images").mkdir()
            (issue / "images" / "kart.png").write_bytes((repository / "docs" / "pictures" / "inbox.png").read_bytes())
            (issue / "issue.toml").write_text(frame, encoding="utf-8")
            (issue / "items" / "010-sak.md").write_text(item, encoding="utf-8")
            environ = {"MAILER_NEWSLETTER__PUBLISHER": publisher} if publisher else {}
            config = folder / "config.toml"
            for old, new in (settings or {}).items():
                assert old in config.read_text("utf-8")
                config.write_text(config.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
            services = build_services(folder / "config.toml", environ=environ, announce=lambda _: None)
            return stack.enter_context(closing(services))

        yield begin


def found(services: Services, rule: str) -> list[Finding]:
    return [each for each in check_issue(services, SLUG, today=date(2024, 2, 5)).findings if each.rule == rule]


def places_of(character: str, text: str) -> set[tuple[int, int]]:
    return {
        (number, column)
        for number, line in enumerate(text.split("\n"), 1)
        for column, each in enumerate(line, 1)
        if each == character and "preheader" not in line
    }


def test_a_character_that_the_pdf_cannot_print_is_named_at_its_place_in_every_text(
    start: Callable[..., Services],
) -> None:
    services = start(FRAME, ITEM)
    findings = found(services, "missing-glyph")
    by_file = {file: {(each.line, each.column) for each in findings if each.file == file} for file in FILES}
    assert by_file == {"issue.toml": places_of("中", FRAME), "items/010-sak.md": places_of("中", ITEM)}
    assert {each.words for each in findings} == {"中"}
    assert {each.severity for each in findings} == {Severity.WARNING}


FILES = ("issue.toml", "items/010-sak.md")


def test_the_message_names_every_character_once(start: Callable[..., Services]) -> None:
    (finding,) = found(start(PLAIN[0], "+++\n+++\n∴⏎∴ ☆₿ꙮ.\n"), "missing-glyph")
    assert finding.message == (
        "the PDF's fonts have no sign for ∴ (U+2234 therefore), ⏎ (U+23CE return symbol), ☆ (U+2606 white star), "
        "₿ (U+20BF bitcoin sign), ꙮ (U+A66E cyrillic letter multiocular o); the PDF shows [?] there"
    )


def test_a_character_of_the_settings_is_named_where_it_is_set(start: Callable[..., Services]) -> None:
    services = start('title = "Nyhetsbrev"\ndate = "2024-02"\n', "+++\n+++\nTekst.\n", publisher="Etaten 中")
    (finding,) = found(services, "missing-glyph")
    assert "which stands in environment" in finding.message


PLAIN = ('title = "Brev"\ndate = "2024-02"\n', "+++\n+++\nTekst.\n")


def test_what_the_settings_hold_is_told_once_for_each_text_at_its_place_in_config_toml(
    start: Callable[..., Services],
) -> None:
    names = {
        'publisher = "Helsedirektoratet"': 'publisher = "Etaten 中文語"',
        'name = "Nyhetsbrev': 'name = "報 Nyhetsbrev',
    }
    services = start(*PLAIN, settings=names)
    lines = services.settings.file.read_text("utf-8").split("\n")
    findings = found(services, "missing-glyph")
    assert {each.file for each in findings} == {"config.toml"}
    assert {lines[each.line - 1][each.column - 1] for each in findings} == {"中", "報"}
    assert len(findings) == 2


def test_characters_of_the_settings_that_cannot_be_seen_are_told_at_their_places(
    start: Callable[..., Services],
) -> None:
    names = {
        'publisher = "Helsedirektoratet"': 'publisher = "Helse\u200bdirek\xadtoratet"',
        'from_name = "': 'from_name = "Ny\ufeffhetsbrev',
    }
    services = start(*PLAIN, settings=names)
    lines = services.settings.file.read_text("utf-8").split("\n")
    findings = found(services, "character")
    assert [each.file for each in findings] == ["config.toml", "config.toml"]
    assert [lines[each.line - 1][each.column - 1] for each in findings] == ["\u200b", "\ufeff"]
    assert findings[0].message == (
        "publisher holds a character that cannot be seen (U+200B zero width space) and 1 more"
    )


def test_characters_of_the_environment_that_cannot_be_seen_are_told_without_a_place(
    start: Callable[..., Services],
) -> None:
    (finding,) = found(start(*PLAIN, publisher="Helse\u200bdirektoratet"), "character")
    assert finding.message == (
        "publisher holds a character that cannot be seen (U+200B zero width space), which comes from the environment"
    )
    assert (finding.file, finding.line, finding.column) == ("config.toml", 0, 0)
    assert finding.hint


def test_several_of_the_environment_are_counted(start: Callable[..., Services]) -> None:
    (finding,) = found(start(*PLAIN, publisher="\u200bHelse\u200bdirektoratet"), "character")
    assert finding.message == (
        "publisher holds a character that cannot be seen (U+200B zero width space) and 1 more, "
        "which comes from the environment"
    )


def test_one_error_does_not_hide_what_is_found_in_the_words(start: Callable[..., Services]) -> None:
    item = '+++\ntitle = "Sak"\n+++\nTo  ord og et til.\n\n![Kart](images/borte.png)\n'
    services = start('title = "Nyhetsbrev"\ndate = "2024-02"\n', item)
    checked = check_issue(services, SLUG, today=date(2024, 2, 5))
    assert checked.issue is None
    assert {each.rule for each in checked.findings} == {"image", "doubled-space"}


_FRAME = 'title = "Nyhetsbrev"\ndate = "2024-02"\nlang = "nb"\n'
_ITEM = '+++\ntitle = "Sak"\n{facts}+++\nTo  ord og et til, med 中.{more}\n'


@pytest.mark.parametrize(
    ("frame", "facts", "more", "error"),
    [
        (_FRAME, "", "\n\n![Kart](images/borte.png)", "image"),
        (_FRAME, 'section = "ukjent"\n', "", "unknown-section"),
        (_FRAME, 'contacts = ["ikke en adresse"]\n', "", "email"),
        (_FRAME, 'dates = [{ date = "x", kind = "deadline" }]\n', "", "date"),
        (_FRAME, "image = 5\n", "", "wrong-type"),
        (_FRAME + "number = 'to'\n", "", "", "wrong-type"),
        (_FRAME + "intro = Hei\n", "", "", "toml"),
        (_FRAME.replace('date = "2024-02"', 'date = "februar"'), "", "", "date"),
    ],
)
def test_no_error_hides_what_can_still_be_found(
    start: Callable[..., Services], frame: str, facts: str, more: str, error: str
) -> None:
    """In the words, and in the PDF where the day of the issue is known."""
    services = start(frame, _ITEM.format(facts=facts, more=more))
    checked = check_issue(services, SLUG, today=date(2024, 2, 5))
    rules = {each.rule for each in checked.findings}
    assert checked.issue is None
    assert {each.rule for each in checked.findings if each.severity is Severity.ERROR} == {error}
    assert "doubled-space" in rules
    assert ("missing-glyph" in rules) == (error != "toml" and "februar" not in frame)
    assert not rules & {"no-preheader", "no-contact", "composing", "gathered-dates", "language-share"}


def test_items_are_read_in_the_language_that_a_broken_frame_names(start: Callable[..., Services]) -> None:
    services = start('title = Brev\nlang = "nn"\n', "+++\n+++\nDet er ikke ferdig.\n")
    assert [each.words for each in found(services, "written-form")] == ["ikke"]


def test_what_could_not_be_read_is_not_said_to_be_missing(start: Callable[..., Services]) -> None:
    """Nor do dates count where the date of the issue itself cannot be read."""
    frame = 'title = "Nyhetsbrev"\ndate = "februar"\npreheader = 5\nnext_issue = 2024-03-01\n'
    item = '+++\ntitle = "Sak"\ncontacts = 7\ndates = [{ kind = "deadline", date = 2024-03-01 }]\n+++\nTekst.\n'
    checked = check_issue(start(frame, item), SLUG, today=date(2024, 2, 5))
    assert {each.rule for each in checked.findings} == {"date", "wrong-type"}


def test_a_description_of_a_picture_is_read_aloud_and_not_drawn(start: Callable[..., Services]) -> None:
    item = '+++\nimage = { file = "kart.png", alt = "語" }\n+++\nTekst.\n\n![語](images/kart.png "中")\n'
    services = start(PLAIN[0], item)
    assert [each.words for each in found(services, "missing-glyph")] == ["中"]
    assert check_issue(services, SLUG, today=date(2024, 2, 5)).issue is not None


def test_what_is_wrong_with_a_value_is_told_once_and_what_outlook_leaves_for_a_picture_is_told(
    start: Callable[..., Services],
) -> None:
    dates = '[[important_dates]]\ndate = 2024-03-01\ntext = "Møte\\u200B"\n'
    wrong = "[[link_groups]]\ntitle = 'A'\nentries = [{ text = 5 }]\n"
    services = start(f"{PLAIN[0]}{dates}{wrong}", "+++\n+++\nSe \ufffckart.\n")
    told = [(each.file, each.line, each.column) for each in found(services, "character")]
    assert sorted(told) == [("issue.toml", 5, 13), ("items/010-sak.md", 3, 4)]
    assert len(found(services, "wrong-type")) == 1


PLACED = {
    "doubled-space": [
        ("+++\n+++\n**Viktig  melding**, og [en  lenke](https://a.example/2).\n", [(3, 3), (3, 26)]),
        ("+++\n+++\n[Side  *en*](https://a.example/1), _Side  en_, Side  en.\n", [(3, 2), (3, 37), (3, 48)]),
    ],
    "unknown-section": [('+++\ntitle = "Sak"\nsection = "kss"\n+++\nTekst.\n', [(3, 12)])],
    "character": [
        ('+++\ntitle = "Sak\\u200Ben"\n+++\nTekst.\n', [(2, 13)]),
        ('+++\ntitle = """Sak\nen"""\n+++\nTekst.\n', [(2, 1)]),
        ('+++\nimage = { file = "kart.png", alt = "To\\nlinjer" }\n+++\nTekst.\n', [(2, 30)]),
    ],
    "date": [('+++\ndates = [{ date = 2024-03-01, end = "mars" }]\n+++\nTekst.\n', [(2, 38)])],
    "time": [('+++\ndates = [{ date = "2024-03", time = "10.00" }]\n+++\nTekst.\n', [(2, 38)])],
    "bare-url": [("+++\n+++\nSe https://a.example/x?utm_source=y&id=3 her.\n", [(3, 4)])],
}


@pytest.mark.parametrize(
    ("rule", "item", "places"), [(rule, *each) for rule, each_of in PLACED.items() for each in each_of]
)
def test_a_finding_stands_at_its_column_however_its_words_are_written(
    start: Callable[..., Services], rule: str, item: str, places: list[tuple[int, int]]
) -> None:
    findings = found(start(PLAIN[0], item), rule)
    assert [(each.line, each.column) for each in findings] == places
    assert all(each.words for each in findings)


def test_words_in_the_texts_of_links_of_a_list_have_their_columns(start: Callable[..., Services]) -> None:
    entries = 'entries = ["[Side  en](https://a.example/a), [Side  en](https://a.example/b)"]'
    findings = found(start(f'{PLAIN[0]}[[link_groups]]\ntitle = "A"\n{entries}\n', PLAIN[1]), "doubled-space")
    assert [(each.line, each.column) for each in findings] == [(5, 14), (5, 47)]
