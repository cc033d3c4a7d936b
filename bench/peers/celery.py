"""Celery as its command line starts it: a pool of processes, one for each core of the machine, warnings logged."""

from celery import Celery

from bench.peers import program


def create(url: str) -> Celery:
    """With results, which are off unless a backend is named."""
    app = Celery("bench", broker=url, backend=url)
    app.task(name=program.NOTHING)(nothing)
    app.task(name=program.MARK)(program.mark)
    return app


def nothing() -> None:
    """Do nothing."""


def enqueue(url: str, names: list[str]) -> None:
    """One after the other, as Celery does it."""
    app = create(url)
    app.backend.client.flushall()
    for name in names:
        app.send_task(name)


def work(url: str) -> None:
    """Until terminated."""
    create(url).worker_main(["worker"])


def left(url: str) -> int:
    """What has no result yet."""
    app = create(url)
    with app.connection_for_read() as connection:
        waiting = connection.default_channel.client.llen("celery")
        unacknowledged = connection.default_channel.client.hlen("unacked")
    return int(waiting + unacknowledged)


if __name__ == "__main__":
    program.main(enqueue, work, left)
