"""`mailer demo`: the whole job on this machine, with invented people."""

from typing import Annotated

import typer

from mailer.cli.accounts import show_equation
from mailer.cli.output import hint, say


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Keep the files of earlier demos.")] = False,
) -> None:
    """Do the whole job on this machine with invented people: compose, import, test-send, send, account.

    Needs no configuration, no network and no mail server; nothing leaves this machine.
    Example: `mailer demo`
    """
    from mailer.demo import run_demo

    run_demo(keep=keep, say=say, hint=hint, show_equation=show_equation)
