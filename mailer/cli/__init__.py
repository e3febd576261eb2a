"""The command line: each command parses, makes one call and shows the result."""

import sys

from mailer.cli.app import app
from mailer.cli.output import show_error
from mailer.errors import MailerError


def main() -> None:
    """Run the command that the process was started with, and exit with its code."""
    try:
        app()
    except MailerError as error:
        show_error(error)
        sys.exit(error.exit_code)
