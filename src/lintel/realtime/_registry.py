"""Who is connected to this process."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from lintel.pubsub import Subscription
from lintel.realtime._connection import Connection


class Registry:
    """All connections, by themselves and by their user's channel.

    Attributes:
        news: Told to hear the channels of those who are connected; None while nobody listens to it.
    """

    def __init__(self, access_channel: Callable[[int], str]) -> None:
        self._access_channel = access_channel
        self._all: set[Connection] = set()
        self._by_channel: dict[str, set[Connection]] = {}
        self.news: Subscription | None = None

    @property
    def all(self) -> Collection[Connection]:
        """Everybody."""
        return self._all

    def of_user(self, user_id: int) -> Collection[Connection]:
        """Those of one user."""
        return self.on(self._access_channel(user_id))

    def on(self, access_channel: str) -> Collection[Connection]:
        """Those of the user whose channel it is."""
        return self._by_channel.get(access_channel, ())

    @contextmanager
    def holding(self, connection: Connection) -> Iterator[None]:
        """One more while the block runs."""
        channel = self._access_channel(connection.access.principal.id)
        self._all.add(connection)
        self._by_channel.setdefault(channel, set()).add(connection)
        if self.news is not None:
            self.news.add(channel)
        try:
            yield
        finally:
            self._all.discard(connection)
            self._by_channel[channel].discard(connection)
            if not self._by_channel[channel]:
                del self._by_channel[channel]
                if self.news is not None:
                    self.news.discard(channel)
