"""Runs a command, and tells of its error with the exit code that goes with it."""

import sys
from typing import NoReturn

from mailer.cli.app import app
from mailer.cli.language import begin_speaking
from mailer.cli.output import show_error
from mailer.cli.streams import flush_output, prepare_output, silence_output
from mailer.errors import ExitCode, MailerError, explain_os_error, explain_runtime_error
from mailer.stopping import end_as_by_ctrl_c


def run() -> None:
    """Run the command that the process was started with, and exit with its code."""
    prepare_output()
    begin_speaking()
    end_as_by_ctrl_c()
    try:
        _run_command()
    except KeyboardInterrupt:  # before or after the command itself
        sys.exit(ExitCode.INTERRUPTED)
    except MailerError as error:
        _fail(error)
    except RuntimeError as error:
        _fail(explain_runtime_error(error))
    except OSError as error:  # wherever a file or folder plays its part, a command may find it gone, full or shut
        silence_output()
        _fail(explain_os_error(error))


def _run_command() -> None:
    try:
        app()
    finally:
        flush_output()  # what a full disk does not take would else be lost without a word


def _fail(error: MailerError) -> NoReturn:
    show_error(error)
    sys.exit(error.exit_code)
