"""Whether a server answers, for a container's health check: `python -m lintel.probe URL [--host NAMES]`.

Exits with 0 when the answer is 200, else with 1 and one line of why. Needs the standard library alone and imports
little of it: it runs every few seconds beside the service, within the same limits.
"""

import argparse
import http.client
import signal
import sys
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

DEADLINE_SECONDS = 3.0


def probe(url: str, *, host: str = "", seconds: float = DEADLINE_SECONDS) -> str | None:
    """Ask once. None when the answer is 200, else what is wrong.

    Args:
        url: What to ask for, over http.
        host: The Host header; of a comma-separated list or JSON array of names, as in ALLOWED_HOSTS, the first.
        seconds: How long the whole exchange may take.
    """
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=seconds)
    name = host.partition(",")[0].strip(' []"')
    signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)  # a time-out of the socket alone begins anew with each byte
    try:
        connection.request("GET", place.path or "/", headers={"Host": name} if name else {})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {type(error).__name__}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.close()
    return None if status == http.client.OK else f"answered {status}"


def _give_up(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise TimeoutError


def main() -> None:
    """Probe the URL on the command line."""
    parser = argparse.ArgumentParser(prog="python -m lintel.probe", description="Whether a server answers with 200.")
    parser.add_argument("url", help="such as http://127.0.0.1:8000/health")
    parser.add_argument("--host", default="", help="Host header to send; of several names (ALLOWED_HOSTS) the first")
    parser.add_argument("--seconds", type=float, default=DEADLINE_SECONDS, help="deadline (default: %(default)s)")
    arguments = parser.parse_args()
    sys.exit(probe(arguments.url, host=arguments.host, seconds=arguments.seconds))


if __name__ == "__main__":
    main()
