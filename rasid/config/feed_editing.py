"""Machine edits of feeds.yaml: feeds added at the end of the list, comments and layout kept.

The same splices as those of `rasid.config.editing`: the new text is read again and compared with what was meant.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain, count, pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rasid.config.editing import Splice, append_items, append_lines, quoted, spliced, with_change
from rasid.config.places import read_source
from rasid.config.values import SLUG, URL_JUNK, url_key
from rasid.errors import EditError
from rasid.urls import canonical_url

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from rasid.config.places import Place, Source
    from rasid.types import Feed

_MAX_ID = 64  # characters, as `values.Slug` has it
_HOST_PREFIXES = ("www", "rss", "feeds", "feed", "m", "ar", "arabic")
_SECOND_LEVEL = frozenset({"com", "co", "net", "org", "gov", "edu", "ac", "info", "media"})
_PARTS = re.compile(r"\s+[-–—|•:»«/]+\s+|\s*[|»«•]\s*|\s+::\s+")
_FEED_WORDS = re.compile(
    r"\b(?:rss(?: ?2\.0)?|atom)(?: feeds?)?\b|\bfeeds?\b|\bخلاص(?:ة|ات)\b|\bموجز(?:ات)?\b", re.IGNORECASE
)
# What a part of a feed's title is made of where it names a section and not the outlet.
_SECTIONS = re.compile(
    r"(?:(?:home|homepage|news|tech|technology|science|all|latest|الرئيسية|(?:ال)?(?:أخبار|اخبار|تقنية|تكنولوجيا|مقالات|علوم)"
    r"|جديد|أحدث|[آا]خر)\b\s*)+",
    re.IGNORECASE,
)


def add_feeds(text: str, feeds: Sequence[Feed]) -> str:
    """Add feeds at the end of the list, laid out as the others are.

    Raises:
        EditError: An id or an address is listed already, or given twice; there is no list of feeds.
    """
    source = read_source(text)
    listed = source.places.children.get("feeds")
    if listed is None or listed.kind != "list":
        raise EditError(0, "there is no list 'feeds'; write `feeds: []` at the end of the file first")
    _refuse_twins(source, feeds)
    if not feeds:
        return text
    items = [_fields(feed) for feed in feeds]
    splice = _block(source, listed, items) if not listed.flow or not listed.children else None
    splice = splice or append_items(source, listed, items)
    return spliced(source, [splice], with_change(source.root, ("feeds",), lambda known: (*known, *items)))


def importable(text: str, feeds: Iterable[Feed]) -> tuple[list[Feed], list[str]]:
    """The feeds of a foreign list that can be added, with ids and names; of the others, why not, in words."""
    source = read_source(text)
    taken = {str(value) for _, value in source.document.select("feeds.*.id")}
    urls = {
        url_key(str(value)): f"is listed already (id {source.value((*path[:-1], 'id'))})"
        for path, value in source.document.select("feeds.*.url")
    }
    added, skipped = [], []
    for feed in feeds:
        try:
            url = _listable(feed.url)
        except ValueError as error:
            skipped.append(str(error))
            continue
        if url_key(url) in urls:
            skipped.append(f"{url} {urls[url_key(url)]}")
            continue
        fresh = SLUG.fullmatch(feed.id) and feed.id not in taken
        feed_id = feed.id if fresh else new_id(canonical_url(url), taken, feed.name)
        added.append(replace(feed, id=feed_id, url=url, name=feed.name or new_name("", url)))
        taken.add(feed_id)
        urls[url_key(url)] = "stands twice in the file"
    return added, skipped


def _listable(url: str) -> str:
    """The address as feeds.yaml takes it: as it stands, else its canonical form; ValueError where it is none."""
    canonical = canonical_url(url)
    return canonical if URL_JUNK.search(url) else url


def listed_ids(text: str) -> frozenset[str]:
    """The ids that feeds.yaml has given away, those of searches included."""
    return frozenset(str(value) for _, value in read_source(text).document.select("feeds.*.id"))


def line_of_feed(text: str, feed_id: str) -> int:
    """The line on which a feed stands; 0 where it is none of the file's own (one term of a search)."""
    source = read_source(text)
    found = source.document.select("feeds.*.id")
    return next((source.line(path[:-1]) for path, value in found if value == feed_id), 0)


# ── names for a new feed ──────────────────────────────────────────────────────────────────────────


def new_id(url: str, taken: Collection[str], title: str = "") -> str:
    """An id for a feed, not among those `taken`: its host without what all hosts have, else its title's Latin words."""
    parts = urlsplit(url)
    labels = (parts.hostname or "").split(".")
    if not re.fullmatch(r"[\d.]+", parts.hostname or ""):
        labels = labels[:-1] or labels
        while len(labels) > 1 and labels[-1] in _SECOND_LEVEL:
            labels.pop()
        while len(labels) > 1 and labels[0] in _HOST_PREFIXES:
            labels.pop(0)
    section = [
        part for part in parts.path.split("/") if not _FEED_WORDS.fullmatch(part.rpartition(".")[0] or part)
    ]
    host, latin = _slug("-".join(labels)), _slug(title)
    if host.startswith("xn--") or labels == ["feedburner"]:
        host = latin or host
    sections = [slug for part in section[-1:] if (slug := _slug(part.partition(".")[0]))]
    names = chain(
        [host], (f"{host}-{slug}" for slug in sections), (f"{host}-{number}" for number in count(2))
    )
    return next(name for name in (_cut(name) for name in names) if name not in taken)


def _cut(name: str) -> str:
    """A name with its end kept, which tells it from others."""
    return name if len(name) <= _MAX_ID else name[-_MAX_ID:].lstrip("-")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")


def new_name(title: str, url: str) -> str:
    """An outlet's name out of a feed's title: without tagline, section and the word RSS; else the host."""
    parts = [" ".join(_FEED_WORDS.sub(" ", part).split()).strip(" -–—|:،") for part in _PARTS.split(title)]
    named = [part for part in parts if part and not _SECTIONS.fullmatch(part)]
    host = (urlsplit(url).hostname or url).removeprefix("www.")
    return next(iter(named), "") or next(filter(None, parts), "") or host


# ── the splice ────────────────────────────────────────────────────────────────────────────────────


def _fields(feed: Feed) -> dict[str, object]:
    """The keys of a feed in the file's order; what is a default is left out."""
    links = {"links": feed.links or "auto"} if feed.kind == "page" else {}
    category = {} if feed.category == "general" else {"category": feed.category}
    enabled = {} if feed.enabled else {"enabled": False}
    return {"id": feed.id, "name": feed.name, "url": feed.url, **links, **category, **enabled}


def _block(source: Source, feeds: Place, items: Sequence[dict[str, object]]) -> Splice:
    """The lines of feeds, with a blank one before each where the feeds of the file are set apart."""
    if not feeds.children:
        lines = [line for item in items for line in ("", *_item_lines(item, 2))][1:]
        start = source.places.keys["feeds"].end + 1
        return start, feeds.end, "".join(f"{source.newline}{'  ' * bool(line)}{line}" for line in lines)
    known = list(feeds.children.values())
    gaps = [source.text[one.end : other.start] for one, other in pairwise(known)]
    apart = any(re.search(r"\n[ \t]*\r?\n", gap) for gap in gaps)
    width = known[-1].start - source.dash(known[-1]) if not known[-1].flow else 2
    lines = [line for item in items for line in (*[""] * apart, *_item_lines(item, width))]
    return append_lines(source, feeds, lines)


def _item_lines(fields: dict[str, object], width: int) -> Iterator[str]:
    """A feed as the lines of a block list's item whose keys stand `width` characters behind its dash."""
    for number, (key, value) in enumerate(fields.items()):
        written = quoted(value) if isinstance(value, str) else str(value).lower()
        yield f"{'-'.ljust(width) if number == 0 else ' ' * width}{key}: {written}"


def _refuse_twins(source: Source, feeds: Sequence[Feed]) -> None:
    ids = {value: source.line(path) for path, value in source.document.select("feeds.*.id")}
    urls = {
        url_key(str(value)): (source.line(path), source.value((*path[:-1], "id")))
        for path, value in source.document.select("feeds.*.url")
    }
    for feed in feeds:
        if feed.id in ids:
            raise EditError(ids[feed.id], f"the feed id '{feed.id}' is taken; choose another")
        if url_key(feed.url) in urls:
            line, owner = urls[url_key(feed.url)]
            raise EditError(line, f"{feed.url} is listed already (id {owner})")
        ids[feed.id] = 0
        urls[url_key(feed.url)] = 0, feed.id
