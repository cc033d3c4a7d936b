"""The Python of docs/guides/realtime.md, run as it stands there."""

import re
import subprocess
import sys
import time
from pathlib import Path

from tests.process.conftest import ROOT, StartServer
from tests.process.sockets import ADMIN, sign_in

GUIDE = (ROOT / "docs" / "guides" / "realtime.md").read_text(encoding="utf-8")
SECONDS = 20


def test_it_hears_what_is_sent(start_server: StartServer, tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    root = sign_in(start_server(**ADMIN))
    output = tmp_path / "output"
    with output.open("wb") as file:
        command = [sys.executable, "-c", program, root.server.url, root.token]
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        wait_for(output, "subscribed news None")
        root.request("POST", "/ws/news/messages", json={"data": {"text": "hello"}})
        wait_for(output, "message news {'text': 'hello'}")
        assert output.read_text().splitlines()[0] == "welcome None {'channels': ['user:1']}"
    finally:
        process.terminate()
        process.wait(SECONDS)


def wait_for(output: Path, line: str) -> None:
    deadline = time.monotonic() + SECONDS
    while line not in output.read_text().splitlines():
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.05)
