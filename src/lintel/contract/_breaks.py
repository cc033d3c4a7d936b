"""The comparison of two documents, operation by operation."""

from collections.abc import Iterator
from typing import Any

from lintel.contract._document import Document, Part
from lintel.contract._schemas import Comparison
from lintel.openapi import METHODS


def breaking_changes(before: Part, after: Part) -> list[str]:
    """What may stop clients of one document from working with a service of another.

    Named are: operations, answers, headers, fields and values that are gone; ids of operations (the names of functions
    in generated clients); what requests must have in addition, or may not be any more; what answers may hold or leave
    out that they did not; callers that are no longer let in. More fields in answers and more operations break nothing.

    Args:
        before: The document that clients were written by.
        after: The document of the service they will meet.

    Returns:
        A sentence for each, beginning with where it is, in order.
    """
    return sorted(set(_Documents(Document(before), Document(after)).breaks()))


class _Documents:
    """Both documents, and what is known of their schemas."""

    def __init__(self, before: Document, after: Document) -> None:
        self._before, self._after = before, after
        self._requests = Comparison(before, after, in_answers=False)
        self._answers = Comparison(before, after, in_answers=True)

    def breaks(self) -> Iterator[str]:
        """Everything, in no order, some of it more than once."""
        yield from self._schemes()
        operations = dict(_operations(self._after))
        for name, old in _operations(self._before):
            new = operations.get(name)
            if new is None:
                yield f"{name}: is gone"
                continue
            if old.get("operationId") != new.get("operationId"):
                yield f"{name}: its operationId is {new.get('operationId')}, was {old.get('operationId')}"
            yield from self._callers(name, old, new)
            yield from self._parameters(name, old, new)
            yield from self._body(name, old.get("requestBody"), new.get("requestBody"))
            yield from self._responses(name, old["responses"], new["responses"])

    def _schemes(self) -> Iterator[str]:
        olds, news = (each.content.get("components", {}).get("securitySchemes", {}) for each in self._both)
        for name in olds.keys() & news.keys():
            if _without_words(olds[name]) != _without_words(news[name]):
                yield f"the security scheme {name}: works in another way"

    def _callers(self, name: str, old: Part, new: Part) -> Iterator[str]:
        ways = [_ways(document, operation) for document, operation in zip(self._both, (old, new), strict=True)]
        for way in ways[0]:
            if not any(other <= way for other in ways[1]):
                who = " and ".join(sorted({scheme for scheme, _ in way}))
                yield f"{name}: no longer lets in {f'with {who}' if who else 'whoever does not say who they are'}"

    def _parameters(self, name: str, old: Part, new: Part) -> Iterator[str]:
        olds, news = (self._parameters_of(*each) for each in zip(self._both, (old, new), strict=True))
        for key, parameter in news.items():
            if parameter.get("required") and not olds.get(key, {}).get("required"):
                yield f"{name} {key}: is now required"
        for key, parameter in olds.items():
            if key in news:
                yield from self._parameter(f"{name} {key}", parameter, news[key])
            else:
                yield f"{name} {key}: is gone"

    def _parameter(self, at: str, old: Part, new: Part) -> Iterator[str]:
        for keyword in ("style", "explode", "content"):
            if old.get(keyword) != new.get(keyword):
                yield f"{at}: is written in another way"
        yield from self._requests.faults(old.get("schema", {}), new.get("schema", {}), at)

    def _parameters_of(self, document: Document, operation: Part) -> dict[str, Part]:
        found = [document.resolved(each) for each in operation.get("parameters", [])]
        return {f"{each['in']} parameter {each['name']}": each for each in found}

    def _body(self, name: str, old: Part | None, new: Part | None) -> Iterator[str]:
        old = self._before.resolved(old or {})
        new = self._after.resolved(new or {})
        if new.get("required") and not old.get("required"):
            yield f"{name}: a body is now required"
        yield from self._contents(f"{name} body", old, new, self._requests)

    def _responses(self, name: str, olds: Part, news: Part) -> Iterator[str]:
        for status in olds:
            at = f"{name} {status}"
            if status not in news:
                yield f"{at}: is gone"
                continue
            old, new = self._before.resolved(olds[status]), self._after.resolved(news[status])
            gone = old.get("headers", {}).keys() - new.get("headers", {}).keys()
            yield from (f"{at}: its header {header} is gone" for header in gone)
            yield from self._contents(at, old, new, self._answers)

    def _contents(self, at: str, old: Part, new: Part, comparison: Comparison) -> Iterator[str]:
        news = new.get("content", {})
        for kind, content in old.get("content", {}).items():
            if kind not in news:
                yield f"{at}: is no longer {kind}"
                continue
            for part in ("schema", "itemSchema"):
                yield from comparison.faults(content.get(part, {}), news[kind].get(part, {}), at)

    @property
    def _both(self) -> tuple[Document, Document]:
        return self._before, self._after


def _operations(document: Document) -> Iterator[tuple[str, Part]]:
    for path, item in document.content.get("paths", {}).items():
        for method in item.keys() & METHODS:
            shared = item.get("parameters", [])
            operation = item[method]
            yield (
                f"{method.upper()} {path}",
                {**operation, "parameters": [*shared, *operation.get("parameters", [])]},
            )


def _ways(document: Document, operation: Part) -> list[frozenset[tuple[str, str]]]:
    """The ways of saying who is calling, any of which will do; each is all that it takes."""
    requirements = operation.get("security", document.content.get("security")) or [{}]
    return [
        frozenset((scheme, scope) for scheme, scopes in requirement.items() for scope in ("", *scopes))
        for requirement in requirements
    ]


def _without_words(part: Any) -> Any:
    return {name: value for name, value in part.items() if name != "description"}
