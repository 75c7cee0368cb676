"""The members' area: two accounts of a demonstration, and what `is_supporter` says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from demo_site.door import Door
from demo_site.gate import same_word
from demo_site.office import office_of
from demo_site.render import go, render_alone


@dataclass(frozen=True)
class Member:
    """An account. A real site keeps digests of passwords, and not in its code."""

    who: str
    name: str
    word: str
    supporter: bool
    about: str


MEMBERS = {
    member.who: member
    for member in (
        Member("ines", "Ines Dacosta", "low water", True, "has the Saturday paper delivered"),
        Member("theo", "Theo Brandt", "high water", False, "has an account and pays nothing"),
    )
}


def member_of(connection: HTTPConnection) -> Member | None:
    """Returns who is logged in."""
    return MEMBERS.get(office_of(connection).members.who(connection) or "")


async def is_supporter(connection: HTTPConnection) -> bool:
    """What adguard asks before it asks a reader: whether this one supports the paper already."""
    member = member_of(connection)
    return member is not None and member.supporter


async def log_in(request: Request) -> Response:
    if request.method != "POST":
        return _door(request)
    office = office_of(request)
    return await DOOR.enter(request, office.members, office.patience_with_members)


async def log_out(request: Request) -> Response:
    return DOOR.leave(request, office_of(request).members)


async def members(request: Request) -> Response:
    member = member_of(request)
    if member is None:
        return go("/login")
    return render_alone(
        request, "members.html", member=member, supporter=await is_supporter(request)
    )


def _door(request: Request, status: int = 200, trouble: str = "") -> Response:
    return render_alone(
        request,
        "login.html",
        status,
        accounts=MEMBERS.values(),
        member=member_of(request),
        trouble=trouble,
    )


def _knows(_: Request, fields: Mapping[str, str]) -> str | None:
    member = MEMBERS.get(fields.get("who", "").strip().lower())
    right = same_word(fields.get("word", ""), member.word if member else "")
    return member.who if member is not None and right else None


DOOR = Door(
    _door,
    _knows,
    "This name and password do not belong together. Two that do stand below.",
    inside="/members",
    outside="/login",
)

ROUTES = [
    Route("/login", log_in, methods=["GET", "POST"]),
    Route("/logout", log_out, methods=["POST"]),
    Route("/members", members),
]
