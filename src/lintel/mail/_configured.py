"""What the settings ask for."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lintel.mail._console import ConsoleMailer
from lintel.mail._files import FilesMailer
from lintel.mail._message import Sender
from lintel.mail._port import Mailer
from lintel.mail._smtp import SmtpMailer, SmtpServer
from lintel.settings import Environment, LintelSettings, SettingsError

FOLDER = "mail"
EXAMPLES = ("example.com", "example.org", "example.net")


def mailer_of(settings: LintelSettings) -> Mailer:
    """A server where `MAIL_URL` names one; unset: the screen in development, else files. Nothing is connected yet.

    Raises:
        ImportError: It names a server, but the extra `mail` is not installed.
        SettingsError: It names none, or mails would be from an address that is only an example.
    """
    sender = Sender(settings.mail_from)
    url = settings.mail_url.get_secret_value() if settings.mail_url else None
    if url is None and settings.environment is Environment.DEVELOPMENT:
        return ConsoleMailer(sender)
    if url is None:
        return FilesMailer(sender, settings.data_dir / FOLDER, reach_nobody=settings.environment.is_deployed)
    if url.startswith("console:"):
        return ConsoleMailer(sender)
    if url.startswith("file:"):
        return FilesMailer(sender, Path(unquote(urlsplit(url).path)))
    if settings.environment.is_deployed and sender.domain.endswith(EXAMPLES):
        raise SettingsError({"MAIL_FROM": "must be an address of yours: mails would be from an example"})
    try:
        server = SmtpServer.of(url)
    except ValueError as error:
        raise SettingsError({"MAIL_URL": str(error)}) from None
    return SmtpMailer(sender, server, timeout=settings.mail_timeout)
