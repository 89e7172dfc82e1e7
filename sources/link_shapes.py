"""Whether an address on a site's own pages looks like that of an article: by its path alone."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_TWIN_HOST = re.compile(r"\A(?:www|m|mobile|amp)\.")
_FILE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|pdf|mp[34]|zip|xml|css|js|ico|docx?|xlsx?|apk)\Z", re.IGNORECASE
)
_DATE = re.compile(r"(?:19|20)\d\d[/-]?(?:0?[1-9]|1[0-2])[/-]?(?:0?[1-9]|[12]\d|3[01])(?!\d)")
_NUMBER = re.compile(r"(?<!\d)(?!(?:19|20)\d\d(?!\d))\d{4,}")
_DOCUMENT = re.compile(r"\.(?:html?|aspx?|php|shtml)\Z", re.IGNORECASE)
# Whole segments of a path: what sites call their lists, their people and their small print.
# fmt: off
_LISTS = frozenset({
    "tag", "tags", "category", "categories", "cat", "author", "authors", "writer", "writers", "profile", "user",
    "users", "topic", "topics", "section", "sections", "archive", "archives", "page", "search", "login", "signin",
    "register", "account", "contact", "contact-us", "contactus", "about", "about-us", "aboutus", "privacy",
    "privacy-policy", "terms", "terms-of-use", "terms-and-conditions", "policy", "policies", "rss", "feed", "feeds",
    "subscribe", "subscription", "newsletter", "newsletters", "live", "advertise", "advertising", "careers", "jobs",
    "sitemap", "help", "faq", "schedule", "schedules", "podcasts", "programs", "special", "coverage", "files",
    "cdn-cgi", "wp-admin", "wp-login.php", "cart", "shop", "apps", "events", "share", "print",
    "وسم", "وسوم", "تصنيف", "تصنيفات", "كاتب", "الكاتب", "كتاب", "قسم", "أقسام", "اقسام", "أرشيف", "ارشيف", "بحث",
    "اتصل-بنا", "من-نحن", "عن-الموقع", "سياسة-الخصوصية", "شروط-الاستخدام", "صفحة", "ملفات", "تغطيات",
})
# fmt: on


def same_site(url: str, page: str) -> bool:
    """Whether an address is on the page's host or on one below or above it."""
    ours, other = (_TWIN_HOST.sub("", urlsplit(address).netloc) for address in (page, url))
    return ours == other or ours.endswith(f".{other}") or other.endswith(f".{ours}")


def is_list(url: str) -> bool:
    """Whether an address names a front page, a list, a file, or what is on every page of a site."""
    parts = urlsplit(url)
    segments = [unquote(segment).lower() for segment in parts.path.split("/") if segment]
    if not segments and not _NUMBER.search(parts.query):
        return True
    return bool(_FILE.search(parts.path)) or not _LISTS.isdisjoint(segments)


def article_evidence(url: str) -> int:
    """How much an address looks like an article's: 3 and more is enough where it has a headline, 0 is nothing."""
    parts = urlsplit(url)
    path = unquote(parts.path).rstrip("/")
    segments = [segment for segment in path.split("/") if segment]
    last = _DOCUMENT.sub("", segments[-1]) if segments else ""
    words = len([word for word in re.split(r"[-_+ ]", last) if len(word) > 1])
    return (
        2 * bool(_DATE.search(path))
        + 2 * bool(_NUMBER.search(path) or _NUMBER.search(parts.query))
        + (2 if words >= 4 else int(words == 3))
        + (len(segments) >= 2)
        + bool(_DOCUMENT.search(path))
        + (len(last) >= 20)
        + any(character.isdigit() for character in last)
    )
