"""Asking a site over HTTPS: patient with one that is busy, and clear about one that can't be reached."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from fer_utils import __version__
from fer_utils.errors import FerError

TIMEOUT_S = (10.0, 60.0)
"""To connect; between two packets."""
TRIES = 5
"""Attempts in a row that bring nothing new."""
BACK_OFF_S = 1.0
"""The first wait; each further one is twice as long."""
LONGEST_WAIT_S = 60.0
PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Answers of a server that is busy or half asleep."""
RANGE_NOT_SATISFIABLE = 416
LARGEST_JSON = 16 * 2**20


class Unreachable(FerError):
    """The network or the site does not give what it should; a browser on another machine may get it."""


class Again(Exception):
    """What failed may succeed in a moment; ``wait_s`` is how many seconds the server asks for."""

    def __init__(self, reason: object, wait_s: float = 0.0) -> None:
        super().__init__(str(reason))
        self.wait_s = wait_s


class Session(requests.Session):
    """A session that speaks HTTPS only and follows no redirect away from it."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = 5
        # A compressed answer could not be resumed: a range would count other bytes than the file's.
        self.headers.update({"User-Agent": f"fer_utils/{__version__}", "Accept-Encoding": "identity"})

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where an answer sends us, checked before requests goes there."""
        target = super().get_redirect_target(resp)
        if target is not None:
            check_url(urljoin(resp.url, target), came_from=resp.url)
        return target


def check_url(url: str, came_from: str | None = None) -> None:
    """Refuse what is not HTTPS; plain HTTP may be spoken with 127.0.0.1, unless another machine sends us there.

    Raises:
        Unreachable: names the address, and the one that redirects to it.
    """
    parts = urlsplit(url)
    local = all(urlsplit(address).hostname == "127.0.0.1" for address in (url, came_from or url))
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        sent = f" (where {came_from} redirects to)" if came_from else ""
        raise Unreachable(f"{url}{sent} is no https address; nothing is fetched from it")


def ask(session: Session, url: str, headers: dict[str, str]) -> requests.Response:
    """The answer to one GET, its body not yet read; to be closed by the caller.

    Raises:
        Again: the connection failed, or the server is busy.
        Unreachable: no https, a certificate that is not trusted, or an error status other than
            416, which the caller has to understand.
    """
    check_url(url)
    try:
        response = session.get(url, headers=headers, stream=True, timeout=TIMEOUT_S)
    except requests.exceptions.SSLError as error:
        raise Unreachable(f"{url} can't be fetched: its certificate is not trusted here ({_reason(error)})") from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise Again(_reason(error)) from error
    except requests.RequestException as error:
        raise Unreachable(f"{url} can't be fetched: {error}") from error
    if response.ok or response.status_code == RANGE_NOT_SATISFIABLE:
        return response
    response.close()
    status = f"{response.status_code} {response.reason}".strip()
    if response.status_code not in PASSING:
        raise Unreachable(f"{url} can't be fetched: the server answers {status}")
    asked = response.headers.get("Retry-After", "")
    raise Again(f"the server answers {status}", float(asked) if asked.isdecimal() else 0.0)


def patiently(attempt: Callable[[], None], progress: Callable[[], int], url: str) -> None:
    """Call ``attempt`` until it does not raise :class:`Again`, waiting longer each time it got no further than ever.

    ``progress()`` says how far it is; falling back and catching up again does not count as getting further.

    Raises:
        Unreachable: :data:`TRIES` attempts in a row brought nothing.
    """
    idle, furthest = 0, progress()
    while True:
        try:
            return attempt()
        except Again as error:
            idle = 1 if progress() > furthest else idle + 1
            furthest = max(furthest, progress())
            if idle >= TRIES:
                raise Unreachable(f"{url} can't be fetched, tried {TRIES} times: {error}") from error
            wait_s = min(max(BACK_OFF_S * 2 ** (idle - 1), error.wait_s), LONGEST_WAIT_S)
            print(f"{url}: {error}; again in {wait_s:.0f} s", file=sys.stderr, flush=True)
            time.sleep(wait_s)


def read_json(session: Session, url: str) -> Any:
    """What a site's JSON interface answers.

    Raises:
        Unreachable: no network, an error status, or something else than JSON.
    """
    content = bytearray()

    def attempt() -> None:
        content.clear()
        with ask(session, url, {}) as response:
            try:
                for block in response.iter_content(2**16):
                    content.extend(block)
                    if len(content) > LARGEST_JSON:
                        raise Unreachable(f"{url} sends over {LARGEST_JSON:,} bytes, too many for a list of files")
            except requests.RequestException as error:
                raise Again(_reason(error)) from error

    patiently(attempt, lambda: 0, url)
    try:
        return json.loads(content)
    except ValueError as error:
        raise Unreachable(f"{url} does not answer with JSON; is a login page in between?") from error


def _reason(error: Exception) -> str:
    """The innermost cause that urllib3 names: what requests says of it is long and shows memory addresses."""
    inner = error.args[0] if error.args else error
    return str(inner.reason if isinstance(inner, urllib3.exceptions.MaxRetryError) else error)
