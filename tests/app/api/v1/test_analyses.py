"""Analyses over HTTP."""

import pytest

from tests.conftest import Person

pytestmark = pytest.mark.anyio

TEXT = "The room was lovely. The service was not."


class TestCreate:
    async def test_answers_with_the_analysis(self, ada: Person) -> None:
        answer = await ada.client.post("/api/v1/analyses", json={"text_content": TEXT, "analysis_type": "sentiment"})
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"/api/v1/analyses/{answer.json()['id']}"
