"""The register: what comes with the product is right, and what an editor writes wrongly is named."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select

from mailer.database.engine import Database
from mailer.database.tables import list_
from mailer.subscribers.model import Register
from mailer.subscribers.register import RegisterError, list_names, nearest_list, read_register, sync_lists

NOW = datetime(2023, 12, 1, tzinfo=UTC)
REGION = '[[region]]\nslug = "nord"\nname_nb = "N"\nname_nn = "N"\n'


def _folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "helsefellesskap.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_there_are_nineteen_helsefellesskap_in_four_regions_and_two_own_lists(register: Register) -> None:
    assert len(register.helsefellesskap) == 19
    assert [each.slug for each in register.regions] == ["nord", "midt", "vest", "sor-ost"]
    assert register.slugs[-2:] == ("nasjonale", "testere")
    assert [each.position for each in register.lists] == list(range(21))


@pytest.mark.parametrize("slug", ["nord-trondelag", "st-olavs", "akershus"])
def test_a_name_that_is_not_sure_is_printed_as_the_short_one(register: Register, slug: str) -> None:
    found = register.find(slug)
    assert found is not None
    assert found.name_nb == found.name_nn == found.short


def test_a_list_is_known_by_all_its_names(register: Register) -> None:
    names = list_names(register)
    assert {names[name].slug for name in ("ahus", "akershus", "akershus (ahus)")} == {"akershus"}
    assert nearest_list(register, "telemrk") == "Did you mean telemark?"
    assert nearest_list(register, "xyz") == "mailer lists shows them all."


def test_an_own_list_cannot_be_called_all_either(tmp_path: Path) -> None:
    own = tmp_path / "own-lists.toml"
    own.write_text('\n[[list]]\nslug = "a"\nshort = "A"\naliases = ["all"]\n', encoding="utf-8")
    with pytest.raises(RegisterError, match="means every list") as refused:
        read_register(_folder(tmp_path, REGION))
    assert refused.value.where == f"{own}:2, list a"


def test_own_lists_are_optional(tmp_path: Path) -> None:
    text = REGION + '[[helsefellesskap]]\nslug = "a"\nshort = "A"\nregion = "nord"\n'
    register = read_register(_folder(tmp_path, text))
    assert register.slugs == ("a",)
    assert register.lists[0].lang == "nb"


LIST = '[[helsefellesskap]]\nslug = "a"\nshort = "A"\n'
LIST_KEYS = "slug, short, name_nb, name_nn, region, place_se, helseforetak, lang, aliases"

SLUG_HINT = "Write it in small letters with hyphens, as in nord-trondelag."
ALIASES_HINT = 'Write them as aliases = ["...", "..."].'


@pytest.mark.parametrize(
    ("text", "what", "place", "hint"),
    [
        (
            '[[helsefelleskap]]\nslug = "a"\n',
            "helsefelleskap is not known here",
            "helsefellesskap.toml",
            "Did you mean helsefellesskap?",
        ),
        ("qq = 1\n", "qq is not known here", "helsefellesskap.toml", "Known are region, helsefellesskap."),
        (
            LIST + 'alias = ["b"]\n',
            "alias is not known here",
            "helsefellesskap.toml:1, list a",
            "Did you mean aliases?",
        ),
        (LIST + "qqqq = 1\n", "qqqq is not known here", "helsefellesskap.toml:1, list a", f"Known are {LIST_KEYS}."),
        (
            LIST + 'kind = "own"\n',
            "kind is not known here",
            "helsefellesskap.toml:1, list a",
            f"Known are {LIST_KEYS}.",
        ),
        (
            REGION + "qqqq = 1\n",
            "qqqq is not known here",
            "helsefellesskap.toml:1",
            "Known are slug, name_nb, name_nn.",
        ),
        (
            REGION.replace('name_nb = "N"\n', ""),
            "name_nb is missing",
            "helsefellesskap.toml:1",
            'Add a line name_nb = "...".',
        ),
        (
            '[[helsefellesskap]]\nslug = "a"\n',
            "short is missing",
            "helsefellesskap.toml:1, list a",
            'Add a line short = "...".',
        ),
        (
            '[[helsefellesskap]]\nshort = "A"\n',
            "slug is missing",
            "helsefellesskap.toml:1, list without slug",
            'Add a line slug = "...".',
        ),
        (
            '[[helsefellesskap]]\nslug = "A b"\nshort = "A"\n',
            "slug 'A b' may hold only a-z, 0-9 and single hyphens, 64 of them at most",
            "helsefellesskap.toml:1, list A b",
            SLUG_HINT,
        ),
        (
            f'{REGION}{LIST}[[ helsefellesskap ]]\nslug = "all"\nshort = "B"\n',
            "a list cannot be called all, which means every list",
            "helsefellesskap.toml:8, list all",
            "Give it another slug, name or alias.",
        ),
        (
            '[[helsefellesskap]]\nslug = "a"\nshort = "All"\n',
            "a list cannot be called all, which means every list",
            "helsefellesskap.toml:1, list a",
            "Give it another slug, name or alias.",
        ),
        (
            f'[[helsefellesskap]]\nslug = "{"a" * 65}"\nshort = "A"\n',
            f"slug '{'a' * 65}' may hold only a-z, 0-9 and single hyphens, 64 of them at most",
            f"helsefellesskap.toml:1, list {'a' * 65}",
            SLUG_HINT,
        ),
        (
            REGION.replace("nord", "a" * 17),
            f"slug '{'a' * 17}' may hold only a-z, 0-9 and single hyphens, 16 of them at most",
            "helsefellesskap.toml:1",
            SLUG_HINT,
        ),
        (
            LIST.replace('"A"', "5"),
            "short must be text in quotation marks",
            "helsefellesskap.toml:1, list a",
            'Write it as short = "...".',
        ),
        (
            LIST + 'lang = "da"\n',
            "lang must be one of nb, nn, se, en",
            "helsefellesskap.toml:1, list a",
            'Write it as lang = "nb", or leave the line out.',
        ),
        (LIST + 'aliases = "b"\n', "aliases must be a list of texts", "helsefellesskap.toml:1, list a", ALIASES_HINT),
        (
            LIST + 'aliases = ["b", 5]\n',
            "aliases must be a list of texts",
            "helsefellesskap.toml:1, list a",
            ALIASES_HINT,
        ),
        (
            LIST + 'region = "x"\n',
            "list a names region 'x', which is none",
            "",
            "Add it under [[region]], or correct the name.",
        ),
        (REGION + LIST + 'region = "nrd"\n', "list a names region 'nrd', which is none", "", "Did you mean nord?"),
        (LIST * 2, "lists a and a are both called 'a'", "", "Give one of them another name, slug or alias."),
        (
            '[helsefellesskap]\nslug = "a"\n',
            "helsefellesskap must be written as [[helsefellesskap]]",
            "helsefellesskap.toml",
            "Begin each of them with a line [[helsefellesskap]].",
        ),
        (
            "helsefellesskap = [5]\n",
            "helsefellesskap must be written as [[helsefellesskap]]",
            "helsefellesskap.toml",
            "Begin each of them with a line [[helsefellesskap]].",
        ),
        (
            "slug = \n",
            "the file is not valid TOML: Invalid value (at line 1, column 8)",
            "helsefellesskap.toml",
            'Write one key = value on each line, and text in "quotes".',
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, what: str, place: str, hint: str, *, tmp_path: Path) -> None:
    with pytest.raises(RegisterError) as refused:
        read_register(_folder(tmp_path, text))
    error = refused.value
    assert (error.what, error.where, error.hint) == (what, str(tmp_path / place), hint)


def test_slugs_are_as_long_as_the_database_holds(tmp_path: Path) -> None:
    region, slug = "a" * 16, "b" * 64
    text = f'{REGION.replace("nord", region)}[[helsefellesskap]]\nslug = "{slug}"\nshort = "A"\nregion = "{region}"\n'
    register = read_register(_folder(tmp_path, text))
    assert (register.slugs, register.lists[0].region) == ((slug,), region)


@pytest.mark.parametrize(
    ("first", "short", "place"),
    [
        ('"helsefellesskap"', '"A"', "helsefellesskap.toml:4, list b"),
        ("'helsefellesskap'", '"A"', "helsefellesskap.toml:4, list b"),
        ('"helsefelless\\u006bap"', '"A"', "helsefellesskap.toml, list b"),
        ("helsefellesskap", '"""A\n[[helsefellesskap]]\n"""', "helsefellesskap.toml, list b"),
    ],
)
def test_a_mistake_is_named_with_the_right_line_or_none(tmp_path: Path, first: str, short: str, place: str) -> None:
    """The name of a table may be quoted, and what looks like a heading may stand in a text."""
    tables = f'[[{first}]]\nslug = "a"\nshort = {short}\n[[helsefellesskap]]\nslug = "b"\nshort = "B"\nlang = "da"\n'
    with pytest.raises(RegisterError, match="lang must be one of") as refused:
        read_register(_folder(tmp_path, tables))
    assert refused.value.where == str(tmp_path / place)


def test_a_register_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "helsefellesskap.toml"
    with pytest.raises(RegisterError) as refused:
        read_register(tmp_path)
    assert (refused.value.what, refused.value.where) == ("the register of lists is missing", str(file))
    assert refused.value.hint == (
        "Copy the default register with mailer init, or check [paths] subscribers in config.toml."
    )
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(RegisterError) as refused:
        read_register(tmp_path)
    error = refused.value
    assert (error.what, error.where, error.hint) == ("the file is not UTF-8 text", str(file), "Save it as UTF-8.")


def test_the_list_table_follows_the_register_and_keeps_what_left_it(
    database: Database, register: Register, tmp_path: Path
) -> None:
    text = REGION + '[[helsefellesskap]]\nslug = "oslo"\nshort = "Oslo ny"\nregion = "nord"\n'
    renamed = read_register(_folder(tmp_path, text))
    sync_lists(database, register, now=NOW)
    sync_lists(database, register, now=NOW)
    sync_lists(database, renamed, now=NOW)
    with database.reading() as connection:
        rows = {row.slug: row for row in connection.execute(select(list_))}
    assert len(rows) == 21
    assert (rows["oslo"].short, rows["oslo"].position, rows["oslo"].created_at) == ("Oslo ny", 0, NOW)
    assert (rows["agder"].short, rows["agder"].region, rows["agder"].kind) == ("Agder", "sor-ost", "helsefellesskap")


def test_a_list_that_was_merged_is_a_list_of_its_own_again_when_it_comes_back(
    database: Database, register: Register, tmp_path: Path
) -> None:
    text = REGION + '[[helsefellesskap]]\nslug = "fonna"\nshort = "Fonna"\nregion = "nord"\n'
    without_oslo = read_register(_folder(tmp_path, text))
    for each in (register, without_oslo):
        sync_lists(database, each, now=NOW)
    with database.writing() as connection:
        into = select(list_.c.id).where(list_.c.slug == "bergen").scalar_subquery()
        merged = list_.c.slug.in_(["fonna", "oslo"])
        connection.execute(list_.update().where(merged).values(merged_into_id=into))
    sync_lists(database, without_oslo, now=NOW)
    with database.reading() as connection:
        still = connection.execute(select(list_.c.slug).where(list_.c.merged_into_id.is_not(None))).scalars().all()
    assert still == ["oslo"]


def test_machines_that_meet_an_empty_database_at_once_do_not_hinder_each_other(
    database: Database, register: Register
) -> None:
    ready = Barrier(8)

    def sync() -> None:
        ready.wait()
        sync_lists(database, register, now=NOW)

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(sync) for _ in range(8)]:
            each.result()
    with database.reading() as connection:
        slugs = connection.execute(select(list_.c.slug).order_by(list_.c.position)).scalars().all()
    assert slugs == list(register.slugs)
