"""Whether all that one side may send is read by the other."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lintel.contract._document import Document, Part

UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
TO_STAY = (
    *("pattern", "format", "multipleOf", "uniqueItems", "contentMediaType", "contentEncoding"),
    *("allOf", "not", "if", "then", "else", "prefixItems", "patternProperties", "propertyNames", "dependentRequired"),
)
"""What restricts in ways that are not compared further: where the reader has it, the sender must have the same."""


@dataclass
class Comparison:
    """Compares schemas for one direction.

    In requests clients that know `before` send to a service that reads `after`; in answers it is the other way round.
    Faults are named by the shared schema in which they are, once however many operations use it.
    """

    before: Document
    after: Document
    in_answers: bool
    _known: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def faults(self, old: Part, new: Part, at: str) -> set[str]:
        """What no longer fits; each begins with where it is."""
        found = set() if self.in_answers else set(self._default(old, new, at))
        names = self.before.name_of(old), self.after.name_of(new)
        if names[0] is None or names[1] is None:
            return found | self._compared(old, new, at)
        if names[0] == names[1]:
            at = names[0].rpartition("/")[2]
        key = names[0], names[1]
        if key not in self._known:
            self._known[key] = set()  # for what refers to itself
            self._known[key] = self._compared(old, new, at)
        return found | self._known[key]

    def _compared(self, old: Part, new: Part, at: str) -> set[str]:
        olds, news = list(self.before.alternatives(old)), list(self.after.alternatives(new))
        if len(olds) == len(news) == 1:
            return set(self._single(self.before.resolved(olds[0]), self.after.resolved(news[0]), at))
        return {fault for sent in (news if self.in_answers else olds) for fault in self._unread(sent, olds, news, at)}

    def _unread(self, sent: Part, olds: list[Part], news: list[Part], at: str) -> set[str]:
        """What is wrong with one alternative that may be sent, if none that is read takes it."""
        pairs = [(old, sent) for old in olds] if self.in_answers else [(sent, new) for new in news]
        found = [(self.faults(old, new, at), self._likeness(old, new)) for old, new in pairs]
        if not all(faults for faults, _ in found):
            return set()
        closest = max((likeness for _, likeness in found), default=0)
        nearest = [faults for faults, likeness in found if likeness == closest]
        if closest and len(nearest) == 1:
            return nearest[0]
        return {self._said(at, f"{'may now be' if self.in_answers else 'no longer takes'} {_short(sent)}")}

    def _likeness(self, old: Part, new: Part) -> int:
        """Whether one may be what has become of the other: 2 by its name, 1 by its type."""
        names = self.before.name_of(old), self.after.name_of(new)
        if None not in names:
            return 2 if names[0] == names[1] else 0
        type_ = self.before.resolved(old).get("type")
        return int(type_ is not None and type_ == self.after.resolved(new).get("type"))

    def _single(self, old: Part, new: Part, at: str) -> Iterator[str]:
        sent, read = (new, old) if self.in_answers else (old, new)
        if not _has_type_of(sent, read):
            yield self._said(at, f"is {new.get('type', 'anything')}, was {old.get('type', 'anything')}")
            return
        yield from self._values(sent, read, at)
        for keyword in (*UPPER, *LOWER, *TO_STAY):
            if keyword in read and not _is_within(keyword, sent.get(keyword), read[keyword]):
                yield self._said(at, f"{keyword} is {_value(new, keyword)}, was {_value(old, keyword)}")
        if "items" in read:
            yield from self.faults(old.get("items", {}), new.get("items", {}), f"{at}[]")
        yield from self._fields(old, new, at)

    def _values(self, sent: Part, read: Part, at: str) -> Iterator[str]:
        allowed, possible = _values_of(read), _values_of(sent)
        if allowed is None:
            return
        if possible is None:
            yield self._said(at, "may now be any value" if self.in_answers else f"now takes only {allowed}")
            return
        words = "may now be" if self.in_answers else "no longer takes"
        yield from (self._said(at, f"{words} {value!r}") for value in possible if value not in allowed)

    def _fields(self, old: Part, new: Part, at: str) -> Iterator[str]:
        olds, news = old.get("properties", {}), new.get("properties", {})
        required = set(old.get("required", ())), set(new.get("required", ()))
        for name in olds:
            if name in news:
                yield from self.faults(olds[name], news[name], f"{at}.{name}")
            else:
                yield self._said(f"{at}.{name}", "is gone")
        if self.in_answers:
            missing = (required[0] - required[1]) & news.keys()
            yield from (self._said(f"{at}.{name}", "may now be missing") for name in missing)
        else:
            yield from (self._said(f"{at}.{name}", "is now required") for name in required[1] - required[0])
        yield from self._further(old.get("additionalProperties", True), new.get("additionalProperties", True), at)

    def _further(self, old: Any, new: Any, at: str) -> Iterator[str]:
        """Fields that have no name in the schema. Clients must expect such in answers."""
        if new is False and old is not False and not self.in_answers:
            yield self._said(at, "no longer takes other fields")
        if isinstance(new if not self.in_answers else old, dict) and old is not False and new is not False:
            yield from self.faults(self.before.resolved(old), self.after.resolved(new), f"{at}.*")

    def _default(self, old: Part, new: Part, at: str) -> Iterator[str]:
        if "default" in old and new.get("default") != old["default"]:
            yield self._said(at, f"its default is {_value(new, 'default')}, was {_value(old, 'default')}")

    def _said(self, at: str, what: str) -> str:
        return f"{at} in {'answers' if self.in_answers else 'requests'}: {what}"


def _has_type_of(sent: Part, read: Part) -> bool:
    wanted, given = read.get("type"), sent.get("type")
    return wanted in {None, given} or (wanted == "number" and given == "integer")


def _is_within(keyword: str, sent: Any, read: Any) -> bool:
    if keyword in TO_STAY or sent is None:
        return bool(sent == read)
    return bool(sent <= read if keyword in UPPER else sent >= read)


def _values_of(schema: Part) -> list[Any] | None:
    values: list[Any] | None = [schema["const"]] if "const" in schema else schema.get("enum")
    return values


def _value(schema: Part, keyword: str) -> str:
    return repr(schema[keyword]) if keyword in schema else "not there"


def _short(schema: Part) -> str:
    named: str = schema.get("$ref", "")
    return named.rpartition("/")[2] or str(schema.get("type", "anything"))
