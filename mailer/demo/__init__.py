"""The whole job on this machine, with a real issue and invented people; nothing leaves the machine."""

from mailer.demo.run import DemoError, run_demo

__all__ = ["DemoError", "run_demo"]
