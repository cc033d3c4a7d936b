"""`.env.example`: every setting, written so that the file can be copied and edited."""

import re
import textwrap
from itertools import groupby

from lintel.settings._base import BaseGroup
from lintel.settings._describe import SettingDescription, describe_settings

WIDTH = 118
HEAD = """\
# Every setting with its default. Copy this file to .env, take away the # before a name, and change its value.
# Variables of the environment win over .env; NAME_FILE=/path reads a value from a file.
"""
_PLAIN = re.compile(r"[A-Za-z0-9_./:@+-]*(, [A-Za-z0-9_./:@+-]+)*")


def example_env_file(settings_cls: type[BaseGroup]) -> str:
    """The text of `.env.example`: every setting commented out with its default, so that copying it changes nothing.

    Args:
        settings_cls: The groups that the service uses, combined in one class.
    """
    defaults = settings_cls.model_construct()
    groups = groupby(describe_settings(defaults, env_file=None), key=lambda row: row.group)
    return HEAD + "".join(_group(settings_cls, group, list(rows)) for group, rows in groups)


def _group(settings_cls: type[BaseGroup], name: str, rows: list[SettingDescription]) -> str:
    group = next(base for base in settings_cls.__mro__ if base.__name__ == name)
    title = (group.__doc__ or name).partition("\n")[0]
    return f"\n\n# ---- {title}\n" + "".join(_setting(row) for row in rows)


def _setting(row: SettingDescription) -> str:
    also = f" Also: {', '.join(row.names[1:])}." if row.names[1:] else ""
    comment = textwrap.fill(row.meaning + also, WIDTH, initial_indent="# ", subsequent_indent="# ")
    return f"\n{comment}\n#{row.names[0]}={_quoted(row.default)}\n"


def _quoted(text: str) -> str:
    """The text as a value in an env file; on one line, whatever it holds."""
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
