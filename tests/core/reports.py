"""The builder language of the tests of digests: articles as storage reports them, and the digest of some of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rasid.digest import compose
from rasid.types import Channel, Form, Mention, Reason, ReportArticle, Subscription, Term

if TYPE_CHECKING:
    from rasid.types import Digest, Snippet

NOW = datetime(2025, 11, 22, 4, 0, tzinfo=UTC)
WINDOW = (NOW - timedelta(days=1), NOW)
WORDS = {
    "nvidia": ("إنفيديا", "نفيديا", "Nvidia"),
    "h20": ("H20",),
    "huawei": ("هواوي",),
    "kunlun": ("كونلون",),
}
TERMS = {
    name: Term(
        id=name,
        label=forms[0],
        label_en=name.title(),
        forms=tuple(Form(text=form) for form in forms),
        importance={"h20": 3, "kunlun": 1}.get(name, 2),
    )
    for name, forms in WORDS.items()
}
SUBSCRIPTION = Subscription(
    id="analysts",
    name="نشرة الرقائق",
    terms=("nvidia", "h20", "huawei", "kunlun"),
    schedule="daily 07:00",
    timezone="Asia/Riyadh",
    language="ar",
    channels=(Channel(kind="file", recipients=("out",)),),
)


def mentions(title: str, text: str, *, status: str = "matched") -> tuple[Mention, ...]:
    """Every form of every term, wherever it stands."""
    return tuple(
        Mention(
            term=term,
            field=field,  # type: ignore[arg-type]
            start=match.start(),
            end=match.end(),
            text=match[0],
            status=status,  # type: ignore[arg-type]
            form=form,
            why=Reason(ar="الصيغة كما هي", en="the form as it stands"),
        )
        for term, forms in WORDS.items()
        for form in forms
        for field, where in (("title", title), ("text", text))
        for match in re.finditer(rf"(?<![أ-ي]){form}", where)
    )


def article(number: int, title: str, text: str = "", *, hours: float = 5, **changes: Any) -> ReportArticle:
    """An article published some hours ago, with its mentions found."""
    status = changes.pop("status", "matched")
    published = NOW - timedelta(hours=hours)
    values: dict[str, Any] = {
        "id": number,
        "url": f"https://news.example/{number}",
        "outlet": f"صحيفة {number}",
        "title": title,
        "text": text,
        "published": published,
        "first_seen": published + timedelta(minutes=5),
        "language": "ar",
        "relation": "new",
        "original": None,
        "copy_why": Reason(ar="", en=""),
        "story_id": number,
        "story_why": Reason(ar="", en=""),
        "story_reported": False,
        "mentions": mentions(title, text, status=status),
    }
    return ReportArticle(**(values | changes))


def found_late(one: ReportArticle, *terms: str) -> ReportArticle:
    """The article with its mentions of these terms (of all where none is named) found by a changed watchlist."""
    return replace(
        one,
        mentions=tuple(replace(mention, late=not terms or mention.term in terms) for mention in one.mentions),
    )


def digest(*articles: ReportArticle, **changes: Any) -> Digest:
    """The digest of these articles; changes are of the subscription."""
    values = {name: getattr(SUBSCRIPTION, name) for name in SUBSCRIPTION.__slots__} | changes
    return compose(
        Subscription(**values),
        articles,
        window=WINDOW,
        terms=TERMS,
        term_days={"nvidia": (1, 2, 0, 3, 0, 0, 4)},
        failed_feeds=(),
        now=NOW,
    )


def marked(snippet: Snippet) -> str:
    """A snippet with its hits in brackets."""
    text = snippet.text
    for hit in reversed(snippet.hits):
        text = f"{text[: hit.start]}[{text[hit.start : hit.end]}]{text[hit.end :]}"
    return text
