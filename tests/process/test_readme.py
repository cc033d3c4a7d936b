"""What the README says, done word for word against a running server."""

import json
import re
import subprocess

from tests.process.conftest import ROOT, StartServer

README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    """The fenced block of a language with this text in it."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(text for text in blocks if containing in text)


def test_the_two_commands_are_shown() -> None:
    assert block("sh", "make run") == "make run\n"
    assert block("sh", "make test") == "make test\n"


def test_a_text_sent_with_its_curl_lines_comes_back_as_it_shows(start_server: StartServer) -> None:
    server = start_server()
    lines = block("sh", "curl").replace("http://127.0.0.1:8000", server.url)
    done = subprocess.run(["sh", "-c", lines], capture_output=True, text=True, timeout=30, check=True)
    answer = json.loads(done.stdout[done.stdout.rindex('{"id"') :])
    shown = json.loads(block("json", "sentiment_score"))
    assert {name: answer[name] for name in ("id", "status", "sentiment_score")} == {
        name: shown[name] for name in ("id", "status", "sentiment_score")
    }
    assert answer["result"]["label"] == shown["result"]["label"]
    assert answer["result"]["sentences"] == shown["result"]["sentences"]


def test_every_file_it_points_to_is_there() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert len(targets) > 10
    assert [target for target in targets if not (ROOT / target).exists()] == []
