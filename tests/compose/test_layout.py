from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.compose.composed import VariantKey
from mailer.compose.mail.composer import Composer
from mailer.compose.mail.layout import find_faults, place_tags
from mailer.compose.publication import Publication
from mailer.compose.theme import Theme
from mailer.errors import MailerError
from mailer.issue.model import Issue
from mailer.rendering.templates import Templates, shipped_templates


def layout(body: str, head: str = "") -> str:
    return f"<mjml><mj-head>{head}</mj-head><mj-body>{body}</mj-body></mjml>"


def text(content: str) -> str:
    return layout(f"<mj-section><mj-column><mj-text>{content}</mj-text></mj-column></mj-section>")


def messages(mjml: str) -> list[str]:
    return [fault.message for fault in find_faults(mjml)]


@pytest.mark.parametrize("slug", ["2022-02", "2023-12"])
def test_the_layout_that_comes_with_mailer_has_no_faults(
    slug: str, composer: Composer, real_issue: Callable[[str], Issue]
) -> None:
    issue = real_issue(slug)
    key = composer.variant_key(issue, issue.helsefellesskap, lang="se")
    assert find_faults(composer.compose(issue, key).mjml) == ()


@pytest.mark.parametrize(
    "mjml",
    [
        text('<table><tr><td width="3">x<br></td></tr></table>'),
        text("a < b, <!-- <b> --> and <!--[if mso]><table><tr><td><![endif]-->"),
        layout("", head='<mj-attributes><mj-all font-family="Arial"/><mj-text color="RED"/></mj-attributes>'),
        layout("", head='<mj-attributes><mj-class name="big" font-size="30px" /></mj-attributes>'),
        layout('<mj-section padding="0 22px" background-color="#fff"><mj-column width="50%" /></mj-section>'),
        layout("<mj-raw><p>x</p></mj-raw>"),
        layout("", head="<mj-style>.a>b{color:red}</mj-style>"),
    ],
)
def test_what_mjml_allows_is_no_fault(mjml: str) -> None:
    assert messages(mjml) == []


@pytest.mark.parametrize(
    ("mjml", "message"),
    [
        (text("<mj-buton>x</mj-buton>"), "<mj-buton> is no element of MJML that can be used here"),
        (layout("<mj-carousel></mj-carousel>"), "<mj-carousel> is no element"),
        (layout("", head="<mj-attributes><mj-txt /></mj-attributes>"), "<mj-txt> is no element"),
        (layout("<mj-text>x</mj-text>"), "<mj-text> cannot stand in <mj-body>"),
        (text("<mj-section></mj-section>"), "<mj-section> cannot stand in <mj-text>"),
        ("<mj-body></mj-body>", "<mj-body> cannot be the outermost element"),
        (layout("<mj-section><mj-column><p>x</p></mj-column></mj-section>"), "<p> cannot stand in <mj-column>"),
        (layout('<mj-section colour="red"></mj-section>'), '<mj-section> has no attribute "colour"'),
        (layout('<mj-section background-color="#12345"></mj-section>'), 'background-color="#12345"'),
        (layout('<mj-section padding="22"></mj-section>'), 'padding="22" of <mj-section> is no unit'),
        (layout("", head='<mj-attributes><mj-all colr="red"/></mj-attributes>'), '<mj-all> has no attribute "colr"'),
        (text("<table><tr><td>x</tr></table>"), "<td> is not closed before </tr>"),
        (text("<b>x</i></b>"), "</i> closes nothing"),
        ("<mjml><mj-body>", "<mj-body> is not closed"),
        ("<mjml><mj-head></mj-head></mjml>", "there is no <mj-body>"),
        (text("<script>alert(1)</script>"), "<script> may not stand in a mail"),
    ],
)
def test_what_the_compiler_passes_over_is_a_fault(mjml: str, message: str) -> None:
    assert any(message in each for each in messages(mjml))


def test_tags_are_placed_and_jinja_is_left_alone() -> None:
    source = "{# <p> #}\n{% if a<b %}<td class='x'>{{ '<br>' }}</td >{% endif %}\n<h{{ depth }}>"
    assert place_tags("a.j2", source) == (
        "{# <p> #}\n{% if a<b %}<td data-at=\"a.j2:2\" class='x'>{{ '<br>' }}</td data-at=\"a.j2:2\" >{% endif %}\n"
        "<h{{ depth }}>"
    )


def test_a_template_of_the_workspace_is_checked_and_its_line_named(
    tmp_path: Path, publication: Publication, small_issue: Issue
) -> None:
    file = tmp_path / "email" / "components" / "dates.mjml.j2"
    file.parent.mkdir(parents=True)
    shipped = (shipped_templates() / "email" / "components" / "dates.mjml.j2").read_text("utf-8")
    file.write_text(shipped.replace("</table>\n{% if", "</tabel>\n{% if", 1), "utf-8")
    line = file.read_text("utf-8").partition("</tabel>")[0].count("\n") + 1
    composer = Composer(Templates([tmp_path]), theme=Theme(), publication=publication)
    with pytest.raises(MailerError, match="</tabel> closes nothing") as caught:
        composer.compose(small_issue, VariantKey(lang="nn"))
    assert caught.value.where == f"{file}:{line}"


def test_a_workspace_s_good_template_is_used(tmp_path: Path, publication: Publication, small_issue: Issue) -> None:
    file = tmp_path / "email" / "components" / "top_link.mjml.j2"
    file.parent.mkdir(parents=True)
    file.write_text("<mj-section><mj-column><mj-text>Hei</mj-text></mj-column></mj-section>", "utf-8")
    composer = Composer(Templates([tmp_path]), theme=Theme(), publication=publication)
    assert "Hei" in composer.compose(small_issue, VariantKey(lang="nn")).html
    assert "Hei" in composer.compose(small_issue, VariantKey(lang="nb")).html
