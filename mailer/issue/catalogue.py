"""Every rule by its id: why it matters to readers, and how to put right what it finds."""

from dataclasses import dataclass

from mailer.catalogue import msg
from mailer.languages import LANGS_IN_WORDS


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reason for a rule, for readers, and what to do about a finding: messages of the catalogue."""

    why: str
    fix: str


RULES: dict[str, Explanation] = {
    # --- The files can be read ---
    "unreadable": Explanation(
        "What cannot be read cannot be sent.", "Save the file as UTF-8 text, smaller than 250 kB."
    ),
    "toml": Explanation("The facts cannot be read.", "Texts stand in quotes, lists in brackets, dates without quotes."),
    "front-matter": Explanation("An item's facts and its text must be told apart.", "Begin with +++, facts, +++."),
    "unknown-key": Explanation("A misspelt key would be left out silently.", "Write the key as the message says."),
    "unknown-value": Explanation("A misspelt value would be left out silently.", "Write one of those named."),
    "wrong-type": Explanation("A text, a number and a list are read in different ways.", "Write it as shown."),
    "missing": Explanation("The mail cannot be composed without it.", "Add the key."),
    "date": Explanation("A date that cannot be read is not printed.", 'Write 2024-02-01, "2024-02" or "2024-autumn".'),
    "time": Explanation("A time that cannot be read is not printed.", "Write 10.00, or 10.00–15.00."),
    "lang": Explanation("Labels and pronunciation follow the language.", f"Write {LANGS_IN_WORDS}."),
    "email": Explanation("Answers would go nowhere.", "Correct the address."),
    "slug": Explanation("The name is part of web addresses.", "Use a–z, digits and hyphens."),
    "duplicate": Explanation("Links to the two would lead to one place.", "Rename one of them."),
    "placed-twice": Explanation("Readers would read it twice.", "Name its section in one place only."),
    "unknown-item": Explanation("What is named is not there.", "Correct the name, or add the item."),
    "unknown-section": Explanation("The item would have no place.", "Correct the name, or add the section."),
    "section-order": Explanation("A sub-section belongs below its parent.", "Move it up."),
    "empty-section": Explanation("A heading with nothing below it is left out.", "Add an item, or remove it."),
    "ignored": Explanation("The file is not part of the issue.", "End its name in .md, or move it away."),
    "character": Explanation("It cannot be seen, and programs stumble over it.", "Delete it; it comes from Word."),
    "nesting": Explanation("Mail programs and screen readers lose their way.", "Use fewer levels."),
    "html": Explanation("HTML could carry scripts and breaks in mail programs.", "Write Markdown."),
    "image": Explanation("The picture cannot be shown.", "Put it into the issue's images folder."),
    "image-alt": Explanation(
        "Who cannot see the picture gets nothing.", 'Write alt = "…", or alt = "" for decoration.'
    ),
    "helsefellesskap": Explanation("Readers there would not find the item first.", "Write a slug of `mailer lists`."),
    "no-text": Explanation("A title alone says little.", "Write the item, or remove it."),
    "no-words": Explanation("A link without words cannot be seen or followed.", "Write words for it."),
    "empty-heading": Explanation("A heading without words is left out.", "Write it, or remove it."),
    "rule": Explanation("Lines across the page are the design's own.", "Remove it."),
    "list-numbers": Explanation(
        "A list would print other numbers than you wrote.", "Count 1., 2., 3.; or leave dates as they are."
    ),
    "link": Explanation("A link that cannot be right leads nowhere.", "Correct the address."),
    "no-address": Explanation("Readers see words and cannot follow them.", "Write the address between the ( )."),
    "tracking": Explanation("Tracking tells others who reads what.", "Nothing to do: it was taken off."),
    # --- Words ---
    "example": Explanation(
        "Readers must not get it: `send` refuses it, switched off or not.", "Write your own item over it."
    ),
    "old-introduction": Explanation("Readers have read it.", "Write what is new in this issue, or leave it out."),
    "no-preheader": Explanation("Inboxes show the first words they find instead.", 'Add preheader = "…".'),
    "long-preheader": Explanation("Inboxes cut it, phones after 40 to 90 characters.", "Say the most important first."),
    "no-contact": Explanation(msg("findings.no-contact-why"), msg("findings.no-contact-fix")),
    "contact-in-text": Explanation("A contact printed twice looks like two people.", 'Use placement = "inline".'),
    "bare-url": Explanation("Screen readers spell an address letter by letter.", "Write what it leads to."),
    "link-words": Explanation("Links are read out of context, in lists.", "Let the link stand on its title."),
    "http-link": Explanation("What is not encrypted can be changed on its way.", "Try the address with https."),
    "duplicate-link": Explanation("It is most often a copy that was not changed.", "Correct one, or leave it out."),
    "doubled-space": Explanation("It shows as a gap.", "Leave one."),
    "space-inside": Explanation("A line may break there.", "Remove it."),
    "space-before-mark": Explanation("A line may begin with the mark.", "Put the space after it."),
    "stray-bar": Explanation("It is left over from a web page or a table.", "Remove it."),
    "hanging-hyphen": Explanation("The hyphen hangs between two words.", "Write helse- og …, and 12–25 for a range."),
    "unbalanced": Explanation("Readers look for the other half.", "Add the missing mark, or remove this one."),
    "mixed-quotes": Explanation("Two kinds of marks look like two authors.", "Write « and »."),
    "no-end-mark": Explanation("Readers wonder whether something is missing.", "End the sentence, or finish it."),
    "repeated-word": Explanation("It stops the eye.", "Leave one."),
    "repeated-sentence": Explanation("An old and a new version both stayed.", "Keep one of them."),
    "abbreviation": Explanation("Not everybody knows it yet there.", "Spell it out where it stands first."),
    "language": Explanation("Screen readers pronounce it as marked.", 'Set lang = "…" in the item.'),
    "written-form": Explanation("Readers notice the other written form.", "Write the form that the hint names."),
    "language-share": Explanation(
        "Central state bodies owe at least 25 % of each written form over the year (språklova § 13).",
        "Write the next issue in the other form.",
    ),
    "weekday": Explanation("Half the readers come on the wrong day.", "Correct the day or the date."),
    "past-date": Explanation("Readers cannot act on it any more.", "Remove it, or correct the date."),
    "short-notice": Explanation("Readers need ten working days to act.", "Name it in the preheader."),
    "promise": Explanation("The issue promises what cannot hold.", "Correct the dates in issue.toml."),
    "dead-link": Explanation("Readers get an error page.", "Find the page's new address."),
    "check-off": Explanation("A comment that means nothing hides nothing.", "Write: check off: rule, reason."),
    # --- The composed mail ---
    "composing": Explanation("The mail could not be sent as it is.", "Do what the message says."),
    "size": Explanation("Gmail hides what comes after 102 kB.", "Shorten the longest items."),
    "subject-length": Explanation("Inboxes cut long subjects and filters distrust short ones.", "10 to 78 characters."),
    "contrast": Explanation("Text cannot be read in sunlight, or by many eyes.", "Change the colour under [theme]."),
    "heading-order": Explanation("Screen readers jump from heading to heading.", "Leave no level out."),
    "alt-text": Explanation("Who sees no pictures gets nothing.", "Add alt to the picture in the template."),
    "html-lang": Explanation("Screen readers need the language.", "Write <html lang> in the template."),
    "slots": Explanation("Readers would see a token instead of their own value.", "Compare your templates with ours."),
    "client-support": Explanation("Readers with that program see another mail.", "Find another way in the template."),
    "merge-values": Explanation("That reader would get no mail.", "Correct the subscriber."),
    "picture": Explanation("The picture cannot be put into the mail.", "Do what the message says."),
    "gathered-dates": Explanation("Readers see dates that you did not choose.", "Write [[important_dates]]."),
    "missing-glyph": Explanation("The PDF's fonts lack the character.", "Write it in another way."),
}

OF_COMPOSING = frozenset(
    {
        "composing",
        "size",
        "subject-length",
        "contrast",
        "heading-order",
        "alt-text",
        "html-lang",
        "slots",
        "client-support",
        "picture",
        "gathered-dates",
        "missing-glyph",
    }
)
"""The rules about the composed mail and the PDF: what they find comes out when an issue is composed, not before."""
