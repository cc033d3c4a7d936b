import pytest

from lintel.files._ranges import NotSatisfiable, parts_asked


class TestPartsAsked:
    @pytest.mark.parametrize(
        ("header", "parts"),
        [
            ("bytes=0-0", [(0, 1)]),
            ("bytes=0-", [(0, 100)]),
            ("Bytes = 10-19", [(10, 20)]),
            ("bytes=90-1000", [(90, 100)]),
            ("bytes=-5", [(95, 100)]),
            ("bytes=-500", [(0, 100)]),
            ("bytes=0-9, 20-29", [(0, 10), (20, 30)]),
            ("bytes=20-29,0-9", [(0, 10), (20, 30)]),
            ("bytes=0-50,40-60,61-70", [(0, 71)]),
            ("bytes=0-9,500-", [(0, 10)]),
            ("bytes=" + ",".join(["0-1"] * 100), [(0, 2)]),
        ],
    )
    def test_are_in_order_and_apart(self, header: str, parts: list[tuple[int, int]]) -> None:
        assert parts_asked(header, 100) == parts

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-1",
            "bytes=+1-2",
            "bytes=1_0-20",
            "bytes=٣-٤",
            "bytes=0-1,",
            "items=0-1",
            "bytes=" + "9" * 20 + "-",
            "bytes=" + ",".join(["0-1"] * 101),
        ],
    )
    def test_what_cannot_be_followed_is_the_whole_file(self, header: str) -> None:
        assert parts_asked(header, 100) == []

    @pytest.mark.parametrize(
        ("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-5", 0)]
    )
    def test_none_within_the_file_cannot_be_satisfied(self, header: str, size: int) -> None:
        with pytest.raises(NotSatisfiable):
            parts_asked(header, size)
