"""Files over HTTP: received within bounds, answered with ranges, and the route behind signed URLs."""

from lintel.files._answer import file_answer
from lintel.files._kinds import JPEG, PNG, WEBP, FileKind, kind_of
from lintel.files._receiving import (
    FileEmpty,
    FileTypeRefused,
    FormFile,
    IncomingFile,
    ReceivedFile,
    incoming,
    received,
)
from lintel.files._router import SignedFiles, files_router

__all__ = [
    "JPEG",
    "PNG",
    "WEBP",
    "FileEmpty",
    "FileKind",
    "FileTypeRefused",
    "FormFile",
    "IncomingFile",
    "ReceivedFile",
    "SignedFiles",
    "file_answer",
    "files_router",
    "incoming",
    "kind_of",
    "received",
]
