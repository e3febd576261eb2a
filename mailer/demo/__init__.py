"""The demo: the whole job on this machine, with a real issue and invented people; no mail leaves it."""

from mailer.demo.run import DemoError, run_demo

__all__ = ["DemoError", "run_demo"]
