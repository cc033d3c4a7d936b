import pytest

from lintel.errors import TooManyRequests
from lintel.realtime import StreamPlaces


def test_each_user_has_so_many_and_gets_them_back() -> None:
    places = StreamPlaces(2)
    with places.taken_by(1), places.taken_by(2):
        with places.taken_by(1):
            with pytest.raises(TooManyRequests) as refused, places.taken_by(1):
                pass
            assert refused.value.retry_after
            assert len(places) == 3
        with places.taken_by(1):
            pass
    assert len(places) == 0
