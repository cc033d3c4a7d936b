"""The endpoint that every application of the bench answers: async, JSON, with a response model, without a database."""

from datetime import UTC, datetime

from pydantic import BaseModel

PATH = "/item"
CREATED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Item(BaseModel):
    """Something small with a few kinds of field."""

    id: int
    name: str
    price: float
    tags: list[str]
    created_at: datetime


async def read_item() -> Item:
    """Read the item."""
    return Item(id=7, name="A lintel", price=19.5, tags=["stone", "oak"], created_at=CREATED_AT)
