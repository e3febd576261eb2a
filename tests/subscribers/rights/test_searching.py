"""An address is found at any place of a stream, in any encoding and across its pieces, and never where it is not.

The module `spellings` says how it may be written.
"""

import json
import quopri
import re
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable, Iterator
from time import process_time
from typing import Literal
from unicodedata import normalize
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.subscribers.rights import searching
from mailer.subscribers.rights.searching import Search, spelt_names
from mailer.subscribers.rights.spellings import Word, all_forms, fold, likely, likely_pattern, replacing, words_of

Encode = Callable[[str], bytes]
ENCODINGS: dict[str, Encode] = {
    "as it is": str.encode,
    "capitals": lambda text: text.upper().encode(),
    "decomposed": lambda text: normalize("NFD", text).encode(),
    "cp1252": lambda text: text.encode("cp1252"),
    "UTF-16": lambda text: text.encode("utf-16-le"),
    "UTF-16, the other way": lambda text: text.encode("utf-16-be"),
    "for the web": lambda text: quote(text, safe="").encode(),
    "wholly for the web": lambda text: "".join(f"%{each:02x}" for each in text.encode()).encode(),
    "wholly for the web, cp1252": lambda text: "".join(f"%{each:02X}" for each in text.encode("cp1252")).encode(),
    "for the web three times": lambda text: quote(quote(quote(text, safe=""))).encode(),
    "quoted-printable, cp1252": lambda text: quopri.encodestring(text.encode("cp1252"), quotetabs=True),
    "in a return path": lambda text: f"b+{text.replace('@', '=')}@list.example".encode(),
    "in a return path that was sent on": lambda text: (
        f"SRS0=hH=tT={'='.join(text.split('@')[::-1])}@f.example".encode()
    ),
    "quoted-printable": lambda text: quopri.encodestring(text.encode(), quotetabs=True),
    "wholly quoted-printable": lambda text: "".join(f"={each:02X}" for each in text.encode()).encode(),
    "softly broken": lambda text: "=\r\n".join(text).encode(),
    "JSON": lambda text: json.dumps(text).encode(),
    "wholly JSON": lambda text: "".join(f"\\u{ord(each):04x}" for each in text).encode(),
    "HTML": lambda text: "".join(f"&#{ord(each)};" for each in text).encode(),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(each):X};" for each in text).encode(),
    "base64": lambda text: b64encode(text.encode()),
    "base64 in lines": lambda text: encodebytes(b"Til " * 17 + text.encode() + b" i dag" * 9),
    "base64 of the web": lambda text: urlsafe_b64encode(b"\xff\xfe?" + text.encode() + b">>>"),
    "base64 of UTF-16": lambda text: b64encode(text.encode("utf-16-le")),
    "escaped twice": lambda text: quopri.encodestring(f'<a href="mailto:{quote(text, safe="")}">'.encode()),
}
LOCAL = st.text("abcdekrøåæ0123.+", min_size=1, max_size=12).map(lambda text: f"k{text.strip('.')}a".replace("..", "."))
ADDRESSES = st.builds("{}@{}.example".format, LOCAL, st.sampled_from(["kommune", "x", "a-b", "fylke1"]))
SIGN = st.sampled_from(" ;\n")
SIGNS = st.text(" \n,;<>()«»\"'|", min_size=1, max_size=40).map(lambda text: f" {text} ")


@pytest.fixture(scope="module", autouse=True)
def _small_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "PIECE", 1000)
        yield


PLACES = st.integers(0, 2500)


def _is_found_at(encode: Encode, address: str, *, before: int, after: int, sign: str) -> bool:
    plain = encode(" a ")
    wide = "utf-16-le" if plain.startswith(b" \0") else "utf-16-be" if b"\0" in plain else "utf-8"
    around = sign.encode(wide)
    content = around * (before + 1) + encode(address) + around * (after + 1)
    return Search([address]).finds([content[start : start + 300] for start in range(0, len(content), 300)])


@settings(max_examples=40)
@given(encoding=st.sampled_from(sorted(ENCODINGS)), address=ADDRESSES, before=PLACES, after=PLACES, sign=SIGN)
def test_an_address_is_found_at_any_place_across_pieces(
    encoding: str, address: str, before: int, after: int, sign: str
) -> None:
    assert _is_found_at(ENCODINGS[encoding], address, before=before, after=after, sign=sign)


@pytest.mark.slow
@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@given(address=ADDRESSES, before=PLACES, after=PLACES, sign=SIGN)
def test_each_encoding_is_found_at_any_place_across_pieces(
    encode: Encode, address: str, before: int, after: int, sign: str
) -> None:
    assert _is_found_at(encode, address, before=before, after=after, sign=sign)


# A soft line break may also be the end of a line: rather a file too many than one too few.
_AMBIGUOUS = {"escaped twice", "quoted-printable", "quoted-printable, cp1252", "softly broken"}
_OF_ONE = {"in a return path", "in a return path that was sent on"}


@settings(max_examples=25)
@given(address=ADDRESSES, others=st.lists(ADDRESSES, max_size=5), between=SIGNS)
def test_a_text_without_the_address_is_not_found(address: str, others: list[str], between: str) -> None:
    longer = [f"mari-{address}", f"x.{address}", f"{address}.org", f"2{address}", f"{address}-by"]
    text = between.join([*(each for each in others if each != address), *longer, address[:-1], address[1:]])
    for name, encode in ENCODINGS.items():
        # Of what is escaped twice a file too many may be named: a soft line break may also be the end of a word.
        if name not in _AMBIGUOUS | _OF_ONE and ("cp1252" not in name or text.isascii()):
            assert not Search([address]).finds([b" ", encode(text), b" "])


@pytest.mark.parametrize("size", [1, 7, 4000])
def test_an_address_that_begins_or_ends_the_stream_is_found(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PIECE", size)
    for content in (b"kari@x.example", b"kari@x.example" + b" " * 5000, b" " * 5000 + b"kari@x.example"):
        assert Search(["kari@x.example"]).finds([content])
    assert not Search(["kari@x.example"]).finds([b"mari-" * 1000 + b"kari@x.example"])


@pytest.mark.parametrize(("encoding", "text"), [("utf-16-le", "kari@x.example;"), ("utf-16-be", ";kari@x.example")])
def test_an_address_in_two_bytes_a_letter_is_found_behind_an_odd_number_of_others(encoding: str, text: str) -> None:
    assert Search(["kari@x.example"]).finds([b";" + text.encode(encoding) + b";"])


@pytest.mark.parametrize("line_break", ["=\n", "=\r\n"])
def test_an_address_that_a_soft_line_break_parts_is_looked_at_in_the_database(line_break: str) -> None:
    may_hold = likely([Word("ola@x.example")])
    assert may_hold(f"550 <o{line_break}la@x.exam{line_break}ple> unknown")
    assert not may_hold(f"550 <e{line_break}va@y.exam{line_break}ple> unknown")


@settings(max_examples=25)
@given(address=ADDRESSES, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_an_address_in_base64_is_looked_at_in_the_database_whatever_stands_around_it(
    address: str, before: bytes, after: bytes
) -> None:
    words = [Word(address)]
    for encoding in ("utf-8", "utf-16-le"):
        text = b64encode(before + address.encode(encoding) + after).decode()
        assert likely(words)(text)
        assert re.search(likely_pattern(words), text)


@pytest.mark.parametrize("address", ["k?>@x.example", "bø~>~@x.example"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_an_address_with_the_two_signs_of_base64_is_found_in_either(
    address: str, encode: Callable[[bytes], bytes]
) -> None:
    for before in ("", " ", "  "):
        assert Search([address]).finds([encode(f"{before}{address} ".encode())])


def test_both_forms_of_a_domain_are_looked_for() -> None:
    assert all_forms(["Kari@BLÅBÆR.example"]) == {"kari@blåbær.example", "kari@xn--blbr-roah.example"}
    assert all_forms(["kari@xn--blbr-roah.example"]) == {"kari@blåbær.example", "kari@xn--blbr-roah.example"}


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("KARI@X.example ringte", "[erased] ringte"),
        ("mari-kari@x.example, kari@x.example.", "mari-kari@x.example, [erased]."),
        ("kari%40x.example og jkari%40x.example", "[erased] og jkari%40x.example"),
        (r"\u003ckari\u0040x.example\u003e", r"\u003c[erased]\u003e"),
        (
            "kari%2540x.example og jkari%2540x.example, to%253Dkari%25252540x.example",
            "[erased] og jkari%2540x.example, to%253D[erased]",
        ),
        ("to=3Dk=61ri=40x.exam=\nple=20", "to=3D[erased]=20"),
        ("&lt;kari&commat;x&period;example&gt;", "&lt;[erased]&gt;"),
        ("kart@x.example kari@x.examples", "kart@x.example kari@x.examples"),
        (f"sendt {b64encode(b'til kari@x.example.').decode()}", "sendt [erased]"),
        (f"sendt {b64encode('til kari@x.example.'.encode('utf-16-le')).decode()}", "sendt [erased]"),
        (f"sendt {b64encode('til kari@x.example.'.encode('utf-16')).decode()}", "sendt [erased]"),
        (f"sendt {b64encode('til kari@x.example.'.encode('utf-16-be')).decode()}", "sendt [erased]"),
        ("".join(f"&#{ord(each)};" for each in "KARI@x.example"), "[erased]"),
        ("b+kari@x.example, bounce-kari@x.example", "b+kari@x.example, bounce-kari@x.example"),
        ("b+kari=x.example@list.example", "b+[erased]@list.example"),
        ("bounce-kari=x.example@list.example", "bounce-[erased]@list.example"),
        ("l-return-12-kari=x.example@list.example", "l-return-12-[erased]@list.example"),
        ("b+mari-kari=x.example@list.example", "b+mari-kari=x.example@list.example"),
        ("SRS0=hH=tT=x.example=kari@list.example", "SRS0=hH=tT=[erased]@list.example"),
        ("bkari=x.example@list.example, m.kari=x.example", "bkari=x.example@list.example, m.kari=x.example"),
        ("kari=x.example.no@list.example", "kari=x.example.no@list.example"),
        (
            f"sendt {b64encode(b'til mkari@x.example.').decode()}",
            f"sendt {b64encode(b'til mkari@x.example.').decode()}",
        ),
    ],
)
def test_an_address_is_replaced_however_it_is_spelt_and_nothing_else(text: str, cleaned: str) -> None:
    words = words_of(["kari@x.example"])
    assert replacing(words, "[erased]")(text) == cleaned
    assert likely(words)(text) or text == cleaned or "=61" in text  # a single letter escaped is not looked for


@pytest.mark.parametrize(
    "written",
    ["k%E5ri@x.example", "k%e5ri%40x.example", "k=E5ri@x.example", r"k\xe5ri@x.example", "k%25E5ri@x.example"],
)
def test_letters_of_one_byte_are_known_however_they_are_escaped(written: str) -> None:
    words = words_of(["kåri@x.example"])
    assert Search(["kåri@x.example"]).finds([f"til {written}.".encode()])
    assert replacing(words, "[erased]")(f"til {written}.") == "til [erased]."
    assert likely(words)(written)
    assert replacing(words, "[erased]")(f"kari@x.example {written[1:]}") == f"kari@x.example {written[1:]}"


def test_letters_that_one_byte_cannot_hold_stand_for_themselves_alone() -> None:
    words = words_of(["kŋri@x.example"])
    assert replacing(words, "[erased]")("kri@x.example, k%C5%8Bri@x.example") == "kri@x.example, [erased]"


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("fra ole@x.example.csv", True),
        ("fra ole@x.example.XLSX i går", True),
        ("ole@x.example.pdf", True),
        ("ole@x.example.docx: sak 1", True),
        ("ole@x.example.csv.gz", True),
        ("ole@x.example-2.xlsx", True),
        ("ole@x.example-kopi.csv:12", True),
        ("ole@x.example.2024-01.csv.", True),
        ("ole@x.example.csv.no", False),
        ("ole@x.example-2.no", False),
        ("ole@x.example.csvs", False),
        ("ole@x.example.no", False),
    ],
)
def test_a_file_that_is_called_by_an_address_names_it(text: str, *, stands: bool) -> None:
    assert Search(["ole@x.example"]).finds([text.encode()]) is stands


def test_accents_without_end_take_time_by_their_number_and_not_by_its_square() -> None:
    """Bringing 40,000 accents of one letter into their order took a minute; what stands around them is found."""
    begun = process_time()
    text = "a" + "\u0301\u0316" * 20_000 + " KA\u030aRE@X.example"
    assert fold(text).endswith(" kåre@x.example")
    assert process_time() - begun < 2


@given(st.text("aåe\u030a\u0301ø .", max_size=60))
def test_text_that_people_write_is_folded_as_a_whole(text: str) -> None:
    assert fold(text) == normalize("NFC", text.lower())


def test_a_name_of_alike_letters_takes_no_time_without_end() -> None:
    word = Word("aaaaaaaaaaaaaaaaaaaaaaaaaaaaab@x.example")
    begun = process_time()
    assert likely([word])("%" + "61" * 400), "a text too many is looked at, rather than each way to read it"
    assert process_time() - begun < 2


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", ["til åse ødegård.", "til Åse Ødegård.", "TIL ÅSE ØDEGÅRD."])
def test_a_name_with_letters_of_its_own_is_replaced_in_plain_text(text: str, form: Literal["NFC", "NFD"]) -> None:
    cleaned = replacing([Word("åse ødegård")], "[erased]")(normalize(form, text))
    assert cleaned == f"{text[:4]}[erased]."


def test_a_file_is_looked_for_by_its_name_with_ever_fewer_endings() -> None:
    assert spelt_names("a.d/kari@x.example.csv.gz").split(b"\n") == [
        b"a.d/kari@x.example.csv.gz",
        b"a",
        b"kari@x.example.csv",
        b"kari@x.example",
        b"kari@x",
    ]
