"""`python -m bench.harness.serve FACTORY OPTIONS SOCKET CORE`: one server process under test.

Set up as `lintel.server` does it, for every application alike: uvloop, httptools, no access log of uvicorn's own.
"""

import json
import socket
import sys
from importlib import import_module

import uvicorn
from starlette.types import ASGIApp

from bench.harness.cores import pin


def main() -> None:
    """Make the application and serve it on the socket that was handed over, until told to stop."""
    factory, options, file_descriptor, core = sys.argv[1:]
    pin(int(core) if core else None)
    app = make(factory, json.loads(options))
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", log_config=None, access_log=False, server_header=False, lifespan="on"
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(file_descriptor))])


def make(factory: str, options: dict[str, object]) -> ASGIApp:
    """The application that `module:function` makes."""
    module, _, function = factory.partition(":")
    app: ASGIApp = getattr(import_module(module), function)(**options)
    return app


if __name__ == "__main__":
    main()
