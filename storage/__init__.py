"""Memory: schema, migrations and queries; SQLite by default, PostgreSQL by URL."""

from storage.store import Store, open_store
from storage.values import ArchivedArticle, DigestRow, RunRow, StoredArticle, WatchlistVersion

__all__ = [
    "ArchivedArticle",
    "DigestRow",
    "RunRow",
    "Store",
    "StoredArticle",
    "WatchlistVersion",
    "open_store",
]
