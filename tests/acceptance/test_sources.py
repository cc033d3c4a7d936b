"""The sample assertions of the five source documents, as far as they concern what exists.

Tokens are added, since every sample calls guarded routes without one. Three answers differ on purpose, each with its
decision page: a duplicate is 409 and not 400, creation is 201 and not 200, and a list is an object and not an array.
"""

import pytest
from pydantic import SecretStr, ValidationError

from app.core.enums import AnalysisType
from app.schemas.analyses import AnalysisCreate
from app.schemas.users import UserCreate
from lintel.security import Principal
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

USER = {"email": "test@example.com", "full_name": "Test User", "password": "TestPassword123"}
TEXT = "This is a wonderful day!"
ANALYSIS = {"text_content": TEXT, "analysis_type": "sentiment"}


class TestUsersAndAuthentication:
    """systems.md A.8."""

    async def test_create_user(self, admin: Person) -> None:
        answer = await admin.client.post("/api/v1/users/", json=USER)
        data = answer.json()
        assert answer.status_code == 201
        assert data["email"] == USER["email"]
        assert data["full_name"] == USER["full_name"]
        assert "id" in data
        assert "hashed_password" not in data

    async def test_create_user_with_a_duplicate_address(self, admin: Person) -> None:
        await admin.client.post("/api/v1/users/", json=USER)
        answer = await admin.client.post("/api/v1/users/", json=USER)
        assert answer.status_code == 409
        assert "already exists" in answer.json()["detail"]

    async def test_get_a_missing_user(self, admin: Person) -> None:
        answer = await admin.client.get("/api/v1/users/999")
        assert answer.status_code == 404
        # The route exists, which the sample's status alone would not show.
        assert answer.json()["error_code"] == "USER_NOT_FOUND"


class TestTextAnalysis:
    """systems.md B.10."""

    async def test_create_analysis(self, ada: Person) -> None:
        answer = await ada.client.post("/api/v1/analyses", json=ANALYSIS)
        data = answer.json()
        assert answer.status_code == 201
        assert data["text_content"] == TEXT
        assert data["analysis_type"] == "sentiment"
        assert "id" in data

    async def test_get_analysis(self, ada: Person) -> None:
        created = (await ada.client.post("/api/v1/analyses", json=ANALYSIS)).json()
        answer = await ada.client.get(f"/api/v1/analyses/{created['id']}")
        assert answer.status_code == 200
        assert answer.json()["id"] == created["id"]
        assert answer.json()["text_content"] == created["text_content"]

    async def test_list_analyses(self, ada: Person) -> None:
        for number in range(5):
            await ada.client.post("/api/v1/analyses", json={**ANALYSIS, "text_content": f"Text number {number}."})
        answer = await ada.client.get("/api/v1/analyses?page=1&size=3")
        data = answer.json()
        assert answer.status_code == 200
        assert len(data["items"]) == 3
        assert data["total"] >= 5
        assert (data["page"], data["size"]) == (1, 3)

    async def test_empty_text(self, ada: Person) -> None:
        answer = await ada.client.post("/api/v1/analyses", json={"text_content": "", "analysis_type": "sentiment"})
        assert answer.status_code == 422
        assert "error" in answer.json()

    async def test_get_a_missing_analysis(self, ada: Person) -> None:
        answer = await ada.client.get("/api/v1/analyses/99999")
        assert answer.status_code == 404
        assert "error" in answer.json()

    async def test_the_service_creates_an_analysis(self, service: RunningService, ada: Person) -> None:
        new = AnalysisCreate(text_content=TEXT, analysis_type=AnalysisType.SENTIMENT)
        created = await service.services.analyses.create_analysis(Principal(ada.id), new)
        assert created.id is not None
        assert (created.text_content, created.analysis_type) == (TEXT, AnalysisType.SENTIMENT)

    async def test_the_service_gets_an_analysis(self, service: RunningService, ada: Person) -> None:
        me = Principal(ada.id)
        new = AnalysisCreate(text_content=TEXT, analysis_type=AnalysisType.SENTIMENT)
        created = await service.services.analyses.create_analysis(me, new)
        found = await service.services.analyses.get_analysis(me, created.id)
        assert (found.id, found.text_content) == (created.id, TEXT)


class TestVideoApi:
    """systems.md C.12."""

    def test_a_valid_user(self) -> None:
        user = UserCreate.model_validate(
            {
                "name": "John Doe",
                "email": "john.doe@example.com",
                "password": "SecurePass123!",
                "confirm_password": "SecurePass123!",
            }
        )
        assert (user.full_name, user.email) == ("John Doe", "john.doe@example.com")

    def test_an_invalid_address(self) -> None:
        with pytest.raises(ValidationError):
            UserCreate(email="invalid-email", password=SecretStr("SecurePass123!"))

    def test_a_differing_confirmation(self) -> None:
        with pytest.raises(ValidationError, match="Passwords do not match"):
            UserCreate(
                email="john.doe@example.com",
                password=SecretStr("SecurePass123!"),
                confirm_password=SecretStr("DifferentPass123!"),
            )

    async def test_list_users(self, admin: Person) -> None:
        answer = await admin.client.get("/api/v1/users")
        assert answer.status_code == 200
        assert isinstance(answer.json()["items"], list)

    async def test_create_user(self, admin: Person) -> None:
        body = {
            "name": "John Doe",
            "email": "john.doe@example.com",
            "password": "SecurePass123!",
            "confirm_password": "SecurePass123!",
        }
        answer = await admin.client.post("/api/v1/users", json=body)
        data = answer.json()
        assert answer.status_code == 201
        assert (data["name"], data["email"]) == (body["name"], body["email"])
        assert "id" in data

    async def test_get_a_missing_user(self, admin: Person) -> None:
        answer = await admin.client.get("/api/v1/users/999999")
        data = answer.json()
        assert answer.status_code == 404
        assert data["success"] is False
        assert "not found" in data["message"].lower()
