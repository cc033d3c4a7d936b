import dataclasses

import pytest

from lintel.errors import FieldError, InvalidInput, NotFound, ServiceError, TooManyRequests, Unavailable

FIELD = FieldError("/body/email", "Field required", "missing")


class TestServiceError:
    def test_says_its_title_where_nothing_better_is_known(self) -> None:
        assert (str(NotFound()), NotFound().detail) == ("Not found", "Not found")

    def test_says_what_happened_this_time(self) -> None:
        error = NotFound("There is no analysis 7.")
        assert (str(error), error.detail) == ("There is no analysis 7.", "There is no analysis 7.")

    def test_keeps_its_own_copy_of_the_fields_at_fault(self) -> None:
        fields = [FIELD]
        error = InvalidInput(errors=fields)
        fields.clear()
        assert error.errors == (FIELD,)

    @pytest.mark.parametrize("kind", [ServiceError, NotFound, TooManyRequests])
    def test_knows_no_better_time_unless_told(self, kind: type[ServiceError]) -> None:
        assert kind().retry_after is None
        assert kind(retry_after=30).retry_after == 30


class TestUnavailable:
    def test_makes_sense_again_after_a_second(self) -> None:
        assert Unavailable().retry_after == 1

    def test_takes_a_better_guess_and_everything_else(self) -> None:
        error = Unavailable("The database does not answer.", errors=[FIELD], retry_after=30)
        assert (error.detail, error.errors, error.retry_after) == ("The database does not answer.", (FIELD,), 30)


class TestFieldError:
    def test_cannot_be_changed(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            FIELD.message = "x"  # type: ignore[misc]
        assert FIELD.message == "Field required"
