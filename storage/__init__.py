"""Memory: schema, migrations and queries; SQLite by default, PostgreSQL by URL."""

from storage.store import Store, open_store
from storage.values import (
    ArchivedArticle,
    Arrival,
    CorpusCounts,
    DigestRow,
    KeptPage,
    NewArticle,
    OutletLine,
    ReindexArticle,
    ReindexState,
    Rejudged,
    RunRow,
    StoredArticle,
    StoryArticle,
    StoryEdit,
    StoryRow,
    WatchlistVersion,
)

__all__ = [
    "ArchivedArticle",
    "Arrival",
    "CorpusCounts",
    "DigestRow",
    "KeptPage",
    "NewArticle",
    "OutletLine",
    "ReindexArticle",
    "ReindexState",
    "Rejudged",
    "RunRow",
    "Store",
    "StoredArticle",
    "StoryArticle",
    "StoryEdit",
    "StoryRow",
    "WatchlistVersion",
    "open_store",
]
