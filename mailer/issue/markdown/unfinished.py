"""Finds words that somebody meant to write later: TODO, XX.XX.2024, [navn], lorem ipsum, ???."""

import re
from collections.abc import Iterator

_TO_NAME = (
    r"navn\w*|namn\w*|fornavn|fornamn|etternavn|etternamn|tittel\w*|dato\w*|tid|tidspunkt|klokkeslett|sted|stad"
    r"|lenk[ej]\w*|tekst|tall|beløp|antall|e-?post\w*|telefon\w*|tlf|adresse\w*|bilde\w*|bilete\w*|kilde|kjelde"
    r"|signatur\w*|underskrift\w*"
)
_TO_NAME_IN_ENGLISH = r"name|date|time|place|title|text|number|amount|address|phone|link|signature"
"""Words for what is missing; in angle brackets some of these are HTML."""
_TO_DO = r"(?:sett|fyll|legg|skriv|set) inn|fyll ut|insert|enter|to ?do|tbd|xx+|sjekk|kommer|kjem"
IN_ANGLES = re.compile(rf"<(?:(?:{_TO_NAME})(?=[>:?, ])|(?:{_TO_DO})\b)[^<>\n]{{0,80}}>", re.IGNORECASE)
"""What may look like a tag of HTML."""
_UNFINISHED = (
    re.compile(
        rf"\[(?:(?:{_TO_NAME}|{_TO_NAME_IN_ENGLISH})(?=[\]:?, ])|(?:{_TO_DO})\b)[^\[\]\n]{{0,80}}\]", re.IGNORECASE
    ),
    IN_ANGLES,
    re.compile(r"\{\{[^{}\n]{1,80}\}\}"),
    re.compile(
        r"(?<![\w.])(?:(?:XX|xx|DD|dd)[./-](?:XX|xx|MM|mm)[./-]?(?:\d{2,4}|[XxYyÅå]{2,4})?|00[./]00[./](?:\d{4}))"
    ),
    re.compile(r"(?<![\w@/.-])(?:TODO|TBD|TBC|FIXME|XXX{1,20}|xxx{1,20})(?![\w@-])|\btodo:"),
    re.compile(
        r"(?<![\w,/-])(?:XX|xx|Xx|NN)(?![\w/-])"
        r"|(?<!\w)(?:N\. ?N\.|Navn Navnesen|Namn Namnesen)(?!\w)|(?<!\w)(?:20|19)(?:XX|xx)(?!\w)"
    ),
    re.compile(r"lorem ipsum", re.IGNORECASE),
    re.compile(r"\?{3,40}"),
    re.compile(
        r"(?:klikk(?: eller trykk)?|click(?: or tap)?) (?:her|here) (?:for å|to) "
        r"(?:skrive(?: inn)?|legge til|enter) \w+"
        r"|(?:\A|(?<=: )|(?<=\n))(?:velg|choose) (?:en dato|et element|a date|an item)(?=\.(?:\s|\Z))"
        r"|\A(?:tekst|bilde|bilete|lenke|lenkje) (?:kommer|kjem)(?: her| snart| senere| seinare)?\.?\Z",
        re.IGNORECASE,
    ),
)
_ROMAN = re.compile(
    r"(?:kapit(?:tel|let|el)|kap\.|del|bind|artikkel|art\.|chapter|part|volume|vedlegg|versjon|punkt|pkt\.|bowl)\s\Z",
    re.IGNORECASE,
)
"""Words behind which XX and XXX are numbers."""


def find_unfinished(text: str) -> Iterator[tuple[int, str]]:
    """Yield placeholders with their beginnings; of two within each other, the longer."""
    end = 0
    for match in sorted(_matches(text), key=lambda match: (match.start(), -match.end())):
        if match.start() >= end:
            yield match.start(), match[0]
        end = max(end, match.end())


def _matches(text: str) -> Iterator[re.Match[str]]:
    for pattern in _UNFINISHED:
        for match in pattern.finditer(text):
            if not (set(match[0]) <= {"X"} and _ROMAN.search(text, max(match.start() - 12, 0), match.start())):
                yield match
