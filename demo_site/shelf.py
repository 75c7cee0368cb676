"""Files whose address tells their content, so that browsers may keep them for a year."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

DIGEST_LENGTH = 12
FOREVER = "public, max-age=31536000, immutable"
SHORT = "public, max-age=300"


class Shelf:
    """The files of one folder, read once, under `<mount>/<digest>/<name>`.

    :param mount: path without a slash at its end.
    :param folder: flat; every file in it is public.
    """

    def __init__(self, mount: str, folder: Path) -> None:
        self.mount = mount
        self._files = {file.name: file.read_bytes() for file in sorted(folder.iterdir())}
        self._digests = {
            name: hashlib.sha256(body).hexdigest()[:DIGEST_LENGTH]
            for name, body in self._files.items()
        }

    def url(self, name: str) -> str:
        """The address of the file called `name`.

        :raises KeyError: there is no such file.
        """
        return f"{self.mount}/{self._digests[name]}/{name}"

    @property
    def route(self) -> Route:
        return Route(f"{self.mount}/{{digest}}/{{name}}", self._serve)

    async def _serve(self, request: Request) -> Response:
        """An old digest answers the current file: kept pages outlive a new edition."""
        name, digest = request.path_params["name"], request.path_params["digest"]
        if name not in self._files:
            raise HTTPException(404)
        current = self._digests[name]
        headers = {
            "Cache-Control": FOREVER if digest == current else SHORT,
            "ETag": f'"{current}"',
            "X-Content-Type-Options": "nosniff",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(self._files[name], media_type=media_type, headers=headers)
