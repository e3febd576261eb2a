"""The language in which this process speaks to its user: decided here, when it first speaks."""

import os
from contextvars import ContextVar
from pathlib import Path

from mailer.catalogue import Lang, render
from mailer.config.interface import guess_interface_lang

_config: ContextVar[Path | None] = ContextVar("config", default=None)
_chosen: ContextVar[Lang | None] = ContextVar("chosen", default=None)


def begin_speaking(config: Path | None = None) -> None:
    """Forget what was decided; `config` is the file that `--config` names."""
    _config.set(config)
    _chosen.set(None)


def speak(lang: Lang) -> None:
    """Speak the language that the settings name, now that they are read."""
    _chosen.set(lang)


def language() -> Lang:
    """The language to speak; before the settings are read, what they will say as far as that can be told."""
    lang = _chosen.get()
    if lang is None:
        lang = guess_interface_lang(_config.get(), environ=os.environ, cwd=Path.cwd())
        _chosen.set(lang)
    return lang


def in_words(text: str) -> str:
    """Write a message in that language; any other text is as it is."""
    return render(text, language())
