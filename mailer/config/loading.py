"""Read config.toml and the environment into `Settings`, or raise one error that a person can act on."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from mailer.catalogue import msg
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
                msg("settings.no-such-section", name=name)
                if isinstance(value, dict)
                else msg("settings.key-outside", name=name),
                where=document.place(name),
                hint=_nearest(name, SECTIONS, write="[{}]"),
            )
        if not isinstance(value, dict):
            raise ConfigError(
                msg("settings.is-a-section", name=name),
                where=document.place(name),
                hint=msg("settings.write-section", name=name),
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
        msg(
            "settings.is-wrong",
            section=section,
            key=key,
            reason=msg("settings.no-password-here", file=document.file.name),
        ),
        where=document.place(section, key),
        hint=msg("settings.move-password", variable=variable_name(section, key)),
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
        where = msg("settings.environment-variable", name=variable_name(section, key))
    if first["type"] == "extra_forbidden":
        return ConfigError(
            msg("settings.no-such-key", section=section, key=key), where=where, hint=_nearest(key, fields)
        )
    if first["loc"][-1] == "[key]":
        return ConfigError(
            msg("settings.no-such-token", section=f"{section}.{key}", token=names[-1]),
            where=where,
            hint=_nearest(names[-1], TOKENS),
        )
    words = msg("settings.allowed", values=allowed(fields[key]))
    if first["type"] == "missing":
        return ConfigError(msg("settings.is-missing", section=section, key=key), where=where, hint=words)
    what = msg(
        "settings.is-wrong", section=section, key=".".join(names), reason=_reason(first.get("ctx", {}).get("error"))
    )
    return ConfigError(what, where=where, hint=words)


def _reason(error: object) -> str:
    """Return the words of our own check, or that the value is not allowed."""
    return error.args[0] if isinstance(error, ValueError) else msg("settings.not-allowed")


def _nearest(name: str, known: Iterable[str], *, write: str = "{}") -> str:
    names = list(known)
    near = did_you_mean(name, names, write=write)
    return near or msg("settings.allowed", values=", ".join(write.format(each) for each in names))


def _origins(document: Document, variables: list[Variable]) -> dict[tuple[str, str], str]:
    from_file = {
        (section, key): document.place(section, key) for section, values in document.values.items() for key in values
    }
    return from_file | {(each.section, each.key): msg("settings.environment") for each in variables}
