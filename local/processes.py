"""Starting processes that outlive us, and stopping exactly those.

A process id alone says nothing: the system gives it to somebody else once it is free. So we also write down when the
process was born. Each one leads a process group of its own, and what it starts (the emulator starts the functions) stays
in that group: stopping is by group, and also finds the children of a process that was killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

GRACE_SECONDS = 10.0

_started: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Process:
    pid: int
    born: str

    def is_alive(self) -> bool:
        return self.born != "" and _birth(self.pid) == self.born

    def stop(self) -> None:
        """Ends the process and everything it started. Politely first; nothing is said if it is gone already."""
        if not self._group_is_ours():
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            _signal_group(self.pid, number)
            deadline = time.monotonic() + GRACE_SECONDS
            while _group_lives(self.pid):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            else:
                return

    def _group_is_ours(self) -> bool:
        birth = _birth(self.pid)
        if birth:
            return birth == self.born
        # The leader is gone. No new process gets the id of a group that still has members, so what is left there is ours.
        return _group_lives(self.pid)


def start(command: list[str], environment: dict[str, str], log: Path) -> Process:
    """Starts `command` in a group of its own, with what it says in `log`."""
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as output:
        child = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started.append(child)
    return Process(child.pid, _birth(child.pid))


def _birth(pid: int) -> str:
    """When the process with this id was started, or nothing if there is none (one that only awaits burial counts as none)."""
    if sys.platform == "linux":
        try:
            # The name in parentheses may itself hold spaces and parentheses: only what follows the last one is a list.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] in "ZX" else fields[19]
    told = subprocess.run(["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True).stdout.split(None, 1)
    return "" if len(told) < 2 or told[0].startswith("Z") else told[1].strip()


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _group_lives(group: int) -> bool:
    for child in _started:
        # One that has ended keeps its place among the living until somebody has asked how it ended.
        child.poll()
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
