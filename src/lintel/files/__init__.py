"""Files over HTTP: received within bounds, answered with ranges, streamed as lines, and the route of signed URLs."""

from lintel.files._answer import file_answer
from lintel.files._csv import Cell, csv_line, harmless
from lintel.files._digests import DigestMismatch
from lintel.files._kinds import JPEG, PNG, WEBP, FileKind, kind_of
from lintel.files._lines import LineFormat, LineWriter
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
from lintel.files._streamed import LINE_FILE, StreamedFile

__all__ = [
    "JPEG",
    "LINE_FILE",
    "PNG",
    "WEBP",
    "Cell",
    "DigestMismatch",
    "FileEmpty",
    "FileKind",
    "FileTypeRefused",
    "FormFile",
    "IncomingFile",
    "LineFormat",
    "LineWriter",
    "ReceivedFile",
    "SignedFiles",
    "StreamedFile",
    "csv_line",
    "file_answer",
    "files_router",
    "harmless",
    "incoming",
    "kind_of",
    "received",
]
