"""What the settings ask for."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lintel.settings import LintelSettings, SettingsError
from lintel.storage._bucket import Bucket
from lintel.storage._folder import FolderStorage
from lintel.storage._links import LinkSigner
from lintel.storage._port import Storage
from lintel.storage._presign import Credentials
from lintel.storage._s3 import S3Storage

FOLDER = "files"
PATH = "/files"
"""Under the prefix of the API: where `lintel.files` answers signed URLs."""


def link_signer_of(settings: LintelSettings) -> LinkSigner:
    """Makes the links of files that this service answers itself, with a key of its own made of `SECRET_KEY`.

    Those made with an earlier secret (`SECRET_KEY_PREVIOUS`) are answered as well.
    """
    return LinkSigner(*settings.secret_keys, path=f"{settings.api_v1_prefix}{PATH}")


def storage_of(settings: LintelSettings) -> Storage:
    """A bucket where `STORAGE_URL` names one, else a folder. Nothing is opened or connected yet.

    Raises:
        ImportError: It names a bucket, but the extra `storage` is not installed.
        SettingsError: It names none, or half of the credentials are missing.
    """
    links, url = link_signer_of(settings), settings.storage_url
    if url is None:
        return FolderStorage(settings.data_dir / FOLDER, links=links)
    if url.startswith("file:"):
        return FolderStorage(Path(unquote(urlsplit(url).path)), links=links)
    try:
        bucket = Bucket.of(url)
    except ValueError as error:
        raise SettingsError({"STORAGE_URL": str(error)}) from None
    return S3Storage(bucket, credentials=_credentials(settings), links=links, timeout=settings.storage_timeout)


def _credentials(settings: LintelSettings) -> Credentials | None:
    name, key = settings.storage_access_key_id, settings.storage_secret_access_key
    if name is None and key is None:
        return None
    if name is None or key is None:
        raise SettingsError({"STORAGE_ACCESS_KEY_ID": "and STORAGE_SECRET_ACCESS_KEY go together"})
    return Credentials(name.get_secret_value(), key, settings.storage_session_token)
