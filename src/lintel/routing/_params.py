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
    errors = []
    for name, param in params.items():
        if error := _value_error("path", name, str(values.get(name)), param):
            errors.append(error)
    _refuse(errors)


def check_query(items: Iterable[tuple[str, str]], params: Params) -> None:
    """Refuse a query with unknown or repeated parameters, or numbers that are not plainly written.

    Raises:
        RequestValidationError: Names them.
    """
    seen: set[str] = set()
    errors = []
    for name, value in items:
        param = params.get(name)
        if param is None:
            errors.append(_error("query", name, "Unknown query parameter", "extra_forbidden"))
        elif error := _repeated("query", name, seen, param) or _value_error("query", name, value, param):
            errors.append(error)
        seen.add(name)
    _refuse(errors)


def check_form(items: Iterable[tuple[str, Any]], params: Params) -> None:
    """The same for a form; its unknown fields are left to its model.

    Raises:
        RequestValidationError: Names them.
    """
    seen: set[str] = set()
    errors = []
    for name, value in items:
        param = params.get(name, _ONCE)
        if error := _repeated("body", name, seen, param) or _value_error("body", name, value, param):
            errors.append(error)
        seen.add(name)
    _refuse(errors)


_ONCE = Param(several=False, grammar=None)

Error = dict[str, Any]
"""One as Pydantic makes them; FastAPI answers with what is in it, and so does our handler."""


def _repeated(place: str, name: str, seen: set[str], param: Param) -> Error | None:
    if name in seen and not param.several:
        return _error(place, name, "Given more than once", "repeated")
    return None


def _value_error(place: str, name: str, value: Any, param: Param) -> Error | None:
    if param.grammar and isinstance(value, str) and not param.grammar.reads(value):
        return _error(place, name, param.grammar.message, param.grammar.code)
    return None


def _error(place: str, name: str, message: str, code: str) -> Error:
    return {"type": code, "loc": (place, name), "msg": message, "input": None}


def _refuse(errors: list[Error]) -> None:
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
