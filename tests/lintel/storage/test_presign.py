from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as OtherCredentials
from pydantic import SecretStr

from lintel.storage import Credentials
from lintel.storage._presign import presigned_get

OVERRIDES = {
    "response-content-type": "text/plain; charset=utf-8",
    "response-content-disposition": "attachment; filename=\"a b.txt\"; filename*=UTF-8''%C3%A4.txt",
}


@pytest.mark.parametrize("token", [None, "a/token+with=signs"])
@pytest.mark.parametrize("address", ["https://b.s3.eu-west-1.amazonaws.com/p/a-b_c.1", "http://127.0.0.1:5000/b/p/a"])
@pytest.mark.parametrize("overrides", [{}, OVERRIDES])
def test_the_signature_is_that_of_another_implementation(
    address: str, overrides: dict[str, str], token: str | None
) -> None:
    ours = Credentials("AKIDEXAMPLE", SecretStr("wJalr/+secret"), SecretStr(token) if token else None)
    request = AWSRequest("GET", address, params=overrides)
    S3SigV4QueryAuth(OtherCredentials("AKIDEXAMPLE", "wJalr/+secret", token), "s3", "eu-west-1", expires=60).add_auth(
        request
    )
    theirs = parse_qs(urlsplit(request.url).query)
    now = datetime.strptime(theirs["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    url = presigned_get(address, credentials=ours, region="eu-west-1", seconds=60, now=now, overrides=overrides)
    assert parse_qs(urlsplit(url).query) == theirs
