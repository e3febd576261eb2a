"""Finds what Word, Excel, Teams and printers leave in a text that was copied out of them."""

import re
from typing import NamedTuple

from mailer.catalogue import Message, msg


class Debris(NamedTuple):
    """A pattern of debris, with the message and the hint of its findings."""

    pattern: re.Pattern[str]
    message: Message
    hint: Message


def debris(pattern: str, name: str, hint: str) -> Debris:
    """Return a pattern for which capitals do not count, with its two texts of the catalogue."""
    return Debris(re.compile(pattern, re.IGNORECASE | re.MULTILINE), msg(name), msg(hint))


_INSIDE_A_WORD_CASE_CHANGES = r"(?-i:(?=\S{0,12}[a-z])(?=\S{1,12}[A-Z0-9])[A-Za-z0-9]{5,12})(?!\S)"

OFFICE = (
    debris(
        r"(?:kommentert|kommentar|commented) \[[^\]\n]{1,12}\]:?|(?-i:\[[A-ZÆØÅ]{1,4}\d{1,3}(?:R\d{1,3})?\])"
        r"|^(?:formatert|formatted)(?: \([^)\n]{1,40}\))?: ?(?:skrift|font|innrykk|avsnitt|mellomrom|venstre|høyre"
        r"|høgre|midtstilt|punktmerk|nummerer|linje|stil|style|indent|space|left|right|centered|bullet|heading|overskrift)\w*"
        r"|^(?:slettet|sletta|deleted|satt inn|sett inn|inserted): ",
        "findings.pasted-comment",
        "findings.pasted-comment-hint",
    ),
    debris(
        r"HYPERLINK \"|(?<!\w)SEQ (?:figur|figure|tabell|table|ligning|likning|equation)(?!\w)"
        r"|\\?\* (?:ARABIC|MERGEFORMAT|ROMAN)|(?<!\w)(?:PAGEREF|(?:NOTE)?REF) _\w{3,40}|(?<!\w)TOC \\\w",
        "findings.pasted-field",
        "findings.pasted-field-hint",
    ),
    debris(
        r"(?:møte|meeting|konferanse|conference)[ -]?id:? ?\d[\d ]{5,20}#?"
        rf"|^(?:kode|passord|tilgangskode|møtekode|passcode|password): ?{_INSIDE_A_WORD_CASE_CHANGES}"
        r"|(?<!\w)\+?\d[\d ]{6,16},,\d{4,12}#?"
        r"|(?:for (?:arrangører|arrangørar|organizers): ?)?(?:møtealternativ(?:er)?|meeting options)(?!\w)"
        r"|finn (?:et|eit) lokalt nummer|find a local number|tilbakestill pin|reset (?:dial-in )?pin"
        r"|(?:bli med (?:på|i)|join the) (?:møtet|meeting) (?:nå|no|now)(?!\w)",
        "findings.pasted-meeting",
        "findings.pasted-meeting-hint",
    ),
    debris(
        r"#(?:(?:REF|VERDI|VALUE|TALL|TAL|NUM|NULL|OVERFLYT|SPILL|BEREGN|CALC|DIV/0)!|(?:NAVN|NAMN|NAME)\?|I/T(?!\w)|N/A(?!\w))"
        r"|(?<!\S)#{4,}(?!\S)|(?<![\w.,])\d[.,]\d{1,6}E[+-]\d{2,3}(?!\w)"
        r"|(?<!\S)=[A-ZÆØÅ.]{2,20}\([^()\n]{0,80}\)|(?<!\S)=\$?[A-Z]{1,2}\$?\d{1,5}(?:[-+*/:]\$?[A-Z]{0,2}\$?\d{1,5})+",
        "findings.pasted-formula",
        "findings.pasted-formula-hint",
    ),
    debris(
        r'"(?=[^"\n]{0,200}"")(?:[^"\n]|""){2,300}+"(?!")|^"[^"\n]{1,200}(?:\n[^"\n]{1,200}){1,10}"$',
        "findings.pasted-cell",
        "findings.pasted-cell-hint",
    ),
    debris(
        r"^(?:side|page) \d{1,4} (?:av|of) \d{1,4}$|(?<!\S)\d\d?/\d\d?/\d\d, \d\d?:\d\d [AP]M(?!\w)"
        r"|^(?:utkast|draft)(?: (?:versjon|version|v\.?))? ?\d{1,2}\.\d{1,2}$"
        r"|^(?:sensitivitet|sensitivity|følsomhet|gradering|classification): ?"
        r"(?:intern|åpen|open|offentlig|offentleg|fortrolig|konfidensiell|begrenset|avgrensa|confidential|public|general)\w*",
        "findings.pasted-edge",
        "findings.pasted-edge-hint",
    ),
)
"""Debris that is looked for in every text of an issue."""
