"""What mails say, apart from the code that sends them. Needs the extra `mail`."""

import re
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


class RenderedMail(NamedTuple):
    """What a template makes of values.

    Attributes:
        subject: One line.
        text: For every reader.
        html: For those that show it; None where the template has none.
    """

    subject: str
    text: str
    html: str | None


class MailTemplates:
    """Jinja2 templates in a folder: `welcome.subject.txt`, `welcome.txt` and, if wanted, `welcome.html`.

    Values are escaped in HTML and nowhere else; one that a template names and nobody gives is an error.

    Args:
        folder: Where they are.

    Raises:
        ImportError: The extra is not installed.
    """

    def __init__(self, folder: Path) -> None:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # noqa: PLC0415 - an extra

        self._environment: Environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(enabled_extensions=("html",), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def render(self, name: str, /, **values: object) -> RenderedMail:
        """The mail `name` with these values.

        Raises:
            LookupError: There is no such template.
            jinja2.UndefinedError: A value is missing.
        """
        has = set(self._environment.list_templates())
        if not _NAME.fullmatch(name) or not {f"{name}.subject.txt", f"{name}.txt"} <= has:
            raise LookupError("no such mail")
        html = self._render(f"{name}.html", values) if f"{name}.html" in has else None
        # On one line, whatever is in the values.
        subject = " ".join(self._render(f"{name}.subject.txt", values).split())
        return RenderedMail(subject, self._render(f"{name}.txt", values), html)

    def _render(self, template: str, values: dict[str, object]) -> str:
        return self._environment.get_template(template).render(values)
