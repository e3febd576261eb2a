"""`mailer serve`: the public pages."""

from typing import Annotated

import typer

from mailer.catalogue import msg
from mailer.cli.options import services
from mailer.cli.output import note, say


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes any free one.")] = 8080,
    host: Annotated[
        str, typer.Option(help="The address to listen on. As it is, only this machine, where the proxy runs.")
    ] = "127.0.0.1",
) -> None:
    """Serve the public pages: leaving, one-click unsubscribe, and the stored editions. Ctrl-C stops.

    Changes what readers ask for with a button. A proxy before it gives it https and its public name.
    Example: `mailer serve --port 8080`
    """
    from mailer.usecases.state import issues_with_dead_links
    from mailer.web.server import serve as serve_pages

    with services(context) as workspace:
        if dead := issues_with_dead_links(workspace):
            note(msg("sending.dead-links", slugs=dead))
            note(msg("sending.put-old-key-behind"))
        serve_pages(workspace, host=host, port=port, announce=say)
