"""The jobs of this service, in types: services ask for them, workers bind handlers to them."""

from app.core.enums import TokenPurpose
from lintel.files import LineFormat
from lintel.jobs import JobPayload, Schedule


class PurgeJobs(JobPayload):
    """Delete jobs that have been over for longer than they are kept."""

    kind = "jobs.purge"


class SendMail(JobPayload):
    """Tell a user something by mail; the address is looked up when it is sent."""

    kind = "mails.send"
    max_attempts = 50  # some four hours: a mail server may be away for longer than it takes to restart
    timeout = 60

    user_id: int
    template: str
    address: str | None = None
    """Where to, if not to the address that they have: the one that they had before."""


class SendToken(JobPayload):
    """Send a user a token. It is made when the mail is sent, so that it lies nowhere but in the mail."""

    kind = "mails.token"
    max_attempts = 8
    timeout = 60

    user_id: int | None
    """None: nobody has the address that was given, and there is as much to do for the one who asked."""
    purpose: TokenPurpose
    address: str | None = None
    """The address that they want to have: the token goes there."""


class SendInvitation(JobPayload):
    """Send an invitation. Its token is made when the mail is sent."""

    kind = "mails.invitation"
    max_attempts = 50
    timeout = 60

    invitation_id: int


class ExportAnalyses(JobPayload):
    """Write all of somebody's analyses to a file."""

    kind = "analyses.export"
    timeout = 1_800

    owner_id: int
    format: LineFormat = LineFormat.NDJSON


class ReadBatch(JobPayload):
    """Read the texts of a batch."""

    kind = "batches.read"
    timeout = 900

    batch_id: int


class SettleBatches(JobPayload):
    """End the batches whose jobs have ended without them, and that were missed because a process died."""

    kind = "batches.settle"


class PurgeExports(JobPayload):
    """Delete exports that are older than they are kept."""

    kind = "exports.purge"


class PurgeSessions(JobPayload):
    """Delete sessions that ended some time ago."""

    kind = "sessions.purge"


class EraseFiles(JobPayload):
    """Delete all files of a user who has left."""

    kind = "users.erase_files"
    max_attempts = 50  # some four hours: a storage may be away for longer than it takes to restart

    user_id: int


class PurgeUsers(JobPayload):
    """Delete users who left long enough ago, with all that is theirs."""

    kind = "users.purge"
    timeout = 3_600


class SweepAvatars(JobPayload):
    """Delete pictures that are nobody's."""

    kind = "avatars.sweep"
    timeout = 1_800


class PurgeAudit(JobPayload):
    """Delete entries of the audit log that are older than they are kept."""

    kind = "audit.purge"


class PurgeTokens(JobPayload):
    """Delete tokens, tickets and invitations that have expired, and accounts that nobody verified."""

    kind = "tokens.purge"


SCHEDULES = (
    Schedule("batches.settle", "7 * * * *", SettleBatches()),
    Schedule("jobs.purge", "17 3 * * *", PurgeJobs()),
    Schedule("exports.purge", "37 3 * * *", PurgeExports()),
    Schedule("tokens.purge", "47 3 * * *", PurgeTokens()),
    Schedule("sessions.purge", "57 3 * * *", PurgeSessions()),
    Schedule("audit.purge", "17 4 * * *", PurgeAudit()),
    Schedule("users.purge", "37 4 * * *", PurgeUsers()),
    Schedule("avatars.sweep", "57 4 * * *", SweepAvatars()),
)
"""What recurs, in UTC."""
