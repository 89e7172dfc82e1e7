"""Migrations, run by Alembic through storage.migrate."""
