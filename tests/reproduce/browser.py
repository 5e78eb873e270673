"""Chromium through its own protocol (https://chromedevtools.github.io/devtools-protocol/), over a pipe.

Nothing has to be installed but the browser, and no port is opened.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE_S = 60


def find() -> str | None:
    """The browser's program; ``None`` where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page of a browser without a window. What it says is kept in :attr:`events`."""

    def __init__(self, program: str, home: Path) -> None:
        ours, its = os.pipe(), os.pipe()  # the browser reads from its descriptor 3 and writes to its 4
        self._write, self._read = ours[1], its[0]
        os.set_inheritable(ours[0], True)
        os.set_inheritable(its[1], True)
        words = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
            "--disable-dev-shm-usage", f"--user-data-dir={home}", "--host-resolver-rules=MAP * ~NOTFOUND",
            "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec 3<&{ours[0]} 4>&{its[1]} "$0" "$@"', *words],
            close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(ours[0])
        os.close(its[1])
        self._ids, self._rest = itertools.count(1), b""
        self.events: list[dict[str, Any]] = []
        self._session: str | None = None
        pages = self.ask("Target.getTargets")["targetInfos"]
        page = next(target for target in pages if target["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)
        raise AssertionError("not reached")

    def _messages(self) -> Iterator[dict[str, Any]]:
        until = time.monotonic() + PATIENCE_S
        while True:
            message, found, rest = self._rest.partition(b"\0")
            if found:
                self._rest = rest
                yield json.loads(message)
                continue
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            more = os.read(self._read, 1 << 20) if ready else b""
            if not more:
                raise TimeoutError(f"the browser said nothing for {PATIENCE_S} s, or it ended")
            self._rest += more

    def open(self, address: str, width: int = 1280, height: int = 900) -> None:
        """Load a page in a window of this size and wait until it is there, scripts and all."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.follow("Page.navigate", url="about:blank")  # an address that differs by its hash alone would load nothing
        self.follow("Page.navigate", url=address)

    def follow(self, method: str, **params: Any) -> None:
        """Send a command that leads to another page, and wait until that is there, scripts and all."""
        self.events.clear()
        self.ask(method, **params)
        arrived = (event.get("method") == "Page.loadEventFired" for event in self.events)
        if not any(arrived):
            for event in self._messages():
                self.events.append(event)
                if event.get("method") == "Page.loadEventFired":
                    break
        self.js("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")

    def js(self, expression: str) -> Any:
        """The value of an expression in the page, awaited if it is a promise."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"].get("description", expression))
        return found["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key, as a reader does; ``text`` is what it would type."""
        for kind, typed in (("keyDown", {"text": text} if text else {}), ("keyUp", {})):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)

    def dark(self, yes: bool) -> None:
        """Prefer dark colours, or light ones."""
        value = "dark" if yes else "light"
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": value}])

    def printed(self) -> bytes:
        """The page as PDF, on the paper that its style asks for."""
        return base64.b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])

    def picture(self, whole: bool = False) -> bytes:
        """What is on the screen, or the whole page, as PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def complaints(self) -> list[str]:
        """What the page's console shows as errors or warnings since it was opened."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(params["exceptionDetails"]["text"])
            elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(params["entry"]["text"])
            elif event.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(str(params["args"]))
        return found

    def requests(self) -> list[str]:
        """Every address that the page asked for since it was opened."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def close(self) -> None:
        """End the browser."""
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            self._session = None
            self.ask("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        os.close(self._write)
        os.close(self._read)
