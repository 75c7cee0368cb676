from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote

import html5lib
import pytest
from aiosmtpd.smtp import AuthResult

from adguard.insight.mail import MailError, Post, compose, preview, read_post, send
from adguard.ledger import Event
from e2e.harness.nginx import free_port
from tests.insight.making import WEEK, report_of, views
from tests.insight.post_office import PASSWORD, USER, Office, certify, serving

MAIL = {"ADGUARD_MAIL_FROM": "Desk <desk@example.org>", "ADGUARD_MAIL_TO": "a@x.org, b@y.org"}


def post_of(url: str, **more: str) -> Post:
    return read_post({"ADGUARD_SMTP": url, **MAIL, **more})


def post_to(office: Office, scheme: str, login: str = "") -> Post:
    return post_of(f"{scheme}://{login}127.0.0.1:{office.port}")


# aiosmtpd does not count TLS from the first byte as TLS.
smtps = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
LOGIN = f"{USER}:{quote(PASSWORD, safe='')}@"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certify(tmp_path_factory.mktemp("post"))


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """OpenSSL reads the certificates it trusts from here."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


WEEKS = [*views(300, "extension", day=WEEK[0]), *views(700, day=WEEK[0], section="news")]


def test_a_mail_brings_the_figures_as_text_and_the_report_as_a_page() -> None:
    office = Office()
    report = report_of(*WEEKS, *views(500, day=WEEK[0] - 2), by=("page", "section"))
    with serving(office):
        post = post_to(office, "smtp+plain")
        send(compose(report, post), post)
    (envelope,), (mail,) = office.envelopes, office.mails
    assert envelope.rcpt_tos == ["a@x.org", "b@y.org"]
    assert envelope.mail_from == "desk@example.org"
    assert mail["From"] == "desk@example.org"
    assert mail["Subject"].startswith("all sites, ")
    assert mail["Subject"].endswith(": 30.0 % behind a blocker")
    assert mail["Auto-Submitted"] == "auto-generated"
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Of 1,000 page views with a verdict, 30.0 % were behind a blocker" in text
    assert "+30.0 points" in text
    assert max(map(len, text.splitlines())) <= 72
    (page,) = mail.iter_attachments()
    assert page.get_content_type() == "text/html"
    assert page.get_filename() == f"ads-{report.first}-to-{report.last}.html"
    assert page.get_content().startswith("<!doctype html>")


def letter(*events: Event, **options: Any) -> str:
    report = report_of(*events, **{"by": ("page", "section"), **options})
    body = compose(report, post_of("smtps://mail.example.org")).get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_the_letter_shows_the_week_and_asks_for_nothing() -> None:
    page = letter(*WEEKS, *views(500, day=WEEK[0] - 2), *views(40, path="/a-story"))
    html5lib.HTMLParser(strict=True).parse(page)
    assert "Of 1,040 page views with a verdict, 28.8\u00a0% were behind a blocker" in page
    assert "+28.8 points" in page
    assert "/a-story" in page
    assert page.count('class="bar"') == 2, "a bar for each day on which anything was recorded"
    assert not re.findall(r"<script|<link|<img|<form|@import|src=|href=|url\(", page)


def test_a_letter_of_an_empty_week_or_of_many_days_is_short() -> None:
    assert "Nothing was recorded in these days." in letter()
    month = [event for back in range(20) for event in views(1, day=WEEK[-1] - back)]
    assert 'class="bar"' not in letter(*month, since=(WEEK[-1] - 27) * 86400)
    assert "Nothing is known of the week before." in letter(*WEEKS)
    assert "width:0%" in letter(*views(9))


@smtps
@pytest.mark.parametrize(("scheme", "tls"), [("smtp", False), ("smtps", True)])
def test_the_way_is_encrypted_and_the_user_logged_in(trusted: Path, scheme: str, tls: bool) -> None:
    office = Office()
    with serving(office, trusted, tls=tls):
        post = post_to(office, scheme, LOGIN)
        send(compose(report_of(), post), post)
    assert office.encrypted == [True]
    assert office.users[-1] == USER


@smtps
@pytest.mark.parametrize(("scheme", "tls"), [("smtp", False), ("smtps", True)])
def test_a_server_with_a_certificate_that_nobody_vouches_for_gets_nothing(
    certificate: Path, scheme: str, tls: bool
) -> None:
    office = Office()
    with serving(office, certificate, tls=tls):
        post = post_to(office, scheme, LOGIN)
        with pytest.raises(MailError, match="has a certificate that does not hold") as raised:
            send(compose(report_of(), post), post)
    assert not office.users
    assert not office.envelopes
    assert PASSWORD not in str(raised.value)


def test_a_wrong_password_is_a_clear_error_that_does_not_repeat_it(trusted: Path) -> None:
    office = Office()
    with serving(office, trusted):
        post = post_to(office, "smtp", f"{USER}:guess@")
        with pytest.raises(MailError, match="does not accept this user and password") as raised:
            send(compose(report_of(), post), post)
    assert "guess" not in str(raised.value)
    assert "guess" not in repr(post)


def test_a_server_that_wants_a_log_in_says_so(trusted: Path) -> None:
    office = Office()
    with serving(office, trusted):
        post = post_to(office, "smtp")
        with pytest.raises(MailError, match="said 530"):
            send(compose(report_of(), post), post)


def test_a_server_without_encryption_never_sees_the_password() -> None:
    office = Office()
    with serving(office):
        post = post_to(office, "smtp", LOGIN)
        with pytest.raises(MailError, match="STARTTLS"):
            send(compose(report_of(), post), post)
    assert office.users == []


def test_recipients_that_the_server_refuses_are_named_and_the_others_get_the_mail() -> None:
    office = Office(refuses=("b@y.org",))
    with serving(office):
        post = post_to(office, "smtp+plain")
        with pytest.raises(MailError, match=r"but not for b@y\.org \(550 no such box here\); the"):
            send(compose(report_of(), post), post)
        office.refuses = ("a@x.org", "b@y.org")
        with pytest.raises(MailError, match=r"takes no mail for a@x\.org \(550 .*\), b@y\.org"):
            send(compose(report_of(), post), post)
    assert [envelope.rcpt_tos for envelope in office.envelopes] == [["a@x.org"]]


def test_a_mail_that_was_taken_is_sent_whatever_the_server_says_to_a_farewell() -> None:
    class Rude(Office):
        async def handle_QUIT(self, *_: object) -> str:  # noqa: N802 -- aiosmtpd's name
            return "421 too busy to say goodbye"

    office = Rude()
    with serving(office):
        post = post_to(office, "smtp+plain")
        send(compose(report_of(), post), post)
    assert len(office.mails) == 1


def test_what_a_server_says_is_one_line_that_a_terminal_only_shows() -> None:
    class Loud(Office):
        async def handle_DATA(self, *_: object) -> str:  # noqa: N802 -- aiosmtpd's name
            return "550-\x1b[31mno\r\n550 mail today\x07"

    office = Loud()
    with serving(office):
        post = post_to(office, "smtp+plain")
        with pytest.raises(MailError, match=r"said 550 \[31mno mail today$"):
            send(compose(report_of(), post), post)


def test_a_server_that_cannot_look_now_does_not_say_the_password_is_wrong(trusted: Path) -> None:
    class Blind(Office):
        def authenticate(self, *_: object) -> AuthResult:
            return AuthResult(success=False, handled=False, message="454 later")

    office = Blind()
    with serving(office, trusted):
        post = post_to(office, "smtp", LOGIN)
        with pytest.raises(MailError, match=r"cannot check passwords now \(454\)"):
            send(compose(report_of(), post), post)


def test_a_password_that_the_protocol_cannot_carry_is_told(trusted: Path) -> None:
    office = Office()
    with serving(office, trusted):
        post = post_to(office, "smtp", f"{USER}:p%C3%A4ss@")
        with pytest.raises(MailError, match="ASCII") as raised:
            send(compose(report_of(), post), post)
    assert "ä" not in str(raised.value)


def test_a_server_that_is_not_there_is_named() -> None:
    port = free_port()
    post = post_of(f"smtp://127.0.0.1:{port}")
    with pytest.raises(MailError, match=f"127.0.0.1:{port} cannot be reached"):
        send(compose(report_of(), post), post)


def test_speaking_plainly_to_a_server_of_tls_is_an_error(trusted: Path) -> None:
    office = Office()
    with serving(office, trusted):
        post = post_to(office, "smtps")
        with pytest.raises(MailError, match="cannot be reached"):
            send(compose(report_of(), post), post)
    assert issubclass(ssl.SSLError, OSError)


def test_a_dry_run_prints_what_would_be_sent() -> None:
    post = post_of("smtps://mail.example.org")
    text = preview(compose(report_of(*WEEKS), post))
    assert "From: desk@example.org" in text
    assert "To: a@x.org, b@y.org" in text
    assert "30.0 % behind a blocker" in text
    assert "Nothing is known of the week before." in text
    assert "Attached: ads-" in text


def test_a_week_without_figures_is_mailed_as_such() -> None:
    text = preview(compose(report_of(), post_of("smtps://mail.example.org")))
    assert "Nothing was recorded in these days." in text
    assert "nothing recorded" in text


def test_what_changed_on_our_side_stands_in_the_mail() -> None:
    events = views(20, version="0.1.0 a b", day=WEEK[0]) + views(20, version="0.2.0 a b")
    assert "version 0.2.0" in preview(compose(report_of(*events), post_of("smtps://x.org")))


def test_a_site_with_a_line_break_adds_no_header() -> None:
    report = report_of(site="gazette\nBcc: c@z.org")
    assert compose(report, post_of("smtps://mail.example.org"))["Bcc"] is None


@pytest.mark.parametrize(
    ("url", "security", "port"),
    [
        ("smtp://mail.example.org", "starttls", 587),
        ("smtps://mail.example.org/", "tls", 465),
        ("smtp+plain://localhost:2525", "none", 2525),
    ],
)
def test_an_address_says_how_the_way_is_protected(url: str, security: str, port: int) -> None:
    post = post_of(url)
    assert (post.security, post.port, post.user) == (security, port, "")


def test_user_and_password_may_hold_any_character() -> None:
    post = post_of(f"smtp://{LOGIN}mail.example.org")
    assert (post.user, post.password) == (USER, PASSWORD)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"ADGUARD_SMTP": ""}, "ADGUARD_SMTP is not set"),
        ({"ADGUARD_SMTP": "mail.example.org"}, "is no address of a mail server"),
        ({"ADGUARD_SMTP": "http://mail.example.org"}, "is no address of a mail server"),
        ({"ADGUARD_SMTP": "smtp://mail.example.org:99999"}, "is no address of a mail server"),
        ({"ADGUARD_SMTP": "smtp://:secret@mail.example.org"}, "a password but no user"),
        ({"ADGUARD_SMTP": "smtp://mail.example.org/?tls=no"}, "is no address of a mail server"),
        ({"ADGUARD_MAIL_FROM": ""}, "ADGUARD_MAIL_FROM is not set"),
        ({"ADGUARD_MAIL_FROM": "a@x.org, b@x.org"}, "one address, not several"),
        ({"ADGUARD_MAIL_TO": "nobody"}, "'nobody' is not a mail address"),
        ({"ADGUARD_MAIL_TO": "a@x.org\r\nBcc: c@z.org"}, "is not a mail address"),
    ],
)
def test_a_post_that_makes_no_sense_is_refused_with_the_variables_name(
    environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(MailError, match=sentence) as raised:
        read_post({"ADGUARD_SMTP": "smtp://mail.example.org", **MAIL, **environment})
    assert "secret" not in str(raised.value)
