import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from lintel.errors import install_error_handlers
from lintel.files import SignedFiles, files_router
from lintel.storage import FolderStorage, LinkSigner

SECRET = "a secret of tests that is long enough, 0123456789"


@pytest.fixture
def links() -> LinkSigner:
    return LinkSigner(SECRET, path="/files")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
async def folder_storage(root: Path, links: LinkSigner) -> AsyncIterator[FolderStorage]:
    storage = FolderStorage(root, links=links)
    async with storage.opened():
        yield storage


@pytest.fixture
async def fetch(
    folder_storage: FolderStorage, links: LinkSigner
) -> AsyncIterator[Callable[..., Awaitable[httpx2.Response]]]:
    """Follows signed URLs: paths at a server of our own on a free port, whole addresses where they lead."""
    app = FastAPI()
    install_error_handlers(app)
    app.include_router(files_router(lambda: SignedFiles(folder_storage, links)))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve([listening]))
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with httpx2.AsyncClient() as client:
            while not server.started:  # noqa: ASYNC110 - it offers nothing else to wait for
                await asyncio.sleep(0.01)
            yield lambda url, **headers: client.get(urljoin(base, url), headers=headers)
        server.should_exit = True
        await serving
