"""The interface explained to people: the description as a page, and a page for each kind of problem.

Made here from the description itself, without a script and without anything from elsewhere, so the page keeps to the
same strict rules as all others.
"""

import re
from typing import Any

from fastapi import APIRouter, FastAPI
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bot.channels.web.markup import to_html
from bot.web.api.description import operations, shapes
from bot.web.api.kinds import KINDS
from bot.web.api.problems import PREFIX
from bot.web.assets import Assets
from bot.web.templating import environment

_CODE = re.compile(r"`([^`<]+)`")
_LINE_END = re.compile(r"(?<!\n)\n(?!\n)")


class Explained:
    """What anybody may read, without a token."""

    def __init__(self, app: FastAPI, assets: Assets) -> None:
        self._app = app
        self._assets = assets
        self._templates = environment()

    def _page(self, template: str, **context: Any) -> Response:
        common = {"asset": self._assets.url, "prefix": PREFIX, "markdown": prose}
        html = self._templates.get_template(f"api/{template}").render(**common, **context)
        return HTMLResponse(html, headers={"Content-Language": "en"})

    async def start(self) -> Response:
        """Leads to the documentation."""
        return RedirectResponse(f"{PREFIX}/docs")

    async def description(self) -> Response:
        """OpenAPI 3.1, for programs."""
        return JSONResponse(self._app.openapi())

    async def docs(self) -> Response:
        """The same, for people."""
        found = self._app.openapi()
        tags = [(tag, tuple(operations(found, tag["name"]))) for tag in found["tags"]]
        return self._page("docs.html", info=found["info"], tags=tags, shapes=tuple(shapes(found)))

    async def problems(self) -> Response:
        """Every kind of problem."""
        return self._page("problems.html", kinds=tuple(KINDS.values()))

    async def problem(self, slug: str) -> Response:
        """One kind of problem. Raises 404."""
        if slug not in KINDS:
            raise HTTPException(404)
        return self._page("problems.html", kinds=(KINDS[slug],))

    def routes(self) -> APIRouter:
        """Their addresses."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self.start, response_model=None)
        router.add_api_route("/openapi.json", self.description, response_model=None)
        router.add_api_route("/docs", self.docs, response_model=None)
        router.add_api_route("/problems", self.problems, response_model=None)
        router.add_api_route("/problems/{slug}", self.problem, response_model=None)
        return router


def prose(markdown: str) -> Markup:
    """Our Markdown, but with code between backticks and lines that end where they fit.

    What residents read has no code, and its lines end where its author ended them.
    """
    flowing = _LINE_END.sub(" ", markdown)
    return Markup(_CODE.sub(r"<code>\1</code>", str(to_html(flowing))))  # noqa: S704 - all of it is escaped already
