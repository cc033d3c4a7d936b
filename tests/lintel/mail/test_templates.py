from pathlib import Path

import pytest
from jinja2 import UndefinedError

from lintel.mail import MailTemplates


@pytest.fixture
def templates(tmp_path: Path) -> MailTemplates:
    files = {
        "hello.subject.txt": "Hello {{ name }}\n",
        "hello.txt": "Hello {{ name }} & all\n",
        "hello.html": "<p>Hello {{ name }}</p>\n",
        "plain.subject.txt": "Plain",
        "plain.txt": "Plain",
        "half.txt": "no subject",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return MailTemplates(tmp_path)


class TestRender:
    def test_values_are_escaped_in_html_alone(self, templates: MailTemplates) -> None:
        rendered = templates.render("hello", name="<b>O'Brien</b>")
        assert rendered.subject == "Hello <b>O'Brien</b>"
        assert rendered.text == "Hello <b>O'Brien</b> & all\n"
        assert rendered.html == "<p>Hello &lt;b&gt;O&#39;Brien&lt;/b&gt;</p>\n"

    def test_a_subject_is_one_line_whatever_is_in_the_values(self, templates: MailTemplates) -> None:
        assert templates.render("hello", name="Ada\r\nBcc: eve@example.com").subject == "Hello Ada Bcc: eve@example.com"

    def test_html_can_be_left_out(self, templates: MailTemplates) -> None:
        assert templates.render("plain").html is None

    def test_a_missing_value_is_an_error(self, templates: MailTemplates) -> None:
        with pytest.raises(UndefinedError, match="name"):
            templates.render("hello")

    @pytest.mark.parametrize("name", ["none", "half", "../hello", "hello.txt", ""])
    def test_what_is_not_there_is_an_error(self, templates: MailTemplates, name: str) -> None:
        with pytest.raises(LookupError, match="no such mail"):
            templates.render(name, name="Ada")
