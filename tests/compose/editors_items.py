"""Makes items as editors write and paste them, and spoils published ones, for `test_whole_items`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine, providers


@dataclass(frozen=True, slots=True)
class WrittenItem:
    """An item's facts without its section, and its text, both as an editor wrote them.

    `is_spoilt` says that the facts may be none any more, and are refused then.
    """

    facts: str
    body: str
    is_spoilt: bool = False


Texts = st.SearchStrategy[str]

WORDS = tuple(
    word
    for words in (
        "Helsefellesskapet møtes i Bodø og Ålesund Tromsø Førde kommunen søknader nye pasienter sykehuset fastlegene",
        "Guovdageaidnu Sámi čoahkkin ŋ đ Áŋŋel šaddat på til å være team FACT-ung e-helse helse- samhandling rettleiar",
        "noko kvar Øystein Ærlig Nord-Norge 12 7 2024 31.12.2024 15.",
        "1,5 4500 10.15 50&nbsp;% R&D 17 000 § 3-2 ca. f.eks.",
        '«Alle» "noen" (PHBU) kl. 14 A/B 2019–2020 pluss+ 1/2 ½ m² 😀 👍🏽',
        "→ ✓ … – 25% 3. B12 nr.4 x=y H₂O #helse @KS C#",
        "C:\\felles\\_x 2*3 Kari's l’hôtel naïve ﬁnne №5 ½-dag",
    )
    for word in words.split()
)
HIDDEN = (
    "A\u030alesund",
    "sam\u00adhandling",
    "møte\u00a0i",
    "null\u200bbredde",
    "10\u00a0000",
    "e\u0301n",
    "o\u0308l",
)
LINKS = (
    "https://a.example/x{n}",
    "https://www.b.example/side_{n}_ny/",
    "https://c.example/(PDF)/{n}",
    "https://d.example/?a={n}&b=2",
    "www.f.example/{n}",
    "https://g.example/sti/{n}#del-2",
    "https://h.example/å/{n}",
    "https://i.example/{n}?utm_source=brev&id={n}",
)
WRAPPERS = (
    "https://eur02.safelinks.protection.outlook.com/?url={quoted}&data=05%7C02%7Ckari&reserved=0",
    "https://www.google.com/url?q={quoted}&sa=D",
    "https://www.facebook.com/l.php?u={quoted}&h=AT0",
    "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url={quoted}&locale=nb",
)
SIGNS = (
    *"*_`~[]()<>|\\#-+!.:;,&{}\"'^=/ \t\n",
    "**",
    "__",
    "\n\n",
    "](",
    "  \n",
    "<!--",
    "-->",
    "&amp;",
    "\u00a0",
)
SCRAPS = (
    "&nbsp;", "&amp;", "&lt;3&gt;", "&oslash;", "**Frist:**15. mars", "** Frist **", "*Frist", "**", "_", "`kode`",
    "~~strøket~~", "\\*", "1\\. januar", "[x]", "[ ]", "[1]", "{lang=nn}", "kolleg*er*", "tall*1", "pris*", "==",
    "![", "](", "<mailto:kari@x.example>", "Kari<mailto:kari@x.example>", "<http://z.example/>", "#Overskrift",
    "-Punkt", "Til: Kari", "<!-- spør Kari -->", "a|b", "C:\\sti\\fil", "\\\\server\\felles\\x", "< 5 år", "> 65 år",
    "5 < 7", "[Veileder]()", "[Kari Nordmann](mailto:kari@x.example?subject=Hei%20du)", "tlf. +47 12 34 56 78",
    "[ring](tel:+47 12 34 56 78)", "`", "```", "$5", "50 %", "(se", "side 3)", "helse - og", "o.l.", "«sitat»",
    "“sitat”", "’ord’", "--", "---", "...", "…", '![Kart over nord](images/kart.png "Kart: Nord")',
    '[ord](https://t.example/ "tittel her")', "*a* *b*", "***alt***",
)  # fmt: skip
RARE_SCRAPS = (
    "<b>fet</b>",
    "<br>",
    "<font color=red>rød</font>",
    "<o:p></o:p>",
    "[fil](file:///K:/x.docx)",
    "[x](htps://y)",
)
BULLETS = (
    "- ", "* ", "+ ", "• ", "•\t", "·\t", "▪ ", "o\t", "– ", "–\t", "§\t", "ü\t", "a) ", "1. ", "1) ", "1.\t", "",
    "-\xa0", "➢ ", "  - ", "i. ", "(a) ", "1.1 ",
)  # fmt: skip
OUTLOOK = (
    "Fra: Kari Nordmann <kari@x.example>\nSendt: mandag 4. mars 2024 10:15\nTil: Redaksjonen\nEmne: SV: Innspill",
    "Hei,\n\nHer er innspillet vårt.",
    "Med vennlig hilsen\nKari Nordmann\nSeniorrådgiver\nTlf. 12 34 56 78\nwww.kommune.example",
    "Mvh Kari",
    "[cid:image001.png@01DA6E2C.5B0]",
    "-----Opprinnelig melding-----",
    "Program:\n10.00 Velkommen\n10.15 Innlegg ved Ola\n11.30 Pause",
    "Storgata 1\n8001 Bodø\nTelefon: 75 00 00 00",
    "Dato: 4. mars 2024\nSted: Bodø\nPris: 500 kr",
    "Adv: Denne e-posten kommer fra en ekstern avsender.",
)


def _link(number: int, form: str, wrapper: str | None) -> str:
    url = form.format(n=number)
    if wrapper and "//" in url:
        return wrapper.format(quoted=quote(url, safe=""))
    return url


ADDRESSES = st.builds(
    _link, st.integers(1, 9999), st.sampled_from(LINKS), st.none() | st.none() | st.sampled_from(WRAPPERS)
)
_PLAIN = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join)
PIECES: Texts = st.one_of(
    _PLAIN,
    _PLAIN,
    _PLAIN,
    st.sampled_from(HIDDEN),
    _PLAIN.map(lambda words: f"**{words}**"),
    _PLAIN.map(lambda words: f"*{words}*"),
    ADDRESSES,
    ADDRESSES.map(lambda url: f"<{url}>"),
    st.builds(
        lambda words, url, lang: f"[{words}]({url}){lang}", _PLAIN, ADDRESSES, st.sampled_from(["", "{lang=nn}"])
    ),
    st.builds(lambda name: f"{name}@x.example", st.sampled_from(["kari", "ola.n", "post_1", "a-b"])),
    st.sampled_from(SCRAPS),
    st.integers(1, 5).map(lambda number: f"[^{number}]"),
)
LINES: Texts = st.builds(
    lambda pieces, end: " ".join(pieces) + end,
    st.lists(PIECES, min_size=1, max_size=5),
    st.sampled_from([".", "", ":", ",", "?", ".  ", " –"]),
)
SPACES = tuple(sign for sign in map(chr, range(0x3001)) if sign.isspace() and sign not in "\t\r\n\x1e\x1f")
"""Each space of Unicode, but the tab and what are hyphens in Word: alone on a line it is an empty paragraph of Word."""
_EMPTY_PARAGRAPHS = st.lists(st.sampled_from(SPACES), min_size=1, max_size=2).map(lambda signs: f"\n{''.join(signs)}\n")
PARAGRAPHS: Texts = st.builds(
    lambda lines, gap: gap.join(lines),
    st.lists(LINES, min_size=1, max_size=4),
    st.just("\n") | st.just("\n") | st.just("\n") | _EMPTY_PARAGRAPHS,
)
LISTS: Texts = st.builds(
    lambda bullets, points, gap: gap.join(
        bullets[number % len(bullets)].replace("1", str(number + 1)).replace("a", "abcdef"[number % 6]) + point
        for number, point in enumerate(points)
    ),
    st.lists(st.sampled_from(BULLETS), min_size=1, max_size=2),
    st.lists(LINES, min_size=1, max_size=5),
    st.sampled_from(["\n", "\n", "\n", "\n\n"]),
)
_CELLS = st.lists(st.sampled_from(WORDS) | _PLAIN | ADDRESSES | st.just(""), min_size=2, max_size=5)


def _bars(rows: Sequence[Sequence[str]], *, has_dashes: bool) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], *(["|" + "---|" * len(rows[0])] if has_dashes else []), *lines[1:]])


_ROWS = st.lists(_CELLS, min_size=2, max_size=5)
TABLES: Texts = st.builds(_bars, _ROWS, has_dashes=st.sampled_from([True, True, True, False])) | _ROWS.map(
    lambda rows: "\n".join("\t".join(row) for row in rows)
)
BLOCKS: Texts = st.one_of(
    PARAGRAPHS,
    PARAGRAPHS,
    PARAGRAPHS,
    LISTS,
    LISTS,
    TABLES,
    PARAGRAPHS.map(lambda text: "\n".join(f"> {line}" for line in text.split("\n"))),
    st.builds(lambda marks, words: f"{marks} {words}", st.sampled_from(["#", "##", "###", "####"]), _PLAIN),
    st.builds(lambda number, words: f"[^{number}]: {words}", st.integers(1, 5), LINES),
    st.sampled_from(OUTLOOK),
    st.builds(lambda mark, words: mark + words, st.sampled_from(["– ", "Tabell 1: ", "Les mer: ", "22. "]), LINES),
    st.sampled_from(["---", "***", "===", "<!-- notat til Kari -->", "![Kart over nord](images/kart.png)"]),
)
BODIES: Texts = st.builds(
    lambda blocks, gap: gap.join(blocks),
    st.lists(BLOCKS, min_size=1, max_size=6),
    st.sampled_from(["\n\n", "\n\n", "\n\n", "\n\n", "\n"]) | _EMPTY_PARAGRAPHS,
)

Change = Callable[[str], str]


def _at(place: float, text: str) -> int:
    return int(place * len(text))


def _with_lines(change: Callable[[list[str], int], None], place: float) -> Change:
    def changed(text: str) -> str:
        lines = text.split("\n")
        change(lines, _at(place, "x" * len(lines)))
        return "\n".join(lines)

    return changed


def _swap(lines: list[str], at: int) -> None:
    lines[at], lines[at - 1] = lines[at - 1], lines[at]


def _without_sign(place: float) -> Change:
    def changed(text: str) -> str:
        signs = [match.start() for match in re.finditer(r"[^\w ]|_", text)]
        at = signs[int(place * len(signs))] if signs else 0
        return text[:at] + text[at + 1 :]

    return changed


def _insertion(place: float, piece: str) -> Change:
    return lambda text: text[: _at(place, text)] + piece + text[_at(place, text) :]


def _insertion_between_words(place: float, piece: str) -> Change:
    def changed(text: str) -> str:
        words = text.split(" ")
        return " ".join((*words[: _at(place, "x" * len(words))], piece, *words[_at(place, "x" * len(words)) :]))

    return changed


_PLACES = st.floats(0, 0.999)
CHANGES: st.SearchStrategy[Change] = st.one_of(
    _PLACES.map(lambda at: _with_lines(list.__delitem__, at)),
    _PLACES.map(lambda at: _with_lines(lambda lines, line: lines.insert(line, lines[line]), at)),
    _PLACES.map(lambda at: _with_lines(_swap, at)),
    _PLACES.map(_without_sign),
    _PLACES.map(lambda at: lambda text: text[: _at(at, text)] + text[_at(at, text) + 1 :]),
    st.builds(_insertion, _PLACES, st.sampled_from(SIGNS)),
    st.builds(_insertion_between_words, _PLACES, st.sampled_from((*SCRAPS, *RARE_SCRAPS)) | ADDRESSES),
    st.builds(
        lambda at, block: _with_lines(lambda lines, line: lines.insert(line, block), at),
        _PLACES,
        BLOCKS | st.just(""),
    ),
)


def _changed(text: str, changes: Sequence[Change]) -> str:
    return reduce(lambda changed, change: change(changed), changes, text)


_TITLES = st.one_of(
    st.just(None),
    _PLAIN.map(lambda words: words.replace('"', "”").replace("\\", "/").replace("&nbsp;", " ")),
    st.sampled_from(["SV: Innspill", "Møte 22. mars kl. 10", "FACT-ung – hva nå?", "A\u030alesund: 3 000 søknader"]),
)
KINDS = (
    "application_deadline", "consultation_deadline", "contribution_deadline", "registration_deadline", "deadline",
    "launch", "meeting", "event",
)  # fmt: skip
CONTACTS = (
    "",
    'contacts = ["kari@kontakt.example"]\n',
    'contacts = [{ email = "kari@kontakt.example", name = "Kari Nordmann" }, "Ola N. <ola@kontakt.example>"]\n',
)
_QUOTED = _PLAIN.map(lambda words: words.replace('"', "”").replace("\\", "/").replace("&nbsp;", " "))
_DAYS = st.builds(lambda month, day: f"2024-{month:02}-{day:02}", st.integers(3, 12), st.integers(1, 28))
_TIMES = st.sampled_from(["", "", ', time = "10.00"', ', time = "09.30–12.00"'])
_DATE: Texts = st.builds(
    lambda kind, day, time, title, place: f'{{ {kind}date = {day}{time}, title = "{title}"{place} }}',
    st.sampled_from(["", *(f'kind = "{kind}", ' for kind in KINDS)]),
    _DAYS,
    _TIMES,
    _QUOTED,
    st.just("") | _QUOTED.map(lambda words: f', place = "{words}"'),
)
DATES: Texts = st.just("") | st.lists(_DATE, min_size=1, max_size=3).map(
    lambda dates: f"dates = [{', '.join(dates)}]\n"
)
FACTS: Texts = st.builds(
    lambda title, *rest: (f'title = "{title}"\n' if title else "") + "".join(rest),
    _TITLES,
    st.sampled_from(CONTACTS),
    DATES,
    st.sampled_from(["", "", 'helsefellesskap = ["oslo"]\n', 'lang = "nn"\n']),
)
SPOILT_FACTS: Texts = st.builds(_changed, FACTS, st.lists(CHANGES, min_size=1, max_size=2))


def published_texts(issues: Path) -> list[str]:
    """The texts of the items of the published newsletters."""
    files = sorted(issues.glob("*/items/*.md"))
    return [file.read_text("utf-8").split("+++\n", 2)[2] for file in files]


def draw_items(number: int, *, chosen: int, issues: Path) -> list[WrittenItem]:
    """Draw so many items, the same for each seed, `chosen`."""
    real = st.builds(_changed, st.sampled_from(published_texts(issues)), st.lists(CHANGES, min_size=1, max_size=5))
    whole, spoilt = st.tuples(FACTS, st.just(False)), st.tuples(SPOILT_FACTS, st.just(True))
    facts_of_items = st.integers(0, 4).flatmap(lambda number: whole if number else spoilt)
    made = st.builds(_changed, BODIES, st.lists(CHANGES, max_size=2))
    items: dict[str, WrittenItem] = {}

    @seed(chosen)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(facts=facts_of_items, body=made | made | real)
    def draw(facts: tuple[str, bool], body: str) -> None:
        items.setdefault(" ".join(body.split()), WrittenItem(facts[0], body, facts[1]))

    with pytest.MonkeyPatch.context() as patch:
        # Hypothesis makes five of six examples out of the last one. Here each is to be new. It also draws numbers that
        # stand in the code at hand, so that a seed would give other items after each change.
        patch.setattr(engine.ConjectureRunner, "generate_mutations_from", lambda *_: None)
        patch.setattr(providers.HypothesisProvider, "_maybe_draw_constant", lambda *_, **__: None)
        draw()
    return [item for item in items.values() if item.body.strip()]
