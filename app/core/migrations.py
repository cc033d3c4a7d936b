"""Where this service's migrations are."""

from pathlib import Path

from lintel.db import Migrations

MIGRATIONS = Migrations(Path(__file__).resolve().parent.parent.parent / "alembic")
