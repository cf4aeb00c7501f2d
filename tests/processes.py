"""What runs below a process, as Linux tells it."""

import os
import signal
from pathlib import Path

__all__ = ["alive", "below", "kill", "listening"]


def below(root: int) -> dict[int, str]:
    """Return the titles of all processes below `root`, by number, without zombies."""
    parents, titles = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                _, _, after = (folder / "stat").read_text().rpartition(") ")
                state, parent, *_ = after.split()
                titles[int(folder.name)] = (
                    (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                )
            except OSError:
                continue
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return {number: titles[number] for number in found - {root}}


def alive(numbers: set[int]) -> set[int]:
    """Return those of the processes that still run; zombies, which somebody has to collect, do not."""
    left = set()
    for number in numbers:
        try:
            _, _, after = Path(f"/proc/{number}/stat").read_text().rpartition(") ")
        except OSError:
            continue
        if not after.startswith("Z"):
            left.add(number)
    return left


def kill(root: int, title: str) -> bool:
    """Kill one process below `root` whose title begins with `title`; whether there was one."""
    for number, found in sorted(below(root).items()):
        if found.startswith(title):
            os.kill(number, signal.SIGKILL)
            return True
    return False


def listening(numbers: set[int]) -> dict[str, str]:
    """Return the addresses at which the processes listen, as the kernel writes them, by the sockets' numbers."""
    inodes = set()
    for number in numbers:
        for link in Path(f"/proc/{number}/fd").glob("*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found[fields[9]] = fields[1].partition(":")[0]
    return found
