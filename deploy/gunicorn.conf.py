"""The service under Gunicorn, for those whose platform expects it: `gunicorn --config deploy/gunicorn.conf.py`.

Not needed: `python -m app serve` supervises its own processes. Needs the packages gunicorn and uvicorn-worker. HOST,
PORT, WORKERS and all other settings mean the same; SHUTDOWN_DRAIN_SECONDS has no effect, and with several workers
METRICS_PORT has none.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker

from app.core.config import get_settings
from lintel.protocols import HttpProtocol, WebSocketProtocol
from lintel.settings import SettingsError

try:
    settings = get_settings()
except SettingsError as error:
    sys.exit(str(error))

# Set before any process is forked: they keep their metrics there for each other.
metrics_folder = Path(tempfile.mkdtemp(prefix="lintel-metrics-"))
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics_folder)


class Worker(UvicornWorker):
    """uvicorn as `python -m app serve` sets it up: the service logs for itself and does not name its server."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": settings.shutdown_grace_seconds,
        "http": HttpProtocol,
        "ws": WebSocketProtocol,
        "ws_max_size": settings.ws_max_message_bytes,
        "ws_ping_interval": settings.ws_heartbeat_seconds,
        "ws_ping_timeout": settings.ws_timeout_seconds,
        "ws_per_message_deflate": False,
    }


wsgi_app = "app.main:serving_app()"
worker_class = Worker
bind = f"{settings.host}:{settings.port}"
workers = settings.workers
forwarded_allow_ips = ",".join(settings.forwarded_allow_ips)
keepalive = 5  # longer than the proxy keeps a connection to us (deploy/nginx)
graceful_timeout = settings.shutdown_grace_seconds + 5
control_socket_disable = True
worker_tmp_dir = "/dev/shm"  # noqa: S108 - memory: a heartbeat must not wait for a disk


def child_exit(_: object, worker: Any) -> None:
    """Keep what a worker that has ended had counted."""
    from lintel.observability import forget_worker  # noqa: PLC0415 - after the variable is set

    forget_worker(metrics_folder, worker.pid)


def on_exit(_: object) -> None:
    """Leave nothing behind."""
    shutil.rmtree(metrics_folder, ignore_errors=True)
