"""Queries of lists: any text is read as something within bounds, or refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from app.schemas.analyses import AnalysisQuery
from app.schemas.users import UserQuery
from lintel.api import MAX_ID

QUERIES = (UserQuery, AnalysisQuery)
odd = st.text(max_size=150) | st.integers().map(str) | st.floats().map(str) | st.sampled_from(["", "null", "٣", "1_0"])


def right(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Queries in which every value is a member of its enum, or a number or text that looks like one."""
    choices = {
        name: st.sampled_from([str(member.value) for member in field.annotation])
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and hasattr(field.annotation, "__members__")
    }
    return st.fixed_dictionaries({}, optional={**dict.fromkeys(model.model_fields, odd), **choices})


@pytest.mark.parametrize("model", QUERIES)
@given(data=st.data())
def test_what_is_accepted_fits_the_database(model: type[BaseModel], data: st.DataObject) -> None:
    try:
        query: Any = model.model_validate(data.draw(right(model)))
    except ValidationError:
        return
    assert query.page >= 1
    assert 1 <= query.size <= 100
    assert (query.page - 1) * query.size <= MAX_ID
    for name in model.model_fields:
        value = getattr(query, name)
        assert not isinstance(value, str) or "\0" not in value


@pytest.mark.parametrize("model", QUERIES)
@given(name=st.text(max_size=30), value=odd)
def test_nothing_unknown_is_accepted(model: type[BaseModel], name: str, value: str) -> None:
    if name not in model.model_fields:
        with pytest.raises(ValidationError):
            model.model_validate({name: value})
