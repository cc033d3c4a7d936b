"""Where files are kept: a port, a folder of this machine, and buckets of S3."""

from lintel.storage._bucket import Bucket
from lintel.storage._configured import link_signer_of, storage_of
from lintel.storage._disposition import content_disposition, is_showable, safe_content_type, safe_filename
from lintel.storage._folder import FolderStorage
from lintel.storage._keys import InvalidKey, is_key, key_parts
from lintel.storage._links import FileLink, LinkRefused, LinkSigner
from lintel.storage._port import (
    Content,
    Disposition,
    FileInfo,
    FileMissing,
    FilePage,
    FileStream,
    FileTooLarge,
    KeyTaken,
    Storage,
    StorageFull,
    StorageUnavailable,
    StoredFile,
)
from lintel.storage._presign import Credentials
from lintel.storage._s3 import S3Storage

__all__ = [
    "Bucket",
    "Content",
    "Credentials",
    "Disposition",
    "FileInfo",
    "FileLink",
    "FileMissing",
    "FilePage",
    "FileStream",
    "FileTooLarge",
    "FolderStorage",
    "InvalidKey",
    "KeyTaken",
    "LinkRefused",
    "LinkSigner",
    "S3Storage",
    "Storage",
    "StorageFull",
    "StorageUnavailable",
    "StoredFile",
    "content_disposition",
    "is_key",
    "is_showable",
    "key_parts",
    "link_signer_of",
    "safe_content_type",
    "safe_filename",
    "storage_of",
]
