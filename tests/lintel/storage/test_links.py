from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from lintel.storage import FileLink, LinkRefused, LinkSigner

OLD, NEW = "an old secret", "a new secret"


def link_of(url: str) -> tuple[FileLink, str]:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
    link = FileLink(
        parts.path.removeprefix("/files/"),
        int(query["expires"]),
        query["filename"],
        query["content_type"],
        "attachment",
    )
    return link, query["signature"]


def made(*secrets: str, now: float = 1_000) -> tuple[FileLink, str]:
    signer = LinkSigner(*secrets, path="/files", clock=lambda: now)
    url = signer.url(
        "a/b", expires_in=timedelta(seconds=60), filename="a.txt", content_type="text/plain", disposition="attachment"
    )
    return link_of(url)


class TestVerify:
    @pytest.mark.parametrize("now", [1_000, 1_060])
    def test_a_link_of_ours_is_accepted_while_it_lives(self, now: float) -> None:
        LinkSigner(NEW, path="/files", clock=lambda: now).verify(*made(NEW))

    def test_one_that_is_out_of_date_is_refused(self) -> None:
        with pytest.raises(LinkRefused, match="expired"):
            LinkSigner(NEW, path="/files", clock=lambda: 1_060.5).verify(*made(NEW))

    @pytest.mark.parametrize(
        "change",
        [
            {"key": "a/c"},
            {"key": "a/b/"},
            {"expires": 1_061},
            {"filename": "b.txt"},
            {"content_type": "text/html"},
            {"disposition": "inline"},
            {"filename": 'a.txt", "text/plain'},
        ],
    )
    def test_one_that_was_changed_is_refused(self, change: dict[str, object]) -> None:
        link, signature = made(NEW)
        with pytest.raises(LinkRefused, match="not valid"):
            LinkSigner(NEW, path="/files", clock=lambda: 1_000).verify(replace(link, **change), signature)  # type: ignore[arg-type]

    @pytest.mark.parametrize("signature", ["", "x", "ä", "\udcff", "=" * 43])
    def test_no_other_signature_will_do(self, signature: str) -> None:
        link, _ = made(NEW)
        with pytest.raises(LinkRefused):
            LinkSigner(NEW, path="/files", clock=lambda: 1_000).verify(link, signature)

    def test_a_secret_can_be_replaced_while_links_live(self) -> None:
        LinkSigner(NEW, OLD, path="/files", clock=lambda: 1_000).verify(*made(OLD))
        with pytest.raises(LinkRefused):
            LinkSigner(NEW, path="/files", clock=lambda: 1_000).verify(*made(OLD))
        assert made(NEW, OLD) == made(NEW)
