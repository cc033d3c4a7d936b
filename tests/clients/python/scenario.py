"""What a user does, by the client that openapi-python-client makes: `python scenario.py http://127.0.0.1:8000`.

It is checked and run in the environment of `requirements/clients.lock`, which knows nothing of the service but its
document. Each step prints its name.
"""

import sys
import time
from collections.abc import Iterator
from typing import TypeVar

from lintel_client import AuthenticatedClient, Client
from lintel_client.api.analyses import create_analysis, list_analyses, read_analysis
from lintel_client.api.auth import login, logout, register
from lintel_client.api.batches import create_batch, list_batch_analyses, read_batch
from lintel_client.api.users import read_me
from lintel_client.models import (
    AnalysisCreate,
    AnalysisRead,
    AnalysisStatus,
    AnalysisType,
    BatchCreate,
    BatchRead,
    CursorPageAnalysisRead,
    LoginForm,
    Problem,
    SentimentLabel,
    SentimentResult,
    SortOrder,
    Token,
    UserRead,
    UserRegister,
)

T = TypeVar("T")

ACCOUNT = UserRegister(email="python@example.com", password="Lovelace1815", full_name="Ada")
TEXTS = [f"The room number {number} was lovely." for number in range(25)]
SECONDS = 60.0


def given(parsed: object, kind: type[T]) -> T:
    """The answer, of the kind that is expected: all others of the operation are known to the types as well."""
    assert isinstance(parsed, kind), parsed
    return parsed


def refused(parsed: object, status: int, error_code: str) -> Problem:
    problem = given(parsed, Problem)
    assert (problem.status, problem.error_code) == (status, error_code), problem
    return problem


class User:
    """Somebody with a client."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._visitor = Client(base_url=url, raise_on_unexpected_status=True)
        self._client = AuthenticatedClient(base_url=url, token="", raise_on_unexpected_status=True)
        self._batch = 0

    def register(self) -> None:
        user = given(register.sync(client=self._visitor, body=ACCOUNT), UserRead)
        assert user.email == ACCOUNT.email

    def register_again(self) -> None:
        refused(register.sync(client=self._visitor, body=ACCOUNT), 409, "ALREADY_EXISTS")

    def log_in(self) -> None:
        form = LoginForm(username=ACCOUNT.email, password=ACCOUNT.password)
        token = given(login.sync(client=self._visitor, body=form), Token)
        self._client = AuthenticatedClient(
            base_url=self._url, token=token.access_token, raise_on_unexpected_status=True
        )
        assert given(read_me.sync(client=self._client), UserRead).full_name == ACCOUNT.full_name

    def create_analyses(self) -> None:
        for text in TEXTS:
            body = AnalysisCreate(text_content=text, analysis_type=AnalysisType.SENTIMENT)
            made = given(create_analysis.sync(client=self._client, body=body), AnalysisRead)
            assert given(made.result, SentimentResult).label is SentimentLabel.POSITIVE

    def list_to_the_end(self) -> None:
        found = []
        cursor: str | None = ""
        while cursor is not None:
            answer = list_analyses.sync(client=self._client, cursor=cursor, size=10, sort_order=SortOrder.ASC)
            part = given(answer, CursorPageAnalysisRead)
            found += [given(item, AnalysisRead).text_content for item in part.items]
            cursor = part.next_cursor
        assert found == TEXTS

    def submit_a_batch(self) -> None:
        body = BatchCreate(texts=TEXTS, analysis_type=AnalysisType.SENTIMENT)
        answers = [
            create_batch.sync(client=self._client, body=body, idempotency_key="the-first-batch") for _ in range(2)
        ]
        first, again = (given(answer, BatchRead).id for answer in answers)
        assert first == again
        self._batch = first

    def submit_another_by_the_same_key(self) -> None:
        body = BatchCreate(texts=["Another text."], analysis_type=AnalysisType.SENTIMENT)
        answer = create_batch.sync(client=self._client, body=body, idempotency_key="the-first-batch")
        refused(answer, 422, "IDEMPOTENCY_KEY_REUSED")

    def wait_for_it(self) -> None:
        deadline = time.monotonic() + SECONDS
        while (batch := given(read_batch.sync(self._batch, client=self._client), BatchRead)).progress < 100:
            assert time.monotonic() < deadline, batch
            time.sleep(0.1)
        assert (batch.status, batch.completed, batch.failed) == (AnalysisStatus.COMPLETED, len(TEXTS), 0)

    def read_its_results(self) -> None:
        answer = list_batch_analyses.sync(self._batch, client=self._client, cursor="", size=100)
        items = [given(item, AnalysisRead) for item in given(answer, CursorPageAnalysisRead).items]
        assert [item.text_content for item in items] == TEXTS
        assert all(given(item.result, SentimentResult).score > 0 for item in items)

    def be_refused(self) -> None:
        body = AnalysisCreate(text_content="", analysis_type=AnalysisType.SENTIMENT)
        problem = refused(create_analysis.sync(client=self._client, body=body), 422, "VALIDATION_ERROR")
        assert [error.pointer for error in problem.errors] == ["/body/text_content"]
        refused(read_analysis.sync(10**9, client=self._client), 404, "ANALYSIS_NOT_FOUND")

    def log_out(self) -> None:
        assert logout.sync_detailed(client=self._client).status_code == 204
        refused(read_me.sync(client=self._client), 401, "UNAUTHENTICATED")

    def steps(self) -> Iterator[str]:
        """Do everything, in order; each step's name when it is done."""
        for step in (
            self.register,
            self.register_again,
            self.log_in,
            self.create_analyses,
            self.list_to_the_end,
            self.submit_a_batch,
            self.submit_another_by_the_same_key,
            self.wait_for_it,
            self.read_its_results,
            self.be_refused,
            self.log_out,
        ):
            step()
            yield step.__name__


if __name__ == "__main__":
    for done in User(sys.argv[1]).steps():
        print(done)  # noqa: T201 - for the test that runs this
