"""The pages of the invented press: nine layouts, each built as one kind of real Arabic news site is built.

What surrounds the text is the point: menus, cards, sidebars and comments that name other articles, so that
whatever an extractor lets through shows in the tests. Two traps sit inside the text's own container: a text
that stands twice (`doubled`) and related headlines that only the words «اقرأ أيضا» set apart (`glued`).

========  ============================================  ==================================
outlet    layout                                        where the date is
========  ============================================  ==================================
naba      WordPress theme, entry-content                meta article:published_time
rafid     ASP.NET WebForms, nested div without meaning  time datetime
madar     Next.js-like, state as JSON in the page       JSON-LD datePublished
bawsala   tables within tables                          meta article:published_time
shabaka   schema.org microdata                          time itemprop datePublished
midan     AMP                                           JSON-LD datePublished
ufuq      blog engine, no metadata at all               nowhere: only its feed has it
wakala    Drupal, field classes                         time datetime
suq       Bootstrap portal, JSON-LD @graph, live ticker JSON-LD and article:published_time
========  ============================================  ==================================
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import timedelta, timezone
from hashlib import shake_128
from typing import TYPE_CHECKING

from babel.dates import format_datetime
from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from datetime import datetime

    from demo.press import DemoArticle, DemoOutlet, Press

READ_ALSO = "اقرأ أيضا"
SEE_ORIGINAL = "شاهد النسخة الأصلية"
DISCLAIMER = (
    "قد تتضمن هذه الصفحة مواد من أطراف أخرى تُعرض للاطلاع فحسب، ولا يعدّ نشرها تأييدا لما ورد فيها "
    "ولا نصيحة مالية أو مهنية. راجع صفحة إخلاء المسؤولية لمعرفة التفاصيل."
)
GLUED_HEADLINES = 3
LOCAL = timezone(timedelta(hours=3))  # Riyadh, Baghdad, Kuwait: no summer time
_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@dataclass(frozen=True, slots=True)
class DateStyle:
    """How an outlet writes a date for people."""

    locale: str = "ar_EG"  # ar_EG: يناير، ar_LB: كانون الثاني
    pattern: str = "EEEE d MMMM y - HH:mm"
    arabic_digits: bool = False


_DATE_STYLES = {
    "rafid": DateStyle(arabic_digits=True),
    "bawsala": DateStyle(locale="ar_LB", pattern="EEEE، d MMMM y"),
    "shabaka": DateStyle(pattern="d MMMM، y الساعة h:mm a"),
    "wakala": DateStyle(locale="ar_LB", pattern="d MMMM y HH:mm"),
    "suq": DateStyle(pattern="y/MM/dd HH:mm", arabic_digits=True),
}


def render_article(press: Press, article: DemoArticle, *, base_url: str) -> str:
    """The article's page in its outlet's layout."""
    outlet = next(outlet for outlet in press.outlets if outlet.id == article.outlet)
    return _TEMPLATES.get_template(f"{outlet.id}.html").render(
        base=base_url,
        outlet=outlet,
        article=article,
        url=f"{base_url}{article.path}",
        iso=article.published.astimezone(LOCAL).isoformat(),
        date_line=arabic_date(article.published, _DATE_STYLES.get(outlet.id, DateStyle())),
        blocks=blocks(press, article),
        most_read=press.headlines(article, 10, "most read"),
        chosen=press.headlines(article, 8, "chosen"),
        related=press.headlines(article, 6, "related"),
        latest=[other for other in outlet.articles if other.id != article.id],
    )


def blocks(press: Press, article: DemoArticle) -> tuple[str, ...]:
    """What stands in the text's container, paragraph by paragraph, the traps included."""
    told: tuple[str, ...] = article.paragraphs
    if article.doubled:
        told = (*told, SEE_ORIGINAL, DISCLAIMER, article.title, *article.paragraphs[:-1])
    if article.glued:
        glued = press.headlines(article, GLUED_HEADLINES, "glued")
        told = (*told, READ_ALSO, *(other.title for other in glued))
    return told


def arabic_date(moment: datetime, style: DateStyle) -> str:
    """The date as its readers see it, in the press's local time."""
    written = format_datetime(moment.astimezone(LOCAL), style.pattern, locale=style.locale)
    return written.translate(_ARABIC_DIGITS) if style.arabic_digits else written


def render_outlet(press: Press, outlet: DemoOutlet, *, base_url: str) -> str:
    """The outlet's front page: its headlines, newest first, with what they lead to."""
    return _TEMPLATES.get_template("outlet.html").render(press=press, outlet=outlet, base=base_url)


def render_home(press: Press, *, base_url: str) -> str:
    """A list of the outlets and their feeds, for a person who opens the server's address."""
    return _TEMPLATES.get_template("home.html").render(press=press, base=base_url)


def _opaque(salt: str, size: int) -> str:
    """Base64 noise of about `size` characters, the same every time: view states, hashes, tokens."""
    return base64.b64encode(shake_128(salt.encode()).digest(size * 3 // 4)).decode()


_TEMPLATES = Environment(
    loader=PackageLoader("demo", "templates/pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals["opaque"] = _opaque
