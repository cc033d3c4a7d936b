"""What a protection is, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Protection:
    """A few words of the source that keep somebody from something, and the tests that miss them.

    Attributes:
        name: From what it protects, in one sentence.
        file: Where it stands, from the root of the repository.
        text: The very text; it stands there once.
        without: What stands there when the protection is gone and everything else still runs.
        tests: Node ids of tests that fail then, each of them by what it asserts.
    """

    name: str
    file: str
    text: str
    without: str
    tests: tuple[str, ...]

    def taken_out_of(self, source: str) -> str:
        """The source of its file without it.

        Raises:
            ValueError: The text does not stand there, or not only once.
        """
        times = source.count(self.text)
        if times != 1:
            raise ValueError(f"{self.file} has the text of this protection {times} times, not once: {self.name}")
        return source.replace(self.text, self.without)
