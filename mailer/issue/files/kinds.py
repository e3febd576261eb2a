"""The words that editors write for the kinds of dates, in bokmål, nynorsk and English."""

from collections.abc import Mapping

from mailer.issue.model import DateKind

_WORDS: Mapping[DateKind, tuple[str, ...]] = {
    DateKind.APPLICATION_DEADLINE: (
        *("søknadsfrist", "frist for søknad", "frist for å søke", "frist for å søkje", "søknad"),
        *("deadline for applications", "application"),
    ),
    DateKind.CONSULTATION_DEADLINE: (
        *("høringsfrist", "høyringsfrist", "frist for høring", "frist for høyring", "høring", "høyring"),
        *("frist for høringssvar", "frist for høyringssvar", "consultation"),
    ),
    DateKind.CONTRIBUTION_DEADLINE: (
        *("frist for innspill", "innspillsfrist", "frist for bidrag", "bidragsfrist", "deadline for contributions"),
    ),
    DateKind.REGISTRATION_DEADLINE: (
        *("påmeldingsfrist", "påmelding", "frist for påmelding", "frist for å melde seg på"),
        *("registration", "deadline for registration", "sign up deadline", "signup deadline"),
    ),
    DateKind.DEADLINE: ("frist", "tidsfrist", "svarfrist", "rapporteringsfrist", "leveringsfrist"),
    DateKind.CALL_EXPECTED: (
        *("utlysning", "utlysing", "forventet utlysning", "venta utlysing", "utlysning ventes", "utlysing ventast"),
    ),
    DateKind.IN_FORCE: ("ikrafttredelse", "ikrafttreden", "ikraftsetting", "trer i kraft", "trår i kraft", "i kraft"),
    DateKind.LAUNCH: ("lansering",),
    DateKind.PUBLICATION: ("publisering", "utgivelse", "utgjeving"),
    DateKind.EVENT: (*("arrangement", "hendelse", "hending", "kurs", "seminar", "webinar", "fagdag", "samling"),),
    DateKind.MEETING: ("møte",),
    DateKind.CONFERENCE: ("konferanse",),
}


KIND_WORDS: Mapping[str, DateKind] = {word: kind for kind, words in _WORDS.items() for word in words}
