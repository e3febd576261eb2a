"""The functions by which the template of a local page says its words in the language of the interface."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailer.catalogue import Message, Value, msg, render

if TYPE_CHECKING:
    from mailer.bootstrap import Services


def speaking(services: "Services") -> Mapping[str, Any]:
    """Return the values of a template: its language, `msg` and `render` in it, and what tells a message from a text.

    `label` is for copies of templates in a workspace that are older than `msg`; their labels lie beside them.
    """
    lang = services.interface_lang

    def say(id_: str, **values: Value) -> str:
        return render(msg(id_, **values), lang)

    def label(msgid: str, **slots: object) -> str:
        return services.templates.labels.label(msgid, lang, **slots).text

    return {
        "lang": lang,
        "msg": say,
        "label": label,
        "render": lambda text: render(text, lang),
        "is_message": lambda text: isinstance(text, Message),
    }
