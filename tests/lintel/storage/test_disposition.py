import pytest

from lintel.storage import content_disposition, is_showable, safe_content_type, safe_filename


class TestFilename:
    @pytest.mark.parametrize(
        ("name", "safe"),
        [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.txt", "a.txt"),
            ("a\r\nSet-Cookie: x=1", "aSet-Cookie_ x=1"),
            ("a\0b", "ab"),
            ("\u202egpj.exe", "gpj.exe"),
            (".bashrc", "bashrc"),
            ("...", "download"),
            ("", "download"),
            ("CON", "_CON"),
            ("com1.txt", "_com1.txt"),
            ("  many   blanks ", "many blanks"),
            ("a/", "download"),
            ("Gr\u0075\u0308n", "Gr\u00fcn"),
            ("x" * 300 + ".tar.gz", "x" * 147 + ".gz"),
            ("y" * 300, "y" * 150),
            ('a"b<c>.txt', "a_b_c_.txt"),
            ("\ud800.txt", "txt"),
        ],
    )
    def test_is_harmless_whatever_was_sent(self, name: str, safe: str) -> None:
        assert safe_filename(name) == safe


class TestHeader:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("a.txt", 'attachment; filename="a.txt"'),
            ("Größe.txt", "attachment; filename=\"Groe.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt"),
            ("100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
            ("日本", "attachment; filename=\"download\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC"),
        ],
    )
    def test_is_ascii_whatever_the_name_is(self, name: str, value: str) -> None:
        assert content_disposition(name, "text/plain", "attachment") == value
        assert value.isascii()

    @pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=utf-8", "image/PNG", "video/mp4", "audio/ogg"])
    def test_what_runs_no_scripts_may_be_shown(self, kind: str) -> None:
        assert is_showable(kind)
        assert content_disposition("a", kind, "inline").startswith("inline;")
        assert content_disposition("a", kind, "attachment").startswith("attachment;")

    @pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "text/xml", "application/pdf", "", "video/\r\nx"])
    def test_everything_else_is_saved(self, kind: str) -> None:
        assert not is_showable(kind)
        assert content_disposition("a", kind, "inline").startswith("attachment;")


class TestContentType:
    @pytest.mark.parametrize(
        ("given", "safe"),
        [
            ("Text/Plain", "text/plain"),
            ("a/b; charset=utf-8", "a/b; charset=utf-8"),
            ("text/csv; charset=utf-8; header=present",) * 2,
        ],
    )
    def test_one_is_kept(self, given: str, safe: str) -> None:
        assert safe_content_type(given) == safe

    @pytest.mark.parametrize("given", ["", "text", "text/plain\r\nX: y", "text/plain; a=b", "ä/b", "/"])
    def test_anything_else_is_unknown_bytes(self, given: str) -> None:
        assert safe_content_type(given) == "application/octet-stream"
