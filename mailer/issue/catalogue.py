"""Every rule by its id: why it matters to readers, and how to put right what it finds."""

from dataclasses import dataclass

from mailer.catalogue import either, msg
from mailer.languages import LANGS


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reason for a rule, for readers, and what to do about a finding: messages of the catalogue."""

    why: str
    fix: str


RULES: dict[str, Explanation] = {
    # --- The files can be read ---
    "unreadable": Explanation(msg("findings.unreadable-why"), msg("findings.unreadable-fix")),
    "toml": Explanation(msg("findings.toml-why"), msg("findings.toml-fix")),
    "front-matter": Explanation(msg("findings.front-matter-why"), msg("findings.front-matter-fix")),
    "unknown-key": Explanation(msg("findings.unknown-key-why"), msg("findings.unknown-key-fix")),
    "unknown-value": Explanation(msg("findings.unknown-value-why"), msg("findings.unknown-value-fix")),
    "wrong-type": Explanation(msg("findings.wrong-type-why"), msg("findings.wrong-type-fix")),
    "missing": Explanation(msg("findings.missing-why"), msg("findings.missing-fix")),
    "date": Explanation(msg("findings.date-why"), msg("findings.date-fix")),
    "time": Explanation(msg("findings.time-why"), msg("findings.time-fix")),
    "lang": Explanation(msg("findings.lang-why"), msg("findings.lang-fix", langs=either(LANGS))),
    "email": Explanation(msg("findings.email-why"), msg("findings.email-fix")),
    "slug": Explanation(msg("findings.slug-why"), msg("findings.slug-fix")),
    "duplicate": Explanation(msg("findings.duplicate-why"), msg("findings.duplicate-fix")),
    "copy": Explanation(msg("findings.copy-why"), msg("findings.copy-fix")),
    "placed-twice": Explanation(msg("findings.placed-twice-why"), msg("findings.placed-twice-fix")),
    "unknown-item": Explanation(msg("findings.unknown-item-why"), msg("findings.unknown-item-fix")),
    "unknown-section": Explanation(msg("findings.unknown-section-why"), msg("findings.unknown-section-fix")),
    "section-order": Explanation(msg("findings.section-order-why"), msg("findings.section-order-fix")),
    "empty-section": Explanation(msg("findings.empty-section-why"), msg("findings.empty-section-fix")),
    "ignored": Explanation(msg("findings.ignored-why"), msg("findings.ignored-fix")),
    "character": Explanation(msg("findings.character-why"), msg("findings.character-fix")),
    "nesting": Explanation(msg("findings.nesting-why"), msg("findings.nesting-fix")),
    "html": Explanation(msg("findings.html-why"), msg("findings.html-fix")),
    "image": Explanation(msg("findings.image-why"), msg("findings.image-fix")),
    "image-alt": Explanation(msg("findings.image-alt-why"), msg("findings.image-alt-fix")),
    "helsefellesskap": Explanation(msg("findings.helsefellesskap-why"), msg("findings.helsefellesskap-fix")),
    "no-text": Explanation(msg("findings.no-text-why"), msg("findings.no-text-fix")),
    "no-words": Explanation(msg("findings.no-words-why"), msg("findings.no-words-fix")),
    "empty-heading": Explanation(msg("findings.empty-heading-why"), msg("findings.empty-heading-fix")),
    "rule": Explanation(msg("findings.rule-why"), msg("findings.rule-fix")),
    "left-over-mark": Explanation(msg("findings.left-over-mark-why"), msg("findings.left-over-mark-fix")),
    "link-title": Explanation(msg("findings.link-title-why"), msg("findings.link-title-fix")),
    "comment": Explanation(msg("findings.comment-why"), msg("findings.comment-fix")),
    "empty-point": Explanation(msg("findings.empty-point-why"), msg("findings.empty-point-fix")),
    "joined-lines": Explanation(msg("findings.joined-lines-why"), msg("findings.joined-lines-fix")),
    "sign": Explanation(msg("findings.sign-why"), msg("findings.sign-fix")),
    "pasted-list": Explanation(msg("findings.pasted-list-why"), msg("findings.pasted-list-fix")),
    "pasted-heading": Explanation(msg("findings.pasted-heading-why"), msg("findings.pasted-heading-fix")),
    "table": Explanation(msg("findings.table-why"), msg("findings.table-fix")),
    "table-size": Explanation(msg("findings.table-size-why"), msg("findings.table-size-fix")),
    "footnote": Explanation(msg("findings.footnote-why"), msg("findings.footnote-fix")),
    "list-numbers": Explanation(msg("findings.list-numbers-why"), msg("findings.list-numbers-fix")),
    "link": Explanation(msg("findings.link-why"), msg("findings.link-fix")),
    "no-address": Explanation(msg("findings.no-address-why"), msg("findings.no-address-fix")),
    "tracking": Explanation(msg("findings.tracking-why"), msg("findings.tracking-fix")),
    "wrapped-link": Explanation(msg("findings.wrapped-link-why"), msg("findings.wrapped-link-fix")),
    # --- Words ---
    "example": Explanation(msg("findings.example-why"), msg("findings.example-fix")),
    "old-introduction": Explanation(msg("findings.old-introduction-why"), msg("findings.old-introduction-fix")),
    "no-preheader": Explanation(msg("findings.no-preheader-why"), msg("findings.no-preheader-fix")),
    "long-preheader": Explanation(msg("findings.long-preheader-why"), msg("findings.long-preheader-fix")),
    "late-deadline": Explanation(msg("findings.late-deadline-why"), msg("findings.late-deadline-fix")),
    "long-title": Explanation(msg("findings.long-title-why"), msg("findings.long-title-fix")),
    "repeated-title": Explanation(msg("findings.repeated-title-why"), msg("findings.repeated-title-fix")),
    "no-contact": Explanation(msg("findings.no-contact-why"), msg("findings.no-contact-fix")),
    "contact-in-text": Explanation(msg("findings.contact-in-text-why"), msg("findings.contact-in-text-fix")),
    "bare-url": Explanation(msg("findings.bare-url-why"), msg("findings.bare-url-fix")),
    "link-words": Explanation(msg("findings.link-words-why"), msg("findings.link-words-fix")),
    "http-link": Explanation(msg("findings.http-link-why"), msg("findings.http-link-fix")),
    "duplicate-link": Explanation(msg("findings.duplicate-link-why"), msg("findings.duplicate-link-fix")),
    "inside-link": Explanation(msg("findings.inside-link-why"), msg("findings.inside-link-fix")),
    "outlook-paste": Explanation(msg("findings.outlook-paste-why"), msg("findings.outlook-paste-fix")),
    "reply-title": Explanation(msg("findings.reply-title-why"), msg("findings.reply-title-fix")),
    "placeholder": Explanation(msg("findings.placeholder-why"), msg("findings.placeholder-fix")),
    "doubled-space": Explanation(msg("findings.doubled-space-why"), msg("findings.doubled-space-fix")),
    "space-inside": Explanation(msg("findings.space-inside-why"), msg("findings.space-inside-fix")),
    "space-before-mark": Explanation(msg("findings.space-before-mark-why"), msg("findings.space-before-mark-fix")),
    "stray-bar": Explanation(msg("findings.stray-bar-why"), msg("findings.stray-bar-fix")),
    "hanging-hyphen": Explanation(msg("findings.hanging-hyphen-why"), msg("findings.hanging-hyphen-fix")),
    "unbalanced": Explanation(msg("findings.unbalanced-why"), msg("findings.unbalanced-fix")),
    "mixed-quotes": Explanation(msg("findings.mixed-quotes-why"), msg("findings.mixed-quotes-fix")),
    "no-end-mark": Explanation(msg("findings.no-end-mark-why"), msg("findings.no-end-mark-fix")),
    "repeated-word": Explanation(msg("findings.repeated-word-why"), msg("findings.repeated-word-fix")),
    "repeated-sentence": Explanation(msg("findings.repeated-sentence-why"), msg("findings.repeated-sentence-fix")),
    "abbreviation": Explanation(msg("findings.abbreviation-why"), msg("findings.abbreviation-fix")),
    "language": Explanation(msg("findings.language-why"), msg("findings.language-fix")),
    "written-form": Explanation(msg("findings.written-form-why"), msg("findings.written-form-fix")),
    "language-share": Explanation(msg("findings.language-share-why"), msg("findings.language-share-fix")),
    "weekday": Explanation(msg("findings.weekday-why"), msg("findings.weekday-fix")),
    "past-date": Explanation(msg("findings.past-date-why"), msg("findings.past-date-fix")),
    "short-notice": Explanation(msg("findings.short-notice-why"), msg("findings.short-notice-fix")),
    "promise": Explanation(msg("findings.promise-why"), msg("findings.promise-fix")),
    "dead-link": Explanation(msg("findings.dead-link-why"), msg("findings.dead-link-fix")),
    "check-off": Explanation(msg("findings.check-off-why"), msg("findings.check-off-fix")),
    "accessibility-statement": Explanation(
        msg("findings.accessibility-statement-why"), msg("findings.accessibility-statement-fix")
    ),
    # --- The composed mail ---
    "composing": Explanation(msg("findings.composing-why"), msg("findings.composing-fix")),
    "size": Explanation(msg("findings.size-why"), msg("findings.size-fix")),
    "subject-length": Explanation(msg("findings.subject-length-why"), msg("findings.subject-length-fix")),
    "contrast": Explanation(msg("findings.contrast-why"), msg("findings.contrast-fix")),
    "heading-order": Explanation(msg("findings.heading-order-why"), msg("findings.heading-order-fix")),
    "alt-text": Explanation(msg("findings.alt-text-why"), msg("findings.alt-text-fix")),
    "html-lang": Explanation(msg("findings.html-lang-why"), msg("findings.html-lang-fix")),
    "slots": Explanation(msg("findings.slots-why"), msg("findings.slots-fix")),
    "client-support": Explanation(msg("findings.client-support-why"), msg("findings.client-support-fix")),
    "merge-values": Explanation(msg("findings.merge-values-why"), msg("findings.merge-values-fix")),
    "picture": Explanation(msg("findings.picture-why"), msg("findings.picture-fix")),
    "picture-height": Explanation(msg("findings.picture-height-why"), msg("findings.picture-height-fix")),
    "picture-animated": Explanation(msg("findings.picture-animated-why"), msg("findings.picture-animated-fix")),
    "picture-colours": Explanation(msg("findings.picture-colours-why"), msg("findings.picture-colours-fix")),
    "gathered-dates": Explanation(msg("findings.gathered-dates-why"), msg("findings.gathered-dates-fix")),
    "unlisted-date": Explanation(msg("findings.unlisted-date-why"), msg("findings.unlisted-date-fix")),
    "long-items": Explanation(msg("findings.long-items-why"), msg("findings.long-items-fix")),
    "missing-glyph": Explanation(msg("findings.missing-glyph-why"), msg("findings.missing-glyph-fix")),
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
        "picture-height",
        "picture-animated",
        "picture-colours",
        "gathered-dates",
        "unlisted-date",
        "long-items",
        "missing-glyph",
    }
)
"""The rules about the composed mail and the PDF: what they find comes out when an issue is composed, not before."""
