"""Mails: a port, a developer's screen, files, SMTP, and templates."""

from lintel.mail._configured import mailer_of
from lintel.mail._console import ConsoleMailer
from lintel.mail._files import FilesMailer
from lintel.mail._message import Sender
from lintel.mail._port import InvalidMail, Mail, MailDelayed, Mailer, MailRefused
from lintel.mail._smtp import SmtpMailer, SmtpServer
from lintel.mail._templates import MailTemplates, RenderedMail

__all__ = [
    "ConsoleMailer",
    "FilesMailer",
    "InvalidMail",
    "Mail",
    "MailDelayed",
    "MailRefused",
    "MailTemplates",
    "Mailer",
    "RenderedMail",
    "Sender",
    "SmtpMailer",
    "SmtpServer",
    "mailer_of",
]
