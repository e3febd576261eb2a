"""Lets `python -m mailer` do what `mailer` does."""

from mailer.cli import main

if __name__ == "__main__":
    main()
