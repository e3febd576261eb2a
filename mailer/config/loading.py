"""Read config.toml and the environment into `Settings`, or raise one error that a person can act on."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from mailer.config.document import Document, read_document
from mailer.config.environment import Variable, read_environment, variable_name
from mailer.config.errors import ConfigError
from mailer.config.locating import find_file
from mailer.config.settings import SECTIONS, Settings, SettingsSection
from mailer.config.values import TOKENS, allowed, has_password
from mailer.nearest import did_you_mean


def read_settings(path: Path | None, *, environ: Mapping[str, str], cwd: Path) -> Settings:
    """See `mailer.config.load_settings`."""
    document = read_document(find_file(path, environ=environ, cwd=cwd))
    _refuse_unknown_sections(document)
    _refuse_passwords(document)
    variables = read_environment(environ)
    sections: dict[str, Any] = {name: _section(name, document, variables) for name in SECTIONS}
    return Settings(**sections, file=document.file, origins=_origins(document, variables))


def _refuse_unknown_sections(document: Document) -> None:
    for name, value in document.values.items():
        if name not in SECTIONS:
            raise ConfigError(
                f"there is no section [{name}]" if isinstance(value, dict) else f"the key {name} stands in no section",
                where=document.place(name),
                hint=_nearest(name, SECTIONS, write="[{}]"),
            )
        if not isinstance(value, dict):
            raise ConfigError(
                f"{name} is a section", where=document.place(name), hint=f"Write [{name}] on a line of its own."
            )


def _refuse_passwords(document: Document) -> None:
    for section, model in SECTIONS.items():
        for key, field in model.model_fields.items():
            value = document.values.get(section, {}).get(key)
            if value is not None and field.annotation is SecretStr:
                raise _password(document, section, key)
    url = document.values.get("database", {}).get("url")
    if isinstance(url, str) and has_password(url):
        raise _password(document, "database", "url")


def _password(document: Document, section: str, key: str) -> ConfigError:
    return ConfigError(
        f"[{section}] {key}: a password must not stand in {document.file.name}",
        where=document.place(section, key),
        hint=f"Take it out, change it, and set the environment variable {variable_name(section, key)} instead.",
    )


def _section(name: str, document: Document, variables: list[Variable]) -> SettingsSection:
    overrides = {each.key: each.value for each in variables if each.section == name}
    values = {**document.values.get(name, {}), **overrides}
    try:
        return SECTIONS[name].model_validate(values, context={"folder": document.file.parent})
    except ValidationError as error:
        # Without its cause: pydantic's own message could show what was written.
        raise _explained(error, name, document, overrides) from None


def _explained(error: ValidationError, section: str, document: Document, overrides: Iterable[str]) -> ConfigError:
    """Put the first thing that is wrong into words."""
    first = error.errors(include_url=False, include_input=False)[0]
    names = [str(each) for each in first["loc"] if each != "[key]"]
    key, fields = names[0], SECTIONS[section].model_fields
    where = document.place(section, *names)
    if key in overrides:
        where = f"environment variable {variable_name(section, key)}"
    if first["type"] == "extra_forbidden":
        return ConfigError(f"[{section}] has no key {key}", where=where, hint=_nearest(key, fields))
    if first["loc"][-1] == "[key]":
        return ConfigError(f"[{section}.{key}] has no token {names[-1]}", where=where, hint=_nearest(names[-1], TOKENS))
    words = f"Allowed: {allowed(fields[key])}."
    if first["type"] == "missing":
        return ConfigError(f"[{section}] {key} is missing", where=where, hint=words)
    reason = first.get("ctx", {}).get("error", "the value is not allowed")
    return ConfigError(f"[{section}] {'.'.join(names)}: {reason}", where=where, hint=words)


def _nearest(name: str, known: Iterable[str], *, write: str = "{}") -> str:
    names = list(known)
    return did_you_mean(name, names, write=write) or f"Allowed: {', '.join(write.format(each) for each in names)}."


def _origins(document: Document, variables: list[Variable]) -> dict[tuple[str, str], str]:
    from_file = {
        (section, key): document.place(section, key) for section, values in document.values.items() for key in values
    }
    return from_file | {(each.section, each.key): "environment" for each in variables}
