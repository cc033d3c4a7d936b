"""Kinds of path parameters beyond Starlette's."""

from starlette.convertors import Convertor, register_url_convertor

NUMBER = "number"
"""What they are called in a path: `/users/{user_id:number}`."""


class NumberConvertor(Convertor[str]):
    """A segment that may be meant for a number: it does not begin with a letter of ASCII.

    So `/users/search` and `/users/{user_id:number}` do not overlap. Without that, a method that only the second one has
    is tried on `search`, and the answer is that `search` is no number rather than which methods there are. What does
    not begin with a letter is for the endpoint to judge: Starlette's own `int` lets nothing but digits through, so that
    `-1` would be not found, and fails with very many of them.
    """

    regex = "[^/A-Za-z][^/]*"

    def convert(self, value: str) -> str:
        """The text: whether it is a number is judged with all other input."""
        return value

    def to_string(self, value: object) -> str:
        """What stands in an address."""
        return str(value)


register_url_convertor(NUMBER, NumberConvertor())
