"""What a browser is told about a file: under which name to save it, and whether it may show it."""

import re
import unicodedata
from urllib.parse import quote

from lintel.storage._port import Disposition

MAX_NAME = 150
UNNAMED = "download"
BINARY = "application/octet-stream"
SHOWABLE = frozenset(
    {
        "application/json",
        "image/avif",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/csv",
        "text/plain",
        "text/vtt",
    }
)
SHOWABLE_KINDS = ("audio/", "video/")
"""Nothing of these runs scripts. HTML, SVG, XML and PDF do, or bring others that do."""

_NAME = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}"
_TYPE = re.compile(rf"{_NAME}/{_NAME}(; ?charset=[a-z0-9-]{{1,20}})?(; ?header=present)?")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_UNQUOTABLE = re.compile(r"[^ !#$&\'()+,./0-9;=@A-Z\[\]^_`a-z{}~-]")


def safe_filename(name: str) -> str:
    """A name that is harmless on any system and in any dialogue.

    The last part of a path; without control characters and those that turn text around; neither hidden, nor a device,
    nor longer than 150 characters (the ending stays).
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign for sign in unicodedata.normalize("NFC", last) if unicodedata.category(sign)[0] != "C")
    plain = re.sub(r'[<>:"|?*]', "_", " ".join(plain.split())).strip(". ")
    if _DEVICE.fullmatch(plain):
        plain = f"_{plain}"
    return _shortened(plain) or UNNAMED


def safe_content_type(content_type: str) -> str:
    """The type, if it is written as one; else that of unknown bytes."""
    written = content_type.lower()
    return written if _TYPE.fullmatch(written) else BINARY


def content_disposition(filename: str, content_type: str, disposition: Disposition) -> str:
    """The header's value (RFC 6266): in ASCII whatever the name is, and `inline` only for what runs no scripts."""
    name = safe_filename(filename)
    kind = disposition if is_showable(content_type) else "attachment"
    # For old clients; `%` and `\` are left out because some of them decode what is in quotes.
    ascii_name = _UNQUOTABLE.sub("_", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()) or UNNAMED
    value = f'{kind}; filename="{ascii_name}"'
    return value if ascii_name == name else f"{value}; filename*=UTF-8''{quote(name, safe='')}"


def is_showable(content_type: str) -> bool:
    """Whether a browser may show the type in place."""
    bare = safe_content_type(content_type).partition(";")[0]
    return bare in SHOWABLE or bare.startswith(SHOWABLE_KINDS)


def _shortened(name: str) -> str:
    if len(name) <= MAX_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    keep = MAX_NAME - len(ending) - 1
    return f"{stem[:keep]}.{ending}" if dot and keep > MAX_NAME // 2 else name[:MAX_NAME]
