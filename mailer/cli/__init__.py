"""The command line: each command parses, makes one call and shows the result."""

import atexit
import gc

# Loading libraries makes many objects and no garbage: looking for some each 700 took a tenth of a command's time.
ROOM_BEFORE_COLLECTING = 20_000


def main() -> None:
    """Run the command that the process was started with, and exit with its code."""
    gc.set_threshold(ROOM_BEFORE_COLLECTING)
    atexit.register(gc.freeze)  # nor is there any need to look through all of it once more at the end
    from mailer.cli.run import run

    run()
