"""Subscriber files: what Excel writes is read letter by letter; what is not understood is refused with its line.

Its headings are those of `columns`.
"""

import csv
import io
import os
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.errors import ExitCode, MailerError
from mailer.spreadsheets.limits import SpreadsheetError
from mailer.subscribers.files import reading
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.files.reading import RefusedRow, SubscriberRow, read_rows
from mailer.subscribers.model import Register, SubscriberList
from mailer.subscribers.register import list_names, near_list

EXAMPLES = settings().max_examples  # of the profile: the normal run's, or many more in `poe soak`

DEFAULTS = RowDefaults(basis="art. 6(1)(e), case 1")
ALPHABETS = ["Ole Hansen", "Åse Sørbø Ærø", "Áile Čáppa Đ Ŋ Š Ŧ Ž", "André Müller"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def _read(file: Path, register: Register, defaults: RowDefaults = DEFAULTS) -> list[SubscriberRow | RefusedRow]:
    return list(read_rows(file, register, defaults=defaults))


def _reasons(file: Path, register: Register) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in _read(file, register) if isinstance(row, RefusedRow)]


@pytest.mark.parametrize(("first", "last"), [("cp1252", "utf-8"), ("utf-8", "cp1252")])
def test_a_letter_of_another_encoding_is_found_however_far_down_and_its_line_is_named(
    file: Path, register: Register, first: str, last: str
) -> None:
    line = "a@x.example;Åse Ødegård;oslo\n"
    file.write_bytes(b"epost;navn;liste\n" + line.encode(first) * 8_000 + line.encode(last))
    assert file.stat().st_size > 200_000, "more than is looked at in one piece"
    with pytest.raises(SpreadsheetError, match="a mixture of both") as refused:
        _read(file, register)
    assert refused.value.where == f"{file}:{2 if first == 'cp1252' else 8_002}"


@pytest.mark.parametrize("encoding", ["cp850", "cp865", "mac_roman"])
@pytest.mark.parametrize("name", ["Bjørn Håkon Sæther", "Kåre Moe", "Per Ødegård", "Turid Bjørnstad"])
def test_what_excel_saves_for_ms_dos_or_a_macintosh_is_never_taken_for_windows_text(
    file: Path, register: Register, encoding: str, name: str
) -> None:
    file.write_bytes(f"epost;navn;liste\na@x.example;{name};oslo\n".encode(encoding))
    with pytest.raises(SpreadsheetError, match="of MS-DOS or Macintosh") as refused:
        _read(file, register)
    assert refused.value.where == f"{file}:2"


def test_signs_that_windows_text_can_hold_are_taken(file: Path, register: Register) -> None:
    names = ["Seán O’Brien", "L’Œuvre", "CŒUR", "Per ›Pelle‹ Moe", "Moe †", "¿Qué?", "1¾ stilling", "Žiga Šmit", "Ÿ"]
    lines = "".join(f"p{number}@x.example;{name};oslo\n" for number, name in enumerate(names))
    file.write_bytes(f"epost;navn;liste\n{lines}".encode("cp1252"))
    assert [row.name for row in _read(file, register) if isinstance(row, SubscriberRow)] == names


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("name", ALPHABETS)
def test_letters_are_read_as_written_or_the_file_cannot_be_written(
    file: Path, register: Register, delimiter: str, encoding: str, name: str
) -> None:
    text = delimiter.join(["E-post", "NAVN", "Liste"]) + "\r\n" + delimiter.join(["a@x.example", name, "Fonna"])
    if encoding == "cp1252" and "Č" in name:
        with pytest.raises(UnicodeEncodeError):
            text.encode(encoding)
        return
    file.write_bytes(text.encode(encoding))
    (row,) = _read(file, register)
    assert isinstance(row, SubscriberRow)
    assert (row.name, row.slug, row.line) == (name, "fonna", 2)


@pytest.mark.parametrize(
    "header",
    [
        "epost;navn;liste;språk;rolle;organisasjon;grunnlag",
        "E-Post;Namn;LISTE;Språk;Rolle;Organisasjon;Grunnlag",
        "email;name;list;language;role;organisation;basis",
    ],
)
def test_headers_are_known_in_any_language_and_case(file: Path, register: Register, header: str) -> None:
    file.write_text(f"{header}\na@x.example;Ole;agder;Nynorsk;Kommune;Lillevik;b: avtale\n", encoding="utf-8")
    (row,) = _read(file, register, RowDefaults())
    assert isinstance(row, SubscriberRow)
    assert (row.address.normalised, row.name, row.slug, row.lang) == ("a@x.example", "Ole", "agder", "nn")
    assert (row.role, row.organisation, row.basis) == ("kommune", "Lillevik", "b: avtale")


@pytest.mark.parametrize("name", ["akershus", "AKERSHUS (Ahus)", "Ahus", "Helsefellesskapet Ahus"])
def test_a_list_is_known_by_slug_short_name_or_alias(file: Path, register: Register, name: str) -> None:
    file.write_text(f"liste;epost\n{name};a@x.example\n", encoding="utf-8")
    (row,) = _read(file, register)
    assert isinstance(row, SubscriberRow)
    assert row.slug == "akershus"


def test_quoted_cells_blank_lines_and_the_sep_line_keep_the_line_numbers(file: Path, register: Register) -> None:
    file.write_text('sep=;\nepost;liste;navn\n\na@x.example;oslo;"Ole\nOlsen"\n;;\nb@;oslo;B\n', encoding="utf-8-sig")
    good, bad = _read(file, register)
    assert isinstance(good, SubscriberRow)
    assert (good.line, good.name) == (4, "Ole Olsen")
    assert (bad.line, type(bad)) == (7, RefusedRow)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a@;oslo;;", "is no e-mail address"),
        (";oslo;;", "is no e-mail address"),
        ('"""a b""@x.example";oslo;;', "Quoting the part before the @-sign"),
        ("ａ@x.example;oslo;;", "full-width"),
        ("a@x.invalid;oslo;;", "special-use or reserved"),
        ("a@x.example;osl;;", "there is no list 'osl'. Did you mean oslo?"),
        (
            "a@x.example;Alle;;",
            "'Alle' stands for all lists, on lines that say that somebody wants no mail. Name a list on this one.",
        ),
        ("a@x.example;;;", "the list is missing"),
        ("a@x.example;oslo;dansk;", "the language 'dansk' is not one of"),
        (f"a@x.example;oslo;;{'r' * 65}", "is not one of kommune"),
        (f"a@x.example;oslo;{'r' * 1001};", "is longer than 1\N{NO-BREAK SPACE}000 characters"),
        ("a@x.example;oslo;;a\x07b", "control character"),
        ("a@x.example;oslo;;kommune;more", "more columns than the header"),
    ],
)
def test_a_line_that_is_not_understood_is_refused_with_its_number(
    file: Path, register: Register, line: str, reason: str
) -> None:
    file.write_text(f"epost;liste;språk;rolle\nb@x.example;oslo;;\n{line}\n", encoding="utf-8")
    ((number, found),) = _reasons(file, register)
    assert number == 3
    assert reason in found


@pytest.mark.parametrize(
    "line",
    [
        "Ole Olsen;a@x.example;oslo;Ås",
        " Ole Olsen;a@x.example;oslo;Ås",
        "Ole Olsen;a@x.example;oslo;Ås ",
        "Ole  Olsen;a@x.example;oslo;Ås",
        "Ole Olsen;a@x.example;oslo; Ås",
        "Ole Olsen;a@x.example;oslo ;Ås",
        "Ole Olsen;a@x.example;oslo;A\u030as",
        "Ole\u200b Olsen;a@x.example;oslo;Ås",
        "Ole Olsen;a@x.example;oslo;'Ås",
    ],
)
def test_whatever_is_untidy_in_a_line_is_tidied_also_where_it_is_the_only_thing(
    file: Path, register: Register, line: str
) -> None:
    file.write_text(f"navn;epost;liste;organisasjon\n{line}\n", encoding="utf-8")
    (row,) = _read(file, register)
    assert isinstance(row, SubscriberRow)
    assert (row.name, row.address.as_given, row.slug) == ("Ole Olsen", "a@x.example", "oslo")
    assert row.organisation == ("'Ås" if "'" in line else "Ås")


def test_a_cell_that_was_defused_is_read_as_it_was(file: Path, register: Register) -> None:
    file.write_text("navn;epost;liste\n'=Ole;a@x.example;oslo\n", encoding="utf-8")
    (row,) = _read(file, register)
    assert isinstance(row, SubscriberRow)
    assert row.name == "=Ole"


def test_of_a_cell_that_is_not_understood_the_beginning_is_told(file: Path, register: Register) -> None:
    long = max(list_names(register), key=len)
    cells = (f"oslo;{'d' * 81};", f"oslo;nb;kommune;{'x' * 81}", f"{long}{'x' * (81 - len(long))};;", f"{'q' * 81};;")
    text = "".join(f"a@x.example;{each}\n" for each in cells)
    file.write_text(f"epost;liste;språk;rolle\n{text}", encoding="utf-8")
    reasons = [reason for _, reason in _reasons(file, register)]
    assert reasons[0].startswith(f"the language '{'d' * 80}' is not one of nb, ")
    assert reasons[1:] == [
        f"the line has more columns than the header: '{'x' * 80}' stands beyond the last",
        f"there is no list '{long}{'x' * (80 - len(long))}'",
        f"there is no list '{'q' * 80}'",
    ]


def test_letters_and_headings_whose_accents_are_written_apart_are_the_same(file: Path, register: Register) -> None:
    text = "epost;liste;navn;språk\na@x.example;oslo;Åse Ødegård;nordsamisk\n"
    file.write_text(normalize("NFD", text), encoding="utf-8")
    (row,) = _read(file, register)
    assert isinstance(row, SubscriberRow)
    assert (row.name, row.lang) == ("Åse Ødegård", "se")


def test_empty_cells_are_no_columns_however_many(file: Path, register: Register) -> None:
    file.write_text(f"epost;liste\na@x.example;oslo{';' * 16_384}\nnobody;oslo;x{';' * 16_384}\n", encoding="utf-8")
    good, bad = _read(file, register)
    assert isinstance(good, SubscriberRow)
    assert isinstance(bad, RefusedRow)
    assert bad.cells == {"address": "nobody", "list": "oslo", "surplus 1": "x"}


def test_the_nearest_list_is_looked_for_once_however_many_lines_misspell_it(
    file: Path, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(of: Register, name: str) -> SubscriberList | None:
        asked.append(name)
        return near_list(of, name)

    monkeypatch.setattr(reading, "near_list", note)
    lines = ["a@x.example;bergenn\n", "b@x.example;oslo\n", f"c@x.example;{'o' * 900}\n"] * 3
    file.write_text("epost;liste\n" + "".join(lines), encoding="utf-8")
    assert {reason for _line, reason in _reasons(file, register)} == {
        "there is no list 'bergenn'. Did you mean bergen?",
        f"there is no list '{'o' * 80}'",
    }
    assert asked == ["bergenn", "o" * 80]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes of this kind")
def test_a_pipe_is_said_to_be_no_file_and_is_not_waited_for(file: Path, register: Register) -> None:
    os.mkfifo(file)
    with pytest.raises(SpreadsheetError, match="a pipe cannot be imported") as refused:
        _read(file, register)
    assert refused.value.where == str(file)
    assert refused.value.exit_code == ExitCode.INPUT_OUTPUT


def test_a_file_whose_name_is_no_text_is_read_and_told_with_a_mark(tmp_path: Path, register: Register) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9.csv")
    try:
        file.write_text("epost;liste\na@x.example;oslo\nnobody;oslo\n", encoding="utf-8")
    except (OSError, UnicodeError):
        pytest.skip("this system holds no such names")
    assert {row.file for row in _read(file, register)} == {str(tmp_path / "caf\ufffd.csv")}


def test_an_empty_basis_is_refused_when_nothing_else_gives_one(file: Path, register: Register) -> None:
    file.write_text("epost;liste;grunnlag\na@x.example;oslo;\n", encoding="utf-8")
    (row,) = _read(file, register, RowDefaults())
    assert isinstance(row, RefusedRow)
    assert row.reason == "the basis is missing"


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        (b"navn;liste\n", ":1", "must name it epost or e-post"),
        (b"", ":1", "no column holds the e-mail address"),
        (b"epost;liste;telefon\n", ":1", "'telefon' is not known"),
        (
            b"epost;grunnlg;navm\n",
            ":1",
            "Did you mean grunnlag? Else remove it. All names: mailer subscribers import --help",
        ),
        (b"epost;fornavnet\n", ":1", "Did you mean fornavn or navn?"),
        ("epost;noe\n".encode("utf-16-le"), ":1", "'noe' is not known"),
        ("noe;annet\n".encode("utf-16-le"), ":1", "text in UTF-16 that does not say so\nIn Excel, choose Save as"),
        (b"epost;;liste\n", ":1", "a column has no name"),
        (b"epost;email;liste\n", ":1", "two columns hold the address"),
        (b"epost" + b";x" * 200 + b"\n", ":1", "more than 100 columns"),
        (b"epost;liste\na@x.example;oslo\nb@x.example;oslo" + b";x" * 99, ":3", "the line has more than 100 columns"),
        (b"epost;navn\n", "", "--list"),
        (b"epost;liste\na@x.example;osl\0o\n", ":2", "this is no text: something else"),
        (b"epost;liste;navn\na@x.example;oslo;\xc3\xb8\nb@x.example;oslo;\xf8\n", ":3", "mixture"),
        (b"epost;liste;navn\na@x.example;oslo;\x81\n", ":2", "mixture"),
        (b"\xef\xbb\xbfepost;liste;navn\na@x.example;oslo;\xf8\n", ":2", "mixture"),
        ("epost;liste\n".encode("utf-16")[:-1], ":1", "UTF-16"),
        (b"PK\x03\x04...", "", "workbook cannot be read"),
        (b'epost;liste\na@x.example;"osl"o\n', ":2", "quotation mark"),
        (b'epost;liste\na@x.example;oslo\nb@x.example;"oslo\n', ":3", "quotation mark"),
        (b"epost;liste;navn\na@x.example;oslo;" + b"x" * 200_000, ":2", "field larger"),
        (b"epost;liste;navn\na@x.example;oslo;Ole 010101 00131\n", ":2", "column 3 holds what looks like a f"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_whole(
    file: Path, register: Register, content: bytes, where: str, message: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(SpreadsheetError) as refused:
        _read(file, register)
    assert refused.value.where == f"{file}{where}"
    assert message in str(refused.value)
    assert "00131" not in str(refused.value)


def test_a_file_without_any_basis_is_refused(file: Path, register: Register) -> None:
    file.write_text("epost;liste\na@x.example;oslo\n", encoding="utf-8")
    with pytest.raises(SpreadsheetError, match="--basis"):
        _read(file, register, RowDefaults())


def test_a_missing_file_is_named(file: Path, register: Register) -> None:
    for missing in (file, file.with_name("x" * 300)):
        with pytest.raises(SpreadsheetError, match="cannot be read"):
            _read(missing, register)


def test_eleven_digits_that_are_no_national_identity_number_are_let_through(file: Path, register: Register) -> None:
    file.write_text("epost;liste;navn\np010107.75082@x.example;oslo;01010100132\n", encoding="utf-8")
    assert _reasons(file, register) == []


@pytest.mark.parametrize(
    "between",
    ["", " ", "-", "\u00ad", "\u200b", "\u2060", "\ufeff", "\u202d", " - ", "\u2212", "/", "\u00a0\u00a0", "\t \n  "],
)
def test_a_national_identity_number_is_seen_whatever_stands_unseen_in_it(
    file: Path, register: Register, between: str
) -> None:
    file.write_text(f'epost;liste;navn\na@x.example;oslo;"Ola 010107{between}75082"\n', encoding="utf-8")
    with pytest.raises(SpreadsheetError, match="column 3 holds what looks like a fødselsnummer") as refused:
        _read(file, register)
    assert refused.value.where == f"{file}:2"
    assert "75082" not in str(refused.value)


_cell = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20).map(lambda text: normalize("NFC", text))


@settings(max_examples=EXAMPLES * 3 // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(_cell, min_size=1, max_size=5),
    delimiter=st.sampled_from(";,\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
)
def test_any_names_come_back_as_they_were_written(
    file: Path, register: Register, names: list[str], delimiter: str, encoding: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([["epost", "liste", "organisasjon"], *(["a@x.example", "oslo", each] for each in names)])
    file.write_bytes(text.getvalue().encode(encoding))
    rows = _read(file, register)
    assert [row.organisation for row in rows if isinstance(row, SubscriberRow)] == names


_GOOD = "epost;navn;liste;grunnlag\n" + "".join(
    f"ola{number}@kommune.example;Ølá Ås{number};Fonna;avtale\n" for number in range(5)
)


@settings(max_examples=EXAMPLES * 3 // 2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    edits=st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=4)), min_size=1, max_size=4),
)
def test_a_damaged_file_is_read_or_refused_with_its_line_and_never_ends_in_a_bug(
    file: Path, register: Register, encoding: str, edits: list[tuple[int, bytes]]
) -> None:
    content = bytearray(_GOOD.encode(encoding, errors="replace"))
    for at, put in edits:
        content[at : at + len(put)] = put
    file.write_bytes(bytes(content))
    where, rows = "", []
    try:
        rows = _read(file, register)
    except MailerError as refused:
        where = refused.where
    assert where.startswith(str(file)) or all(row.line >= 2 for row in rows)
