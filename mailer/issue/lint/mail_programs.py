"""Finds what mail programs leave in a text that was copied out of them, beside what office programs leave."""

from collections.abc import Iterator
from re import Match

from mailer.issue.lint.office import OFFICE, Debris, debris

_BEFORE_LETTERS = (
    "gruppe|kategori|type|bygg|sal|hus|oppgang|del|punkt|kapittel|vedlegg|avdeling|inngang|bokstav|alternativ|nivå"
    "|klasse|blokk|modul|trinn|sone|fløy|post|figur|tabell|kolonne|linje|serie|av|og|til|fra|i|på"
)
"""Words behind which J is a letter."""
OF_MAILS = (
    debris(
        r"\[cid:[^\]\s]{0,80}\]?|(?<!\w)cid:[\w.-]{1,60}@[\w.-]{1,60}"
        r"|\[(?:inline |innebygd |innebygde )?(?:image|bilde|bilete|picture|logo):[^\]\n]{0,80}\]"
        r"|\[(?:image|bilde|bilete)\d{0,4}(?:\.\w{3,4})?\]|<?\bimage\d{3}\.(?:png|jpe?g|gif)\b>?"
        r"|\[(?:logo|bilde|bilete|image|picture|ikon|icon|facebook|linkedin|instagram|twitter|youtube)[^\]\n]{0,30}\]"
        r"(?= ?…)",
        "findings.pasted-picture",
        "findings.pasted-picture-hint",
        words="cid:|[bilde|[bilete|[picture|[logo|[inline |[innebygd|image|[ikon|[icon|[facebook|[linkedin|"
        "[instagram|[twitter|[youtube",
    ),
    debris(
        r"automatisk generert beskrivelse|description automatically generated"
        r"|(?:KI|AI)-generert innhold kan være feil|AI-generated content may be incorrect"
        r"|\[(?:(?:et|eit|a|an) )?(?:nær|skjerm)?(?:bilde|bilete|image|picture|screenshot|close-up) "
        r"(?:som|av|that|of|containing)\b[^\]\n]{0,200}\]",
        "findings.pasted-description",
        "findings.pasted-description-hint",
        words="automatisk generert|automatically generated|-generert innhold|ai-generated|[et |[eit |[a |[an |"
        "[bilde|[bilete|[image|[picture|[screenshot|[close-up|[nær|[skjerm",
    ),
    debris(
        r"\[(?:ekstern|external|eksternt?|ext)(?:[ :-][^\]\n]{0,40})?\]"
        r"|(?:(?<!\w)du )?får ikk?j?e ofte e-?post fr[aå]|(?:(?<!\w)you )?don['’]t often get e-?mail from"
        r"|(?:finn ut|lær|les om|learn) (?:hvorfor|kvifor|why) (?:dette|this) (?:er viktig|is important)"
        r"|(?:caution|warning|advarsel|åtvaring|obs|merk)[:!]\s+(?:(?:this|denne|dette|er en|er ein|is an)\s+){0,2}"
        r"(?:external|ekstern\w*)\s+(?:e-?mail|e-?post|melding)"
        r"|(?:this|the) (?:e-?mail|message) (?:has )?(?:originated|came|was sent|is|comes|originates) "
        r"from (?:outside|an external)"
        r"|denne (?:e-?posten|meldingen|meldinga) (?:kommer|kjem|er send[t]?|ble sendt|vart send|blei sendt) "
        r"(?:fr[aå] (?:ei?n )?(?:ekstern|(?:avsend\w+|person) (?:som er )?ut[ea]nfor|ut[ea]nfor|utsid[ea])"
        r"|utenfra|utanfrå)"
        r"|(?<!\w)(?:e-?posten|meldingen|meldinga|avsend(?:er|ar)en?) "
        r"(?:kommer|kjem|er(?: send[t]?)?|ble sendt|vart send|blei sendt) (?:fr[aå] )?(?:ei?n )?"
        r"(?:(?:avsend\w+|person) (?:som er )?)?ut[ea]nfor (?:virksomhet|verksemd|organisasjon|kommun)\w*"
        r"|(?<!\w)(?:e-?posten|meldingen|meldinga) (?:kommer|kjem|er(?: send[t]?)?) "
        r"fr[aå] (?:ei?n )?ekstern\w* avsend\w+"
        r"|(?-i:(?:EKSTERN|EXTERNAL)\w*) (?:e-?mail|e-?post|melding|avsend\w+|sender)(?: ?[:!]|$)"
        r"|^(?:ekstern\w*|external) (?:e-?mail|e-?post|melding|avsend\w+|sender) ?[:!–-] ?"
        r"(?:vær|ver|pass|be|use|ikke|ikkje|do not)\b",
        "findings.pasted-banner",
        "findings.pasted-banner-hint",
        words="[eks|[ext|ofte e|often get|er viktig|is important|ekstern|external|from outside|denne e|denne meld|"
        "posten |meldingen |meldinga |avsender|avsendar",
    ),
    debris(
        r"(?:sendt|sent) (?:fra|frå|from) (?:min|my|mi) \w+|(?:sendt|sent) (?:fra|frå|from) (?:outlook|mail for)\b"
        r"|(?:hent|få|get|last ned) outlook (?:for|til) \w+"
        r"|denne e-?posten (?:og (?:eventuelle )?vedlegg )?kan inneh[oa]lde "
        r"(?:taushetsbelagt|konfidensiell|fortrolig|teie)\w*"
        r"|(?<!\w)(?:P |☘ )?(?:tenk på|think (?:of|about)|please consider) (?:miljøet|the environment)(?!\w)"
        r"|this e-?mail (?:and any attachments )?(?:is|are|may contain) (?:confidential|privileged)"
        r"|(?<!\w)du (?:får|mottar|mottek) denne e-?posten fordi|you(?: are|['’]re) receiving this e-?mail because"
        r"|(?<!\w)(?:vis|se|sjå|les|åpne|opne) (?:denne )?e-?posten i nettles[ea]r(?:en)?"
        r"|view this e-?mail in your browser",
        "findings.pasted-addition",
        "findings.pasted-addition-hint",
        words="sendt fr|sent fr|outlook |kan inneh|miljøet|environment|confidential|privileged|epost|e-post|"
        "e-mail|email",
    ),
    debris(r"(?<!_)_{5,80}", "findings.pasted-line", "findings.pasted-line-hint", words="_____"),
    debris(
        r"-{3,} ?(?:opprinnelig|opphavleg|original|videresendt|vidaresend|forwarded)[\w ]{1,20}-{3,}"
        r"|begin forwarded message:|(?:start på )?(?:videresendt|vidaresendt?) (?:melding|e-?post):"
        r"|(?<!\w)(?:\w{2,8}\.? ){0,2}\d\d?\. ?[\w.]{1,12} ?\d{4},? "
        r"(?:(?:kl\.?|klokka|at) ?)?\d\d?[.:]\d\d(?:[.:]\d\d)?,? (?:skrev|skreiv|wrote)(?!\w)"
        r"|\b(?:den|on) [^\n]{3,40}\d{4},? (?:kl\.?|klokka|at) ?\d\d?[.:]\d\d[^\n]{0,80}\b(?:skrev|skreiv|wrote)\b",
        "findings.pasted-head",
        "findings.pasted-head-hint",
        words="---|forwarded message|sendt meld|send meld|sendt e|send e|skrev|skreiv|wrote",
    ),
    debris(
        r"^(?:viktighet|viktigheit|importance): ?(?:høy|høg|lav|låg|normal|high|low)$"
        r"|^(?:vedlegg|attachments?): [^\n]{1,200}?\.(?:docx?|pdf|xlsx?|pptx?|msg|png|jpe?g)"
        r"(?: \([^()\n]{2,12}\))?(?:;|$)",
        "findings.pasted-head",
        "findings.pasted-head-hint",
        words="viktig|importance|vedlegg|attachment",
    ),
    debris(
        rf"(?-i:(?:\b(?!(?:{_BEFORE_LETTERS})\b)[a-zæøå]{{2,}}[.!]?) J(?=$| [A-ZÆØÅ]))"
        r"|(?-i:(?:^|(?<=\s))à (?=[A-ZÆØÅ]))",
        "findings.pasted-sign",
        "findings.pasted-sign-hint",
        words=" j|à ",
    ),
    debris(
        r"feil! (?:fant ikke|fann ikkje|bokmerke|ugyldig)[\w ]{0,40}"
        r"|error! (?:reference|bookmark|hyperlink)[\w ]{0,40}",
        "findings.pasted-reference",
        "findings.pasted-reference-hint",
        words="feil!|error!",
    ),
)
"""Debris that is looked for in every text of an issue."""


def debris_in(text: str) -> Iterator[tuple[Debris, Match[str]]]:
    """Yield what programs for mail and for texts have left in a text, wherever it stands."""
    folded = text.casefold()
    for each in (*OF_MAILS, *OFFICE):
        if any(word in folded for word in each.words):
            for match in each.pattern.finditer(text):
                yield each, match
