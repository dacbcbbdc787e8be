"""Sends mail through the company's own server."""

import smtplib
import ssl
from collections.abc import Collection
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final
from urllib.parse import unquote, urlsplit

SECONDS: Final = 20.0
_PORTS: Final = {"smtp": 25, "smtps": 465}


class NotSent(Exception):
    """The mail server did not take a message; says why, without its text."""


def message(sender: str, receivers: Collection[str], subject: str, text: str, page: str, name: str) -> EmailMessage:
    """A message with an HTML page attached under a name."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, ", ".join(receivers), subject
    made["Date"], made["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2] or None)
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text)
    made.add_attachment(page, subtype="html", filename=name)
    return made


def send(url: str, messages: Collection[EmailMessage]) -> None:
    """Hands messages to the server at `smtp://USER:PASSWORD@HOST:PORT`, `smtps://…`; blocks. Raises NotSent.

    Over `smtp` the line is encrypted where the server offers it; a password goes over an encrypted line only.
    """
    where = urlsplit(url)
    host, port = where.hostname or "", where.port or _PORTS[where.scheme]
    try:
        secure = ssl.create_default_context()
        if where.scheme == "smtps":
            line: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=secure)
        else:
            line = smtplib.SMTP(host, port, timeout=SECONDS)
        with line:
            line.ehlo()
            encrypted = where.scheme == "smtps" or line.has_extn("starttls")
            if encrypted and where.scheme != "smtps":
                line.starttls(context=secure)
            if where.username:
                if not encrypted:
                    raise NotSent(f"{host} offers no encryption, and a password must not go over an open line")
                line.login(unquote(where.username), unquote(where.password or ""))
            for each in messages:
                line.send_message(each)
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"the mail server {host}:{port} does not take it: {type(error).__name__}") from error
