"""Which bytes a request asks for (RFC 9110, 14)."""

import re
from collections.abc import Sequence

MAX_RANGES = 100
MAX_DIGITS = 19
"""Of a position in a file; there are no larger ones."""
_RANGE = re.compile(rf"([0-9]{{0,{MAX_DIGITS}}})-([0-9]{{0,{MAX_DIGITS}}})", re.ASCII)

Part = tuple[int, int]
"""The first byte, and that behind the last."""


class NotSatisfiable(Exception):
    """None of the parts asked for lies within the file."""


def parts_asked(header: str, size: int) -> Sequence[Part]:
    """The parts of a file that a `Range` header asks for, in their order and apart from each other.

    None if the header says nothing that could be followed: another unit, a slip, more than 100 parts. The file is then
    sent as a whole, as if it had not been asked for in parts. Overlapping parts become one, so that no request is
    answered with more than the file.

    Raises:
        NotSatisfiable: It asks for parts, but for none within the file.
    """
    unit, equals, rest = header.partition("=")
    specs = rest.split(",", MAX_RANGES)
    matches = [_RANGE.fullmatch(spec.strip()) for spec in specs]
    if unit.strip().lower() != "bytes" or not equals or len(specs) > MAX_RANGES:
        return []
    found = []
    for match in matches:
        if match is None or match[0] == "-" or (match[1] and match[2] and int(match[1]) > int(match[2])):
            return []
        found.append(_part(match[1], match[2], size))
    within = sorted((start, behind) for start, behind in found if start < behind)
    if not within:
        raise NotSatisfiable
    return _merged(within)


def _part(first: str, last: str, size: int) -> Part:
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def _merged(parts: Sequence[Part]) -> list[Part]:
    merged = [parts[0]]
    for start, behind in parts[1:]:
        before = merged[-1]
        if start <= before[1]:
            merged[-1] = (before[0], max(before[1], behind))
        else:
            merged.append((start, behind))
    return merged
