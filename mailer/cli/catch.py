"""`mailer catch`: a mail server on this machine that keeps everything and passes nothing on."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.catalogue import Message, msg
from mailer.cli.options import services
from mailer.cli.output import hint, say

if TYPE_CHECKING:
    from mailer.transport.catcher import Faults


def catch(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(help="Port to listen on, 0 for any free one; else the one in [smtp].", min=0, max=65535),
    ] = None,
    reject: Annotated[str, typer.Option(metavar="PATTERN", help="Refuse these recipients, as *@oslo.example.")] = "",
    defer: Annotated[str, typer.Option(metavar="PATTERN", help="Ask these recipients' mail to come later.")] = "",
    slow: Annotated[
        float, typer.Option(metavar="SECONDS", help="Wait before each answer to a mail; 0: never.", min=0)
    ] = 0.0,
    cut: Annotated[
        int, typer.Option(metavar="N", help="Take each Nth mail and cut the line unanswered; 0: never.", min=0)
    ] = 0,
    page_port: Annotated[
        int,
        typer.Option("--page-port", metavar="N", help="Port of the inbox page; 0 for any free one.", min=0, max=65535),
    ] = 0,
) -> None:
    """Run a mail server on this machine that keeps every mail under var/inbox and passes nothing on.

    The default config.toml sends to it, so that the whole job can be tried before there is a relay; the options
    show what comes of faults. A page for you alone shows what was caught: its address works once, and Enter prints
    another. Stop it with Ctrl-C. Example: `mailer catch --cut 100`
    """
    from contextlib import closing

    from mailer.local.serving import listen, serve_to_starter
    from mailer.preview.inbox import Inbox
    from mailer.transport.catcher import CatchingServer, Faults

    with services(context) as workspace:
        settings = workspace.settings
        pages = Inbox(workspace, settings.paths.var / "inbox").application()
    folder = settings.paths.var / "inbox"
    wanted = settings.smtp.port if port is None else port
    faults = Faults(reject=reject, defer=defer, slow=slow, cut=cut)
    catching = CatchingServer(folder, port=wanted, on_caught=_show, faults=faults)
    with catching as server, closing(listen(page_port)) as listener:
        host, actual = server.address
        say(msg("preview.catching", host=host, port=str(actual), folder=folder), "green")
        for each in _in_words(faults):
            say(each, "yellow")
        if actual != settings.smtp.port:
            hint(msg("preview.send-to-it", port=str(actual)))
        in_use = msg("preview.window-catches")
        serve_to_starter(pages, listener, services=workspace, shown=_where_it_is, in_use=in_use, say=say)
    say(msg("preview.stopped"))


def _where_it_is(address: str) -> Message:
    return msg("preview.inbox-is-shown", address=address)


def _in_words(faults: "Faults") -> Iterator[Message]:
    if faults.reject:
        yield msg("preview.refuses-on-purpose", pattern=faults.reject)
    if faults.defer:
        yield msg("preview.defers-on-purpose", pattern=faults.defer)
    if faults.slow:
        yield msg("preview.waits-on-purpose", seconds=int(faults.slow) if faults.slow.is_integer() else faults.slow)
    if faults.cut:
        yield msg("preview.cuts-on-purpose", first=str(faults.cut), second=str(2 * faults.cut))


def _show(recipient: str, file: Path) -> None:
    say(f"{recipient}  {file.name}")
