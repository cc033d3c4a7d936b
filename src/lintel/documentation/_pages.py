"""The two documentation pages; everything they load comes from this package."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from lintel.documentation._assets import Assets

_HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{favicon}">
{styles}
{scripts}
</head>
<body>
<noscript>This page needs JavaScript. The schema it shows is at <a href="{schema_url}">{schema_url}</a>.</noscript>
<div id="documentation" data-schema-url="{schema_url}"></div>
</body>
</html>
"""

# Redoc writes two style elements before any nonce could be given to it: an empty one, which it fills through the
# CSSOM, and the one of its scrollbar. Naming exactly these two leaves every other style element forbidden.
_REDOC_EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
_REDOC_SCROLLBAR_STYLE = "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"

_ALIGNED_COLUMNS = (
    "'sha256-De7agAeYqm6ANIVvRRW6HFWi52AJW8inhFE0gSdgXnI='",
    "'sha256-kFAIUwypIt04FgLyVU63Lcmp2AQimPh/TdYjy04Flxs='",
    "'sha256-XzJlZKVo+ff9ozww9Sr2p/2TbJXITZuaWMZ9p53zN1U='",
)

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


@dataclass(frozen=True, kw_only=True)
class _Page:
    """What one page loads, and the content security policy it needs beyond the common one."""

    name: str
    label: str
    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    policy: Mapping[str, str]


_SWAGGER = _Page(
    name="swagger_ui_html",
    label="Swagger UI",
    scripts=("swagger-ui-bundle.js", "swagger.js"),
    styles=("swagger-ui.css", "pages.css"),
    # A tried operation may answer an image (shown from a blob) or sound (played from its own address).
    policy={
        "img-src": "'self' data: blob:",
        "media-src": "'self'",
        # The style attributes of a Markdown table with aligned columns: left, center and right, in that order.
        "style-src-attr": " ".join(("'unsafe-hashes'", *_ALIGNED_COLUMNS)),
    },
)

_REDOC = _Page(
    name="redoc_html",
    label="Redoc",
    scripts=("redoc.standalone.js", "redoc.js"),
    styles=("pages.css",),
    policy={
        "style-src": f"'self' {_REDOC_EMPTY_STYLE} {_REDOC_SCROLLBAR_STYLE}",
        # The search index is built in a worker whose source is part of the bundle.
        "worker-src": "blob:",
    },
)


def documentation_routes(
    *, title: str, openapi_url: str, docs_url: str | None, redoc_url: str | None
) -> list[BaseRoute]:
    """The interactive documentation: Swagger UI, Redoc and the files they load.

    The pages work offline, under any root path, and bring their own `Content-Security-Policy`.

    Args:
        title: Name of the API, shown as the title of the pages.
        openapi_url: Path of the OpenAPI schema, below the root path.
        docs_url: Path of Swagger UI; None leaves it out.
        redoc_url: Path of Redoc; None leaves it out.

    Returns:
        Routes for an application's router; none of them is part of the schema.
    """
    pages = [(path, page) for path, page in ((docs_url, _SWAGGER), (redoc_url, _REDOC)) if path is not None]
    if not pages:
        return []
    first_path, _ = pages[0]
    assets = Assets(f"{first_path.rstrip('/')}/assets")
    routes = [_page_route(page, path, title, openapi_url, assets) for path, page in pages]
    return [*routes, assets.route()]


def _page_route(page: _Page, path: str, title: str, openapi_url: str, assets: Assets) -> Route:
    headers = {"content-security-policy": _policy(page), "cache-control": "no-cache"}

    async def respond(request: Request) -> Response:
        root_path = quote(request.scope.get("root_path", "").rstrip("/"))
        html = _render(page, title, f"{root_path}{openapi_url}", assets, root_path)
        return HTMLResponse(html, headers=headers)

    return Route(path, respond, name=page.name, include_in_schema=False)


def _render(page: _Page, title: str, schema_url: str, assets: Assets, root_path: str) -> str:
    def url(name: str) -> str:
        return escape(assets.url(name, root_path=root_path))

    return _HTML.format(
        title=escape(f"{title} · {page.label}"),
        favicon=url("favicon.svg"),
        styles="\n".join(f'<link rel="stylesheet" href="{url(name)}">' for name in page.styles),
        scripts="\n".join(f'<script src="{url(name)}" defer></script>' for name in page.scripts),
        schema_url=escape(schema_url),
    )


def _policy(page: _Page) -> str:
    return "; ".join(f"{name} {sources}" for name, sources in {**_POLICY, **page.policy}.items())
