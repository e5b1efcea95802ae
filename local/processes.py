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
    return Process(child.pid, _birth(child.pid))


def _birth(pid: int) -> str:
    """When the process with this id was started, or nothing if there is none."""
    if sys.platform == "linux":
        told = _stat(pid)
        return "" if told is None else told[19]
    lines = _ps("lstart=", "-p", str(pid))
    return lines[0].strip() if lines else ""


def _group_lives(group: int) -> bool:
    if sys.platform == "linux":
        ids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return any(told is not None and told[2] == str(group) for told in map(_stat, ids))
    return str(group) in [line.strip() for line in _ps("pgid=", "-ax")]


def _stat(pid: int) -> list[str] | None:
    """What the system says about a living process, from its state on. One that only awaits its burial does not live."""
    try:
        # The name in parentheses may itself hold spaces and parentheses: only what follows the last one is a list.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields


def _ps(column: str, *which: str) -> list[str]:
    told = subprocess.run(["ps", "-o", f"state=,{column}", *which], capture_output=True, text=True).stdout
    split = [line.strip().partition(" ") for line in told.splitlines()]
    return [rest for state, _, rest in split if not state.startswith("Z")]


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
