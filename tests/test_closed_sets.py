"""What is added to a closed set is missed nowhere: types name each place, templates refuse what they do not know."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Protocol

import pytest

from mailer.cli import imports, register_words, suppressing
from mailer.compose import dated
from mailer.compose.pdf.print_data import print_data
from mailer.compose.pdf.printed import print_pdf
from mailer.compose.publication import Publication
from mailer.compose.text.vocabulary import MARKUP_FUNCTIONS
from mailer.compose.theme import Theme
from mailer.delivery import answers_page
from mailer.delivery.answer_rows import About
from mailer.delivery.model import MAY_HAVE_IT, DeliveryStatus
from mailer.editions import store as editions
from mailer.errors import MailerError
from mailer.issue.model import CalendarDate, DateKind, Issue
from mailer.rendering.pages import Pages
from mailer.rendering.templates import Templates
from mailer.subscribers.facts.changes import BASIS, FIELDS
from mailer.subscribers.facts.roles import ROLES
from mailer.subscribers.files.statuses import STATUS_WORDS
from mailer.subscribers.imports.kept import KeptReason
from mailer.subscribers.imports.model import Outcome
from mailer.subscribers.imports.suppressing import Fate
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.people.suppression import SuppressionReason

NOW = datetime(2024, 1, 2, tzinfo=UTC)
NEW_CLASS = '\n\n@dataclass(frozen=True, slots=True)\nclass Grid:\n    """Cells."""\n\n    line: int = 0\n\n\n'


class Program(Protocol):
    """What `copied_program` gives."""

    folder: Path

    def check_types(self) -> CompletedProcess[str]: ...


@dataclass(frozen=True)
class Grid:
    """A block that no template knows."""

    line: int = 0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("union", ["Block", "Inline"])
def test_types_name_every_place_that_a_new_block_or_inline_is_missed_in(copied_program: Program, union: str) -> None:
    model = copied_program.folder / "mailer" / "issue" / "model.py"
    source = model.read_text("utf-8")
    found = re.search(rf"^{union} = (.*)$", source, re.MULTILINE)
    assert found
    model.write_text(source.replace(found[0], f"{NEW_CLASS}{found[0]} | Grid"), "utf-8")
    said = copied_program.check_types().stdout
    places = [
        f"{file.relative_to(copied_program.folder).as_posix()}:{number}:"
        for file in (copied_program.folder / "mailer").rglob("*.py")
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if line.strip() == f"match {union.lower()}:"
    ]
    assert len(places) >= 3
    files = {place.partition(":")[0] for place in places}
    assert files <= {line.partition(":")[0] for line in said.splitlines()}, said
    assert said.count(": error: ") >= len(places), said


@pytest.mark.parametrize("template", ["email/components/blocks.mjml.j2", "web/components/blocks.html.j2"])
def test_a_template_refuses_a_block_that_it_has_no_form_for(template: str, tmp_path: Path) -> None:
    probe = tmp_path / "probe.html.j2"
    probe.write_text(f'{{% from "{template}" import blocks with context %}}{{{{ blocks(body, 3, "nb") }}}}', "utf-8")
    with pytest.raises(MailerError, match="no form for a block of the kind grid"):
        Templates([tmp_path]).render(probe.name, body=[Grid()], **MARKUP_FUNCTIONS)


@pytest.mark.parametrize(
    ("strange", "message"),
    [
        ({"kind": "grid"}, "no form for a block of the kind grid"),
        ({"kind": "paragraph", "text": [{"kind": "mark"}]}, "no form for words of the kind mark"),
    ],
)
def test_the_print_template_refuses_what_it_has_no_form_for(
    strange: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_strange_part(*arguments: Any, **options: Any) -> Any:
        data, glyphs = print_data(*arguments, **options)
        return data | {"intro": [strange]}, glyphs

    monkeypatch.setattr("mailer.compose.pdf.printed.print_data", with_strange_part)
    day = CalendarDate(start=NOW.date())
    issue = Issue(slug="2024-01", title="Brev", published=day, lang="nb", publisher="P", sections=())
    publication = Publication(
        name="Brev", publisher="P", places=(), pages=Pages("https://x.example"), editor="a@x.example"
    )
    with pytest.raises(MailerError, match=message):
        print_pdf(issue, templates=Templates(), theme=Theme(), publication=publication, timestamp=NOW)


def test_the_pages_show_an_issue_once_somebody_may_have_it_by_the_rule_of_deliveries() -> None:
    assert set(editions._MAY_HAVE_IT) == MAY_HAVE_IT


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (imports.OUTCOMES, Outcome),
        (imports.MEANINGS, Outcome),
        (imports.WHY_KEPT, KeptReason),
        (imports.REASONS_TO_KEEP, KeptReason),
        (suppressing.FATES, Fate),
        (suppressing.MEANINGS, Fate),
        (register_words.STATUSES, SubscriptionStatus),
        (register_words.REASONS, SuppressionReason),
        (register_words.MAIL_STATES, DeliveryStatus),
        (dated.KIND_MSGIDS, DateKind),
        (answers_page._FOLLOWS, About),
        (STATUS_WORDS, SubscriptionStatus),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else "",
)
def test_a_table_over_a_closed_set_has_all_of_it(table: dict[str, object], members: type[StrEnum]) -> None:
    assert set(table) == set(members)


def test_every_role_and_every_fact_that_is_corrected_has_a_word() -> None:
    assert set(register_words.ROLES) == set(ROLES)
    assert set(register_words.FIELDS) == {*FIELDS, BASIS}
