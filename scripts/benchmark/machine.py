"""Running programs and counting what they cost."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Command = Sequence[str | Path]

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cost:
    """Of one program with all that it started: CPU (user and system) and wall seconds, minor faults, KB read from the medium."""

    cpu: float
    wall: float
    faults: int
    kb_read: float


def run(command: Command, output: Path | None = None, may_fail: bool = False) -> Cost:
    """Runs a program, what it prints going nowhere or to a file."""
    with open(output or os.devnull, "wb") as out:
        began = time.monotonic()
        child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    # mapihive says by 1 that it found something, and by 3 that a hive could not be read wholly.
    if child.returncode not in (0, 1, 3) and not may_fail:
        raise RuntimeError(f"{' '.join(map(str, command))[:300]}: exit code {child.returncode}")
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_minflt, used.ru_inblock / 2)


def together(costs: Iterable[Cost]) -> Cost:
    """The sum of several."""
    costs = list(costs)
    return Cost(*(sum(getattr(cost, field) for cost in costs) for field in ("cpu", "wall", "faults", "kb_read")))


def cpu_of(work: Callable[[], Cost], least: float = 0.25, most_often: int = 40) -> float:
    """CPU seconds of one execution: the mean of as many as make a time that can be told from noise."""
    spent: list[float] = []
    while not spent or (sum(spent) < least and len(spent) < most_often):
        spent.append(work().cpu)
    return statistics.fmean(spent)


@dataclass(frozen=True)
class Memory:
    """Most memory a process held, in MB: all, and at its most what belongs to no file."""

    peak: float
    anonymous: float


def memory_of(command: Command) -> Memory:
    """Watches a process while it runs. The kernel's own sum (ru_maxrss) would count this program too, from which it was started."""
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = anonymous = 0
    status = Path(f"/proc/{child.pid}/status")
    executable = Path(f"/proc/{child.pid}/exe")
    while child.poll() is None:
        try:
            started = executable.resolve() != Path(f"/proc/{os.getpid()}/exe").resolve()
            text = status.read_text()
        except OSError:
            break
        sizes = dict(re.findall(r"^(VmHWM|RssAnon):\s+(\d+) kB", text, re.MULTILINE))
        if started and sizes:
            peak, anonymous = max(peak, int(sizes["VmHWM"])), max(anonymous, int(sizes["RssAnon"]))
        time.sleep(0.001)
    child.wait()
    return Memory(peak / 1024, anonymous / 1024)


def system_calls(command: Command) -> int | None:
    """How often the system was called; None without strace."""
    if not shutil.which("strace"):
        return None
    done = subprocess.run(["strace", "-f", "-c", "-qq", "-U", "calls,name", *map(str, command)],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    total = re.search(r"^\s*(\d+)\s+total$", done.stderr, re.MULTILINE)
    return int(total[1]) if total else None


def instructions(command: Command) -> int | None:
    """Instructions in user mode, as valgrind counts them; None without it."""
    if not shutil.which("valgrind"):
        return None
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, command)],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    collected = re.findall(r"Collected : (\d+)", done.stderr)
    return sum(map(int, collected)) if collected else None


def shootdowns() -> int | None:
    """TLB shootdowns of the whole machine since it started; None where the kernel does not count them."""
    line = re.search(r"^\s*TLB:((?:\s+\d+)+)", Path("/proc/interrupts").read_text(), re.MULTILINE)
    return sum(map(int, line[1].split())) if line else None


def forget(files: Iterable[Path]) -> None:
    """Asks the kernel to drop these files, which were written out before, from its cache."""
    for file in files:
        handle = os.open(file, os.O_RDONLY)
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def pages_in_memory(file: Path) -> list[int]:
    """The numbers of the pages of a file that are in the kernel's cache."""
    size = file.stat().st_size
    with open(file, "rb") as handle, mmap.mmap(handle.fileno(), size, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE) as mapped:
        count = -(-size // PAGE)
        resident = (ctypes.c_ubyte * count)()
        address = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
        if ctypes.CDLL(None, use_errno=True).mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), resident):
            return []
        return [page for page, state in enumerate(resident) if state & 1]


def install(programs: dict[str, str]) -> list[str]:
    """Installs the Debian packages of programs that are not there, as root; gives back what is still lacking."""
    lacking = {program: package for program, package in programs.items() if not (shutil.which(program) or Path(program).exists())}
    if lacking and os.getuid() == 0 and shutil.which("apt-get"):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        for package in lacking.values():
            subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], **quiet)
    return [program for program in lacking if not (shutil.which(program) or Path(program).exists())]


def told(command: Command) -> str:
    """The first line that a program says, usually its version."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    except OSError:
        return ""
    return ((done.stdout or done.stderr).strip().splitlines() or [""])[0]


def describe(folder: Path) -> dict[str, str]:
    """This machine."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    flags = re.search(r"^flags\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    device = told(["findmnt", "-no", "SOURCE,FSTYPE", "-T", folder])
    return {
        "processors": f"{len(os.sched_getaffinity(0))} x {model[1] if model else platform.machine()}",
        "SHA-256 in hardware": "yes" if flags and " sha_ni" in flags[1] else "no",
        "memory": f"{int(memory[1]) / (1 << 20):.0f} GB" if memory else "",
        "kernel": f"{platform.system()} {platform.release()}",
        "file system": " ".join(device.split()),
        "load when it began": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }
