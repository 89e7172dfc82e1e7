"""Readers' pages as HTML: one template, values in, a page out. Nothing on them is loaded, and nothing runs."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from alerts import bidi
from console.words import phrase
from rasid.types import Snippet

if TYPE_CHECKING:
    from alerts.bidi import Direction, Run
    from rasid.types import Language

_TEMPLATES = Path(__file__).parent / "templates"
_MAX_QUOTE = 500  # characters: as much as a proposal keeps
_MAX_LINE = 300  # characters of a headline or a name

STYLE = (_TEMPLATES / "page.css").read_text(encoding="utf-8").strip()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The pages' Content-Security-Policy: their own style, their own form, and nothing else."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A headline or a sentence, in its own direction."""

    snippet: Snippet
    direction: Direction


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several that a reader picks from."""

    value: str
    label: str
    quote: Quote | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """What is sent off when the button is pressed."""

    button: str
    proof: str
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What one page says."""

    language: Language
    name: str  # of the digest
    title: str
    lines: tuple[str, ...]
    quote: Quote | None = None
    form: Form | None = None
    back: str | None = None  # where the digest is
    warning: str = ""  # what is to be mended before the form can be sent
    good: bool = False  # something was done


def quoted(text: str | Snippet) -> Quote:
    """Text from outside, clean and bounded."""
    snippet = text if isinstance(text, Snippet) else Snippet(text, ())
    shown = bidi.clean_snippet(snippet, _MAX_QUOTE)
    return Quote(shown, bidi.direction(shown.text))


def line(text: str) -> str:
    """A name from a file, clean and bounded."""
    return bidi.clip(bidi.clean(text), _MAX_LINE)


def page(shown: Page) -> str:
    """A page in the digest's language."""
    return _TEMPLATE.render(
        page=shown,
        direction=_direction(shown.language),
        brand=phrase(shown.language, "brand"),
        back_text=phrase(shown.language, "back"),
        style=STYLE,
    )


def trouble(status: int) -> str:
    """What is said where nothing is known of the reader: in both languages, and nothing else."""
    said = [
        (language, _direction(language), phrase(language, str(status)), phrase(language, f"{status} text"))
        for language in ("ar", "en")
    ]
    return _TROUBLE.render(said=said, style=STYLE)


def _direction(language: Language) -> Direction:
    return "rtl" if language == "ar" else "ltr"


def _runs(value: str | Snippet, base: Direction) -> tuple[Run, ...]:
    if isinstance(value, Snippet):
        return bidi.runs(value.text, base, value.hits)
    return bidi.runs(value, base)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
    )
    environment.filters["runs"] = _runs
    return environment


_ENVIRONMENT = _environment()
_TEMPLATE = _ENVIRONMENT.get_template("page.html.j2")
_TROUBLE = _ENVIRONMENT.get_template("trouble.html.j2")
