"""The same site in Django, whose ASGI application knows no lifespan."""

from __future__ import annotations

from collections.abc import AsyncIterator

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import path

from adguard import AdGuardMiddleware
from tests.servers.page import PAGE, chunks, file

FILE = file()


async def whole(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE)


async def chunked(request: HttpRequest) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[str]:
        for chunk in chunks():
            yield chunk

    return StreamingHttpResponse(pieces())


def from_file(request: HttpRequest) -> HttpResponseBase:
    answer: HttpResponseBase = FileResponse(FILE.open("rb"), content_type="text/html")
    return answer


async def extensions(request: HttpRequest) -> JsonResponse:
    return JsonResponse([], safe=False)


urlpatterns = [
    path("", whole),
    path("chunked", chunked),
    path("file", from_file),
    path("extensions", extensions),
]
settings.configure(
    ALLOWED_HOSTS=["news.localhost"], ROOT_URLCONF=__name__, SECRET_KEY="django's own"
)
app = AdGuardMiddleware(get_asgi_application())
