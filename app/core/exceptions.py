"""The errors of this service, each of a kind of `lintel.errors`."""

from lintel.errors import Conflict, NotFound, PermissionDenied, Unauthenticated


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


class WrongCredentials(Unauthenticated):
    """Sign-in failed; which part was wrong is not told."""

    code = "WRONG_CREDENTIALS"
    title = "Incorrect e-mail address or password"
    meaning = "The e-mail address and the password do not belong together. Which of them is wrong is not told."


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


class LastAdmin(Conflict):
    """The change would leave nobody who can administer the service."""

    code = "LAST_ADMIN"
    title = "The last administrator must stay"
    meaning = "Nobody could administer the service afterwards. Make somebody else an administrator first."
