"""The commands of docs/guides/api.md, run one after the other as they stand there."""

import csv
import io
import json
import re
import subprocess

from tests.process.conftest import ROOT, StartServer

GUIDE = (ROOT / "docs" / "guides" / "api.md").read_text(encoding="utf-8")


def test_its_commands_do_what_it_says(start_server: StartServer) -> None:
    server = start_server()
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    script = "\necho; echo next\n".join(blocks).replace("http://127.0.0.1:8000", server.url)
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    _, once, by_page, by_cursor, unknown, *rest = done.stdout.split("\nnext\n")
    exported, bulk, unchanged, changed, refused = rest

    first, again, second, third, reused = map(json.loads, once.splitlines())
    assert first == again
    assert len({first["id"], second["id"], third["id"]}) == 3
    assert reused["error_code"] == "IDEMPOTENCY_KEY_REUSED"

    scores = [item["sentiment_score"] for item in json.loads(by_page)["items"]]
    assert scores == [second["sentiment_score"], third["sentiment_score"]]
    walked = [item["id"] for page in by_cursor.splitlines() for item in json.loads(page)["items"]]
    assert walked == [first["id"], third["id"], second["id"]]
    assert json.loads(unknown)["errors"][0]["pointer"] == "/query/colour"

    lines = list(csv.DictReader(io.StringIO(exported, newline="")))
    assert [int(line["id"]) for line in lines] == [first["id"], second["id"], third["id"]]
    assert [item["status"] for item in json.loads(bulk)["items"]] == [204, 404]

    assert unchanged == "304"
    done_once, too_late = map(json.loads, changed.splitlines())
    assert done_once["full_name"] == "Mary Somerville"
    assert too_late["error_code"] == "PRECONDITION_FAILED"
    assert {error["pointer"] for error in json.loads(refused)["errors"]} == {
        "/body/text_content",
        "/body/analysis_type",
    }
