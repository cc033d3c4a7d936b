"""Small pictures of people, made of whatever they sent."""

from io import BytesIO

MAX_PIXELS = 25_000_000
"""Four bytes each, twice at most, while a picture is read."""
SIDE = 512
QUALITY = 85
MEDIA_TYPE = "image/webp"
SUFFIX = "webp"


class PictureUnreadable(ValueError):
    """No picture that could be read, or one with too many pixels. Says nothing of it."""


def portrait(content: bytes) -> bytes:
    """A WebP picture of at most 512 times 512 pixels, with nothing in it but these: no place, camera or comment.

    It is turned as its sender's camera was held; of several pictures in one file it is the first.

    Raises:
        PictureUnreadable: It is no PNG, JPEG or WebP that can be read, or has more than 25 million pixels.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415 - an optional extra, and for the child process alone

    try:
        # The type is among these three, whatever the file says: the others' readers are not to be reached.
        with Image.open(BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as picture:
            _check_size(picture.size)
            picture.draft("RGB", (SIDE, SIDE))
            ImageOps.exif_transpose(picture, in_place=True)
            small = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
            small.thumbnail((SIDE, SIDE))
            made = BytesIO()
            small.info.clear()
            small.save(made, "WEBP", quality=QUALITY, method=4)
    except Exception as error:
        # Readers of hostile files fail in every way there is.
        raise PictureUnreadable from error
    return made.getvalue()


def _check_size(size: tuple[int, int]) -> None:
    """Before a single pixel is read: a small file can have very many."""
    if size[0] * size[1] > MAX_PIXELS:
        raise PictureUnreadable
