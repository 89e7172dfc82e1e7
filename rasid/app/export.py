"""What is carried out: a watchlist's or a story's feed, and the mentions as rows for a spreadsheet or a program."""

from __future__ import annotations

import html
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

from alerts.feeds_out import TYPES, WRITERS, OutFeed, feed_of, story_feed_of
from rasid.digest import compose
from rasid.errors import RasidError
from rasid.snippets import around, best, sentences
from rasid.types import Hit, Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from rasid.app.context import Rasid
    from rasid.config import Config
    from rasid.types import Language, ReportArticle, Snippet
    from storage.exports import ExportedMention, Wanted

STORIES = 50
"""In a watchlist's feed: readers that ask once a day miss nothing of the busiest list."""
REACH = timedelta(days=90)
"""How old a story may be in a feed; bounds what the database looks at for a list whose names are everywhere."""

_LANGUAGES = ("ar", "und")  # of articles, as in Arabic digests
_EVER = timedelta(days=36_500)


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────


def watchlist_feed(rasid: Rasid, watchlist_id: str, now: datetime, self_url: str | None) -> OutFeed | None:
    """The latest stories whose news name a term of a watchlist; None: there is no such list.

    Args:
        rasid: The operators' files and the corpus.
        watchlist_id: The stem of its file.
        now: Stories that are older than `REACH` are left out.
        self_url: Where the feed is had in the format that is asked for; its host is part of the entries' ids.
    """
    lists = {one.id: one for one in rasid.config.watchlists}
    if watchlist_id not in lists:
        return None
    watchlist = lists[watchlist_id]
    terms = tuple(term.id for term in watchlist.terms)
    since = now - REACH
    ids = rasid.store.stories_naming(terms, _LANGUAGES, since=since, limit=STORIES)
    digest = compose(
        _reader(terms),
        rasid.store.story_reports(ids, terms),
        window=(since, now),
        terms=rasid.config.terms,
        term_days={},
        failed_feeds=(),
        now=now,
    )
    return feed_of(watchlist.name, watchlist_id, digest, _labels(rasid.config), self_url, STORIES)


def _reader(terms: tuple[str, ...]) -> Subscription:
    """Who a feed is for, as the composer asks: all terms, articles of any age."""
    return Subscription(
        id="feed",
        name="",
        terms=terms,
        schedule="immediate",
        timezone="UTC",
        language="ar",
        channels=(),
        max_stories=STORIES,
        max_age=_EVER,
    )


def story_feed(
    rasid: Rasid,
    story_id: int,
    now: datetime,  # noqa: ARG001 - one shape with watchlist_feed, for those who serve both
    self_url: str | None,
) -> OutFeed | None:
    """The articles of a story, or of the one that it was merged into; None: there is no such story.

    Args:
        rasid: The operators' files and the corpus.
        story_id: As digests and `rasid stories` name it.
        now: The time; a story's feed holds articles of any age.
        self_url: As in `watchlist_feed`.
    """
    row = rasid.store.story(story_id)
    if row is None:
        return None
    articles = rasid.store.story_reports([row.id], tuple(rasid.config.terms))
    quoted = [(one, _quotation(one)) for one in articles]
    return story_feed_of(row.id, row.headline, quoted, _labels(rasid.config), self_url)


def _quotation(article: ReportArticle) -> Snippet | None:
    """The sentence or two that name most; the first one where none names anything."""
    hits = [
        Hit(one.start, one.end, one.term)
        for one in article.mentions
        if one.field == "text" and one.status == "matched"
    ]
    return best(article.text, hits) or best(article.text, ())


def _labels(config: Config) -> Mapping[str, str]:
    return {term.id: term.label for term in config.terms.values()}


def write_feeds(
    rasid: Rasid, folder: Path, now: datetime, *, base: str | None, stories: Sequence[int] = ()
) -> list[Path]:
    """Write every watchlist's feed in all formats, those of some stories, and an index.html that links them.

    Args:
        rasid: The operators' files and the corpus.
        folder: Made where it is not there. Each file is written whole or not at all.
        now: The time.
        base: The address under which the folder will be served; None: the feeds do not say where they are.
        stories: Ids of stories whose feeds are written, too.

    Raises:
        RasidError: There is no such story, or the folder cannot be written.
    """
    found = {one.id: watchlist_feed(rasid, one.id, now, base) for one in rasid.config.watchlists}
    found |= {f"stories/{story_id}": story_feed(rasid, story_id, now, base) for story_id in stories}
    if missing := [name.partition("/")[2] for name, feed in found.items() if feed is None]:
        raise RasidError(f"there is no story {', '.join(missing)}; `rasid stories list` shows their ids")
    feeds = {name: feed for name, feed in found.items() if feed is not None}
    contents = {
        f"{name}.{ending}": write(
            replace(feed, self_url=f"{base.rstrip('/')}/{name}.{ending}" if base else None)
        )
        for name, feed in feeds.items()
        for ending, write in WRITERS.items()
    }
    contents["index.html"] = _index(feeds).encode()
    for name, content in contents.items():
        with whole_file(folder / name) as file:
            file.write(content)
    return [folder / name for name in contents]


def _index(feeds: Mapping[str, OutFeed]) -> str:
    """A page that a person can open and a feed reader can be pointed at."""
    links, heads = [], []
    for name, feed in feeds.items():
        shown = html.escape(feed.title)
        formats = " · ".join(f'<a href="{name}.{ending}">{ending.upper()}</a>' for ending in WRITERS)
        links.append(f"<li>{shown}: {formats}</li>")
        heads += [
            f'<link rel="alternate" type="{TYPES[ending]}" title="{shown}" href="{name}.{ending}">'
            for ending in WRITERS
        ]
    head = f'<meta charset="utf-8"><title>راصد</title>{"".join(heads)}'
    return (
        f'<!doctype html>\n<html lang="ar" dir="rtl"><head>{head}</head>\n'
        f"<body><h1>راصد</h1><ul>{''.join(links)}</ul></body></html>\n"
    )


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to be written: it takes its place at the end of the block, whole, or nothing is changed.

    Raises:
        RasidError: It cannot be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            yield cast("BinaryIO", file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # temporary files are private, but what is carried out is to be read
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise RasidError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


# ── mentions ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class MentionRow:
    """One row of an export, in the order of its columns; times are ISO 8601 in UTC."""

    article: int  # its id
    url: str
    outlet: str
    title: str
    published: str
    first_seen: str
    language: str
    relation: str
    original: int | None  # id of the article that this one copies, extends or revises
    story: int
    term: str
    watchlist: str  # that holds the term now; empty: none any more
    form: str  # of the watchlist
    text: str  # as it stands in the article
    field: str
    start: int  # code points of the field
    end: int
    status: str
    why: str
    sentence: str  # around it


def mention_rows(rasid: Rasid, wanted: Wanted, language: Language = "ar") -> Iterator[MentionRow]:
    """The mentions that are wanted, in the order in which they were found, a few hundred in memory at a time.

    Args:
        rasid: The operators' files and the corpus.
        wanted: Which.
        language: Of the reasons.
    """
    lists = {term.id: watchlist.id for watchlist in rasid.config.watchlists for term in watchlist.terms}
    known: tuple[int, Sequence[tuple[int, int]]] = (0, ())  # sentences of the article that is at hand
    for one in rasid.store.export_mentions(wanted):
        if one.article_id != known[0]:
            known = (one.article_id, sentences(one.text))
        yield _row(one, lists.get(one.mention.term, ""), _sentence(one, known[1]), language)


def _sentence(one: ExportedMention, spans: Sequence[tuple[int, int]]) -> str:
    """The sentence with a mention, cut around it where it is long; of a title all of it."""
    mention = one.mention
    if mention.field == "title":
        return " ".join(one.title.split())
    holding = next((span for span in spans if span[0] <= mention.start < span[1]), None)
    if holding is None:
        return mention.text
    hit = Hit(mention.start, mention.end, mention.term)
    return " ".join(around(one.text, holding, mention.start, [hit]).text.split())


def _row(one: ExportedMention, watchlist: str, sentence: str, language: Language) -> MentionRow:
    mention = one.mention
    return MentionRow(
        article=one.article_id,
        url=one.url,
        outlet=one.outlet,
        title=one.title,
        published=_stamp(one.published),
        first_seen=_stamp(one.first_seen),
        language=one.language,
        relation=one.relation,
        original=one.original,
        story=one.story_id,
        term=mention.term,
        watchlist=watchlist,
        form=mention.form,
        text=mention.text,
        field=mention.field,
        start=mention.start,
        end=mention.end,
        status=mention.status,
        why=mention.why.ar if language == "ar" else mention.why.en,
        sentence=sentence,
    )


def _stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
