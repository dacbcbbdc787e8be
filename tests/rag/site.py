"""A web site on loopback that tests fill, and that notes what it was asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class WebSite:
    """`pages`: what stands where; `answers`: a status instead; `moved`: redirects."""

    port: int = 0
    pages: dict[str, str] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@contextmanager
def web_site() -> Iterator[WebSite]:
    site = WebSite()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tag = f'"{sha256(site.pages.get(self.path, "").encode()).hexdigest()}"'
            status = site.answers.get(self.path) or (302 if self.path in site.moved else 200)
            status = 404 if status == 200 and self.path not in site.pages else status
            status = 304 if status == 200 and self.headers["If-None-Match"] == tag else status
            site.asked.append((self.path, status))
            site.keys.append(self.headers["Authorization"] or "")
            body = site.pages.get(self.path, "").encode() if status == 200 else b""
            kind = "text/html" if body.lstrip().startswith((b"<!doctype", b"<html")) else "text/plain"
            kind = "application/xml" if self.path.endswith(".xml") else kind
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), "Content-Type": kind, "ETag": tag}.items():
                self.send_header(name, value)
            if status == 302:
                self.send_header("Location", site.moved[self.path])
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield site
        server.shutdown()
