"""A web site on 127.0.0.1 that can be told to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What lies under one path, and how it is served.

    ``cut_after`` holds, for one request after the other, how many bytes of the body are sent before the
    connection breaks; ``answers`` holds statuses that are given first, each with its headers.
    """

    body: bytes
    etag: str = '"one"'
    ranges: bool = True
    lengths: bool = True
    cut_after: list[int] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)


@dataclass
class Site:
    """``pages`` by path; ``asked`` are the paths and Range headers of all requests so far."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def put(self, path: str, body: bytes, **how) -> str:
        """Place a page; gives its address."""
        self.pages[path] = Page(body, **how)
        return self.url + path


@contextmanager
def serving() -> Iterator[Site]:
    """A running site; it ends with the block."""
    site = Site("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range", "")
            site.asked.append((self.path, asked))
            page = site.pages.get(self.path)
            if page is None:
                self.send_error(404)
                return
            if page.answers:
                status, headers = page.answers.pop(0)
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                return
            current = self.headers.get("If-Range", page.etag) == page.etag
            start = int(asked[6:-1]) if asked and page.ranges and current else 0
            if start and start >= len(page.body):
                self.send_error(416)
                return
            body = page.body[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(page.body) - 1}/{len(page.body)}")
            if page.lengths:
                self.send_header("Content-Length", str(len(body)))
            if page.etag:
                self.send_header("ETag", page.etag)
            self.end_headers()
            self.wfile.write(body[: page.cut_after.pop(0)] if page.cut_after else body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    # The default poll of half a second would be waited for at the end of each test.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
