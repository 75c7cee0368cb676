"""Where readers send their letters, and what a story shows of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urljoin

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo_site.edition import SECTIONS, STORIES, Section, Story
from demo_site.forms import FormError, comes_from_here, read_form
from demo_site.letters.akismet import NOWHERE
from demo_site.letters.letter import Draft, Letter, State, read_draft
from demo_site.letters.sieve import objections, settled_state
from demo_site.letters.tray import TrayError, TrayFullError
from demo_site.office import in_thread, office_of
from demo_site.render import go, render_alone

logger = logging.getLogger("demo_site.letters")

TRAP = "subject"
"""A field that people do not see. No browser fills it in by itself; programs do."""
OWN_SECONDS = 24 * 3600
"""How long a reader's own address shows a letter that is not printed."""
EMPTY = Draft("", "")


@dataclass(frozen=True)
class Column:
    """The letters of one story, as one reader sees them.

    :param own: this reader's letter, when it is not in print.
    :param just: the number of this reader's letter.
    :param failed: whether the tray could not be read.
    """

    printed: tuple[Letter, ...] = ()
    own: Letter | None = None
    just: int | None = None
    failed: bool = False


async def column_of(request: Request, story: Story) -> Column:
    """Reads the letters under `story`. A tray that cannot be read costs the letters and not the
    story."""
    office = office_of(request)
    signed = office.own_letters.read(
        request.query_params.get("letter", "")[:100], within=OWN_SECONDS
    )
    try:
        printed = tuple(await in_thread(office.tray.published, story.slug))
        mine = await in_thread(office.tray.letter, int(signed[0])) if signed else None
    except TrayError as error:
        logger.error("Letters cannot be shown: %s", error)  # noqa: TRY400 (the cause is in it)
        return Column(failed=True)
    if mine is None or mine.story != story.slug:
        return Column(printed)
    return Column(printed, None if mine.state is State.PUBLISHED else mine, mine.number)


def new_stamp(request: Request, story: Story) -> str:
    """Returns what a form for `story` carries: signed, with the time."""
    return office_of(request).stamps.write(story.slug)


def story_called(section: Section, slug: str) -> Story:
    story = STORIES.get(slug)
    if story is None or story.section is not section:
        raise HTTPException(404)
    return story


class ReturnedError(Exception):
    """A letter that goes back to its writer; the message says why, "" when its problems do.

    :param wait: seconds after which to try again.
    """

    def __init__(self, status: int, message: str, *, wait: int = 0) -> None:
        super().__init__(message)
        self.status, self.wait = status, wait


async def send_letter(request: Request, *, section: Section) -> Response:
    """Takes a letter. Whatever is wrong, it is in the tray or back in the form that is returned."""
    office = office_of(request)
    story = story_called(section, request.path_params["slug"])
    if request.method != "POST":
        return go(f"{story.path}#letter")
    try:
        fields = await read_form(request)
    except FormError as error:
        return _form(request, story, EMPTY, error.status, str(error))
    draft, stamp = read_draft(fields), fields.get("stamp", "")[:200]
    read = office.stamps.read(stamp)
    age = read[1] if read is not None and read[0] == story.slug else None
    try:
        letter = await _take(request, story, draft, age, fields.get(TRAP, ""))
    except ReturnedError as error:
        page = _form(
            request,
            story,
            draft,
            error.status,
            str(error),
            stamp="" if age is None else stamp,
        )
        if error.wait:
            page.headers["Retry-After"] = str(error.wait)
        return page
    own = office.own_letters.write(str(letter.number))
    return go(f"{story.path}?letter={own}#letter-{letter.number}")


async def _take(
    request: Request, story: Story, draft: Draft, age: float | None, trap: str
) -> Letter:
    """Returns the letter as the tray has it.

    :param age: seconds since its form was made; `None` for a form that is not ours.
    :raises ReturnedError: it is not in the tray.
    """
    if not comes_from_here(request):
        raise ReturnedError(
            403, "This form did not come from a page of ours. If you wrote it, send it from here."
        )
    if draft.problems:
        raise ReturnedError(422, "")
    if age is None:
        raise ReturnedError(
            422, "The form was incomplete when it came. Your words are here; send them again."
        )
    try:
        return await _keep(request, story, draft, objections(draft, trap=trap, age=age))
    except TrayFullError as full:
        minutes = -(-full.wait // 60)
        raise ReturnedError(
            429,
            "More letters have come in than the editor can read. Your words are here; send them "
            f"again in {minutes} minute{'' if minutes == 1 else 's'}.",
            wait=full.wait,
        ) from None
    except TrayError as error:
        logger.error("A letter could not be kept: %s", error)  # noqa: TRY400 (the cause is in it)
        raise ReturnedError(
            503, "Your letter could not be kept just now. Your words are here; send them again."
        ) from None


async def _keep(request: Request, story: Story, draft: Draft, reasons: tuple[str, ...]) -> Letter:
    """Puts a letter into the tray, and only then asks anybody about it."""
    office = office_of(request)
    letter, is_new = await in_thread(
        office.tray.receive, story.slug, draft, reasons, office.clock()
    )
    if not is_new or letter.state is not State.HELD:
        return letter
    opinion = None
    added: tuple[str, ...] = ()
    if office.akismet is not None:
        address = request.client.host if request.client else NOWHERE
        browser = request.headers.get("user-agent", "")[:512]
        evidence = evidence_of(request, letter, user_ip=address, user_agent=browser)
        opinion, code = await office.akismet.ask(evidence)
        added = (code,)
    state = settled_state(letter.reasons, opinion, trust_local_filter=office.trust_local_filter)
    if state is not State.HELD or added:
        try:
            await in_thread(office.tray.settle, letter.number, state, added)
        except TrayError as error:
            logger.error("A letter stays in the tray: %s", error)  # noqa: TRY400
    return letter


def evidence_of(request: Request, letter: Letter, **sender: str) -> dict[str, str]:
    """Returns what Akismet is sent about a letter; `akismet.SENT` says it in words."""
    story = STORIES.get(letter.story)
    return {
        **sender,
        "permalink": urljoin(str(request.base_url), story.path if story else "/"),
        "comment_type": "comment",
        "comment_author": letter.name,
        "comment_content": letter.text,
        "blog_lang": "en",
        "blog_charset": "UTF-8",
    }


def _form(
    request: Request, story: Story, draft: Draft, status: int, trouble: str, *, stamp: str = ""
) -> Response:
    values: dict[str, Any] = {
        "section": story.section,
        "story": story,
        "draft": draft,
        "trouble": trouble,
        "stamp": stamp or new_stamp(request, story),
    }
    return render_alone(request, "letter.html", status, **values)


ROUTES = [
    Route(
        f"{section.path}{{slug}}/letters",
        partial(send_letter, section=section),
        methods=["GET", "POST"],
    )
    for section in SECTIONS.values()
]
