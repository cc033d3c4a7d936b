"""Several server processes behind one port, and the one that looks after them."""

import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
import uvicorn
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

START_FAILURE = 3
START_SECONDS = 120.0
"""What importing a service may take in each of several processes at once, on a machine that has other things to do."""
HANG_SECONDS = 30.0
"""Without a sign of life a process is taken for dead. Sooner, a busy machine would cost requests."""

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})

_log = structlog.get_logger("lintel.server")


class Worker(Process):
    """One of the processes, as their supervisor sees it.

    Args:
        config: Of the server.
        sockets: What it takes connections from.
        make_server: Called in the new process.
    """

    def __init__(
        self, config: uvicorn.Config, sockets: list[socket.socket], make_server: Callable[[], uvicorn.Server]
    ) -> None:
        super().__init__(config, sockets)
        self._make_server = make_server
        self._asked: float | None = None
        self.is_started = False

    @property
    def server(self) -> uvicorn.Server:
        """The server, in the process itself."""
        if self._server is None:
            self._server = self._make_server()
        return self._server

    def look(self) -> bool:
        """Whether it lives. Never waits: a supervisor that does hears no signals."""
        if not self.process.is_alive():
            return False
        now = time.monotonic()
        try:
            if self._asked is None:
                self.parent_conn.send(b"ping")
                self._asked = now
            if self.parent_conn.poll():
                self.is_started = bool(self.parent_conn.recv())
                self._asked = None
                return True
        except (OSError, EOFError, pickle.UnpicklingError):
            return False
        return now - self._asked < (HANG_SECONDS if self.is_started else START_SECONDS)

    def retire(self) -> None:
        """Have it finish its requests and end; the service goes on, so it tells no load balancer that it ends."""
        if self.process.is_alive() and self.pid is not None:
            os.kill(self.pid, signal.SIGINT)


class Supervisor(Multiprocess):
    """Starts the processes, replaces those that end, and says when the first of them takes connections.

    SIGTERM and SIGINT end all of them, SIGHUP replaces one after the other, SIGTTIN and SIGTTOU make one more and less.

    Args:
        config: Of the servers, with the number of processes.
        sockets: What they take connections from.
        make_server: Makes a server, in its process; can be pickled.
        on_started: Called once.
        on_ended: Called with the id of each process that has ended before the service does.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        sockets: list[socket.socket],
        *,
        make_server: Callable[[], uvicorn.Server],
        on_started: Callable[[], None],
        on_ended: Callable[[int], None],
    ) -> None:
        super().__init__(config, sockets)
        self._make_server = make_server
        self._on_started: Callable[[], None] | None = on_started
        self._on_ended = on_ended
        self._pids: set[int] = set()
        self._has_failed = False

    @property
    def workers(self) -> Sequence[Worker]:
        """Those that are looked after."""
        return [process for process in self.processes if isinstance(process, Worker)]

    def run(self) -> None:
        """Look after them until told to stop.

        Raises:
            SystemExit: With `START_FAILURE`, when the service could not be started; the process has said why.
        """
        super().run()
        if self._has_failed:
            raise SystemExit(START_FAILURE)

    def init_processes(self) -> None:
        """Start them."""
        self.processes.extend(self._start() for _ in range(self.processes_num))

    def keep_subprocess_alive(self) -> None:
        """Called twice a second."""
        for index, worker in enumerate(self.workers):
            if self.should_exit.is_set():
                return
            if worker.look():
                self._note(worker)
            else:
                self._replace(index, worker)
        before, self._pids = self._pids, {worker.pid for worker in self.workers if worker.pid is not None}
        for pid in before - self._pids:
            self._on_ended(pid)

    def handle_ttin(self) -> None:
        """One more."""
        self.processes_num += 1
        self.processes.append(self._start())

    def handle_ttou(self) -> None:
        """One less, as long as there is another."""
        if self.processes_num > 1:
            self.processes_num -= 1
            worker = self.workers[-1]
            self.processes.remove(worker)
            worker.retire()
            worker.join()

    def restart_all(self) -> None:
        """Replace one after the other; each ends when the one in its place has started."""
        for index, worker in enumerate(self.workers):
            new = self._start()
            if not self._starts(new):
                new.kill()
                new.join()
                _log.error("the processes are not replaced: a new one did not start", process=new.pid)
                return
            self.processes[index] = new
            worker.retire()
            worker.join()

    def _start(self) -> Worker:
        worker = Worker(self.config, self.sockets, self._make_server)
        worker.start()
        return worker

    def _starts(self, worker: Worker) -> bool:
        while worker.look() and not STOPS.intersection(self.signal_queue):
            if worker.is_started:
                return True
            time.sleep(0.1)
        return False

    def _note(self, worker: Worker) -> None:
        if worker.is_started and self._on_started is not None:
            self._on_started()
            self._on_started = None

    def _replace(self, index: int, worker: Worker) -> None:
        worker.kill()  # it may hang
        worker.join()
        if worker.exitcode == START_FAILURE:
            _log.error("the service could not be started", process=worker.pid)
            self._has_failed = True
            self.should_exit.set()
            return
        _log.error("a process has ended and is replaced", process=worker.pid, exit_code=worker.exitcode)
        self.processes[index] = self._start()


def end_with(parent: Any) -> None:
    """Have this process stop in order when its parent has ended, even one that could tell nobody.

    Args:
        parent: What `multiprocessing.parent_process` says.
    """

    def wait() -> None:
        parent.join()
        _log.warning("the supervisor has ended, and so does this process")
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="parent").start()
