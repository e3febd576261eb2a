"""Colours, fonts and corners of the newsletter, light and dark, and the arithmetic of contrast (WCAG 2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from mailer.catalogue import Message, msg
from mailer.compose.pictures.picture import Picture
from mailer.errors import MailerError

_HEX_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
TEXT_CONTRAST = 4.5
CONTROL_CONTRAST = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colour tokens of one mode, each `#RRGGBB`; the defaults are the light ones."""

    canvas: str = "#E9EFEF"
    surface: str = "#FFFFFF"
    sunken: str = "#F3F7F7"
    ink: str = "#14252A"
    muted: str = "#4A5D63"
    rule: str = "#CDD9DA"
    link: str = "#0A5468"
    accent: str = "#0A5468"
    on_accent: str = "#FFFFFF"
    mast: str = "#0B3A47"
    on_mast: str = "#FFFFFF"
    on_mast_muted: str = "#BFDADF"
    bar_dim: str = "#2C5F6D"
    bar_lit: str = "#9BD3DB"
    own: str = "#F3BE4B"
    own_badge: str = "#FBDA82"
    on_own: str = "#14252A"
    own_bg: str = "#FBF4E0"
    due: str = "#8A2F12"
    due_bg: str = "#FCEBE2"
    ok: str = "#1E6142"
    ok_bg: str = "#E4F2EA"
    field: str = "#6B7F85"
    underline: str = "#86AEB8"

    def __post_init__(self) -> None:
        for name, colour in self.tokens.items():
            if not _HEX_COLOUR.fullmatch(colour):
                raise ValueError(msg("issues.no-colour", name=name, value=repr(colour)))

    @property
    def tokens(self) -> Mapping[str, str]:
        """The colours by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


LIGHT = Palette()
DARK = Palette(
    canvas="#0D1518",
    surface="#152024",
    sunken="#1B292E",
    ink="#E7EEED",
    muted="#A9BABD",
    rule="#34484E",
    link="#8FD0DD",
    accent="#8FD0DD",
    on_accent="#0D1518",
    mast="#0B323D",
    bar_dim="#285562",
    own_bg="#2A2617",
    due="#F8B99D",
    due_bg="#3A2219",
    ok="#8FD6B0",
    ok_bg="#173026",
    field="#8AA0A6",
    underline="#4E7C87",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The looks of mail, pages and PDF. Word goes by the first font name, so that comes first and unquoted.

    `logo` stands in the masthead in place of the publisher's name, which is then its description.
    """

    light: Palette = LIGHT
    dark: Palette = DARK
    sans: str = "Segoe UI, system-ui, Roboto, Helvetica, Arial, sans-serif"
    serif: str = "Georgia, 'Times New Roman', serif"
    mono: str = "Consolas, 'Cascadia Mono', Menlo, 'DejaVu Sans Mono', monospace"
    radius: int = field(default=4)
    logo: Picture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastProblem:
    """A pair of colours that cannot be told apart well enough."""

    mode: str
    foreground: str
    background: str
    ratio: float
    needed: float

    def __str__(self) -> str:
        return self.in_words()

    def in_words(self) -> Message:
        """Say what the pair has and what it needs."""
        return msg(
            "issues.contrast",
            mode=self.mode,
            foreground=self.foreground,
            background=self.background,
            ratio=round(self.ratio, 2),
            needed=self.needed,
        )


_TEXT_PAIRS = (
    *(("ink", ground) for ground in ("surface", "canvas", "sunken", "own_bg")),
    *(("muted", ground) for ground in ("surface", "canvas", "sunken", "own_bg")),
    *(("link", ground) for ground in ("surface", "canvas", "sunken", "own_bg")),
    ("accent", "surface"),
    ("on_accent", "accent"),
    *((text, "mast") for text in ("on_mast", "on_mast_muted", "own_badge")),
    ("on_own", "own_badge"),
    ("due", "due_bg"),
    ("due", "surface"),
    ("ok", "ok_bg"),
)
_CONTROL_PAIRS = (("field", "surface"), ("bar_lit", "mast"))
_NEEDS = dict.fromkeys(_TEXT_PAIRS, TEXT_CONTRAST) | dict.fromkeys(_CONTROL_PAIRS, CONTROL_CONTRAST)
_STEPS = 100


def luminance(colour: str) -> float:
    """Return the relative luminance of `#RRGGBB` (WCAG 2.1)."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.1)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def check_contrast(theme: Theme) -> tuple[ContrastProblem, ...]:
    """The pairs of a theme that readers could not read: text below 4.5:1, borders of controls below 3:1."""
    problems = (
        ContrastProblem(
            mode=mode,
            foreground=front,
            background=back,
            ratio=contrast(palette.tokens[front], palette.tokens[back]),
            needed=needed,
        )
        for mode, palette in (("light", theme.light), ("dark", theme.dark))
        for (front, back), needed in _NEEDS.items()
    )
    return tuple(each for each in problems if each.ratio < each.needed)


def require_contrast(theme: Theme, *, where: str) -> None:
    """Raise `MailerError` for a theme that readers could not read, with the nearest colour that they could."""
    problems = check_contrast(theme)
    if problems:
        first, message = problems[0], problems[0].in_words()
        if problems[1:]:
            message = msg("issues.and-more", first=message, count=len(problems) - 1)
        token = _to_change(first, theme)
        near = nearest_colour(theme, mode=first.mode, token=token)
        raise MailerError(
            message,
            where=where,
            hint=msg("issues.nearest-colour", token=token, colour=near) if near else msg("issues.choose-farther-apart"),
        )


def nearest_colour(theme: Theme, *, mode: str, token: str) -> str:
    """The colour nearest to a token's that passes with all it stands on or under; empty when there is none."""
    tokens = (theme.dark if mode == "dark" else theme.light).tokens
    for step in range(_STEPS + 1):
        for end in ("#000000", "#FFFFFF"):
            colour = _mixed(tokens[token], end, step / _STEPS)
            if _passes({**tokens, token: colour}, token):
                return colour
    return ""


def _to_change(problem: ContrastProblem, theme: Theme) -> str:
    """Return the colour to change: the background if the workspace set that one alone, otherwise the foreground."""
    own, shipped = (theme.dark, DARK) if problem.mode == "dark" else (theme.light, LIGHT)
    changed = {name for name, colour in own.tokens.items() if colour != shipped.tokens[name]}
    ground_alone = problem.background in changed and problem.foreground not in changed
    return problem.background if ground_alone else problem.foreground


def _passes(tokens: Mapping[str, str], token: str) -> bool:
    pairs = ((pair, needed) for pair, needed in _NEEDS.items() if token in pair)
    return all(contrast(tokens[front], tokens[back]) >= needed for (front, back), needed in pairs)


def _mixed(one: str, other: str, share: float) -> str:
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(start + (end - start) * share):02X}" for start, end in pairs)
