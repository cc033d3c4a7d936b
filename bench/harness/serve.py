"""`python -m bench.harness.serve FACTORY OPTIONS SOCKET CORE`: one server process under test.

Set up as `lintel.server` does it, for every application alike: uvloop, httptools, no access log of uvicorn's own.
"""

import json
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from bench.harness.cores import pin

MODULES = "modules.json"
"""Written in the working folder at the end: the names of everything that was imported, in order."""


def main() -> None:
    """Make the application and serve it on the socket that was handed over, until told to stop."""
    factory, options, file_descriptor, core = sys.argv[1:]
    pin(int(core) if core else None)
    app = make(factory, json.loads(options))
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it once more when everything has been closed
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", log_config=None, access_log=False, server_header=False, lifespan="on"
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(file_descriptor))])
    Path(MODULES).write_text(json.dumps(list(sys.modules)), encoding="utf-8")


def make(factory: str, options: dict[str, object]) -> ASGIApp:
    """The application that `module:function` makes."""
    module, _, function = factory.partition(":")
    app: ASGIApp = getattr(import_module(module), function)(**options)
    return app


if __name__ == "__main__":
    main()
