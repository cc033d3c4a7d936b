"""The errors of this service, each of a kind of `lintel.errors`."""

from lintel.errors import Conflict, FieldError, InvalidInput, NotFound, PermissionDenied, Unauthenticated, Unavailable


class UserNotFound(NotFound):
    """No such user, or none that the caller may see."""

    code = "USER_NOT_FOUND"
    title = "User not found"
    meaning = "There is no such user, or none that you may see."


class AnalysisNotFound(NotFound):
    """No such analysis, or somebody else's."""

    code = "ANALYSIS_NOT_FOUND"
    title = "Analysis not found"
    meaning = "There is no such analysis among yours."


class ChannelNotFound(NotFound):
    """No such channel, or none that anybody may speak on."""

    code = "CHANNEL_NOT_FOUND"
    title = "Channel not found"
    meaning = "There is no such channel that messages can be sent to: neither a public one nor a user's."


class JobNotFound(NotFound):
    """No such job, or somebody else's."""

    code = "JOB_NOT_FOUND"
    title = "Job not found"
    meaning = "There is no such job among yours. Jobs are deleted some time after they are over."


class JobOver(Conflict):
    """A job that ended cannot be cancelled."""

    code = "JOB_OVER"
    title = "The job is over"
    meaning = "The job has ended already, so there is nothing left to cancel."


class JobNotFailed(Conflict):
    """Only what failed or was cancelled can be done again."""

    code = "JOB_NOT_FAILED"
    title = "The job has not failed"
    meaning = "Only a job that failed or was cancelled can be retried; this one waits, runs or is completed."


class ExportNotFound(NotFound):
    """No such export, or somebody else's."""

    code = "EXPORT_NOT_FOUND"
    title = "Export not found"
    meaning = "There is no such export among yours, or no longer."


class TooManyExports(Conflict):
    """Somebody has as many exports as there may be."""

    code = "TOO_MANY_EXPORTS"
    title = "Too many exports"
    meaning = "You have as many exports as you may have. Each is deleted some days after it was written."


class MailUnavailable(Unavailable):
    """A mail was not sent now; it is tried again."""

    code = "MAIL_UNAVAILABLE"
    title = "Mail unavailable"
    meaning = "The mail server does not answer at present. The mail is sent later."


class MailUndeliverable(Conflict):
    """A mail will never be sent."""

    code = "MAIL_UNDELIVERABLE"
    title = "Mail undeliverable"
    meaning = "The mail server refuses this mail, or does not know the address."


class BatchNotFound(NotFound):
    """No such batch, or somebody else's."""

    code = "BATCH_NOT_FOUND"
    title = "Batch not found"
    meaning = "There is no such batch among yours."


class BatchEnded(Conflict):
    """The batch has ended in another way than the one asked for."""

    code = "BATCH_ENDED"
    title = "The batch has ended"
    meaning = "All texts of the batch were tried, or it failed: there is nothing left to cancel."


class BatchCancelled(Conflict):
    """Its texts are not to be read any more, whoever asks for it."""

    code = "BATCH_CANCELLED"
    title = "The batch was cancelled"
    meaning = "The batch of this job was cancelled, and stays so. Its owner can send the texts again."


class WrongCredentials(Unauthenticated):
    """Sign-in failed; which part was wrong is not told."""

    code = "WRONG_CREDENTIALS"
    title = "Incorrect e-mail address or password"
    meaning = (
        "The e-mail address and the password do not belong together, or the address is still to be verified. "
        "Which of these it is is not told."
    )


class WrongPassword(PermissionDenied):
    """Somebody who is signed in does not know their password."""

    code = "WRONG_PASSWORD"
    title = "Wrong password"
    meaning = "The current password is another one. Nothing was changed."


class OwnEmail(PermissionDenied):
    """An administrator would change their own address like somebody else's."""

    code = "OWN_EMAIL"
    title = "Your own address changes by mail"
    meaning = "Nobody changes their own address by themselves: ask for a mail to the new one, /auth/email/change."


class OneTimeTokenInvalid(InvalidInput):
    """A token from a mail is not good, or not any more; which of them is not told."""

    code = "ONE_TIME_TOKEN_INVALID"
    title = "The token is not valid"
    meaning = "The token is not from a mail of ours, is for something else, was used, replaced or has ended."

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("/body/token", "is not valid (any more)", "one_time_token")])


class AvatarNotFound(NotFound):
    """Somebody has no picture."""

    code = "AVATAR_NOT_FOUND"
    title = "Avatar not found"
    meaning = "You have no picture."


class PictureRefused(InvalidInput):
    """A picture that nobody can be shown."""

    code = "PICTURE_REFUSED"
    title = "The picture cannot be used"
    meaning = "The picture cannot be read, or it has more than 25 million pixels."


class RefreshTokenUsed(Unauthenticated):
    """A refresh token came a second time; the session has been ended."""

    code = "REFRESH_TOKEN_USED"
    title = "Refresh token used before"
    meaning = "Each refresh token is good once. This one was used before, so the session was ended; sign in again."


class SessionNotFound(NotFound):
    """No such session, or somebody else's."""

    code = "SESSION_NOT_FOUND"
    title = "Session not found"
    meaning = "You have no such session, or it has ended."


class SessionRequired(PermissionDenied):
    """A good API key, where only somebody who is signed in may come."""

    code = "SESSION_REQUIRED"
    title = "Sign in for this"
    meaning = "An API key is not enough for this: sign in and send the access token."


class ApiKeyNotFound(NotFound):
    """No such key, or somebody else's."""

    code = "API_KEY_NOT_FOUND"
    title = "API key not found"
    meaning = "You have no such API key, or it was revoked."


class TooManyApiKeys(Conflict):
    """Somebody has as many keys as there may be."""

    code = "TOO_MANY_API_KEYS"
    title = "Too many API keys"
    meaning = "You have as many API keys as you may have. Revoke one that you do not need."


class InactiveUser(PermissionDenied):
    """A known user whose account cannot be used."""

    code = "INACTIVE_USER"
    title = "Inactive user"
    meaning = "Your account is not active. Ask an administrator."


class RegistrationClosed(PermissionDenied):
    """Accounts are made by administrators only."""

    code = "REGISTRATION_CLOSED"
    title = "Registration is closed"
    meaning = "Here accounts are made by administrators only."


class InvitationNeeded(PermissionDenied):
    """Only who was invited can make an account."""

    code = "INVITATION_NEEDED"
    title = "An invitation is needed"
    meaning = "Here only who was invited can register: send the token from the mail as `invitation`."


class InvitationInvalid(InvalidInput):
    """An invitation is not good, or not any more; which of them is not told."""

    code = "INVITATION_INVALID"
    title = "The invitation is not valid"
    meaning = "The invitation is not from a mail of ours, is for another address, was accepted, revoked or has ended."

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("/body/invitation", "is not valid (any more)", "invitation")])


class InvitationNotFound(NotFound):
    """No such invitation."""

    code = "INVITATION_NOT_FOUND"
    title = "Invitation not found"
    meaning = "There is no such invitation: it was accepted or revoked, or has ended."


class LastAdmin(Conflict):
    """The change would leave nobody who can administer the service."""

    code = "LAST_ADMIN"
    title = "The last administrator must stay"
    meaning = "Nobody could administer the service afterwards. Make somebody else an administrator first."


class FlagNotFound(NotFound):
    """No such flag, or no rule for it."""

    code = "FLAG_NOT_FOUND"
    title = "Flag not found"
    meaning = "There is no flag of this name, or no rule for it that could be deleted."


class FlagsDecidedElsewhere(Conflict):
    """A vendor's provider is asked, so that a rule here would change nothing."""

    code = "FLAGS_DECIDED_ELSEWHERE"
    title = "Flags are decided elsewhere"
    meaning = "This service asks another one which flags are on. Change them there."


class AnalysesPaused(Unavailable):
    """The flag `analyses` is off."""

    code = "ANALYSES_PAUSED"
    title = "New texts are not analysed at present; earlier analyses can be read"
    meaning = "An administrator has paused analyses. What was found before can be read; try again as Retry-After says."

    def __init__(self) -> None:
        super().__init__(retry_after=60)
