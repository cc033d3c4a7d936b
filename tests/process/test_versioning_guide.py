"""The commands of docs/guides/versioning.md, run one after the other as they stand there."""

import json
import re
import subprocess

from app.api.v1.endpoints.analyses import NUMBERED_LIST
from tests.process.conftest import ROOT, StartServer

GUIDE = (ROOT / "docs" / "guides" / "versioning.md").read_text(encoding="utf-8")


def test_its_commands_do_what_it_says(start_server: StartServer) -> None:
    server = start_server()
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    script = "\necho; echo next\n".join(blocks).replace("http://127.0.0.1:8000", server.url)
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    _, one, two, numbered, walked, told = done.stdout.split("\nnext\n")
    assert json.loads(one)["text_content"] == "The room was lovely."
    assert json.loads(two)["text"] == "The service was not."
    assert json.loads(one).keys() - {"text_content"} == json.loads(two).keys() - {"text"}
    page = json.loads(numbered)
    assert (page["items"], page["total"]) == ([{"id": 1, "text_content": "The room was lovely."}], 2)
    assert [item for line in walked.splitlines() for item in json.loads(line)["items"]] == [
        {"id": 2, "text": "The service was not."},
        {"id": 1, "text": "The room was lovely."},
    ]
    [shown] = re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)
    assert told.split() == shown.split()


def test_it_shows_the_deprecation_that_there_is() -> None:
    assert f"since {NUMBERED_LIST.since}, until {NUMBERED_LIST.sunset} at least" in GUIDE
