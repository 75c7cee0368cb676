"""Delivering what the book holds, with pauses that grow, by clocks that only the test moves."""

from __future__ import annotations

from adguard.alerts.book import Entry, LocalBook
from adguard.alerts.delivery import LONGEST_RETRY, Delivery, pause
from adguard.alerts.episodes import GIVE_UP, Desk, news
from adguard.alerts.rules import Finding
from adguard.alerts.webhook import Outcome
from adguard.ledger import StoreError

AT = 1_800_000_000.0
FIRST, SECOND = "https://one.example/a", "https://two.example/b"


class Post:
    """Stands for the network: answers as it is told to, and remembers."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.tries: list[tuple[str, str]] = []
        self.taken: list[tuple[str, str]] = []

    def __call__(self, url: str, secret: str, name: str, body: bytes, now: float) -> Outcome:
        self.tries.append((url, name))
        if url in self.down:
            return Outcome(False, "answered 500")
        self.taken.append((url, name))
        return Outcome(True, "answered 204")


class Scene:
    """A book with an alert in it, and time."""

    def __init__(self, *urls: str) -> None:
        self.now = 0.0
        self.post = Post()
        self.book = LocalBook(None)
        self.open("bad")
        self.delivery = self.make(*urls)

    def make(self, *urls: str) -> Delivery:
        return Delivery(
            urls,
            "s" * 32,
            clock=lambda: AT + self.now,
            elapsed=lambda: self.now,
            chance=lambda: 1.0,
            post=self.post,
        )

    def open(self, status: str) -> None:
        finding = Finding("coverage", status, 0.2, 0.5, 0.8, 5000, 4)  # type: ignore[arg-type]
        for entry in news([finding], self.book.read("news"), Desk("news"), AT + self.now):
            self.book.write(entry)

    def run(self, *, stopped: bool = False) -> tuple[int, float]:
        return self.delivery.run(self.book, self.book.read("news"), "", lambda: stopped)


def test_every_address_gets_a_message_once() -> None:
    scene = Scene(FIRST, SECOND)
    for _ in range(3):
        assert scene.run() == (0, float("inf"))
    name = "news.coverage.1.firing"
    assert scene.post.tries == [(FIRST, name), (SECOND, name)]


def test_a_failure_is_tried_again_after_pauses_that_grow_and_the_others_do_not_wait() -> None:
    scene = Scene(FIRST, SECOND)
    scene.post.down = {FIRST}
    assert scene.run() == (1, 5.0)
    assert scene.post.taken == [(SECOND, "news.coverage.1.firing")]
    due = []
    for _ in range(4):
        before = len(scene.post.tries)
        scene.now += 0.1
        left, next_at = scene.run()
        assert (left, len(scene.post.tries)) == (1, before)
        scene.now = next_at
        due.append(scene.now)
        scene.run()
    assert due == [5.0, 15.0, 35.0, 75.0]
    scene.post.down = set()
    scene.now = scene.run()[1]
    assert scene.run() == (0, float("inf"))
    assert scene.post.taken[1:] == [(FIRST, "news.coverage.1.firing")]


def test_right_again_never_comes_before_the_alert() -> None:
    scene = Scene(FIRST)
    scene.post.down = {FIRST}
    scene.run()
    scene.now = 60.0
    scene.open("fine")
    scene.post.down = set()
    scene.run()
    assert [name for _, name in scene.post.taken] == [
        "news.coverage.1.firing",
        "news.coverage.1.resolved",
    ]
    down = Scene(FIRST)
    down.post.down = {FIRST}
    down.open("fine")
    assert down.run() == (2, 5.0)
    assert {name for _, name in down.post.tries} == {"news.coverage.1.firing"}


def test_a_new_worker_goes_on_where_the_last_one_was_killed() -> None:
    scene = Scene(FIRST, SECOND)
    scene.post.down = {SECOND}
    scene.run()
    scene.post.down = set()
    scene.delivery = scene.make(FIRST, SECOND)
    scene.run()
    assert [url for url, _ in scene.post.taken] == [FIRST, SECOND]


def test_nothing_is_begun_once_the_worker_stops() -> None:
    scene = Scene(FIRST)
    assert scene.run(stopped=True)[0] == 1
    assert scene.post.tries == []


def test_what_is_old_is_given_up() -> None:
    scene = Scene(FIRST)
    scene.post.down = {FIRST}
    scene.run()
    scene.now = float(GIVE_UP)
    assert scene.run() == (0, float("inf"))


def test_a_delivery_that_could_not_be_noted_is_not_made_again() -> None:
    scene = Scene(FIRST)
    entries = scene.book.read("news")

    class Closed(LocalBook):
        def write(self, entry: Entry) -> bool:
            raise StoreError("away")

    for _ in range(2):
        try:
            scene.delivery.run(Closed(None), entries, "", lambda: False)
        except StoreError:
            continue
    scene.run()
    assert len(scene.post.tries) == 1
    assert scene.run() == (0, float("inf"))


def test_pauses_double_are_spread_and_end_at_an_hour() -> None:
    assert [pause(n, 1.0) for n in (1, 2, 3, 4)] == [5.0, 10.0, 20.0, 40.0]
    assert pause(1, 0.0) == 2.5
    assert pause(500, 1.0) == LONGEST_RETRY
    assert pause(500, 0.0) == LONGEST_RETRY / 2
