"""A command on a terminal of its own, driven as a person would: read what it shows, then type."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..settings import ROOT, clean_environment

PATIENCE_SECONDS = 60.0


class Terminal:
    """Runs `python -m local …` with this Python. `shown` is everything that the terminal displayed."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.shown = ""
        self._read_to = 0
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local", *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # The terminal becomes the controlling one, so that Ctrl-C is a signal.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._ours)

    def expect(self, text: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Waits until `text` is shown after what was expected before."""
        deadline = time.monotonic() + seconds
        while (found := self.shown.find(text, self._read_to)) < 0:
            if time.monotonic() > deadline or not self._read(0.2):
                raise AssertionError(f"{text!r} did not appear. The terminal shows:\n{self.shown}")
        self._read_to = found + len(text)

    def type(self, text: str | bytes) -> None:
        os.write(self._ours, text if isinstance(text, bytes) else text.encode())

    def answer(self, prompt: str, text: str | bytes) -> None:
        self.expect(prompt)
        self.type(text if isinstance(text, bytes) else f"{text}\n")

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.killpg(self._process.pid, signal.SIGWINCH)

    def ended(self, seconds: float = PATIENCE_SECONDS) -> int:
        """The exit code, once everything that it showed is read."""
        deadline = time.monotonic() + seconds
        while self._read(0.2):
            if time.monotonic() > deadline:
                raise AssertionError(f"It does not end. The terminal shows:\n{self.shown}")
        return self._process.wait(timeout=10)

    def is_echoing(self) -> bool:
        return bool(termios.tcgetattr(self._ours)[3] & termios.ECHO)

    def _read(self, seconds: float) -> bool:
        """Whether more may come."""
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # Linux reports the end of the other side so
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


def without_account(home: Path) -> dict[str, str]:
    """The environment of a newcomer: no credentials, no region, no answers."""
    answers = ("STACK", "REGION", "ALARM_EMAIL", "MAIL_FROM", "STRIPE_MODE", "ARCH", "CONFIG", "COMPILED")
    environment = {name: value for name, value in clean_environment().items() if name not in answers}
    return {**environment, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", "LANG": "C.UTF-8"}
