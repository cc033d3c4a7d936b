import hashlib
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lintel.documentation import documentation_routes
from lintel.documentation._assets import STATIC

pytestmark = pytest.mark.anyio

ADDRESS = re.compile(r'(?:src|href|data-schema-url)="([^"]*)"')


def make_app(
    *,
    title: str = "Shop",
    docs_url: str | None = "/docs",
    redoc_url: str | None = "/redoc",
) -> FastAPI:
    app = FastAPI(title=title, docs_url=None, redoc_url=None)
    app.router.routes.extend(
        documentation_routes(title=title, openapi_url="/openapi.json", docs_url=docs_url, redoc_url=redoc_url)
    )
    return app


def client_for(app: ASGIApp, *, root_path: str = "") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app, root_path=root_path)
    return httpx2.AsyncClient(transport=transport, base_url="http://service")


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with client_for(make_app()) as client:
        yield client


def policy_of(response: httpx2.Response) -> dict[str, str]:
    directives = response.headers["content-security-policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


class TestPages:
    @pytest.mark.parametrize(("path", "title"), [("/docs", "Shop · Swagger UI"), ("/redoc", "Shop · Redoc")])
    async def test_answers_html(self, client: httpx2.AsyncClient, path: str, title: str) -> None:
        """Both pages answer as UTF-8 HTML under the name of the API."""
        response = await client.get(path)

        assert response.status_code == 200
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert f"<title>{title}</title>" in response.text

    @pytest.mark.parametrize("path", ["/docs", "/redoc"])
    async def test_loads_only_what_answers_here(self, client: httpx2.AsyncClient, path: str) -> None:
        """Every address in a page is a path of this service, and it answers."""
        addresses = ADDRESS.findall((await client.get(path)).text)

        assert len(addresses) >= 5
        for address in addresses:
            assert re.match(r"/[^/]", address)
            assert (await client.get(address)).status_code == 200

    @pytest.mark.parametrize("path", ["/docs", "/redoc"])
    async def test_has_no_inline_code(self, client: httpx2.AsyncClient, path: str) -> None:
        """A page holds no inline script, style or event handler, as its own policy demands."""
        html = (await client.get(path)).text

        assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", html) == []

    @pytest.mark.parametrize("path", ["/docs", "/redoc"])
    async def test_allows_scripts_of_this_service_alone(self, client: httpx2.AsyncClient, path: str) -> None:
        """The policy starts from nothing and allows neither inline nor foreign scripts."""
        policy = policy_of(await client.get(path))

        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert not re.search(r"unsafe-inline|unsafe-eval|https?:|\*", " ".join(policy.values()))

    @pytest.mark.parametrize("path", ["/docs", "/redoc"])
    async def test_escapes_the_title(self, path: str) -> None:
        """A title with markup is shown, not interpreted."""
        async with client_for(make_app(title='</title><script>alert("1")</script>{0}')) as client:
            html = (await client.get(path)).text

        assert "&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;{0}" in html
        assert "<script>" not in html

    @pytest.mark.parametrize("path", ["/docs", "/redoc"])
    async def test_respects_the_root_path(self, path: str) -> None:
        """Behind a proxy that strips a prefix, every address carries that prefix."""
        async with client_for(make_app(), root_path="/shop/v 2/") as client:
            addresses = ADDRESS.findall((await client.get(path)).text)

        assert {address.split("/")[1] for address in addresses} == {"shop"}
        assert "/shop/v%202/openapi.json" in addresses

    async def test_works_in_a_mounted_application(self) -> None:
        """Mounted under a path, the page and its files answer there."""
        parent = FastAPI()
        parent.mount("/inner", make_app())
        async with client_for(parent) as client:
            for address in ADDRESS.findall((await client.get("/inner/docs")).text):
                assert address.startswith("/inner/")
                assert (await client.get(address)).status_code == 200

    async def test_answers_head_and_refuses_post(self, client: httpx2.AsyncClient) -> None:
        """A page can be asked for its headers, and nothing can be sent to it."""
        assert (await client.head("/docs")).status_code == 200
        assert (await client.post("/docs")).status_code == 405


class TestSwitchedOff:
    @pytest.mark.parametrize(
        ("docs_url", "redoc_url", "present", "absent"),
        [("/docs", None, "/docs", "/redoc"), (None, "/redoc", "/redoc", "/docs"), ("/", None, "/", "/docs")],
    )
    async def test_one_page_works_without_the_other(
        self, docs_url: str | None, redoc_url: str | None, present: str, absent: str
    ) -> None:
        """The page that is left has all its files; the other one does not exist."""
        async with client_for(make_app(docs_url=docs_url, redoc_url=redoc_url)) as client:
            assert (await client.get(absent)).status_code == 404
            for address in ADDRESS.findall((await client.get(present)).text):
                assert (await client.get(address)).status_code == 200

    def test_no_page_means_no_route(self) -> None:
        """With both pages off, not even the files answer."""
        assert documentation_routes(title="Shop", openapi_url="/openapi.json", docs_url=None, redoc_url=None) == []

    def test_routes_stay_out_of_the_schema(self) -> None:
        """The documentation does not document itself."""
        routes = documentation_routes(title="Shop", openapi_url="/openapi.json", docs_url="/docs", redoc_url="/redoc")

        assert [(route.path, route.include_in_schema) for route in routes if isinstance(route, Route)] == [
            ("/docs", False),
            ("/redoc", False),
            ("/docs/assets/{name}", False),
        ]


class TestAssets:
    @pytest.mark.parametrize(
        ("name", "content_type"),
        [
            ("favicon.svg", "image/svg+xml"),
            ("redoc.standalone.js", "text/javascript; charset=utf-8"),
            ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
            ("swagger-ui.css", "text/css; charset=utf-8"),
            ("LICENSE-redoc.txt", "text/plain; charset=utf-8"),
        ],
    )
    async def test_answers_the_right_type(self, client: httpx2.AsyncClient, name: str, content_type: str) -> None:
        """Files answer whole, under the type a browser with nosniff asks for."""
        response = await client.get(f"/docs/assets/{name}")

        assert response.headers["content-type"] == content_type
        assert response.content == (STATIC / name).read_bytes()

    async def test_is_kept_for_a_year_under_its_version(self, client: httpx2.AsyncClient) -> None:
        """Only the address with the right content hash may be kept without asking again."""
        [address] = re.findall(r'"([^"]*swagger-ui\.css[^"]*)"', (await client.get("/docs")).text)

        response = await client.get(address)
        other = await client.get("/docs/assets/swagger-ui.css?v=0")

        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert other.headers["cache-control"] == "no-cache"

    async def test_is_not_sent_twice(self, client: httpx2.AsyncClient) -> None:
        """A browser that has the file is told so."""
        etag = (await client.get("/docs/assets/swagger.js")).headers["etag"]

        response = await client.get("/docs/assets/swagger.js", headers={"if-none-match": etag})

        assert response.status_code == 304
        assert response.content == b""

    @pytest.mark.parametrize(
        "name",
        [
            "../_pages.py",
            "..\\_pages.py",
            "..",
            ".",
            "",
            "/etc/passwd",
            "swagger.js/../../_pages.py",
            "swagger.js\0",
            "SHA256SUMS",
            "nothing.js",
        ],
    )
    async def test_refuses_what_is_not_listed(self, name: str) -> None:
        """Neither traversal nor any other made-up name reaches a file."""
        app = make_app()

        # A client would tidy the dots away; a server hands on the decoded path as it came.
        async def as_sent(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "path": f"/docs/assets/{name}"}, receive, send)

        async with client_for(as_sent) as client:
            response = await client.get("/")

        assert response.status_code == 404
        assert response.json() == {"detail": "Not Found"}

    def test_sums_match_the_files(self) -> None:
        """SHA256SUMS names every file beside it, each with its true hash."""
        lines = (STATIC / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}

        actual = {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in STATIC.iterdir()
            if file.name != "SHA256SUMS"
        }

        assert listed == actual

    @pytest.mark.parametrize("name", ["redoc.standalone.js", "swagger-ui-bundle.js", "swagger-ui.css"])
    def test_names_no_source_map(self, name: str) -> None:
        """Developer tools are not sent after source maps that do not exist."""
        text = (STATIC / name).read_text(encoding="utf-8")

        assert re.findall(r"sourceMappingURL=[\w.]+\.map", text) == []
