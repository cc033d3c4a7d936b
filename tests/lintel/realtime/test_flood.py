from lintel.realtime._flood import Allowance


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_twice_as_many_at_once_and_so_many_a_second_for_long() -> None:
    clock = Clock()
    allowance = Allowance(5, clock=clock)
    assert [allowance.take() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(10):
        clock.now += 1
        assert [allowance.take() for _ in range(6)] == [True] * 5 + [False]


def test_silence_earns_no_more_than_a_burst() -> None:
    clock = Clock()
    allowance = Allowance(0.1, clock=clock)
    clock.now += 3_600
    assert [allowance.take() for _ in range(2)] == [True, False]
