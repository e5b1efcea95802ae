"""Starts processes that outlive this one, and stops exactly those.

A process id alone does not identify a process, because the system reuses it. So the start time is recorded too. Each process
leads a process group of its own, and its children (the emulator starts the functions) stay in that group. Stopping is by
group, and so also ends the children of a process that was killed.
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


@dataclass(frozen=True)
class Process:
    pid: int
    born: str

    def is_alive(self) -> bool:
        return self.born != "" and _birth(self.pid) == self.born

    def stop(self) -> None:
        """Ends the process and everything it started: SIGTERM first, then SIGKILL. Does nothing if it has ended already."""
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
        # The leader has ended. The system does not reuse the id of a group with members, so the remaining members are ours.
        return _group_lives(self.pid)


def start(command: list[str], environment: dict[str, str], log: Path) -> Process:
    """Starts `command` in a group of its own, with its output in `log`."""
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
    return Process(child.pid, _birth(child.pid))


def _birth(pid: int) -> str:
    """The start time of the process with this id, or an empty text if there is no such process."""
    if sys.platform == "linux":
        fields = _stat(pid)
        return "" if fields is None else fields[19]
    lines = _ps("lstart=", "-p", str(pid))
    return lines[0].strip() if lines else ""


def _group_lives(group: int) -> bool:
    if sys.platform == "linux":
        ids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return any(fields is not None and fields[2] == str(group) for fields in map(_stat, ids))
    return str(group) in [line.strip() for line in _ps("pgid=", "-ax")]


def _stat(pid: int) -> list[str] | None:
    """The fields of `/proc/<pid>/stat` from the state on, or nothing if the process has ended (a zombie has ended)."""
    try:
        # The name in parentheses may itself hold spaces and parentheses: only what follows the last one is a list.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields


def _ps(column: str, *which: str) -> list[str]:
    output = subprocess.run(["ps", "-o", f"state=,{column}", *which], capture_output=True, text=True).stdout
    split = [line.strip().partition(" ") for line in output.splitlines()]
    return [rest for state, _, rest in split if not state.startswith("Z")]


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
