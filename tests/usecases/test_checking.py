"""Checking an issue: the rules, what composing finds, and by `slot_values` the people it goes to."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path

import pytest

from mailer.bootstrap import Services, build_services
from mailer.errors import MailerError
from mailer.issue.example import example_item
from mailer.issue.model import Severity
from mailer.subscribers.audience import AudienceMember, Exclusion
from mailer.usecases.checking import check_issue
from mailer.usecases.creation import init_workspace
from mailer.usecases.sending import look_ahead
from mailer.usecases.slot_values import merge_findings, value_problem

TODAY = date(2024, 1, 10)
ITEM = '+++\ntitle = "Møte i Bodø"\ncontacts = ["kari@a.example"]\n+++\n\nVi møtes.\n'
FRAME = 'title = "Nyhetsbrev"\ndate = "2024-01"\npreheader = "Det beste"\n'

Start = Callable[..., Services]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Services of a new workspace with one small issue; `files` replace or add some of it."""

    with ExitStack() as stack:

        def build(files: dict[str, str] | None = None, *, config: str = "", inside: str = "[]") -> Services:
            folder = tmp_path / "workspace"
            init_workspace(folder)
            content = {"issues/2024-01/issue.toml": FRAME, "issues/2024-01/items/010-mote.md": ITEM, **(files or {})}
            for name, text in content.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
            settings = folder / "config.toml"
            shipped = settings.read_text("utf-8").replace("inside = []", f"inside = {inside}")
            settings.write_text(shipped.replace("[check.off]", f"[check.off]\n{config}"), "utf-8")
            return stack.enter_context(closing(build_services(settings, environ={}, announce=lambda _: None)))

        yield build


def rules(services: Services) -> list[str]:
    return [each.rule for each in check_issue(services, "2024-01", today=TODAY).findings]


def test_a_small_good_issue_gets_only_the_note_about_the_year(start: Start) -> None:
    assert rules(start()) == ["language-share"]


def test_a_second_issue_of_the_year_in_the_other_form_settles_the_note(start: Start) -> None:
    other = {
        "issues/2024-02/issue.toml": FRAME.replace("2024-01", "2024-02").replace("title", 'lang = "nn"\ntitle', 1),
        "issues/2024-02/items/010-mote.md": ITEM,
    }
    assert rules(start(other)) == []


def test_a_rule_switched_off_with_a_reason_is_silent(start: Start) -> None:
    assert rules(start(config='language-share = "We alternate from year to year."')) == []


@pytest.mark.parametrize(("comment", "config"), [("# check off: example, yes\n", ""), ("", 'example = "yes"')])
def test_the_example_is_an_error_at_sending_even_where_it_is_switched_off(
    start: Start, comment: str, config: str
) -> None:
    name, heading, words = example_item("nb")
    example = {f"issues/2024-01/items/020-{name}.md": f'+++\n{comment}title = "{heading}"\n+++\n{words}\n'}
    services = start(example, config=config)
    assert "example" not in rules(services)
    proposal = look_ahead(services, "2024-01", lists=(), today=TODAY)
    assert [each.rule for each in proposal.errors] == ["example"]


@pytest.mark.parametrize("error", ["", "[x](htps://a.example/)"])
@pytest.mark.parametrize(("own", "is_inside"), [("[]", False), ('["own.example"]', True)])
def test_a_host_on_the_editors_own_list_is_inside_also_while_there_is_an_error(
    start: Start,
    own: str,
    is_inside: bool,  # noqa: FBT001 -- a parameter of the test
    error: str,
) -> None:
    text = f"+++\ncontacts = ['a@a.example']\n+++\n[Rutine](https://own.example/). {error}\n"
    found = rules(start({"issues/2024-01/items/020-lenke.md": text}, inside=own))
    assert ("inside-link" in found) == is_inside
    assert ("link" in found) == bool(error)


def test_a_rule_that_does_not_exist_cannot_be_switched_off(start: Start) -> None:
    with pytest.raises(MailerError, match=r"no rule 'langauge-share'") as caught:
        rules(start(config='langauge-share = "x"'))
    assert caught.value.where == "config.toml:[check.off]"
    assert "language-share" in caught.value.hint


def test_a_rule_like_none_is_refused_with_where_all_are_listed(start: Start) -> None:
    with pytest.raises(MailerError) as caught:
        rules(start(config='xyzzy = "x"'))
    assert caught.value.hint == "docs/reference/checks.md lists the rules."


def test_a_comment_answers_one_place(start: Start) -> None:
    text = (
        ITEM + "\n<!-- check off: bare-url, adressen er saken -->\nSe https://a.example/x.\n\nSe https://a.example/y.\n"
    )
    found = check_issue(start({"issues/2024-01/items/010-mote.md": text}), "2024-01", today=TODAY).findings
    assert [each.words for each in found if each.rule == "bare-url"] == ["https://a.example/y"]


def test_a_template_that_cannot_be_sent_is_an_error_and_no_crash(start: Start) -> None:
    template = (
        '<mjml lang="nb"><mj-body><mj-section><mj-column><mj-text>Hei</mj-text></mj-column></mj-section></mj-body>'
    )
    services = start({"templates/email/issue.mjml.j2": f"{template}</mjml>"})
    checked = check_issue(services, "2024-01", today=TODAY)
    (error,) = [each for each in checked.findings if each.severity is Severity.ERROR]
    assert error.rule == "composing"
    assert "unsubscribe_url" in error.message
    assert error.file.endswith("issue.mjml.j2")
    assert (error.line, error.words) == (0, "")
    assert checked.issue is None


def test_a_template_that_cannot_be_read_is_told_at_its_file(start: Start) -> None:
    checked = check_issue(start({"templates/email/issue.mjml.j2": "{% if %}"}), "2024-01", today=TODAY)
    (error,) = [each for each in checked.findings if each.severity is Severity.ERROR]
    assert error.file.endswith("issue.mjml.j2")
    assert error.line == 1
    assert error.message.startswith("The template cannot be read: ")


def test_an_issue_that_cannot_be_read_has_no_more_findings_than_that(start: Start) -> None:
    checked = check_issue(start({"issues/2024-01/issue.toml": "title ="}), "2024-01", today=TODAY)
    assert checked.issue is None
    assert checked.errors == 1


MEMBER = AudienceMember(
    subscriber_id=1,
    address="kari@a.example",
    recipient="Kari@a.example",
    name="Kari",
    lang="nb",
    lists=("oslo",),
    helsefellesskap=("oslo",),
)


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        (MEMBER._replace(subscriber_id=0), "no number"),
        (MEMBER._replace(lang="xx"), "none of ours"),  # type: ignore[arg-type] # as from an old database
        (MEMBER._replace(recipient="kari"), "no address"),
        (MEMBER._replace(recipient="kari\n@a.example"), "no address"),
    ],
)
def test_a_recipient_without_a_value_is_found(member: AudienceMember, problem: str) -> None:
    assert problem in value_problem(member)
    (finding,) = merge_findings([MEMBER, member])
    assert problem in finding.message
    assert "kari" not in finding.message, "addresses stay out of findings"


def test_those_who_are_not_sent_to_need_no_values() -> None:
    assert value_problem(MEMBER) == ""
    assert merge_findings([MEMBER._replace(recipient="", exclusion=Exclusion.SUPPRESSED)]) == ()


def test_many_without_values_are_counted_after_the_first(start: Start) -> None:
    found = merge_findings([MEMBER._replace(recipient="x")] * 8)
    assert [each.message for each in found[5:]] == ["3 more subscribers lack a value"]
    services = start()
    assert check_issue(services, "2024-01", today=TODAY, recipients=True).errors == 0
    services.close()
