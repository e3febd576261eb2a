import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.issue.files import fields, frame, items
from mailer.issue.model import DateKind, Placement
from mailer.issue.source import IssueReading
from mailer.languages import LANGS

ReadFiles = Callable[..., IssueReading]


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "reference" / "issue-format.md").read_text("utf-8")


def blocks(page: str, kind: str) -> list[str]:
    found: list[str] = re.findall(rf"```{kind}\n(.*?)```", page, flags=re.DOTALL)
    return found


@pytest.mark.parametrize(
    "key",
    sorted(
        {
            *frame.KEYS,
            *frame.SECTION_KEYS,
            *frame.IMPORTANT_DATE_KEYS,
            *frame.LINK_GROUP_KEYS,
            *frame.LINK_ENTRY_KEYS,
            *items.KEYS,
            *items.CONTACT_KEYS,
            *items.DATE_KEYS,
            *items.IMAGE_KEYS,
            *DateKind,
            *Placement,
            *LANGS,
            *fields.SEASONS,
        }
    ),
)
def test_every_key_and_value_of_the_format_is_explained(key: str, page: str) -> None:
    assert re.search(rf"`[^`\n]*\b{key}\b[^`\n]*`|\b{key} = ", page)


def test_the_example_of_an_item_reads_without_a_finding(page: str, read_files: ReadFiles) -> None:
    example = blocks(page, "markdown")[0]
    assert read_files({"items/010-mote.md": example}).findings == ()


def test_the_examples_of_the_frame_make_one_issue(page: str, read_files: ReadFiles) -> None:
    frame_texts = [each for each in blocks(page, "toml") if "title = " in each and "contacts" not in each]
    head, *tables = [each for each in frame_texts if each.startswith(("title", "[["))]
    others = [each for each in blocks(page, "toml") if each.startswith("[[important")]
    files = {
        "issue.toml": "\n".join([head, *tables, *others]),
        "items/010-a.md": '+++\nsection = "helse-midt"\n+++\nTekst.\n',
        "items/020-samanslaing-av-direktorata.md": "+++\n+++\nTekst.\n",
        "items/030-gode-pasientforlop.md": "+++\n+++\nTekst.\n",
    }
    reading = read_files(files)
    assert [each.rule for each in reading.findings] == ["no-address"]
    assert reading.issue is not None
    assert [section.id for section in reading.issue.sections] == ["", "rhf", "helse-midt", "ehelse-helsedir"]


def test_the_examples_of_facts_and_text_make_an_item(page: str, read_files: ReadFiles) -> None:
    facts = [each for each in blocks(page, "toml") if each.startswith(("contacts", "dates", "image"))]
    _, *text = blocks(page, "markdown")
    item = "+++\n" + facts[0] + "".join(facts[2:]) + "+++\n" + "\n".join(text)
    reading = read_files({"items/010-mote.md": item, "images/kart.png": b"png"})
    assert reading.findings == ()
    assert reading.issue is not None
    assert reading.issue.items[0].image is not None
