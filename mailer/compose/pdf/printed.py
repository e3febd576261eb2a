"""The issue as a PDF for print and archive: PDF/UA-1 and PDF/A-2a through Typst, the content as data."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import typst

from mailer.catalogue import msg
from mailer.compose.pdf.print_data import COVERAGE, print_data
from mailer.compose.pictures.images import SHOWN_WIDTH, prepare_pictures
from mailer.compose.pictures.picture import Picture
from mailer.compose.publication import Publication
from mailer.compose.text.outline import tidy_outline
from mailer.compose.theme import Theme
from mailer.errors import MailerError
from mailer.issue.model import Issue
from mailer.rendering.templates import Templates

_TEMPLATE = "print/issue.typ"


def print_pdf(
    issue: Issue, *, templates: Templates, theme: Theme, publication: Publication, timestamp: datetime
) -> bytes:
    """Print an issue as every reader may have it. The same issue and `timestamp` give the same bytes."""
    pictures, _ = prepare_pictures(issue)
    data, _ = print_data(issue, templates=templates, publication=publication, pictures=pictures)
    if not "".join(data["title_lines"]).strip():
        data["title_lines"] = [issue.slug]  # a title that no eye sees; PDF/UA wants one
    tidy_outline(data.values())
    data["theme"] = dict(theme.light.tokens)
    data["pictures"] = _picture_data(pictures, theme.logo)
    return _compile(data, templates, timestamp)


def _compile(data: Mapping[str, Any], templates: Templates, timestamp: datetime) -> bytes:
    template = templates.path(_TEMPLATE)
    fonts = templates.path(COVERAGE).parent
    try:
        compiler = typst.Compiler(
            template,
            root=template.parent,
            font_paths=[fonts],
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        )
        pdf = compiler.compile(format="pdf", pdf_standards=["ua-1", "a-2a"], timestamp=timestamp)
    except typst.TypstError as error:
        raise MailerError(
            msg("issues.pdf-not-made", reason=str(error.message)),
            where=str(template),
            hint=msg("issues.compare-template"),
        ) from error
    return cast("bytes", pdf)  # only pictures come page by page


def _picture_data(pictures: Mapping[str, Picture], logo: Picture | None) -> dict[str, Any]:
    """The pictures by their place in the list of paths; `share` is how much of the column's width they take."""
    named = {str(number): picture for number, picture in enumerate(pictures.values())}
    named |= {"logo": logo} if logo else {}
    return {name: {"bytes": list(each.data), "share": each.width / SHOWN_WIDTH} for name, each in named.items()}
