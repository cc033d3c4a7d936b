"""What is switched on for whom: declared in code, decided by the environment, a table or any OpenFeature provider."""

from lintel.flags._configured import flags_of
from lintel.flags._flag import Flag, Rule, bucket_of
from lintel.flags._port import Flags
from lintel.flags._stored import CHANGED, StoredFlags
from lintel.flags._table import FlagMixin

__all__ = ["CHANGED", "Flag", "FlagMixin", "Flags", "Rule", "StoredFlags", "bucket_of", "flags_of"]
