"""The shipped nginx configuration, run by a real nginx without privileges in front of any address."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import httpx2

from lintel.testing._process import Identity, OwnProcess, find_program, free_port
from lintel.testing._services import _go_without

TEMPLATE = Path(__file__).resolve().parents[2] / "deploy" / "nginx" / "nginx.conf.template"
NOBODY = 65534


@dataclass(frozen=True, kw_only=True)
class RunningProxy:
    """A proxy that this process started; everything it writes is in `folder`."""

    url: str
    port: int
    folder: Path
    process: OwnProcess

    @property
    def log(self) -> str:
        """Access records and errors so far."""
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=30)


@contextmanager
def running_proxy(
    upstream: str,
    *,
    server_names: str = "localhost 127.0.0.1",
    max_request_bytes: int = 1_048_576,
    listen_options: str = "",
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> Iterator[RunningProxy]:
    """The proxy in front of `host:port` while the block runs, with further files beside its configuration.

    Skips the test where nginx is not installed, and fails it where `CI` is `true`.
    """
    port = free_port()
    values = {
        "LISTEN": f"127.0.0.1:{port} {listen_options}",
        "SERVER_NAMES": server_names,
        "UPSTREAM": upstream,
        "MAX_REQUEST_BYTES": str(max_request_bytes),
    }
    configuration = filled_in(TEMPLATE.read_text(encoding="utf-8"), values).encode()
    with _own_folder({"server.log": b"", "nginx.conf": configuration, **files}) as folder:
        process = OwnProcess(
            command=[needed("nginx"), "-e", "stderr", "-p", f"{folder}/", "-c", "nginx.conf"],
            folder=folder,
            identity=unprivileged(),
        )
        try:
            process.start().wait_until(lambda: _is_up(port))
            yield RunningProxy(url=f"http://127.0.0.1:{port}", port=port, folder=folder, process=process)
        finally:
            process.stop()


def filled_in(template: str, values: dict[str, str]) -> str:
    """What envsubst makes of the template: only `${NAME}` of the names given is replaced."""
    return re.sub(r"\$\{([A-Z_]+)\}", lambda match: values[match[1]], template)


def needed(name: str) -> str:
    """Where a program is. Without it the test is skipped, or fails where `CI` is `true`."""
    program = find_program(name, folders=[Path("/usr/sbin"), Path("/usr/local/sbin")])
    if program is None:
        _go_without(f"{name} is not installed.")
    return str(program)


def unprivileged() -> Identity | None:
    """Nobody, where the tests run as root; else whoever runs them."""
    return Identity(uid=NOBODY, gid=NOBODY) if os.geteuid() == 0 else None


@contextmanager
def _own_folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="lintel-nginx-"))
    try:
        for name, content in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_up(port: int) -> bool:
    """Whether it answers, be it that a plain request was sent to its TLS port."""
    try:
        httpx2.get(f"http://127.0.0.1:{port}/proxy-health", headers={"Host": "proxy.invalid"}, timeout=2)
    except httpx2.HTTPError:
        return False
    return True
