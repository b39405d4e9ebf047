"""The page's own files, each under an address that changes with its content."""

from dataclasses import dataclass
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    content: bytes
    media_type: str
    digest: str


class Assets:
    """All files of a folder, read once."""

    def __init__(self, folder: Path) -> None:
        self._assets = {file.name: _read(file) for file in sorted(folder.iterdir()) if file.is_file()}

    def url(self, name: str) -> str:
        """Where a file is. Raises KeyError if there is none of this name."""
        return f"/static/{self._assets[name].digest}/{name}"

    def routes(self) -> APIRouter:
        """Serves the files."""
        router = APIRouter()

        @router.api_route("/static/{digest}/{name}", methods=["GET", "HEAD"])
        async def static(digest: str, name: str) -> Response:
            asset = self._assets.get(name)
            if asset is None:
                raise HTTPException(404)
            # While a new version is rolled out, a page of one process may ask another for its files.
            caching = FOREVER if digest == asset.digest else "no-store"
            return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": caching})

        return router


def _read(file: Path) -> Asset:
    content = file.read_bytes()
    media_type = guess_type(file.name)[0] or "application/octet-stream"
    return Asset(content, media_type, sha256(content).hexdigest()[:16])
