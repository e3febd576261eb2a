"""The command line: each command parses, makes one call and shows the result."""

import gc
import sys
from typing import NoReturn

from mailer.cli.app import app
from mailer.cli.language import begin_speaking
from mailer.cli.output import flush_output, prepare_output, show_error, silence_output
from mailer.errors import MailerError, explain_os_error

# Loading libraries makes many objects and no garbage: looking for some each 700 took a tenth of a command's time.
ROOM_BEFORE_COLLECTING = 20_000


def main() -> None:
    """Run the command that the process was started with, and exit with its code."""
    gc.set_threshold(ROOM_BEFORE_COLLECTING)
    prepare_output()
    begin_speaking()
    try:
        _run()
    except MailerError as error:
        _fail(error)
    except OSError as error:  # wherever a file or folder plays its part, a command may find it gone, full or shut
        silence_output()
        _fail(explain_os_error(error))


def _run() -> None:
    try:
        app()
    finally:
        flush_output()  # what a full disk does not take would else be lost without a word


def _fail(error: MailerError) -> NoReturn:
    show_error(error)
    sys.exit(error.exit_code)
