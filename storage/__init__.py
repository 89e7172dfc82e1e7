"""Memory: schema, migrations and queries; SQLite by default, PostgreSQL by URL."""

from storage.store import Store, open_store
from storage.values import DigestRow, RunRow, StoredArticle

__all__ = ["DigestRow", "RunRow", "Store", "StoredArticle", "open_store"]
