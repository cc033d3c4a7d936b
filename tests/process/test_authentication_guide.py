"""The commands of docs/guides/authentication.md, run one after the other as they stand there."""

import json
import re
import subprocess

from tests.process.conftest import ROOT, StartServer

GUIDE = (ROOT / "docs" / "guides" / "authentication.md").read_text(encoding="utf-8")


def test_its_commands_do_what_it_says(start_server: StartServer) -> None:
    server = start_server()
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    script = "\necho; echo next\n".join(blocks).replace("http://127.0.0.1:8000", server.url)
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    _, registered, resent, refreshed, by_program, listed, ended, asked = done.stdout.split("\nnext\n")
    assert '"email":"grace@example.com"' in registered
    assert "a mail is on its way" in resent
    assert "access_token" not in refreshed  # kept in variables, shown to nobody
    assert json.loads(by_program)["total"] == 0
    [session] = json.loads(listed)["items"]
    assert session["is_current"] is True
    assert json.loads(ended)["status"] == 401
    assert "A mail to the new address" in asked
