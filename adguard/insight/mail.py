"""The weekly report as a mail, and the way to a mail server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid
from textwrap import wrap
from typing import Literal
from urllib.parse import unquote, urlsplit

from adguard.insight import wording
from adguard.insight.letter import letter_of
from adguard.insight.report import Report
from adguard.insight.webpage import to_html

__all__ = ["MailError", "Post", "compose", "preview", "read_post", "send", "text_of"]

TIMEOUT = 30.0
"""Seconds that the mail server may be silent."""

HOW = (
    "write smtp://user:password@mail.example.org:587 (STARTTLS) or smtps://…:465; "
    "smtp+plain:// sends without encryption"
)


class MailError(Exception):
    """A mail that cannot be made or sent; the message never holds a password."""


@dataclass(frozen=True)
class Post:
    """Who sends what to whom, and through which server.

    :param security: `starttls`, `tls` from the first byte, or `none`.
    :param user: empty where the server wants no log-in.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str
    password: str = field(repr=False)
    sender: str
    recipients: tuple[str, ...]


def read_post(environment: Mapping[str, str]) -> Post:
    """Understands `ADGUARD_SMTP`, `ADGUARD_MAIL_FROM` and `ADGUARD_MAIL_TO` (several addresses with
    commas between).

    :raises MailError: one is missing or makes no sense.
    """
    url = environment.get("ADGUARD_SMTP", "")
    if not url:
        raise MailError(f"ADGUARD_SMTP is not set; {HOW}")
    sender = _addresses(environment, "ADGUARD_MAIL_FROM")
    if len(sender) > 1:
        raise MailError("ADGUARD_MAIL_FROM: one address, not several")
    recipients = _addresses(environment, "ADGUARD_MAIL_TO")
    kinds: Mapping[str, tuple[Literal["starttls", "tls", "none"], int]] = {
        "smtp": ("starttls", 587),
        "smtps": ("tls", 465),
        "smtp+plain": ("none", 25),
    }
    try:
        parts = urlsplit(url)
        security, default = kinds[parts.scheme]
        host, port = parts.hostname, parts.port or default
    except (KeyError, ValueError):
        host = None
    if not host or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise MailError(f"ADGUARD_SMTP is no address of a mail server; {HOW}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if password and not user:
        raise MailError(f"ADGUARD_SMTP has a password but no user; {HOW}")
    return Post(host, port, security, user, password, sender[0], recipients)


def _addresses(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = environment.get(name, "")
    found = [address for _, address in getaddresses([text]) if address]
    if not found:
        raise MailError(f"{name} is not set; write a mail address")
    for address in found:
        if not text.isprintable():  # a line break would begin a header of its own
            raise MailError(f"{name}: {text!r} is not a mail address")
        try:
            parsed = Address(addr_spec=address)
        except Exception:  # the parser of the library lets errors of every kind through
            raise MailError(f"{name}: {address!r} is not a mail address") from None
        if not parsed.domain or not parsed.username:
            raise MailError(f"{name}: {address!r} is not a mail address")
    return tuple(found)


def compose(report: Report, post: Post) -> EmailMessage:
    """Returns the mail: the main figures as text and as HTML, the whole report as an attached
    page."""
    message = EmailMessage()
    message["Subject"] = _subject(report)
    message["From"] = post.sender
    message["To"] = ", ".join(post.recipients)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid("adguard", Address(addr_spec=post.sender).domain)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text_of(report), cte="quoted-printable")
    message.add_alternative(letter_of(report), subtype="html", cte="quoted-printable")
    message.add_attachment(
        to_html(report).encode(),
        maintype="text",
        subtype="html",
        filename=f"ads-{report.first}-to-{report.last}.html",
    )
    return message


def _subject(report: Report) -> str:
    days = wording.days(report.first, report.last)
    rate = report["block_rate"]
    said = "nothing recorded" if report.empty else f"{wording.share(rate)} behind a blocker"
    # A line break in a site's name must not begin a header.
    return " ".join(f"{wording.whose(report)}, {days}: {said}".split())


def text_of(report: Report) -> str:
    """Returns the figures as a plain text of at most 72 columns."""
    lines = [wording.title(report), ""]
    if report.empty:
        return "\n".join([*lines, "Nothing was recorded in these days.", ""])
    lines += [*wrap(wording.sentence(report), 72), ""]
    lines += [f"{'':<22}{'now':>9}{'before':>9}"]
    for name in wording.COMPARED:
        now, then = report[name], report.earlier(name)
        earlier = "" if then is None else wording.value(then)
        row = f"{now.metric.label:<22}{wording.value(now):>9}{earlier:>9}"
        lines.append(f"{row}  {wording.change(now, then)}".rstrip())
    if report.before is None:
        lines += ["", "Nothing is known of the week before."]
    if report.unearned is not None:
        lines += ["", *wrap(wording.unearned(report.unearned), 72)]
    if told := wording.experiment(report.experiment):
        lines += ["", "What asking changed:"]
        for said in told:
            lines += wrap(said, 72, initial_indent="  ", subsequent_indent="  ")
    if report.marks:
        lines += ["", "Changed on our side:"]
        lines += [f"  {mark.day:%-d %B}: {mark.text}" for mark in report.marks]
    lines += ["", "Charts, tables and definitions are in the attached page.", ""]
    return "\n".join(lines)


def preview(message: EmailMessage) -> str:
    """Returns what a dry run prints: the headers, the text, and what is attached."""
    lines = [f"{name}: {message[name]}" for name in ("From", "To", "Subject")]
    body = message.get_body(("plain",))
    lines += ["", body.get_content() if body is not None else ""]
    for part in message.iter_attachments():
        content = part.get_content()
        lines.append(f"Attached: {part.get_filename()} ({len(content.encode()):,} bytes)")
    return "\n".join(lines)


def send(message: EmailMessage, post: Post) -> None:
    """Hands the mail to the server.

    :raises MailError: the server cannot be reached, is not whom it claims to be, or does not take
        the mail for every recipient.
    """
    where = f"{post.host}:{post.port}"
    try:
        refused = _hand_over(message, post)
    except (OSError, UnicodeEncodeError) as error:
        raise MailError(_why(error, where)) from None
    if refused:
        raise MailError(f"{where} took the mail, but not for {_listed(refused)}; the others got it")


def _hand_over(message: EmailMessage, post: Post) -> Mapping[str, tuple[int, bytes]]:
    """Returns the recipients that were refused while others were not."""
    context = ssl.create_default_context()
    if post.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            post.host, post.port, timeout=TIMEOUT, context=context
        )
    else:
        server = smtplib.SMTP(post.host, post.port, timeout=TIMEOUT)
    try:
        if post.security == "starttls":
            server.starttls(context=context)
        if post.user:
            server.login(post.user, post.password)
        return server.send_message(message, post.sender, post.recipients)
    finally:
        # The mail is taken or not by now, whatever the server says to a farewell.
        with suppress(OSError):
            server.quit()
        server.close()


def _why(error: Exception, where: str) -> str:
    match error:
        case smtplib.SMTPAuthenticationError() if error.smtp_code < 500:
            why = f"cannot check passwords now ({error.smtp_code})"
        case smtplib.SMTPAuthenticationError():
            why = "does not accept this user and password"
        case UnicodeEncodeError():
            why = "can only be told a user and a password of ASCII characters"
        case smtplib.SMTPRecipientsRefused():
            why = f"takes no mail for {_listed(error.recipients)}"
        case smtplib.SMTPNotSupportedError():
            why = f"cannot do what is needed: {error}"
        case smtplib.SMTPResponseException():
            why = f"said {error.smtp_code} {_line(error.smtp_error)}"
        case ssl.SSLCertVerificationError():
            why = f"has a certificate that does not hold: {error.reason}"
        case _:
            why = f"cannot be reached: {error}"
    return f"{where} {why}"


def _listed(refused: Mapping[str, tuple[int, bytes]]) -> str:
    return ", ".join(f"{one} ({code} {_line(text)})" for one, (code, text) in refused.items())


def _line(said: bytes | str) -> str:
    """What a server said, as one line that a terminal only shows."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
