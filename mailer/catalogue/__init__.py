"""Every sentence that people read, by its id, in the languages of the interface."""

from mailer.catalogue.language import LANGS, Lang
from mailer.catalogue.message import Message, Value, either, msg, render

__all__ = ["LANGS", "Lang", "Message", "Value", "either", "msg", "render"]
