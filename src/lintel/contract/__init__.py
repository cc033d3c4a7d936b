"""What a new OpenAPI document breaks for those who wrote clients by the one before."""

from lintel.contract._breaks import breaking_changes
from lintel.contract._meant import Verdict, judge

__all__ = ["Verdict", "breaking_changes", "judge"]
