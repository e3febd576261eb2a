"""Finds what Word, Excel, Teams and printers leave in a text that was copied out of them."""

import re
from typing import NamedTuple

from mailer.catalogue import Message, msg


class Debris(NamedTuple):
    """A pattern of debris, with the message and the hint of its findings.

    One of its words, in small letters, stands in all that it matches. A text with none of them is not searched, for a
    search costs a hundred times as much as looking for a word.
    """

    pattern: re.Pattern[str]
    message: Message
    hint: Message
    words: tuple[str, ...]


def debris(pattern: str, name: str, hint: str, *, words: str) -> Debris:
    """Return a pattern for which capitals do not count, with its two texts of the catalogue; `|` parts its words."""
    return Debris(re.compile(pattern, re.IGNORECASE | re.MULTILINE), msg(name), msg(hint), tuple(words.split("|")))


_BEGINS = r"(?:^|(?<!\w)(?-i:(?=[A-ZÆØÅ])))"
"""Where a line begins, or in one a word with a capital: lines may be joined, and changes stand behind sentences."""
_TWO_NAMES = r"@[A-ZÆØÅ][\w-]{1,30}(?: [A-ZÆØÅ][\w-]{1,30}){1,3}"
_NAMES = r"(?-i:[A-ZÆØÅ][\w.-]{0,30}(?: [A-ZÆØÅ][\w.-]{0,30}){1,3})"
_DAY = r"(?:i dag|i går|today|yesterday|\d{1,2}\.\d{1,2}\.?)"
_INSIDE_A_WORD_CASE_CHANGES = r"(?-i:(?=\S{0,12}[a-zæøå])(?=\S{1,12}[A-ZÆØÅ0-9])[A-Za-z0-9ÆØÅæøå]{5,12})(?!\S)"

MEETING = debris(
    r"(?:møte|meeting|konferanse|conference)[ -]?id:? ?\d[\d ]{5,20}#?"
    rf"|^(?:kode|passord|tilgangskode|møtekode|passcode|password): ?{_INSIDE_A_WORD_CASE_CHANGES}"
    r"|(?<!\w)\+?\d[\d ]{6,16},,\d{4,12}#?"
    r"|(?:for (?:arrangører|arrangørar|organizers): ?)?(?:møtealternativ(?:er)?|meeting options)(?!\w)"
    r"|finn (?:et|eit) lokalt nummer|find a local number|tilbakestill pin|reset (?:dial-in )?pin"
    r"|(?:bli med (?:på|i)|join the) (?:møtet|meeting) (?:nå|no|now)(?!\w)"
    r"|^microsoft teams(?:[ -]?møte|[ -]meeting)$|^microsoft teams (?:trenger|treng|need)\b"
    r"|(?<!\w)(?:bli med (?:på|via|fr[aå]) (?:datamaskin(?:en|a)|pc-?en)|join on your computer)(?!\w)"
    r"|(?<!\w)(?:bli med med ei?n? videokonferanse\w{1,12}|join with a video conferencing device)"
    r"|(?<!\w)(?:(?:klikk|trykk) her for å bli med på møtet|click here to join the meeting)"
    r"|^eller ring inn$|(?<!\w)(?:eller )?ring inn \((?:bare|berre) lyd\)|(?<!\w)or call in \(audio only\)"
    r"|\(UTC[+-]\d\d:\d\d\) [^\W\d_]{3,20}(?:, [^\W\d_]{3,20}){1,10}"
    r"|inviting you to a scheduled zoom meeting|inviterer deg til et planlagt zoom-møte|^join zoom meeting$"
    r"|^(?:video-?id|tenant(?:-nøkkel| key)): ?\S{5,80}",
    "findings.pasted-meeting",
    "findings.pasted-meeting-hint",
    words="møteid|møte id|møte-id|meetingid|meeting id|meeting-id|konferanseid|konferanse id|"
    "konferanse-id|conferenceid|conference id|conference-id|kode:|passord:|passcode:|password:|,,|"
    "møtealternativ|meeting options|lokalt nummer|local number|tilbakestill pin|reset |bli med |"
    "join |microsoft teams|ring inn|call in|(utc|inviting you|inviterer deg|video-id|videoid|tenant",
)
"""What stands in the invitation to a meeting."""

OFFICE = (
    debris(
        r"(?:kommentert|kommentar|commented) \[[^\]\n]{1,12}\]:?|(?-i:\[[A-ZÆØÅ]{1,4}\d{1,3}(?:R\d{1,3})?\])"
        rf"|{_BEGINS}(?:formatert|formatted)"
        r"(?: \([^)\n]{1,40}\))?: ?(?:skrift|font|innrykk|avsnitt|mellomrom|venstre|høyre"
        r"|høgre|midtstilt|punktmerk|nummerer|linje|stil|style|indent|space|left|right|centered|bullet|heading|overskrift)\w*"
        rf"|{_BEGINS}(?:slettet|sletta|deleted|satt inn|sett inn|inserted): "
        r"|(?<!\w)(?:flyttet|flytta|moved) \(?(?:opp|ned|inn|up|down|innsetting|insertion)\)? ?\[\d{1,3}\]"
        r"|(?-i:(?:^|(?<=[.!?] ))\[[a-w]\](?=\w))",
        "findings.pasted-comment",
        "findings.pasted-comment-hint",
        words="[|formater|formatted|slett|deleted: |inserted: |satt inn: |sett inn: |flytt|moved",
    ),
    debris(
        rf"(?-i:(?:^|(?<=: )){_TWO_NAMES}"
        rf"|(?<![\w@]){_TWO_NAMES}(?=,? (?:kan|har|vil|skal|ser|sjekk|er dette|can|please)\b))",
        "findings.pasted-mention",
        "findings.pasted-mention-hint",
        words="@",
    ),
    debris(
        rf"^\[(?:\d{{1,2}}[./]\d{{1,2}}[./](?:\d{{2,4}})?,? )?\d{{1,2}}[.:]\d\d(?::\d\d)?(?: [AP]M)?\] ?{_NAMES}"
        rf"|^{_NAMES}(?: ?\n(?:{_DAY} )?|,? {_DAY} )(?:kl\. )?\d{{1,2}}:\d\d$"
        r"|(?<!\w)(?:har svart på en melding fra|har svara på ei melding frå|replied to a message from)(?!\w)"
        r"|(?<!\w)(?:reagerte med|reacted with) \W"
        r"|^(?:sett av alle|seen by everyone|redigert|edited|siste lest|last read)$",
        "findings.pasted-chat",
        "findings.pasted-chat-hint",
        words="]|:|en melding fra|ei melding frå|replied to|reagerte med|reacted with|sett av alle|seen by|"
        "redigert|edited|siste lest|last read",
    ),
    debris(
        r"HYPERLINK \"|(?<!\w)SEQ (?:figur|figure|tabell|table|ligning|likning|equation)(?!\w)"
        r"|\\?\* (?:ARABIC|MERGEFORMAT|ROMAN)|(?<!\w)(?:PAGEREF|(?:NOTE)?REF) _\w{3,40}|(?<!\w)TOC \\\w",
        "findings.pasted-field",
        "findings.pasted-field-hint",
        words="hyperlink|seq |* arabic|mergeformat|* roman|ref _|toc \\",
    ),
    MEETING,
    debris(
        r"#(?:(?:REF|VERDI|VALUE|TALL|TAL|NUM|NULL|OVERFLYT|SPILL|BEREGN|CALC|DIV/0)!|(?:NAVN|NAMN|NAME)\?|I/T(?!\w)|N/A(?!\w))"
        r"|(?<!\S)#{4,}(?!\S)|(?<![\w.,])\d[.,]\d{1,6}E[+-]\d{2,3}(?!\w)"
        r"|(?<!\S)=[A-ZÆØÅ.]{2,20}\([^()\n]{0,80}\)|(?<!\S)=\$?[A-Z]{1,2}\$?\d{1,5}(?:[-+*/:]\$?[A-Z]{0,2}\$?\d{1,5})+",
        "findings.pasted-formula",
        "findings.pasted-formula-hint",
        words="#|=|e+|e-",
    ),
    debris(
        r'"(?=[^"\n]{0,200}"")(?:[^"\n]|""){2,300}+"(?!")|^"[^"\n]{1,200}(?:\n[^"\n]{1,200}){1,10}"$',
        "findings.pasted-cell",
        "findings.pasted-cell-hint",
        words='"',
    ),
    debris(
        r"^(?:side|page) \d{1,4} (?:av|of) \d{1,4}$"
        r"|(?-i:(?<!\S)(?:Side|Page) \d{1,4} (?:av|of) \d{1,4}$"
        r"|(?<=[\w,;] )(?:Side|Page) \d{1,4} (?:av|of) \d{1,4}(?!\w))"
        r"|(?<!\S)\d\d?/\d\d?/\d\d, \d\d?:\d\d [AP]M(?!\w)"
        r"|^(?:utkast|draft)(?: (?:versjon|version|v\.?))? ?\d{1,2}\.\d{1,2}$"
        r"|^(?:del på (?:facebook|linkedin|twitter|x|e-?post)|skriv ut|til toppen|hopp til (?:hoved)?innhold(?:et)?"
        r"|lytt til (?:teksten|siden|sida)|var (?:denne siden|denne sida|dette) nyttig\??)$"
        r"|^(?:publisert|sist (?:oppdatert|endret|endra)):? \d{1,2}\.[^\n]{0,30}$"
        r"|^unntatt (?:fr[aå] )?(?:offentl[ie]g\w*|innsyn)\b|^unntatt off\."
        r"|^(?:sensitivitet|sensitivity|følsomhet|gradering|klassifisering|classification): ?"
        r"(?:intern|åpen|open|offentlig|offentleg|fortrolig|konfidensiell|begrenset|avgrensa|confidential|public|general)\w*",
        "findings.pasted-edge",
        "findings.pasted-edge-hint",
        words="side |page | am| pm|del på|skriv ut|toppen|hopp til|lytt til|nyttig|publisert|oppdatert|endret|endra|"
        "utkast|draft|unntatt|sensitivit|følsomhet|gradering|klassifisering|classification",
    ),
    debris(
        r"^(?:side|page|s\.) ?\d{1,4}$|(?<=\t)(?:side|page) \d{1,4}$",
        "findings.page-number",
        "findings.page-number-hint",
        words="side|page|s.",
    ),
)
"""Debris that is looked for in every text of an issue."""
