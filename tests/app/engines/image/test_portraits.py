"""Pictures made small; and those that are not what they say (rows 86, 88)."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags, Image

from app.engines.image.portraits import MAX_PIXELS, SIDE, PictureUnreadable, portrait


def picture(form: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any) -> bytes:
    made = BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else 200).save(made, form, **options)
    return made.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A small file that says it has very many pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1_000))) + chunk(b"IEND", b"")


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


class TestPortrait:
    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
    def test_is_a_webp_picture_of_the_same_shape(self, form: str) -> None:
        made = opened(portrait(picture(form, (2_000, 1_000))))
        assert (made.format, made.size, made.mode) == ("WEBP", (SIDE, SIDE // 2), "RGB")

    @pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
    def test_is_made_of_every_mode(self, mode: str) -> None:
        assert opened(portrait(picture(mode=mode))).size == (40, 20)

    def test_is_not_made_larger(self) -> None:
        assert opened(portrait(picture(size=(3, 2)))).size == (3, 2)

    def test_is_upright_and_says_nothing_of_where_and_with_what_it_was_taken(self) -> None:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6
        exif[ExifTags.Base.Make] = "Secret camera"
        made = portrait(picture("JPEG", (40, 20), exif=exif, comment=b"Secret comment"))
        assert opened(made).size == (20, 40)
        assert b"Secret" not in made
        assert not opened(made).getexif()

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\x89PNG\r\n\x1a\n",
            picture()[:50],
            picture("JPEG")[:100],
            picture("GIF"),
            picture("BMP"),
            picture("TIFF"),
            bomb(40, 40),
            bomb(100_000, 100_000),
            bomb(MAX_PIXELS + 1, 1),
            bomb(0, 0),
            b"%!PS-Adobe-3.0 EPSF-3.0\n",
        ],
        ids=range(12),
    )
    def test_is_not_made_of_what_cannot_be_read(self, content: bytes) -> None:
        with pytest.raises(PictureUnreadable):
            portrait(content)
