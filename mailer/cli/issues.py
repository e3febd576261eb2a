"""`mailer check`, `compose` and `preview`: the editor's first look at an issue."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mailer.catalogue import msg
from mailer.cli.findings import count_findings, finding_as_json, show_findings
from mailer.cli.json_errors import beside_an_error
from mailer.cli.options import (
    Json,
    ReaderLists,
    Slug,
    chosen_language,
    current_folder,
    current_services,
    services,
    today,
)
from mailer.cli.output import format_size, note, say, show_commands, show_json, show_table
from mailer.cli.times import show_scheduled
from mailer.errors import ExitCode
from mailer.languages import LANGS_IN_WORDS

LanguageOption = Annotated[str, typer.Option("--lang", help=f"The reader's language: {LANGS_IN_WORDS}.")]


def check(
    context: typer.Context,
    slug: Slug,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the check too.")] = False,
    links: Annotated[bool, typer.Option("--links", help="Ask the network whether the links lead somewhere.")] = False,
    recipients: Annotated[bool, typer.Option("--recipients", help="Look at every recipient's values too.")] = False,
    json: Json = False,
) -> None:
    """Say what is wrong with an issue, with file and line. Changes nothing; exit code 1 on errors.

    Example: `mailer check 2023-12`
    """
    from mailer.issue.model import Severity
    from mailer.usecases.checking import check_issue

    with services(context) as workspace:
        checked = check_issue(workspace, slug, today=today(), links=links, recipients=recipients)
        folder = workspace.settings.paths.issues / slug
        if json:
            show_json({"slug": slug, "findings": [finding_as_json(each) for each in checked.findings]})
        elif checked.findings:
            show_findings(checked.findings, folder=_short(folder))
        else:
            say(msg("findings.nothing", folder=_short(folder)), "green")
        if not json:
            show_scheduled(workspace, slug)
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(each.severity in failing for each in checked.findings):
        raise typer.Exit(ExitCode.REFUSED)


def compose(
    context: typer.Context,
    slug: Slug,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to write; else build/SLUG.")
    ] = None,
    list_: ReaderLists = None,
    lang: LanguageOption = "",
    json: Json = False,
) -> None:
    """Write the issue in every form: e-mail, plain text, web page, PDF and calendar, as an example subscriber gets it.

    Example: `mailer compose 2023-12 --list vest-viken`
    """
    from mailer.issue.catalogue import OF_COMPOSING
    from mailer.usecases.checking import check_reading
    from mailer.usecases.desk import build_issue, chosen_key, size_of_mail, write_issue
    from mailer.usecases.reading import presentable, read

    with services(context) as workspace:
        reading = read(workspace, slug)
        findings = check_reading(workspace, reading, today=today()).findings
        beside_an_error(context, slug=slug, findings=[finding_as_json(each) for each in findings])
        issue = presentable(reading, slug)
        key = chosen_key(workspace, issue, lists=list_ or [], lang=chosen_language(lang))
        built = write_issue(workspace, issue, key, output) if output else build_issue(workspace, issue, key)
        size, most = size_of_mail(workspace, issue, key)
        folder = workspace.settings.paths.issues / slug
    if json:
        files = [asdict(each) for each in built]
        show_json(
            {
                "slug": slug,
                "variant": str(key),
                "files": files,
                "mail_size": size,
                "findings": [finding_as_json(each) for each in findings],
            }
        )
        return
    columns = [msg("findings.file"), msg("findings.file-size")]
    show_table(columns, [(_short(each.file), format_size(each.size)) for each in built], right=(1,))
    say(msg("findings.mail-size", size=format_size(size), most=format_size(most)), "dim")
    if composed := [each for each in findings if each.rule in OF_COMPOSING]:
        show_findings(composed, folder=_short(folder), counted=False)
    if findings:
        say()
        show_commands([(f"mailer check {slug}", count_findings(findings))])


def preview(
    context: typer.Context,
    slug: Slug,
    port: Annotated[
        int, typer.Option(help="Port of the page on this machine; 0 takes a free one.", min=0, max=65535)
    ] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")] = True,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write files for an approver instead.")
    ] = None,
) -> None:
    """Show the issue as readers will see it: phone and desktop, light and dark, text and PDF. Reloads on save.

    The page is for you alone: its address works once, and Enter prints another. With `-o` it writes the same as files
    that can be opened without a server. Sends nothing.
    Example: `mailer preview 2023-12`
    """
    from mailer.preview.mailable import mailable_file
    from mailer.preview.server import serve_preview
    from mailer.preview.static import write_preview

    if output is not None:
        with services(context) as workspace:
            index = write_preview(workspace, slug, output, today=today())
        mailable = mailable_file(output)
        say(msg("preview.wrote-files", file=_short(index)), "green")
        size = format_size(mailable.stat().st_size)
        say(msg("preview.wrote-mailable", file=_short(mailable), size=size), "green")
        return
    with current_services(context) as current:
        note(msg("preview.composing", slug=slug))
        serve_preview(current, slug, port=port, open_browser=browser, announce=say)


def _short(path: Path) -> str:
    """Write a path as seen from here, when it lies here."""
    here = current_folder()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
