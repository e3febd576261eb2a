"""What mail programs and Word leave in a text is named at its place, and what is like it is left alone."""

from collections.abc import Callable
from datetime import date

import pytest

from mailer.issue.lint import lint
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import Finding, Link, Paragraph, Severity, Text, plain_text
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]
Find = Callable[..., list[Finding]]
FRAME = 'title = "Nyhetsbrev"\ndate = "2024-02"\n'


@pytest.fixture
def found(read_files: ReadFiles) -> Find:
    def find(text: str, *, title: str = "Møte", facts: str = "", frame: str = "") -> list[Finding]:
        item = f'+++\ntitle = "{title}"\n{facts}+++\n{text}\n'
        reading = read_files({"issue.toml": FRAME + frame, "items/010-mote.md": item})
        assert reading.issue is not None
        linted = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
        return [each for each in (*reading.findings, *linted) if each.rule in {"outlook-paste", "reply-title"}]

    return find


def said(findings: list[Finding]) -> list[str]:
    return [f"{each.line}:{each.column} {each.words} | {each.message} | {each.hint}" for each in findings]


PICTURE = "only the name of a picture came along from the e-mail"
PICTURE_HINT = "Remove it, or save the picture in images/ and write ![what it shows](images/…)."
BANNER = "a mail program has put this warning on an e-mail"
BANNER_HINT = "Remove the whole banner."
ADDITION = "a mail program or a firm adds this to every e-mail"
HEAD = "this is the head of an e-mail that was passed on"
HEAD_HINT = "Remove it, with the lines that belong to it; addresses in it would be shown to all readers."
SIGNED = "the item ends like an e-mail, with a signature"
SIGNED_HINT = 'Remove it, and name whom to ask above: contacts = ["Kari Nordmann <kari@…>"].'
GREETING = "the item begins like an e-mail, with a greeting"
GREETING_HINT = "Remove it, and begin with the news."
SIGN = "Outlook and Word have made this letter of a smile or an arrow"
SIGN_HINT = "Write → for an arrow. Leave the smile out."
GUESSED = "Word or Outlook has made up this description of a picture"
LOST = "Word has not found what stood here"


@pytest.mark.parametrize(
    ("text", "at", "words", "message", "hint"),
    [
        ("Se [cid:image001.png@01DA5A3B.8C2F1E40].", 4, "[cid:image001.png@01DA5A3B.8C2F1E40]", PICTURE, PICTURE_HINT),
        ("Se cid:image001.png@01DA5A3B her.", 4, "cid:image001.png@01DA5A3B", PICTURE, PICTURE_HINT),
        ("[image: kart.png] Tekst.", 1, "[image: kart.png]", PICTURE, PICTURE_HINT),
        ("[Bilde: kart] Tekst.", 1, "[Bilde: kart]", PICTURE, PICTURE_HINT),
        ("[bilde1.png] Tekst.", 1, "[bilde1.png]", PICTURE, PICTURE_HINT),
        ("Se <image001.png>.", 4, "<image001.png>", PICTURE, PICTURE_HINT),
        (
            "Et kart. Automatisk generert beskrivelse",
            10,
            "Automatisk generert beskrivelse",
            GUESSED,
            "Write what the picture shows, or remove it.",
        ),
        ("[Et bilde som inneholder tekst] Her.", 1, "[Et bilde som inneholder tekst]", GUESSED, None),
        ("[Skjermbilde av kart] Her.", 1, "[Skjermbilde av kart]", GUESSED, None),
        ("KI-generert innhold kan være feil.", 1, "KI-generert innhold kan være feil", GUESSED, None),
        ("[EKSTERN] Vi møtes.", 1, "[EKSTERN]", BANNER, BANNER_HINT),
        ("[External: be careful] Vi møtes.", 1, "[External: be careful]", BANNER, BANNER_HINT),
        ("Du får ikke ofte e-post fra Kari.", 1, "Du får ikke ofte e-post fra", BANNER, BANNER_HINT),
        ("Du får ikkje ofte e-post frå Kari.", 1, "Du får ikkje ofte e-post frå", BANNER, BANNER_HINT),
        ("You don't often get email from Kari.", 1, "You don't often get email from", BANNER, BANNER_HINT),
        ("Les. Finn ut hvorfor dette er viktig.", 6, "Finn ut hvorfor dette er viktig", BANNER, BANNER_HINT),
        ("CAUTION: External email. Be careful.", 1, "CAUTION: External email", BANNER, BANNER_HINT),
        ("ADVARSEL: Dette er en ekstern e-post.", 1, "ADVARSEL: Dette er en ekstern e-post", BANNER, BANNER_HINT),
        ("This email originated from outside us.", 1, "This email originated from outside", BANNER, BANNER_HINT),
        ("Denne e-posten kommer utenfra.", 1, "Denne e-posten kommer utenfra", BANNER, BANNER_HINT),
        ("Denne e-posten er sendt fra en ekstern.", 1, "Denne e-posten er sendt fra en ekstern", BANNER, BANNER_HINT),
        (
            "ADVARSEL: Denne e-posten kommer fra en avsender utenfor organisasjonen. Ikke klikk på lenker.",
            11,
            "Denne e-posten kommer fra en avsender utenfor",
            BANNER,
            BANNER_HINT,
        ),
        ("Denne e-posten kjem frå utsida.", 1, "Denne e-posten kjem frå utsida", BANNER, BANNER_HINT),
        ("Denne e-posten er sendt fra utenfor KS.", 1, "Denne e-posten er sendt fra utenfor", BANNER, BANNER_HINT),
        ("EKSTERN E-POST: Vær forsiktig.", 1, "EKSTERN E-POST:", BANNER, BANNER_HINT),
        ("EKSTERN AVSENDAR", 1, "EKSTERN AVSENDAR", BANNER, BANNER_HINT),
        ("EXTERNAL EMAIL! Take care.", 1, "EXTERNAL EMAIL!", BANNER, BANNER_HINT),
        ("Ekstern e-post: Ver varsam.", 1, "Ekstern e-post: Ver", BANNER, BANNER_HINT),
        ("Takk! Sendt fra min iPhone", 7, "Sendt fra min iPhone", ADDITION, "Remove it."),
        ("Sendt frå min Samsung", 1, "Sendt frå min Samsung", ADDITION, "Remove it."),
        ("Sent from my iPad", 1, "Sent from my iPad", ADDITION, "Remove it."),
        ("Hent Outlook for iOS", 1, "Hent Outlook for iOS", ADDITION, "Remove it."),
        ("This email is confidential.", 1, "This email is confidential", ADDITION, "Remove it."),
        (
            "Denne e-posten kan inneholde taushetsbelagt.",
            1,
            "Denne e-posten kan inneholde taushetsbelagt",
            ADDITION,
            None,
        ),
        ("Du får denne e-posten fordi du bad om det.", 1, "Du får denne e-posten fordi", ADDITION, "Remove it."),
        ("Vis e-posten i nettleseren", 1, "Vis e-posten i nettleseren", ADDITION, "Remove it."),
        ("View this email in your browser", 1, "View this email in your browser", ADDITION, "Remove it."),
        (
            "Navn: ______ her.",
            7,
            "______",
            "a row of underscores",
            "Remove it; lines are the design's own.",
        ),
        ("-----Opprinnelig melding-----", 1, "-----Opprinnelig melding-----", HEAD, HEAD_HINT),
        ("Den 3. mars 2024 kl. 10.00 skrev Kari:", 1, "Den 3. mars 2024 kl. 10.00 skrev", HEAD, HEAD_HINT),
        ("On 3 Mar 2024, at 10:00 Kari wrote:", 1, "On 3 Mar 2024, at 10:00 Kari wrote", HEAD, HEAD_HINT),
        ("Begin forwarded message: x.", 1, "Begin forwarded message:", HEAD, HEAD_HINT),
        ("Fra: Kari\nSendt: mandag\nTil: Ola\nEmne: Sak.", 1, "Fra:", HEAD, HEAD_HINT),
        ("**Frå:** Kari **Dato:** i dag **Emne:** Sak.", 3, "Frå:", HEAD, HEAD_HINT),
        ("From: Kari\n\nSent: Monday\n\nTo: Ola\n\nSubject: Sak.", 1, "From:", HEAD, HEAD_HINT),
        (
            "Se Feil! Fant ikke referansekilden.",
            4,
            "Feil! Fant ikke referansekilden",
            LOST,
            "Write what it refers to, or remove it.",
        ),
        ("Kom! Med vennlig hilsen\n\nPer Hansen", 6, "Med vennlig hilsen", SIGNED, SIGNED_HINT),
        ("Kom! Med venleg helsing Per", 6, "Med venleg helsing", SIGNED, SIGNED_HINT),
        ("Bare spør! Mvh Per Hansen Tlf. 12", 12, "Mvh", SIGNED, SIGNED_HINT),
        ("Best regards,\n\nJohn", 1, "Best regards", SIGNED, SIGNED_HINT),
        ("Hilsen Per", 1, "Hilsen", SIGNED, SIGNED_HINT),
        ("God helg!\nPer", 1, "God helg! Per", SIGNED, SIGNED_HINT),
        ("Ha en fin dag\nPer Ås", 1, "Ha en fin dag Per Ås", SIGNED, SIGNED_HINT),
        ("Alt godt,\nPer", 1, "Alt godt", SIGNED, SIGNED_HINT),
        ("Vi gleder oss J", 11, "oss J", SIGN, SIGN_HINT),
        ("Har du spørsmål? Ring oss gjerne! J Vi er her.", 27, "gjerne! J", SIGN, SIGN_HINT),
        ("à Send skjema.", 1, "à ", SIGN, SIGN_HINT),
        ("Fyll ut skjema à Send.", 16, "à ", SIGN, SIGN_HINT),
        ("Vedlegg: plan.docx (45 KB); kart.pdf", 1, "Vedlegg: plan.docx (45 KB);", HEAD, HEAD_HINT),
        ("Viktighet: Høy", 1, "Viktighet: Høy", HEAD, HEAD_HINT),
        ("Fra: Kari\nSendt: 6. februar 2024 13:42", 1, "Fra:", HEAD, HEAD_HINT),
        ("Et kart Beste hilsen, Per", 9, "Beste hilsen", SIGNED, SIGNED_HINT),
        ("Et kart Venleg helsing Per", 9, "Venleg helsing", SIGNED, SIGNED_HINT),
        ("Vennlig hilsen", 1, "Vennlig hilsen", SIGNED, SIGNED_HINT),
        ("Med helsing\nOla Nordmann", 1, "Med helsing", SIGNED, SIGNED_HINT),
        ("Med hilsen Ola Nordmann", 1, "Med hilsen", SIGNED, SIGNED_HINT),
        ("Vidaresendt melding:", 1, "Vidaresendt melding:", HEAD, HEAD_HINT),
        ("Videresendt e-post:", 1, "Videresendt e-post:", HEAD, HEAD_HINT),
        ("23. nov. 2026 kl. 09:12 skreiv Mari:", 1, "23. nov. 2026 kl. 09:12 skreiv", HEAD, HEAD_HINT),
        ("Ja! man. 23. nov. 2026 kl. 09:12 skrev Mari:", 5, "man. 23. nov. 2026 kl. 09:12 skrev", HEAD, HEAD_HINT),
        ("Den 23.11.2026 09:12, skrev Mari:", 1, "Den 23.11.2026 09:12, skrev", HEAD, HEAD_HINT),
        ("Tirsdag 3. mars 2026 klokka 9.12 skrev Mari:", 1, "Tirsdag 3. mars 2026 klokka 9.12 skrev", HEAD, HEAD_HINT),
        ("P Tenk på miljøet før du skriver ut.", 1, "P Tenk på miljøet", ADDITION, "Remove it."),
        ("[Logo]<https://a.example/> er ny.", 1, "[Logo]", PICTURE, PICTURE_HINT),
        ("[Facebook-ikon] https://a.example/", 1, "[Facebook-ikon]", PICTURE, PICTURE_HINT),
        ("Hei Kari!\n\nVi møtes.", 1, "Hei Kari!", GREETING, GREETING_HINT),
        ("Hei, her er saken.", 1, "Hei,", GREETING, GREETING_HINT),
        ("Hei alle sammen,\n\nVi møtes.", 1, "Hei alle sammen,", GREETING, GREETING_HINT),
        ("Hei\n\nVi møtes.", 1, "Hei", GREETING, GREETING_HINT),
        ("Hei igjen Solveig 😊\n\nVi møtes.", 1, "Hei igjen Solveig 😊", GREETING, GREETING_HINT),
        ("Hei alle :-)\nVi møtes.", 1, "Hei alle :-)", GREETING, GREETING_HINT),
        ("Hei igjen,\n\nVi møtes.", 1, "Hei igjen,", GREETING, GREETING_HINT),
        ("Kjære Kari og Ola!\n\nVi møtes.", 1, "Kjære Kari og Ola!", GREETING, GREETING_HINT),
        ("Dear all,\n\nWe meet.", 1, "Dear all,", GREETING, GREETING_HINT),
    ],
)
def test_what_a_mail_program_leaves_is_named_at_its_place(
    found: Find, *, text: str, at: int, words: str, message: str, hint: str | None
) -> None:
    (finding,) = found(text)
    assert (finding.rule, finding.severity) == ("outlook-paste", Severity.WARNING)
    assert (finding.line, finding.column, finding.words, finding.message) == (4, at, words, message)
    assert hint is None or finding.hint == hint


@pytest.mark.parametrize(
    "text",
    [
        "Vi bygger videre på en vennlig hilsen fra statsråden. Hilsen fra kongen kom i går.",
        "Ta med vennlig hilsen til alle. Vi sendte dem våre beste hilsener.",
        "Heile landet får hjelp. Hi-fi er bra.",
        "Hei er et ord.\n\nHei Kari!",
        "Ta\nmed helsing til alle. Vi vil tenke på miljøet.",
        "[Logo] er et ord. [Se logo](https://a.example/)",
        "Toget går fra: Oslo. Sendt: i går.",
        "Fra: Oslo til: Bergen. Emne: reise. Sendt: i dag.",
        "Se [bilder fra dagen](https://a.example/) og _understreket_ ord, snake_case og ____.",
        "Den 3. mars 2024 møtes vi, skrev departementet.",
        "Vi har [ekstern](https://a.example/) hjelp. Advarsel: Mye snø.",
        "Spør <kari@a.example> eller kari@a.example.",
        "Brevet er sendt fra en kommune.",
        "Vi sendte en beste hilsen, Kari og Ola.",
        "Vi får denne e-posten fordi vi bad om den. Se [bilde av kart](https://a.example/).",
    ],
)
def test_words_like_those_of_a_mail_program_are_left_alone(found: Find, text: str) -> None:
    assert found(text) == []


def test_of_two_items_with_one_name_each_is_looked_at_in_its_own_language(read_files: ReadFiles) -> None:
    words = "Det er noko vi ikkje veit, og dei som er her, kjem frå heile landet. "
    texts = {"010": ("nn", words * 3), "020": ("nb", "Hei Mari,\n\nDet er noe vi ikke vet, og de er her.")}
    items = {
        f"items/{number}-x.md": f'+++\ntitle = "T{number}"\nlang = "{lang}"\n+++\nHei Ola,\n\n{text}\n'
        for number, (lang, text) in texts.items()
    }
    reading = read_files({"issue.toml": FRAME, "items/010-mote.md": None, **items})
    assert reading.readable
    linted = lint(reading.readable, today=date(2024, 2, 5), sources=reading.sources)
    rules = {"outlook-paste", "written-form", "language"}
    assert [(each.file, each.line, each.rule) for each in linted if each.rule in rules] == [
        ("items/010-x.md", 5, "outlook-paste"),
        ("items/020-x.md", 5, "outlook-paste"),
        ("items/020-x.md", 7, "outlook-paste"),
    ]


def test_a_letter_from_the_editors_may_begin_and_end_as_letters_do(found: Find) -> None:
    assert found("Tekst.", frame='intro = "Hei alle!\\n\\nMed vennlig hilsen\\n\\nKari"\n') == []


def test_a_greeting_below_a_banner_is_named_and_so_is_another_below_it(found: Find) -> None:
    said_of = said(found("[EKSTERN] Pass på.\n\nDu får ikke ofte e-post fra Kari.\n\nHei Mari,\n\nHei Ola,"))
    assert [each.split(" |")[0] for each in said_of] == [
        "4:1 [EKSTERN]",
        "6:1 Du får ikke ofte e-post fra",
        "8:1 Hei Mari,",
        "10:1 Hei Ola,",
    ]


def test_a_greeting_below_the_head_and_the_end_of_a_mail_is_named(found: Find) -> None:
    text = "Hei, se under.\n\nMvh Anne\n\nFra: Per\nSendt: 5. mai 2024\nEmne: Sak\n\nHei Anne\n\nVi er her.\n\nHei Ola"
    assert [each.words for each in found(text)] == ["Hei,", "Hei Anne", "Mvh", "Fra:"]


def test_a_greeting_below_the_banner_of_a_firm_is_named(found: Find) -> None:
    assert [each.words for each in found("EKSTERN E-POST: Vær forsiktig.\n\nHei Solveig!")] == [
        "EKSTERN E-POST:",
        "Hei Solveig!",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Vi møtes i sal J",
        "Gruppe J Vi er mange.",
        "Det er 12 à 14 i hver, à jour og vis-à-vis.",
        "Vedlegg: plan for hele året",
        "Viktighet: høy grad av samarbeid",
        "Fra: Oslo\nSendt: mange brev",
        "Det er alt godt",
        "God helg!\nVi sees på mandag.",
        "God helg!",
        "Fra: i går\n\nTil: i dag",
    ],
)
def test_letters_and_labels_like_those_of_a_mail_are_left_alone(text: str, found: Find) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "E-posten kommer fra en avsender utenfor virksomheten",
        "Meldinga kjem frå ein avsendar utanfor verksemda",
        "avsenderen er utenfor organisasjonen",
        "e-posten er sendt fra en ekstern avsender",
        "Meldingen er fra ekstern avsender",
    ],
)
def test_a_warning_of_a_mail_program_is_named_however_it_is_worded(found: Find, text: str) -> None:
    assert said(found(f"VIKTIG: {text}. Ikke åpne vedlegg.")) == [f"4:9 {text} | {BANNER} | {BANNER_HINT}"]


@pytest.mark.parametrize(
    "text",
    ["Del på Facebook om du vil.", "Skriv ut skjemaet", "Gå til toppen av Galdhøpiggen", "E-posten er fra i går."],
)
def test_words_like_those_of_buttons_and_warnings_are_left_alone(found: Find, text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("text", ["Ekstern e-post: slik leser du den.", "Ekstern avsender", "Vi får ekstern e-post."])
def test_words_about_mail_from_outside_are_no_banner(found: Find, text: str) -> None:
    assert found(text) == []


def test_a_greeting_is_looked_for_in_the_first_paragraph_alone(found: Find) -> None:
    assert found("- Hei Kari!\n- Ola") == []


def test_what_stands_in_names_places_and_the_subject_is_named_too(found: Find) -> None:
    facts = 'dates = [{ date = 2024-03-01, title = "VS: Møte", place = "[EKSTERN] Bodø" }]\n'
    assert said(found("Tekst.", facts=facts, frame='subject = "RE: Nytt"\n')) == [
        f"3:60 [EKSTERN] | {BANNER} | {BANNER_HINT}",
        "3:40 VS: | this begins like the subject of an answer | Leave it out, and let the title say the news.",
        "3:12 RE: | this begins like the subject of an answer | Leave it out, and let the title say the news.",
    ]


MEETING = "this belongs to the invitation to a meeting"
OF_ONE = "this link is one reader's own, in another newsletter"


@pytest.mark.parametrize(
    "url",
    [
        "https://teams.microsoft.com/l/meetup-join/19%3a1/0",
        "https://teams.live.com/meet/93",
        "https://us02web.zoom.us/j/8?pwd=x",
        "https://meet.google.com/abc",
        "https://kommune.webex.com/m/x",
    ],
)
def test_the_link_into_a_meeting_is_named_where_its_invitation_was_pasted(found: Find, url: str) -> None:
    names = [each.words for each in found(f"Møte-ID: 345 678 901 22\n\n[Bli med]({url}) og [les](https://a.example/).")]
    assert names == ["Møte-ID: 345 678 901 22", url]
    assert found(f"Alle kan [bli med]({url}).") == []


@pytest.mark.parametrize(
    "url",
    [
        "https://us5.list-manage.com/unsubscribe?u=abc&id=1",
        "https://a.list-manage1.com/profile?u=abc",
        "https://brev.example/unsubscribe?u=1",
        "https://brev.example/avmelding/0123456789ab",
        "https://brev.example/x/meld-av.php?id=2",
        "https://brev.example/optout?x",
    ],
)
def test_a_link_by_which_one_reader_leaves_another_newsletter_is_named(found: Find, url: str) -> None:
    (finding,) = found(f"Se [her]({url}).")
    assert (finding.line, finding.column, finding.words, finding.message) == (4, 10, url, OF_ONE)
    assert finding.hint == "Remove it: whoever opens it can unsubscribe that reader."


@pytest.mark.parametrize(
    "url",
    [
        "https://us5.list-manage.com/track/click?u=abc",
        "https://us5.list-manage.com/subscribe?u=abc",
        "https://brev.example/avmelding",
        "https://brev.example/avmeldinger?x=1",
        "https://brev.example/sak?neste=/avmelding?x",
        "https://unsubscribe.example/?x=1",
    ],
)
def test_a_link_that_is_for_everybody_is_left_alone(found: Find, url: str) -> None:
    assert found(f"Se [her]({url}).") == []


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("SV: VS: Innspill", "SV: VS:"),
        ("Re: Innspill", "Re:"),
        ("FW: Innspill", "FW:"),
        ("Fwd: Innspill", "Fwd:"),
        ("Sv(2): Innspill", "Sv(2):"),
        ("Automatisk svar: Innspill", "Automatisk svar:"),
    ],
)
def test_a_title_that_is_the_subject_of_an_answer_is_named(found: Find, title: str, words: str) -> None:
    (finding,) = found("Tekst.", title=title)
    assert (finding.rule, finding.severity, finding.line, finding.column) == ("reply-title", Severity.WARNING, 2, 10)
    assert finding.words == words


@pytest.mark.parametrize("title", ["Svar: det går", "Revisjon: nytt", "VS", "Om SV: nytt", "Vestre Viken: nytt"])
def test_a_title_like_that_of_an_answer_is_left_alone(found: Find, title: str) -> None:
    assert found("Tekst.", title=title) == []


@pytest.mark.parametrize(
    ("text", "read", "column"),
    [
        ("Anne Lie<mailto:anne@b.example>", "Anne Lie anne@b.example", 10),
        ("**Anne Lie**<mailto:anne@b.example>.", "Anne Lie anne@b.example.", 14),
        ("Spør Anne Lie <mailto:anne@b.example>.", "Spør Anne Lie anne@b.example.", 16),
        ("Spør (<mailto:anne@b.example>).", "Spør (anne@b.example).", 8),
        ("Anne<anne@b.example> kommer.", "Anne anne@b.example kommer.", 0),
        ("Rutine<https://a.example/x>.", "Rutine https://a.example/x.", 0),
        ("Rutine<www.a.example>.", "Rutine www.a.example.", 0),
        ("Se https://a.example/x.", "Se https://a.example/x.", 0),
        ("Plan (2026)<https://a.example/x>", "Plan (2026) https://a.example/x", 0),
        ("Opptak 3. des.<https://a.example/x>(passord: A)", "Opptak 3. des. https://a.example/x (passord: A)", 0),
        ("Les «<https://a.example/x>», og/<www.a.example>", "Les «https://a.example/x», og/www.a.example", 0),
        ("Spør <anne@b.example>og Ola.", "Spør anne@b.example og Ola.", 0),
        ("Se <https://a.example/x>2 gonger.", "Se https://a.example/x 2 gonger.", 0),
        ("Se <www.a.example>, eller *<www.b.example>*.", "Se www.a.example, eller www.b.example.", 0),
    ],
)
def test_an_address_in_angle_brackets_is_parted_from_the_words_beside_it(
    found: Find, read_files: ReadFiles, text: str, read: str, column: int
) -> None:
    hint = 'Write [the name](mailto:anne@b.example), or name the contact above: contacts = ["Kari Nordmann <kari@…>"].'
    expected = [f"4:{column} mailto:anne@b.example | Outlook has put the address behind the name | {hint}"]
    assert said(found(text)) == (expected if column else [])
    issue = read_files({"items/010-mote.md": f"+++\n+++\n{text}\n"}).issue
    assert issue is not None
    (paragraph,) = issue.items[0].body
    assert isinstance(paragraph, Paragraph)
    assert plain_text(paragraph.inlines) == read


@pytest.mark.parametrize(
    ("text", "before", "words", "url"),
    [
        ("Ring 56 00 11 22<tel:+4756001122>", "Ring ", "56 00 11 22", "tel:+4756001122"),
        ("Ring +47 56 00 11 22 <tel:56001122>", "Ring ", "+47 56 00 11 22", "tel:56001122"),
        ("Ring (+47) 56 00 11 22<tel:004756001122>", "Ring ", "(+47) 56 00 11 22", "tel:004756001122"),
        ("Ring 0047 56 00 11 22<tel:+4756001122>", "Ring ", "0047 56 00 11 22", "tel:+4756001122"),
        ("Ring 56 00 11 22<tel:56%2000%2011%2022>", "Ring ", "56 00 11 22", "tel:56001122"),
        ("Ring 02800<tel:+4702800>", "Ring ", "02800", "tel:+4702800"),
        ("Ring 113<tel:113>", "Ring ", "113", "tel:113"),
        ("Ring oss<tel:56%2000%2011%2022>", "Ring oss ", "56 00 11 22", "tel:56001122"),
        ("Ring 1122<tel:56001122>", "Ring 1122 ", "56001122", "tel:56001122"),
        ("Ring oss i 2024<tel:113>", "Ring oss i 2024 ", "113", "tel:113"),
    ],
)
def test_a_telephone_number_in_front_of_its_link_is_printed_once_as_written(
    text: str, before: str, words: str, url: str
) -> None:
    (paragraph,), findings = parse_blocks(text, file="x.md", lang="nb")
    assert isinstance(paragraph, Paragraph)
    printed, link = paragraph.inlines
    assert isinstance(link, Link)
    assert (printed, link.children, link.url) == (Text(before), (Text(words),), url)
    assert findings == ()
