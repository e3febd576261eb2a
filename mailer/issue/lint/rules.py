"""Every rule for an issue's words, with the weight of what it finds."""

from mailer.issue.example import EXAMPLE_RULE
from mailer.issue.lint.completeness import (
    contact_in_text,
    example_left,
    late_deadline,
    long_preheader,
    long_title,
    no_contact,
    no_preheader,
)
from mailer.issue.lint.dates import past_date, promise, short_notice, wrong_weekday
from mailer.issue.lint.language import other_form, wrong_language
from mailer.issue.lint.leftovers import left_over_mark
from mailer.issue.lint.links import bare_url, duplicate_link, http_link, inside_link, says_nothing
from mailer.issue.lint.outlook import outlook_paste, reply_title
from mailer.issue.lint.placeholders import placeholder
from mailer.issue.lint.prose import early_abbreviation, no_end_mark, repeated_opening, repeated_title, repeated_word
from mailer.issue.lint.reading import Rule
from mailer.issue.lint.wording import (
    doubled_space,
    hanging_hyphen,
    lost_letter,
    mixed_quotes,
    space_before_mark,
    space_inside,
    stray_bar,
    unbalanced,
)
from mailer.issue.model import Severity

RULES = (
    Rule(id=EXAMPLE_RULE, severity=Severity.WARNING, check=example_left),
    Rule(id="no-preheader", severity=Severity.WARNING, check=no_preheader),
    Rule(id="long-preheader", severity=Severity.WARNING, check=long_preheader),
    Rule(id="late-deadline", severity=Severity.NOTE, check=late_deadline),
    Rule(id="long-title", severity=Severity.NOTE, check=long_title),
    Rule(id="repeated-title", severity=Severity.WARNING, check=repeated_title),
    Rule(id="no-contact", severity=Severity.NOTE, check=no_contact),
    Rule(id="contact-in-text", severity=Severity.WARNING, check=contact_in_text),
    Rule(id="bare-url", severity=Severity.WARNING, check=bare_url),
    Rule(id="link-words", severity=Severity.WARNING, check=says_nothing),
    Rule(id="http-link", severity=Severity.WARNING, check=http_link),
    Rule(id="duplicate-link", severity=Severity.WARNING, check=duplicate_link),
    Rule(id="inside-link", severity=Severity.WARNING, check=inside_link),
    Rule(id="outlook-paste", severity=Severity.WARNING, check=outlook_paste),
    Rule(id="reply-title", severity=Severity.WARNING, check=reply_title),
    Rule(id="placeholder", severity=Severity.WARNING, check=placeholder),
    Rule(id="character", severity=Severity.WARNING, check=lost_letter),
    Rule(id="left-over-mark", severity=Severity.WARNING, check=left_over_mark),
    Rule(id="doubled-space", severity=Severity.WARNING, check=doubled_space),
    Rule(id="space-inside", severity=Severity.WARNING, check=space_inside),
    Rule(id="space-before-mark", severity=Severity.WARNING, check=space_before_mark),
    Rule(id="stray-bar", severity=Severity.WARNING, check=stray_bar),
    Rule(id="hanging-hyphen", severity=Severity.WARNING, check=hanging_hyphen),
    Rule(id="unbalanced", severity=Severity.WARNING, check=unbalanced),
    Rule(id="mixed-quotes", severity=Severity.WARNING, check=mixed_quotes),
    Rule(id="no-end-mark", severity=Severity.WARNING, check=no_end_mark),
    Rule(id="repeated-word", severity=Severity.WARNING, check=repeated_word),
    Rule(id="repeated-sentence", severity=Severity.WARNING, check=repeated_opening),
    Rule(id="abbreviation", severity=Severity.WARNING, check=early_abbreviation),
    Rule(id="language", severity=Severity.WARNING, check=wrong_language),
    Rule(id="written-form", severity=Severity.WARNING, check=other_form),
    Rule(id="weekday", severity=Severity.WARNING, check=wrong_weekday),
    Rule(id="past-date", severity=Severity.WARNING, check=past_date),
    Rule(id="short-notice", severity=Severity.WARNING, check=short_notice),
    Rule(id="promise", severity=Severity.WARNING, check=promise),
)
