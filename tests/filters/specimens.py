"""Requests and elements that exercise rules: made from the rules themselves, from our baits, and
from what ordinary pages ask for. The same ones for the same seed."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterable, Sequence

from adguard.baits import load
from adguard.filters import CosmeticRule, Element, NetworkRule, Request
from adguard.filters import tree as grammar
from adguard.filters.options import KINDS
from adguard.filters.rules import Places
from adguard.filters.selector import Complex, Compound, read

ASKED = (
    *("script", "image", "stylesheet", "object", "xmlhttprequest", "subdocument"),
    *("ping", "websocket", "font", "media", "other", "document"),
)
SITES = (
    "www.example.org",
    "news.example.com",
    "blog.example.co.uk",
    "shop.example.de",
    "localhost",
)
_FILLS = ("", "a", "b1", "x/y", "lib", "12", "assets/app", "en-us")
_ORDINARY = (
    *("/", "/index.html", "/static/app.js", "/static/main.css", "/img/logo.png", "/api/v1/items"),
    *("/fonts/text.woff2", "/news/2026/a-story", "/?page=2", "/search?q=banner", "/feed.xml"),
    *("/wp-content/themes/x/style.css", "/cdn/jquery.min.js", "/player/embed/77", "/media/a.mp4"),
)
_ALPHABET = "".join(chr(code) for code in range(33, 127) if chr(code) not in '#"<>\\^`{|} ')


class Specimens:
    """Makes requests and elements with one source of chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def requests(self, rules: Sequence[NetworkRule], count: int) -> list[Request]:
        """Requests that hit the rules, and such as miss them by little."""
        chosen = self._chosen(rules, count * 2 // 3)
        found = [request for rule in chosen for request in self._around(rule)]
        while len(found) < count:
            found.append(self._ordinary())
        self.chance.shuffle(found)
        return found[:count]

    def _chosen(self, rules: Sequence[NetworkRule], count: int) -> list[NetworkRule]:
        """The rare sorts of rules in full as far as there is room, then any."""

        def rare(rule: NetworkRule) -> bool:
            options = rule.options
            return bool(
                rule.expression
                or rule.exception
                or options.to
                or options.denyallow
                or options.methods
                or options.strict
                or options.redirect
                or options.important
                or options.badfilter
                or "*" in rule.pattern
            )

        special = [rule for rule in rules if rare(rule)]
        self.chance.shuffle(special)
        rest = self.chance.choices(rules, k=count)
        return [*special[: count // 2], *rest][:count]

    def _around(self, rule: NetworkRule) -> Iterable[Request]:
        url = self._url(rule)
        page = self._page(rule, url)
        kinds = [kind for kind in ASKED if KINDS[kind] & rule.options.kinds] or list(ASKED)
        kind = self.chance.choice(kinds)
        method = self.chance.choice(sorted(rule.options.methods) or ["get"]).upper()
        yield self._made(url, page, kind, method)
        twist = self.chance.randrange(4)
        if twist == 0:
            yield self._made(url, page, self.chance.choice(ASKED), "GET")
        elif twist == 1:
            yield self._made(url, f"https://{self._host(url)}/", kind, "GET")
        elif twist == 2:
            yield self._made(self._damaged(url), page, kind, method)

    def _made(self, url: str, page: str, kind: str, method: str) -> Request:
        if kind == "websocket":
            url = re.sub(r"^http", "ws", url)
        return Request(url, url if kind == "document" else page, kind, method)

    def _host(self, url: str) -> str:
        return url.partition("://")[2].partition("/")[0]

    def _url(self, rule: NetworkRule) -> str:
        if rule.expression:
            return self._from_expression(rule)
        text = rule.pattern
        start = "https://"
        if text.startswith("||"):
            text = text[2:]
            start += self.chance.choice(("", "", "www.", "a.b."))
        elif text.startswith("|"):
            text, start = text[1:], ""
        elif "://" in text:
            start = "" if not text.startswith("://") else "https"
        elif rule.options.to and rule.options.to.hosts:
            start += f"{self._named(rule.options.to)}/"
        else:
            start += f"{self.chance.choice(SITES)}/"
        text = text.removesuffix("|")
        filled = "".join(self._filled(letter) for letter in text)
        url = start + filled
        if "://" not in url:
            url = f"https://{url.lstrip(':/')}"
        return self._tidy(url)

    def _filled(self, letter: str) -> str:
        if letter == "*":
            return self.chance.choice(_FILLS)
        return self.chance.choice("/?&=:") if letter == "^" else letter

    def _tidy(self, url: str) -> str:
        """A URL as browsers send it: a host, a path, no blank."""
        scheme, _, rest = url.partition("://")
        host, sign, path = re.match(r"([^/?&=:]*)([/?&=:]?)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
        host = host.strip(".-*") or "www.example.org"
        if "." not in host and host != "localhost":
            host += ".com"
        scheme = scheme if scheme in {"http", "https", "ws", "wss"} else "https"
        path = f"/{path}" if sign == "/" else f"/{sign}{path}"
        path = "".join(letter for letter in path if letter in _ALPHABET)
        return f"{scheme}://{host.lower()}{path}"

    def _from_expression(self, rule: NetworkRule) -> str:
        assert rule.expression
        tree = grammar.parse(rule.expression.source, fold_case=False)
        text = self._sampled(tree)
        if not re.match(r"https?://|wss?://", text):
            host = self.chance.choice(SITES)
            text = f"https://{host}/{text}" if not text.startswith("/") else f"https://{host}{text}"
        return text if "#" not in text else text.partition("#")[0]

    def _sampled(self, node: grammar.Node) -> str:
        """Some text that the tree allows; what it looks ahead for is left to luck."""
        match node:
            case grammar.Chars(mask):
                able = [letter for letter in _ALPHABET if mask >> ord(letter) & 1]
                usual = [letter for letter in able if letter.isalnum()]
                return self.chance.choice(usual or able or ["x"])
            case grammar.Sequence(items):
                return "".join(map(self._sampled, items))
            case grammar.Choice(branches):
                return self._sampled(self.chance.choice(branches))
            case grammar.Repeat(body, low, high):
                most = min(low + 3, high if high is not None else low + 3)
                return "".join(self._sampled(body) for _ in range(self.chance.randint(low, most)))
            case grammar.Group(body):
                return self._sampled(body)
        return ""

    def _named(self, places: Places) -> str:
        names = sorted(places.hosts) + [f"{name}.com" for name in sorted(places.entities)]
        return self.chance.choice(names)

    def _page(self, rule: NetworkRule, url: str) -> str:
        places = rule.options.domains
        if places and self.chance.random() < 0.9:
            names = [*sorted(places.hosts), *(f"{name}.com" for name in sorted(places.entities))]
            shunned = sorted(places.not_hosts)
            pool = [*names[:20], *shunned[:2], "www.example.org"]
            host = self.chance.choice(pool)
            sub = self.chance.choice(("", "", "www.", "m.")) if "." in host else "www.site."
            return f"https://{sub}{host}/some/page"
        if rule.options.party == 1 or rule.options.strict == 1:
            return f"https://{self._host(url)}/"
        return f"https://{self.chance.choice((*SITES, self._host(url)))}/"

    def _damaged(self, url: str) -> str:
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        if not path:
            return f"{scheme}://x{host}/"
        place = self.chance.randrange(len(path))
        letter = self.chance.choice(string.ascii_lowercase)
        return f"{scheme}://{host}{slash}{path[:place]}{letter}{path[place + 1 :]}"

    def _ordinary(self) -> Request:
        site = self.chance.choice(SITES)
        baits = [bait.path for bait in load().network]
        path = self.chance.choice((*_ORDINARY, *baits))
        prefix = self.chance.choice(("", "/_site")) if path in baits else ""
        page = f"https://{self.chance.choice(SITES)}/"
        kind = self.chance.choice(ASKED)
        return self._made(f"https://{site}{prefix}{path}", page, kind, "GET")

    # --- elements ---------------------------------------------------------------------------

    def elements(self, rules: Sequence[CosmeticRule], count: int) -> list[tuple[str, Element]]:
        """Pages, each with an element that a rule selects, or nearly."""
        found: list[tuple[str, Element]] = []
        specific = [rule for rule in rules if not rule.generic]
        generic = [rule for rule in rules if rule.generic]
        named = [rule for rule in generic if not re.fullmatch(r"[.#][\w-]+", rule.selector)]
        excepted = [rule for rule in rules if rule.exception]
        while len(found) < count:
            pool = self.chance.choice((specific, generic, named, excepted))
            rule = self.chance.choice(pool)
            element = self._standing(self.chance.choice(read(rule.selector)))
            found.append((self._page_of(rule), element))
        return found

    def _page_of(self, rule: CosmeticRule) -> str:
        if rule.places and self.chance.random() < 0.85:
            names = [*rule.places.hosts, *(f"{name}.com" for name in rule.places.entities)]
            names += rule.places.not_hosts
            if names:
                sub = self.chance.choice(("", "www."))
                return f"https://{sub}{self.chance.choice(sorted(names))}/"
        return f"https://{self.chance.choice(SITES)}/"

    def _standing(self, selector: Complex) -> Element:
        """An element with around it what the selector asks for; now and then one thing less."""
        body = Element("body")
        parent = self.chance.choice((body, Element("div", "", ("wrap",), parent=body)))
        previous = None
        around = list(selector.around)
        if around and self.chance.random() < 0.2:
            around.pop()
        for sign, compound in reversed(around):
            element = self._element(compound, parent, previous)
            if sign in {" ", ">"}:
                parent, previous = element, None
                if sign == " " and self.chance.random() < 0.3:
                    parent = Element("section", parent=element)
            else:
                previous = element
        return self._element(selector.subject, parent, previous)

    def _element(self, compound: Compound, parent: Element, previous: Element | None) -> Element:
        attributes: dict[str, str] = {}
        classes = list(compound.classes)
        identity = compound.ids[0] if compound.ids else ""
        for wanted in compound.attributes:
            value = self._valued(wanted.operator, wanted.value)
            if wanted.name == "class":
                classes = classes or value.split() or ["x"]
            elif wanted.name == "id":
                identity = identity or value
            else:
                attributes[wanted.name] = value
        if self.chance.random() < 0.2:
            classes.append("adsbygoogle")
        if classes and self.chance.random() < 0.1:
            classes[0] += "x"
        return Element(
            compound.tag or self.chance.choice(("div", "a", "span")),
            identity,
            tuple(classes),
            attributes,
            parent,
            previous,
            empty=self.chance.random() < 0.6,
        )

    def _valued(self, operator: str, value: str) -> str:
        before = self.chance.choice(("", "x", "left ")) if operator in {"*=", "$="} else ""
        after = self.chance.choice(("", "y", "-1")) if operator in {"*=", "^="} else ""
        return f"{before}{value}{after}"
