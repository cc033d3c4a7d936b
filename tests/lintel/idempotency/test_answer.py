import pytest

from lintel.idempotency import MAX_BODY_BYTES, Answer


class TestAnswer:
    @pytest.mark.parametrize("body", [b"", b"{}", b"x" * MAX_BODY_BYTES])
    def test_is_unpacked_as_it_was(self, body: bytes) -> None:
        answer = Answer(202, {"location": "/x"}, body)
        assert Answer.unpacked(202, {"location": "/x"}, answer.packed()) == answer

    def test_is_packed_small(self) -> None:
        assert len(Answer(200, {}, b'{"score": 0.1}' * 1_000).packed()) < 1_400

    def test_has_a_bound(self) -> None:
        with pytest.raises(ValueError, match="more than 2097152 bytes"):
            Answer(200, {}, b"x" * (MAX_BODY_BYTES + 1))
