"""A RabbitMQ server of a test run's own, with an Erlang port mapper of its own beside it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lintel.testing._process import OwnProcess, PortTaken, ServerUnavailable, find_program, free_port
from lintel.testing._servers import PORT_ATTEMPTS, RunningServer, own_folder, started

START_SECONDS = 90.0
"""Erlang takes its time on a busy machine."""
READY = "Server startup complete"
FOLDER = Path("/usr/lib/rabbitmq/lib")
"""Where Debian keeps the programs, below a folder for their version."""


class RabbitMQServer:
    """A RabbitMQ server without plugins, user `guest` with password `guest`."""

    @contextmanager
    def start(self) -> Iterator[RunningServer]:
        """Run the server while the block runs.

        Raises:
            ServerUnavailable: The programs are not installed, or the server does not start.
        """
        rabbitmq, epmd = _find_rabbitmq(), _find_epmd()
        for attempt in range(1, PORT_ATTEMPTS + 1):
            with ExitStack() as stack:
                folder = stack.enter_context(own_folder(None))
                try:
                    process, port = self._launch(rabbitmq, epmd, folder, stack)
                except PortTaken:
                    if attempt == PORT_ATTEMPTS:
                        raise
                    continue
                yield RunningServer(url=f"amqp://guest:guest@127.0.0.1:{port}/", folder=folder, process=process)
                return

    @staticmethod
    def _launch(rabbitmq: Path, epmd: Path, folder: Path, stack: ExitStack) -> tuple[OwnProcess, int]:
        port, distribution, mapper = free_port(), free_port(), free_port()
        own = folder / "epmd"
        own.mkdir()
        names = OwnProcess(command=[str(epmd), "-port", str(mapper), "-address", "127.0.0.1"], folder=own)
        stack.callback(names.stop)
        names.start()
        (folder / "enabled_plugins").write_text("[].", encoding="utf-8")
        process = OwnProcess(
            command=[str(rabbitmq)],
            folder=folder,
            environment={
                "HOME": str(folder),  # where the cookie is
                "ERL_EPMD_PORT": str(mapper),
                "ERL_EPMD_ADDRESS": "127.0.0.1",
                "RABBITMQ_NODENAME": f"lintel-{port}@localhost",
                "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
                "RABBITMQ_NODE_PORT": str(port),
                "RABBITMQ_DIST_PORT": str(distribution),
                "RABBITMQ_MNESIA_BASE": str(folder / "data"),
                "RABBITMQ_LOG_BASE": str(folder / "log"),
                "RABBITMQ_LOGS": "-",
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
                "RABBITMQ_CONFIG_FILE": str(folder / "none"),
                "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
                "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the server instead of waiting beside it
            },
        )
        stack.callback(process.stop)
        return started(process, lambda: READY in process.log, seconds=START_SECONDS), port


@contextmanager
def rabbitmq_server() -> Iterator[RunningServer]:
    """A RabbitMQ server of our own while the block runs; see `RabbitMQServer`."""
    with RabbitMQServer().start() as server:
        yield server


def _find_rabbitmq() -> Path:
    # Debian's program of this name on PATH changes to a user of its own and forgets the environment.
    direct = sorted(FOLDER.glob("*/sbin/rabbitmq-server"), reverse=True)
    program = direct[0] if direct else find_program("rabbitmq-server")
    if program is None:
        raise ServerUnavailable("RabbitMQ is not installed: no `rabbitmq-server` on PATH.")
    return program


def _find_epmd() -> Path:
    program = find_program("epmd", folders=sorted(Path("/usr/lib/erlang").glob("erts-*/bin")))
    if program is None:
        raise ServerUnavailable("RabbitMQ needs Erlang's port mapper: no `epmd` on PATH.")
    return program
