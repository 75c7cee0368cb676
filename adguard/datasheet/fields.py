"""What each field holds, in a sentence a reader may read. A test wants one for every field that the
code has, so that none comes in unsaid."""

from __future__ import annotations

from collections.abc import Mapping

READER: Mapping[str, str] = {
    "first_day": "The day of the first entry; the cookie ends 395 days after it.",
    "bucket": "A number from 0 to 9999, drawn by chance for the experiment; absent outside of one "
    "and under Global Privacy Control.",
    "verdict": "The last verdict: clear, extension, network, protection or unknown.",
    "verdict_day": "The day of that verdict.",
    "views": "How many page views were blocked, up to 999.",
    "visit_day": "The day of the last blocked page view.",
    "visit_views": "How many page views were blocked on that day.",
    "month": "The month of the last blocked page view.",
    "month_views": "How many page views were blocked in that month.",
    "asks": "The days on which the reader was asked, the last twelve.",
    "open_ask": "Whether the last ask was left unanswered.",
    "later_count": 'How often the reader said "Not now".',
    "later_day": 'The day of the last "Not now".',
    "never_day": 'The day of "Don\'t ask for six months".',
    "not_blocking_count": 'How often the reader said "I am not blocking ads".',
    "not_blocking_day": "The day on which that was said last.",
    "reserved": "Always 0: the place of a value that is no longer kept.",
    "pressed_day": 'The day of "Allow ads here" or "Support another way".',
    "allow": "How far allowing ads was confirmed: pressed, thanked, verified.",
    "pass_day": 'The day of "Continue without" on the page that stands in for an article.',
    "cleared": "Whether a page view was clear after a blocked one.",
    "experiment": "The number of the experiment that the bucket was drawn for.",
}
"""Of the state cookie. Days are days: no time, no identifier."""

MEMORY: Mapping[str, str] = {
    "clear": "That a page view was clear, at what time, with the token and the day of its control.",
    "kept": "At most four reports that could not be delivered, to be sent with the next page.",
    "moves": "The times at which the page that stands in for an article went on by itself.",
}
"""Of the entry in sessionStorage."""

REPORT: Mapping[str, str] = {
    "v": "The format's number.",
    "id": "The day and a number made by chance for this one report, so that it counts once.",
    "token": "A signed text, good for ten minutes, that says when the page asked for it.",
    "kind": "What is reported: a view, a second look, a notice that was seen, consent taken back.",
    "path": "The page's path, without its query.",
    "lang": "The page's language.",
    "signals": "What became of each bait and its control.",
    "brave": "Whether the browser says that it is Brave.",
    "gpc": "Whether Global Privacy Control is on.",
    "earlier": "Why an earlier look at the same page found a blocker.",
    "client": "Which version of our script the page has.",
    "agreed": "That the reader has agreed, where the settings ask for it.",
    "gate": "That the page stands in for an article, and goes on to it by itself.",
}
"""Of what a page sends."""

EVENT: Mapping[str, str] = {
    "id": REPORT["id"],
    "site": "The site's configured name.",
    "at": "The second at which it happened.",
    "kind": "What happened: a page was measured, a verdict reported, a choice made, and so on.",
    "verdict": "The verdict.",
    "reason": "Why the reader was asked, or not.",
    "action": "Whether a notice, thanks or the page that stands in for an article followed.",
    "form": "Which form the notice had.",
    "choice": "What the reader chose.",
    "path": "The page's path, without its query.",
    "section": "What your hook `section` says of the request, cut to 40 characters.",
    "country": "What your hook `country` says of the request, cut to 40 characters.",
    "browser": "The browser's name, one of about a dozen.",
    "device": "Desktop, phone, tablet or other.",
    "variant": "The experiment's arm.",
    "sample": "Which share of page views is measured.",
    "version": "Which release and settings were in force.",
    "fresh": "Whether it is a reader's first report of the day.",
    "assigned": "Whether a bucket was drawn with it.",
    "cleared": "Whether it is a reader's first clear page view after a blocked one.",
    "count": "How many of its kind it stands for.",
}
"""Of the journal."""

MATTER = frozenset(
    (
        *("mode", "origin", "prefix", "site", "publisher", "store", "retention_days"),
        *("is_supporter", "ad_urls", "probe_ad_urls", "neutral_url", "consent_mode", "holdout"),
        *("variants", "sample", "section", "country", "support", "metrics", "alert_urls"),
        *("dashboard_password", "debug"),
    )
)
"""Options that the sheet speaks of."""

DO_NOT_MATTER = frozenset(
    (
        *("secret_key", "mode_file", "preset", "policy", "rules", "exclude", "baits", "inject"),
        *("interstitial", "inline_target", "language", "texts", "template_dir", "theme"),
        *("protection_blocks", "network_wall", "alert_secret", "dashboard", "rpm", "currency"),
    )
)
"""Options that change neither what is stored nor who is told: a new option has to choose."""
