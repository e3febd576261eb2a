import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.compose.dated import KIND_MSGIDS
from mailer.errors import MailerError
from mailer.languages import Lang
from mailer.rendering.labels import Label, Labels
from mailer.rendering.templates import shipped_templates

COMPLETE: tuple[Lang, ...] = ("nb", "nn", "en")


@pytest.fixture(scope="module")
def labels() -> Labels:
    return Labels([shipped_templates()])


def msgids_in_templates() -> Iterator[str]:
    for file in shipped_templates().rglob("*.j2"):
        text = file.read_text("utf-8")
        for call in re.findall(r"(?:label|way|marked)\(([^()]*)", text):
            yield from re.findall(r'"([A-Z{(][^"]*|line [^"]*)"', call)


@pytest.mark.parametrize("lang", COMPLETE)
def test_every_label_that_a_template_or_a_date_uses_is_translated(labels: Labels, lang: Lang) -> None:
    used = {*msgids_in_templates(), *KIND_MSGIDS.values()}
    assert len(used) > 20
    assert [msgid for msgid in sorted(used) if labels.lang_of(msgid, lang) != lang] == []


def test_bokmaal_nynorsk_and_english_have_the_same_labels() -> None:
    texts = {
        lang: (shipped_templates() / f"locale/{lang}/LC_MESSAGES/mailer.po").read_text("utf-8") for lang in COMPLETE
    }
    msgids = {lang: re.findall(r"^msgid (.*)$", text, re.MULTILINE) for lang, text in texts.items()}
    assert msgids["nb"] == msgids["nn"] == msgids["en"]


def test_a_label_comes_in_the_language_asked_for(labels: Labels) -> None:
    assert labels.label("Contents", "nb") == Label("Innhold", "nb")
    assert labels.label("Contents", "nn") == Label("Innhald", "nn")
    assert str(labels.label("Contents", "en")) == "Contents"


def test_an_attested_sami_word_is_used(labels: Labels) -> None:
    assert labels.label("Contact", "se") == Label("Oktavuođaolmmoš", "se")
    assert labels.label("Application deadline", "se") == Label("Ohcanáigemearri", "se")


def test_a_fuzzy_sami_word_waits_and_bokmaal_stands_in_its_place(labels: Labels) -> None:
    assert labels.label("Contacts", "se") == Label("Kontaktpersoner", "nb")


def test_a_missing_sami_word_is_bokmaal_and_says_so(labels: Labels) -> None:
    assert labels.label("Privacy", "se") == Label("Personvern", "nb")
    assert labels.lang_of("Privacy", "se") == "nb"


def test_a_label_that_no_catalogue_has_is_its_own_english_text(labels: Labels) -> None:
    assert labels.label("Made up for {n}", "nn", n=3) == Label("Made up for 3", "en")


def test_values_are_put_into_labels(labels: Labels) -> None:
    assert labels.label("Item {number}", "nn", number=7).text == "Sak 7"


@pytest.mark.parametrize(("n", "words"), [(0, "0 saker"), (1, "1 sak"), (19, "19 saker")])
def test_a_number_chooses_the_plural(labels: Labels, n: int, words: str) -> None:
    assert labels.label("{n} item", "nb", n=n).text == words


def test_a_workspace_may_reword_one_label_and_keep_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "locale/nn/LC_MESSAGES/mailer.po"
    file.parent.mkdir(parents=True)
    file.write_text('msgid ""\nmsgstr "Language: nn\\n"\n\nmsgid "Contents"\nmsgstr "I dette nummeret"\n', "utf-8")
    labels = Labels([tmp_path, shipped_templates()])
    assert labels.label("Contents", "nn").text == "I dette nummeret"
    assert labels.label("Privacy", "nn").text == "Personvern"


def test_a_catalogue_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "locale/nn/LC_MESSAGES/mailer.po"
    file.parent.mkdir(parents=True)
    file.write_text("Contents = Innhald\n", "utf-8")
    with pytest.raises(MailerError, match=r"mailer\.po.*cannot be read"):
        Labels([tmp_path]).label("Contents", "nn")
