"""Which language a terminal asks for."""

import pytest

from mailer.catalogue.language import lang_of_locale


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, "en"),
        ({"LANG": "nb_NO.UTF-8"}, "nb"),
        ({"LANG": "no_NO"}, "nb"),
        ({"LANG": "nn_NO.UTF-8"}, "nn"),
        ({"LANG": "nn"}, "nn"),
        ({"LANG": "nb-NO"}, "nb"),
        ({"LANG": "sv_SE.UTF-8"}, "en"),
        ({"LANG": "nb_NO", "LC_MESSAGES": "nn_NO"}, "nn"),
        ({"LANG": "nn_NO", "LC_MESSAGES": "nn_NO", "LC_ALL": "nb_NO@euro"}, "nb"),
        ({"LANG": "nb_NO", "LC_ALL": "C"}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "nn"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "sv:nn:nb"}, "nn"),
        ({"LANG": "nb_NO.UTF-8", "LANGUAGE": "sv"}, "nb"),
        ({"LANG": "", "LC_ALL": "", "LANGUAGE": "nb"}, "en"),
    ],
)
def test_the_locale_names_it_as_for_other_programs(environ: dict[str, str], lang: str) -> None:
    assert lang_of_locale(environ) == lang
