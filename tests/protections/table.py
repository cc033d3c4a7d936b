"""Every protection that is taken out on trial."""

from tests.protections import browsers, bulk, callers, requests, signing_in, storing, tokens
from tests.protections.protection import Protection

PROTECTIONS: tuple[Protection, ...] = (
    *tokens.PROTECTIONS,
    *signing_in.PROTECTIONS,
    *callers.PROTECTIONS,
    *browsers.PROTECTIONS,
    *requests.PROTECTIONS,
    *storing.PROTECTIONS,
    *bulk.PROTECTIONS,
)
