"""Forms as a browser without JavaScript sends them: within bounds, from our own pages."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

LONGEST_BODY = 32_768
"""Bytes. The longest letter there may be, in a script of three bytes a sign, takes 18 kB as a form
encodes it."""

FOREIGN = "Only this paper’s own pages may send this form."


class FormError(Exception):
    """A form that cannot be read; the message is for whoever sent it.

    :param status: of the answer, 4xx.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read_form(request: Request) -> dict[str, str]:
    """Returns the fields of a form, the last of each name. What is not UTF-8 is replaced.

    :raises FormError: too long, of another kind, or of too many fields.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormError(415, "This is not a form as a browser sends it.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise FormError(
                413,
                f"That is longer than the {LONGEST_BODY // 1024} kB we can take. Go back with your "
                "browser, which has kept what you wrote, and shorten it.",
            )
    try:
        return dict(
            parse_qsl(
                body.decode("utf-8", "replace"),
                keep_blank_values=True,
                max_num_fields=20,
                errors="replace",
            )
        )
    except ValueError:
        raise FormError(400, "There are more fields in this form than we know.") from None


async def read_own_form(request: Request) -> dict[str, str]:
    """The same for a form that only a page of ours may send.

    :raises FormError: also when another site sent it.
    """
    if not comes_from_here(request):
        raise FormError(403, FOREIGN)
    return await read_form(request)


def comes_from_here(request: Request) -> bool:
    """Whether a form was sent from a page of ours; every browser of today says so itself."""
    said = request.headers.get("sec-fetch-site")
    if said is not None:
        return said == "same-origin"
    origin = request.headers.get("origin", "").lower().partition("://")[2]
    return bool(origin) and origin == request.headers.get("host", "").lower()
