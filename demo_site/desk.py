"""The editor's desk: every letter in the tray, and what becomes of it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo_site.door import Door
from demo_site.edition import STORIES
from demo_site.forms import FormError, read_own_form
from demo_site.gate import same_word
from demo_site.letters.akismet import NOWHERE
from demo_site.letters.letter import Letter, State
from demo_site.letters.routes import evidence_of
from demo_site.letters.sieve import explain
from demo_site.letters.tray import KEPT_DAYS, TrayError
from demo_site.office import in_thread, office_of
from demo_site.render import go, render_alone

logger = logging.getLogger("demo_site.desk")

EDITOR = "editor"
PAGE = 50
TRAYS = {
    State.HELD: "Waiting",
    State.PUBLISHED: "Printed",
    State.SPAM: "Spam",
    State.REMOVED: "Removed",
}
DEEDS = {
    State.PUBLISHED: "Print",
    State.SPAM: "Spam",
    State.REMOVED: "Remove",
    State.HELD: "Let it wait",
}
DONE = {
    State.PUBLISHED: "is in print",
    State.SPAM: "is with the spam",
    State.REMOVED: "is removed",
    State.HELD: "waits again",
}
DONE_NAME = re.compile(r"(\d{1,15})\.(held|published|spam|removed)")


async def desk(request: Request) -> Response:
    office = office_of(request)
    if not office.desk_password or office.editors.who(request) != EDITOR:
        return _door(request)
    return await _desk(request)


async def enter(request: Request) -> Response:
    office = office_of(request)
    if not office.desk_password:
        return _door(request, 403)
    return await DOOR.enter(request, office.editors, office.patience_with_editors)


async def leave(request: Request) -> Response:
    return DOOR.leave(request, office_of(request).editors)


async def decide(request: Request) -> Response:
    """Moves one letter, if it is still where the editor saw it."""
    office = office_of(request)
    if not office.desk_password or office.editors.who(request) != EDITOR:
        return _door(request, 403, "You have been out for a while. Come in again.")
    try:
        fields = await read_own_form(request)
    except FormError as error:
        return _door(request, error.status, str(error))
    states = {state.value: state for state in State}
    was, to = states.get(fields.get("was", "")), states.get(fields.get("to", ""))
    number = fields.get("number", "")
    if was is None or to is None or not re.fullmatch(r"[0-9]{1,15}", number):
        return await _desk(request, 400, "That form was incomplete. Nothing has changed.")
    try:
        letter = await in_thread(office.tray.decide, int(number), was, to, office.clock())
        if letter is None:
            return await _desk(
                request,
                409,
                f"Letter {number} is not where it was: somebody else has decided on it, or it is "
                "gone. Nothing has changed.",
            )
        await _correct_akismet(request, letter)
    except TrayError as error:
        logger.error("A letter cannot be moved: %s", error)  # noqa: TRY400 (the cause is in it)
        return await _desk(request, 503, "")
    show = states.get(fields.get("show", ""), was)
    return go(f"/desk?show={show}&done={number}.{was}#said")


async def _correct_akismet(request: Request, letter: Letter) -> None:
    """Tells Akismet where the editor saw what it did not. No address is kept, so none is sent."""
    office = office_of(request)
    verdict = {State.PUBLISHED: "ham", State.SPAM: "spam"}.get(letter.state)
    if office.akismet is None or not letter.akismet or verdict in {None, letter.akismet}:
        return
    evidence = evidence_of(request, letter, user_ip=NOWHERE)
    if not await office.akismet.tell(evidence, spam=verdict == "spam"):
        add = (f"told:{verdict}",)
        await in_thread(
            office.tray.decide, letter.number, letter.state, letter.state, office.clock(), add=add
        )


def _door(request: Request, status: int = 200, trouble: str = "") -> Response:
    return render_alone(
        request,
        "desk_door.html",
        status,
        closed=not office_of(request).desk_password,
        trouble=trouble,
    )


def _knows(request: Request, fields: Mapping[str, str]) -> str | None:
    return EDITOR if same_word(fields.get("word", ""), office_of(request).desk_password) else None


DOOR = Door(_door, _knows, "That is not the password.", inside="/desk", outside="/desk")


async def _desk(request: Request, status: int = 200, trouble: str = "") -> Response:
    office, query = office_of(request), request.query_params
    show = query.get("show", "")
    state = State(show) if show in {entry.value for entry in State} else State.HELD
    before = query.get("before", "")
    last = int(before) if re.fullmatch(r"[0-9]{1,15}", before) else None
    values: dict[str, Any] = {
        "trays": TRAYS,
        "deeds": DEEDS,
        "state": state,
        "stories": STORIES,
        "explain": explain,
        "kept_days": KEPT_DAYS,
        "most_spam": office.tray.limits.spam,
        "trouble": trouble,
    }
    try:
        letters = await in_thread(office.tray.in_state, state, last, PAGE + 1)
        values["counts"] = await in_thread(office.tray.counts)
        values["done"] = await _done(request)
    except TrayError as error:
        logger.error("The tray cannot be read: %s", error)  # noqa: TRY400 (the cause is in it)
        return render_alone(request, "desk_away.html", 503)
    values["letters"] = letters[:PAGE]
    values["older"] = letters[PAGE - 1].number if len(letters) > PAGE else None
    return render_alone(request, "desk.html", status, **values)


async def _done(request: Request) -> dict[str, Any] | None:
    """What was done a moment ago, in words, with the way back."""
    named = DONE_NAME.fullmatch(request.query_params.get("done", ""))
    if named is None:
        return None
    letter = await in_thread(office_of(request).tray.letter, int(named[1]))
    if letter is None or letter.state == named[2]:
        return None
    return {
        "letter": letter,
        "words": f"{letter.name}’s letter {DONE[letter.state]}.",
        "back": named[2],
    }


ROUTES = [
    Route("/desk", desk),
    Route("/desk/enter", enter, methods=["POST"]),
    Route("/desk/leave", leave, methods=["POST"]),
    Route("/desk/decide", decide, methods=["POST"]),
]
