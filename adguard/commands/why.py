"""`adguard why`: what a reader's code says, and which rule decides on a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import click
from msgspec.structs import asdict, replace
from rich import box
from rich.console import Console
from rich.table import Table

from adguard.codes import FIRST_DAY, LAST_DAY, Code, CodeError, read_code
from adguard.commands.publisher import settings_of
from adguard.detection import Verdict
from adguard.endpoints.control import page_path
from adguard.experiment import CONTROL, HOLDOUT
from adguard.explanation import EPOCH, Explanation, explain, written
from adguard.policy import Moment, Situation, is_blocking
from adguard.presets import Mode, Ruling
from adguard.reader import AllowStage, ReaderState
from adguard.settings import Settings
from adguard.switch import ModeSwitch

__all__ = ["why"]

CLEAN = ReaderState(first_day=0)
MOMENTS = {
    Moment.VIEW: "When the page has reported what it found",
    Moment.NAVIGATION: "Before the page is served",
}


@dataclass(frozen=True)
class Case:
    """A code, held against the settings for one path and day."""

    code: Code
    settings: Settings
    path: str
    ruling: Ruling
    mode: Mode
    day: int
    verdict: Verdict

    def explain(self, moment: Moment) -> Explanation:
        state, arm = self.code.state, self.code.arm
        protection_blocks = self.settings.protection_blocks
        before = state
        if moment is Moment.VIEW:
            blocking = is_blocking(self.verdict, protection_blocks=protection_blocks)
            state = state.with_view(self.verdict, blocking=blocking, today=self.day)
        return explain(
            Situation(
                verdict=self.verdict,
                state=state,
                today=self.day,
                policy=self.settings.arms.policy(arm, self.ruling.policy),
                mode=self.mode,
                excluded=self.ruling.excluded,
                has_pass=self.code.has_pass,
                holdout=arm == HOLDOUT,
                proven=before.allow is AllowStage.PRESSED and state.allow is AllowStage.THANKED,
                protection_blocks=protection_blocks,
                network_wall=self.settings.network_wall,
            ),
            moment,
        )

    @property
    def remarks(self) -> list[str]:
        """What a code cannot know."""
        said = []
        if self.settings.is_supporter is not None:
            said.append("The hook is_supporter was not asked: it needs the reader's own request.")
        if self.code.arm not in {"", CONTROL, HOLDOUT, *self.settings.arms.variants}:
            said.append(f"The settings have no variant {self.code.arm!r} (any more).")
        if self.settings.consent_mode == "local_only":
            said.append("With consent_mode='local_only' pages decide by themselves.")
        return said


@click.command()
@click.argument("code")
@click.option("--path", default="/", show_default=True, help="The page in question: path or URL.")
@click.option(
    "--verdict",
    type=click.Choice([verdict.value for verdict in Verdict]),
    help="What the page finds.  [default: what the code says]",
)
@click.option("--day", help="As 2026-12-24.  [default: the day on which the code was made]")
@click.option(
    "--app",
    metavar="MODULE:NAME",
    help="Your app, for its settings; else ADGUARD_… of the environment.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of text.")
def why(
    *, code: str, path: str, verdict: str | None, day: str | None, app: str | None, as_json: bool
) -> None:
    """Say which rule decides for a reader, from the CODE on their preferences page.

    The code says what counts and nothing of who the reader is. A page view is decided twice: before
    the page is served, and when it has reported what it found.
    """
    try:
        read = read_code(code)
    except CodeError as error:
        raise click.BadParameter(str(error), param_hint="CODE") from None
    today = read.day if day is None else _day(day)
    place = _path(path)
    settings = settings_of(app)
    ruling = settings.book.ruling(place)
    found = read.state.verdict_on(today) if verdict is None else Verdict(verdict)
    mode = ModeSwitch(settings).current(ruling.mode)
    case = Case(read, settings, place, ruling, mode, today, found)
    if as_json:
        click.echo(json.dumps(_as_data(case), indent=2, ensure_ascii=False))
    else:
        _print(case)


def _day(text: str) -> int:
    try:
        day = (datetime.strptime(text, "%Y-%m-%d").date() - EPOCH).days
    except ValueError:
        day = 0
    if not FIRST_DAY <= day <= LAST_DAY:
        raise click.BadParameter(
            f"{text!r} is no day such as 2026-12-24, from {written(FIRST_DAY)} to "
            f"{written(LAST_DAY)}.",
            param_hint="--day",
        )
    return day


def _path(text: str) -> str:
    try:
        address = urlsplit(text).path or "/" if "://" in text else text
    except ValueError:
        address = ""
    if not address.startswith("/"):
        raise click.BadParameter(
            f"{text!r} is neither a path such as /city/story nor a URL.", param_hint="--path"
        )
    return page_path(address)


def contents(code: Code) -> dict[str, Any]:
    """Returns all that a code says, by name, with days as dates; what it says nothing of is left
    out."""
    said: dict[str, Any] = {"day": written(code.day)}
    for name, value in asdict(replace(code.state, first_day=0)).items():
        if value == getattr(CLEAN, name):
            continue
        if name == "asks":
            said[name] = [written(day) for day in value]
        elif name == "month":
            said[name] = written(code.day)[:7]
        else:
            said[name] = written(value) if name.endswith("_day") else getattr(value, "value", value)
    if code.has_pass:
        said["supporter_pass"] = True
    if code.arm:
        said["arm"] = code.arm
    return said


def _ruled(case: Case) -> dict[str, Any]:
    ruling = case.ruling
    return {
        "path": case.path,
        "pattern": ruling.pattern,
        "excluded": ruling.excluded,
        "preset": ruling.preset,
        "form": case.settings.arms.policy(case.code.arm, ruling.policy).form,
        "mode": case.mode,
    }


def _as_data(case: Case) -> dict[str, Any]:
    data: dict[str, Any] = {
        "code": contents(case.code),
        "page": _ruled(case),
        "day": written(case.day),
        "verdict": case.verdict.value,
    }
    for moment in MOMENTS:
        explained = case.explain(moment)
        decision = explained.decision
        data[moment.value] = {
            "action": decision.action.value,
            "form": decision.form,
            "reason": decision.reason.value,
            "steps": [
                {"check": step.reason.value, "decides": step.decides, "fact": step.fact}
                for step in explained.steps
            ],
            "until": None if explained.until is None else written(explained.until),
            "following": explained.following,
            "views": explained.views,
            "reached": explained.reached,
        }
    data["remarks"] = case.remarks
    return data


def _print(case: Case) -> None:
    console = Console()

    def say(text: str = "") -> None:
        console.print(text, highlight=False, soft_wrap=True, markup=False)

    say(f"The code, of {written(case.code.day)}:")
    for name, value in contents(case.code).items():
        if name != "day":
            shown = ", ".join(value) if isinstance(value, list) else str(value)
            say(f"  {name.replace('_', ' ')}: {shown}")
    ruling = case.ruling
    how = f"preset {ruling.preset}, form {_ruled(case)['form']}, mode {case.mode}"
    if ruling.excluded:
        how = f"excluded by {ruling.pattern!r}"
    elif ruling.pattern:
        how = f"rule {ruling.pattern!r}, {how}"
    say(f"The page {case.path}: {how}.")
    say(f"On {written(case.day)}, with the verdict {case.verdict.value!r}:")
    for moment, title in MOMENTS.items():
        explained = case.explain(moment)
        decision = explained.decision
        answer = (
            decision.action.value
            if decision.form is None
            else (f"{decision.action.value} ({decision.form})")
        )
        say(f"\n{title}: {answer}, because of {decision.reason.value!r}.")
        table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
        for step in explained.steps:
            table.add_row("→" if step.decides else "·", step.reason.value, step.fact)
        console.print(table, highlight=False)
        for line in _next(explained):
            say(line)
    for remark in case.remarks:
        say(f"\n{remark}")


def _next(explained: Explanation) -> list[str]:
    lines = []
    if explained.until is not None and explained.following is not None:
        lines.append(
            f"If nothing happens in between, {explained.following.value!r} decides from "
            f"{written(explained.until)} on."
        )
    if explained.views is not None and explained.reached is not None:
        more = (
            "the next blocked view"
            if explained.views == 1
            else (f"{explained.views} blocked views more")
        )
        lines.append(f"On the same day, after {more}, {explained.reached.value!r} decides.")
    return lines or ["Neither time nor further views change that."]
