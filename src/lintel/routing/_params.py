"""What a route was declared to read from path, query and form, and what it refuses there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lintel.routing._grammar import Grammar, grammar_of, takes_several


@dataclass(frozen=True, slots=True)
class Param:
    """What is known of one parameter.

    Attributes:
        several: Whether it may be given several times.
        grammar: How its value is written, if there is a rule.
    """

    several: bool
    grammar: Grammar | None

    @classmethod
    def of(cls, info: FieldInfo) -> Self:
        """The parameter that a field declares."""
        return cls(several=takes_several(info.annotation), grammar=grammar_of(info.annotation))


Params = Mapping[str, Param]


def path_params(dependant: Dependant) -> Params:
    """The path parameters of an endpoint and its dependencies that have a grammar, by name."""
    found = _by_name(field for part in _parts(dependant) for field in part.path_params)
    return {name: param for name, param in found.items() if param.grammar}


def query_params(dependant: Dependant) -> Params:
    """The query parameters of an endpoint and its dependencies, by name."""
    return _by_name(field for part in _parts(dependant) for field in part.query_params)


def form_params(dependant: Dependant) -> Params:
    """The form fields of an endpoint and its dependencies, by name."""
    return _by_name(field for part in _parts(dependant) for field in part.body_params)


def check_path(values: Mapping[str, Any], params: Params) -> None:
    """Refuse a path whose numbers are not plainly written.

    Raises:
        RequestValidationError: Names them.
    """
    _refuse(_value_error("path", name, str(values.get(name)), param) for name, param in params.items())


def check_query(items: Iterable[tuple[str, str]], params: Params) -> None:
    """Refuse a query with unknown or repeated parameters, or numbers that are not plainly written.

    Raises:
        RequestValidationError: Names them.
    """
    _refuse(
        _error("query", name, "Unknown query parameter", "extra_forbidden")
        if name not in params
        else _repeated("query", name, again, params[name]) or _value_error("query", name, value, params[name])
        for name, value, again in _counted(items)
    )


def check_form(items: Iterable[tuple[str, Any]], params: Params) -> None:
    """The same for a form; its unknown fields are left to its model.

    Raises:
        RequestValidationError: Names them.
    """
    _refuse(
        _repeated("body", name, again, params.get(name, _ONCE))
        or _value_error("body", name, value, params.get(name, _ONCE))
        for name, value, again in _counted(items)
    )


_ONCE = Param(several=False, grammar=None)

Error = dict[str, Any]
"""One as Pydantic makes them; FastAPI answers with what is in it, and so does our handler."""


def _counted(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any, bool]]:
    """Each name and value, and whether the name was there before."""
    seen: set[str] = set()
    for name, value in items:
        yield name, value, name in seen
        seen.add(name)


def _repeated(place: str, name: str, again: bool, param: Param) -> Error | None:  # noqa: FBT001 - from a tuple
    return _error(place, name, "Given more than once", "repeated") if again and not param.several else None


def _value_error(place: str, name: str, value: Any, param: Param) -> Error | None:
    if param.grammar and isinstance(value, str) and not param.grammar.reads(value):
        return _error(place, name, param.grammar.message, param.grammar.code)
    return None


def _error(place: str, name: str, message: str, code: str) -> Error:
    return {"type": code, "loc": (place, name), "msg": message, "input": None}


def _refuse(found: Iterable[Error | None]) -> None:
    errors = [error for error in found if error]
    if errors:
        raise RequestValidationError(errors)


def _parts(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for dependency in dependant.dependencies:
        yield from _parts(dependency)


def _by_name(fields: Iterable[Any]) -> Params:
    """The parameters by the names they are sent under; those of a model one by one."""
    found = {}
    for field in fields:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.update({info.alias or name: Param.of(info) for name, info in annotation.model_fields.items()})
        else:
            found[field.alias] = Param.of(field.field_info)
    return found
