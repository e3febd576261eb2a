"""`mailer metrics`: figures for Prometheus, as text, as a file or on a port."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from mailer.catalogue import msg
from mailer.cli.options import services
from mailer.cli.output import note, say
from mailer.errors import UsageError

_LOOPBACK = "127.0.0.1"


def metrics(
    context: typer.Context,
    textfile: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write them to a file, whole, for node_exporter: NAME.prom in its folder."),
    ] = None,
    listen: Annotated[
        str,
        typer.Option(metavar="[HOST:]PORT", help="Serve them at /metrics of this port; only this machine unless told."),
    ] = "",
) -> None:
    """Show figures of mailings, deliveries, senders and leaving for Prometheus. Changes nothing.

    Nobody's address or name is in them.

    Example: `mailer metrics --listen 127.0.0.1:9108`
    """
    if textfile is not None and listen:
        raise UsageError(msg("settings.one-place-for-metrics"), hint=msg("settings.two-commands-for-metrics"))
    host, port = _parse_address(listen) if listen else ("", 0)
    from mailer.usecases.metrics import compose_metrics, write_metrics

    with services(context) as workspace:
        if listen:
            from mailer.web.metrics_page import serve_metrics

            if not _is_loopback(host):
                note(msg("settings.metrics-are-open", host=host))
            serve_metrics(workspace, host=host, port=port, announce=say)
        elif textfile is not None:
            write_metrics(workspace, textfile)
        else:
            typer.echo(compose_metrics(workspace), nl=False)


def _parse_address(text: str) -> tuple[str, int]:
    """Return host and port; without a host it is this machine alone."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise UsageError(
            msg("settings.no-address-to-listen", text=text), where="--listen", hint=msg("settings.write-address")
        )
    return host.removeprefix("[").removesuffix("]") or _LOOPBACK, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
