"""Chromium without a screen, driven through its own pipe: what a page looks like to whoever opens it."""

import json
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import F_DUPFD, fcntl
from itertools import count
from pathlib import Path
from select import select
from typing import Any, Final

import pytest

#: So many seconds a browser may take for an answer.
_PATIENCE: Final = 120

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)  # fmt: skip


def chromium() -> str:
    """Return the browser's path; without it the test is skipped, and in CI (CI=true) it fails."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        reason = "no Chromium on this machine; install it with: apt-get install chromium fonts-noto-cjk"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class Browser:
    """One page of a browser: messages go in as JSON, answers and events come out."""

    def __init__(self, write_to: int, read_from: int) -> None:
        """Open an empty page."""
        self.out, self.into, self.raw = read_from, write_to, b""
        self.numbers = count(1)
        self.session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.session = {"sessionId": session}
        for domain in ("Page", "Network", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its answer; events that come meanwhile are kept."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params, **self.session}
        written = json.dumps(message).encode() + b"\0"
        while written:
            written = written[os.write(self.into, written) :]
        while (found := self._read()).get("id") != number:
            self.events.append(found)
        assert "error" not in found, found
        answer: dict[str, Any] = found["result"]
        return answer

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self.raw:
            assert select([self.out], [], [], _PATIENCE)[0], "the browser says nothing"
            piece = os.read(self.out, 1 << 16)
            assert piece, "the browser has ended"
            self.raw += piece
        text, _, self.raw = self.raw.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def open(self, path: Path, width: int = 1280) -> None:
        """Show a file in a window of so many pixels, and wait until it is there."""
        self.events.clear()
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        self.ask("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events if "method" in event):
            self.events.append(self._read())

    def value(self, expression: str) -> Any:
        """Return what an expression gives within the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def printed(self) -> bytes:
        """Return the page as it comes out of a printer, as PDF."""
        return b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])

    def told(self, method: str) -> list[dict[str, Any]]:
        """Return the events of a kind since the page was opened."""
        return [event["params"] for event in self.events if event.get("method") == method]


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile, and end it."""
    program = chromium()
    their_in, our_out = os.pipe()
    our_in, their_out = os.pipe()

    def wire() -> None:
        # The browser reads from 3 and writes to 4, which may be ours.
        kept = [fcntl(end, F_DUPFD, 10) for end in (their_in, their_out)]
        os.dup2(kept[0], 3)
        os.dup2(kept[1], 4)

    process = subprocess.Popen(
        [program, *_FLAGS, f"--user-data-dir={folder}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=False,
        preexec_fn=wire,  # noqa: PLW1509 - two pipes to given numbers, before anything runs
    )
    os.close(their_in)
    os.close(their_out)
    page = Browser(our_out, our_in)
    try:
        yield page
        page.session = {}
        page.ask("Browser.close")
    finally:
        os.close(our_out)
        os.close(our_in)
        process.terminate()
        process.wait(30)
