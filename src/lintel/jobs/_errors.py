"""How an attempt ends badly, in words that may be shown."""

from lintel.errors import ServiceError

UNEXPECTED = "INTERNAL_ERROR"
UNEXPECTED_MESSAGE = "The job failed unexpectedly."
TIMED_OUT = "JOB_TIMEOUT"
TIMED_OUT_MESSAGE = "The job took longer than it may."
WORKER_LOST = "WORKER_LOST"
WORKER_LOST_MESSAGE = "The worker died each time it ran this job."
INVALID_PAYLOAD = "INVALID_PAYLOAD"
INVALID_PAYLOAD_MESSAGE = "The job cannot be read by this version."
MAX_CODE = 64
MAX_MESSAGE = 500


class JobFailed(Exception):
    """Raised by a handler: trying again would not help.

    Args:
        code: Stable, upper case; what clients tell kinds of failure by.
        message: For whoever asked for the job. Never an exception's text.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code[:MAX_CODE]
        self.message = message[:MAX_MESSAGE]


class JobCancelled(Exception):
    """Raised by a handler: what it was to do is not wanted any more, and the job ends `cancelled`."""


class LeaseLost(Exception):
    """The job is somebody else's by now, or is over: whoever gets this must write nothing."""


def safe_words(error: Exception) -> tuple[str, str]:
    """Code and message for an exception: its own only where they were written to be shown."""
    if isinstance(error, JobFailed):
        return error.code, error.message
    if isinstance(error, ServiceError):
        return error.code[:MAX_CODE], error.detail[:MAX_MESSAGE]
    return UNEXPECTED, UNEXPECTED_MESSAGE
