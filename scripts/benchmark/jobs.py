"""What is measured, part by part. Every figure lands in one dictionary of plain numbers, from which the tables are made."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import hives, machine
from .hives import Files, Preparation
from .machine import Command
from .peers import Counts, Peer, Peers

# Options of `mapihive scan` by the name of the job.
SCANS = {
    "live": ["--no-logs", "--live-only"],
    "recover": ["--no-logs"],
    "default": [],
    "hash": ["--hash"],
    "replay": ["--live-only"],
}


@dataclass
class Programs:
    """What is run."""

    mapihive: Path
    # The same as one file, without libraries to load.
    static: Path | None
    floors: Path
    maker: Path

# The reader that S1 compares with.
EACH = "reglookup -p"


@dataclass
class Bench:
    """The measurements of one run."""

    programs: Programs
    preparation: Preparation
    scratch: Path
    hives: int
    rounds: int
    quick: bool
    results: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        print(f"== {time.monotonic() - self.began:5.0f} s  {text}", file=sys.stderr, flush=True)

    def dirty_hives(self) -> int:
        return max(8, self.hives // 4)

    # ---- commands ---------------------------------------------------------------------------------------------------

    def scan(self, job: str, *paths: Path, threads: int | None = 1) -> Command:
        count = [] if threads is None else ["--threads", str(threads)]
        return [self.programs.mapihive, "scan", "-q", *count, *SCANS[job], *paths]

    def dump(self, files: list[Path]) -> Command:
        return [self.programs.mapihive, "dump", "--no-logs", "--live-only", *files]

    def floor(self, work: str, listed: Path) -> Command:
        return [self.programs.floors, work, listed]

    # ---- parts ------------------------------------------------------------------------------------------------------

    def fleet(self) -> None:
        """All jobs and floors over the clean fleet, round by round."""
        fleet = self.preparation.fleet(self.hives)
        listed, tenth = fleet.listed(), self.tenth(fleet)
        commands: dict[str, Command] = {
            "cat": ["cat", *fleet.hives],
            "sha256sum": ["sha256sum", *tenth],
            "floor touch": self.floor("touch", self.touched(fleet)),
            **{f"floor {work}": self.floor(work, listed) for work in ("sum", "read", "sha256")},
            "library targeted": self.floor("targeted", listed),
            "library walk": self.floor("walk", listed),
            **{job: self.scan(job, fleet.folder) for job in ("live", "recover", "default", "hash")},
            "live, 2 threads": self.scan("live", fleet.folder, threads=2),
            "default, 2 threads": self.scan("default", fleet.folder, threads=2),
            "dump": self.dump(tenth),
        }
        # The slow ones get a part of the fleet, which is like the whole.
        of_tenth = dict.fromkeys(["sha256sum", "dump"], len(tenth))
        self.results["fleet"] = {"hives": len(fleet.hives), "real": fleet.real, "mean_kb": fleet.kilobytes}
        self.say(f"{len(fleet.hives)} hives of {fleet.kilobytes:,.0f} KB in the mean, {fleet.real} of them copies of real ones")
        self.rounds_of(commands, len(fleet.hives), of_tenth)
        self.counts(commands, len(fleet.hives), of_tenth)
        self.agreement(fleet)

    def dirty(self) -> None:
        """The same for dirty hives with their logs."""
        dirty = self.preparation.dirty(self.dirty_hives())
        self.results["dirty"] = {"hives": len(dirty.hives), "real": dirty.real, "mean_kb": dirty.kilobytes,
                                 "logs_mean_kb": sum(path.stat().st_size for path in dirty.all) / 1024 / len(dirty.hives) - dirty.kilobytes}
        commands: dict[str, Command] = {
            "cat with logs": ["cat", *dirty.all],
            "floor read with logs": self.floor("read", dirty.all_listed()),
            "replay": self.scan("replay", dirty.folder),
            "dirty, default": self.scan("default", dirty.folder),
        }
        self.say(f"{len(dirty.hives)} dirty hives with logs")
        self.rounds_of(commands, len(dirty.hives))
        self.counts(commands, len(dirty.hives))

    def scaling(self) -> None:
        """What more hives and more threads cost."""
        self.say("scaling")
        fleet = self.preparation.fleet(self.hives)
        tenth = self.tenth(fleet)
        # Beside each other, for what is compared is to have the same noise.
        commands = {"live, again": self.scan("live", *fleet.hives), "live, a tenth": self.scan("live", *tenth)}
        self.rounds_of(commands, len(fleet.hives), {"live, a tenth": len(tenth)})

    def shapes(self) -> None:
        """Hives that are large in one way, and the bomb."""
        self.say("shapes")
        folder = self.preparation.shapes(20 if self.quick else 1)
        shapes: dict[str, list[float]] = {}
        for _ in range(self.rounds):
            # As many copies of what is compared: memory that was had once costs less the next time.
            for name, copies in [("profiles-few", 4), ("profiles-many", 4), ("size-small", 100), ("size-large", 100),
                                 ("siblings-few", 100), ("siblings-many", 100)]:
                shapes.setdefault(name, []).append(self.of_shape(folder / name / "NTUSER.DAT", copies) * 1000)
            bomb = folder / "bomb/NTUSER.DAT"
            shapes.setdefault("bomb", []).append(1000 * machine.cpu_of(lambda: machine.run(self.scan("default", bomb))))
            shapes.setdefault("bomb, dump", []).append(1000 * machine.cpu_of(lambda: machine.run(self.dump([bomb]))))
        self.results["shapes"] = shapes

    def of_shape(self, hive: Path, copies: int) -> float:
        """CPU seconds of one hive: from many links to it less one, without the start of the program; of large ones, which are few
        beside each other, with their share in it."""
        folder = hive.parent / f"links-{copies}"
        many = self.scan("live", hives.links(hive, folder, copies))
        if copies < 10:
            return machine.run(many).cpu / copies
        one = self.scan("live", hives.links(hive, hive.parent / "links-1", 1))
        start = machine.cpu_of(lambda: machine.run(one), least=0.05)
        return max(0.0, machine.cpu_of(lambda: machine.run(many), least=0.1) - start) / (copies - 1)

    def shootdowns(self) -> None:
        """TLB shootdowns of two threads, less those of the machine in the time before and after."""
        if machine.shootdowns() is None:
            self.results["shootdowns"] = None
            return
        self.say("TLB shootdowns")
        fleet = self.preparation.fleet(self.hives)
        samples = []
        for _ in range(self.rounds):
            idle_before, wall_before = counted_shootdowns(lambda: time.sleep(0.3))
            during, wall = counted_shootdowns(lambda: machine.run(self.scan("live", fleet.folder, threads=2)))
            idle_after, wall_after = counted_shootdowns(lambda: time.sleep(0.3))
            noise = (idle_before + idle_after) / (wall_before + wall_after) * wall
            samples.append({"during": during / len(fleet.hives), "noise": noise / len(fleet.hives)})
        self.results["shootdowns"] = samples

    def cold(self) -> None:
        """What is read from the medium when nothing is in the cache, and how long that takes with few and many threads."""
        self.say("cold cache")
        fleet = self.preparation.fleet(self.hives)
        machine.forget(fleet.all)
        left = sum(len(machine.pages_in_memory(hive)) for hive in fleet.hives[:50])
        cold: dict[str, Any] = {"left_in_cache": left, "wall": {}}
        ways: dict[str, Command] = {f"{threads} threads": self.scan("live", fleet.folder, threads=threads) for threads in (1, 2, 4, 8, 16)}
        ways["read whole, 1 thread"] = self.floor("read", fleet.listed())
        for _ in range(min(self.rounds, 3)):
            for name, command in ways.items():
                machine.forget(fleet.all)
                cost = machine.run(command)
                cold["wall"].setdefault(name, []).append(1e6 * cost.wall / len(fleet.hives))
                cold.setdefault("cpu", {}).setdefault(name, []).append(1e6 * cost.cpu / len(fleet.hives))
                cold.setdefault("kb", {}).setdefault(name, []).append(cost.kb_read / len(fleet.hives))
        machine.run(["cat", *fleet.hives])
        self.results["cold"] = cold

    def instructions(self) -> None:
        """Instructions in user mode for a hive, without those of the start of the program."""
        self.say("instructions")
        fleet = self.preparation.fleet(self.hives)
        few, many = 5, 45
        counted: dict[str, float] = {}
        dumped = {count: fleet.hives[:count] for count in (few, many)}
        commands: dict[str, Callable[[int], Command]] = {
            "library targeted": lambda count: self.floor("targeted", fleet.listed(count)),
            **{job: (lambda count, job=job: self.scan(job, *fleet.hives[:count])) for job in ("live", "recover", "default")},
        }
        if not self.quick:
            commands["dump"] = lambda count: self.dump(dumped[count])
            notatin = self.results.get("programs", {}).get("notatin")
            if notatin:
                commands["notatin (library)"] = lambda count: [notatin, "targeted", fleet.listed(count)]
        for name, command in commands.items():
            both = [machine.instructions(command(count)) for count in (few, many)]
            if None not in both:
                counted[name] = (both[1] - both[0]) / (many - few)
        self.results["instructions"] = counted

    def peers(self, peers: Peers) -> None:
        """Each reader beside mapihive over the same hives."""
        self.results["peers"] = []
        self.results["lacking"] = peers.lacking
        for name, why in peers.lacking.items():
            self.say(f"{name} could not be installed: {why}")
        fleet, dirty = self.preparation.fleet(self.hives), self.preparation.dirty(self.dirty_hives())
        for peer in peers.all:
            files = dirty if peer.job == "replay" else fleet
            count = min(peer.hives, len(files.hives)) if not self.quick else min(peer.hives, 5)
            self.say(f"{peer.name}, {peer.job}, {count} hives")
            try:
                self.results["peers"].append(self.beside(peer, files, count))
            except (OSError, RuntimeError) as error:
                self.results["lacking"][f"{peer.name} ({peer.job})"] = str(error)[:160]

    def beside(self, peer: Peer, files: Files, count: int) -> dict[str, Any]:
        """One reader and mapihive in turn."""
        listed = files.listed(count)
        if peer.job == "dump":
            ours = self.dump(files.hives[:count])
        elif peer.job == "walk":
            ours = self.floor("walk", listed)
        elif count == len(files.hives):
            ours = self.scan(peer.job, files.folder)
        else:
            ours = self.scan(peer.job, *files.hives[:count])
        # Programs that are started for each hive are compared with this one, started for each hive too.
        each = {"process": self.programs.mapihive}
        if self.programs.static:
            each["static process"] = self.programs.static
        if peer.name != EACH:
            each = {}
        pairs = []
        for _ in range(min(self.rounds, 3)):
            theirs = peer.run(listed)
            pairs.append({"theirs": 1e6 * theirs.cpu / count, "faults": theirs.faults / count,
                          "ours": 1e6 * machine.cpu_of(lambda: machine.run(ours)) / count,
                          **{what: self.one_by_one(program, files.hives[:count]) for what, program in each.items()}})
        few = files.listed(min(count, 4))
        commands = peer.commands(few)
        calls = [machine.system_calls(command) for command in commands]
        return {"name": peer.name, "version": peer.version, "job": peer.job, "hives": count, "pairs": pairs,
                "calls": sum(calls) / min(count, 4) if None not in calls else None,
                "peak_mb": max(machine.memory_of(command).peak for command in peer.commands(few)) or None,
                "work": self.same_work(peer, files)}

    def one_by_one(self, program: Path, hives: list[Path]) -> float:
        """CPU microseconds of a process for each hive."""
        spent = machine.together(machine.run([program, *self.scan("live", hive)[1:]]) for hive in hives)
        return 1e6 * spent.cpu / len(hives)

    def same_work(self, peer: Peer, files: Files) -> str:
        """Whether a reader finds as many keys and values as the library in the first hives; empty where its output does not show it."""
        listed = files.listed(min(peer.hives, 10))
        found = peer.counts(listed)
        if found is None:
            return ""
        ours = self.library_counts("targeted" if peer.job == "live" else "walk", listed)
        return "same" if found == ours else f"{found[0]:,} keys, {found[1]:,} values; mapihive {ours[0]:,} and {ours[1]:,}"

    def library_counts(self, work: str, listed: Path) -> Counts:
        done = subprocess.run([str(part) for part in self.floor(work, listed)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
        match = re.search(r"(\d+) keys, (\d+) values", done.stderr)
        if match is None:
            raise RuntimeError(f"floors {work} did not count")
        return int(match[1]), int(match[2])

    # ---- how --------------------------------------------------------------------------------------------------------

    def tenth(self, fleet: Files) -> list[Path]:
        return fleet.hives[:max(6, len(fleet.hives) // 10)]

    def rounds_of(self, commands: dict[str, Command], hives: int, others: dict[str, int] | None = None) -> None:
        """CPU seconds for 1,000 hives of each command, once in each round, so that a round has the same noise for all. `others` has
        the number of hives of commands that get not as many."""
        for command in commands.values():
            machine.run(command)
        for _ in range(self.rounds):
            for name, command in commands.items():
                cpu = machine.cpu_of(lambda command=command: machine.run(command))
                count = (others or {}).get(name, hives)
                self.results.setdefault("cpu", {}).setdefault(name, []).append(1000 * cpu / count)

    def counts(self, commands: dict[str, Command], hives: int, others: dict[str, int] | None = None) -> None:
        """Memory, faults and system calls of each command, in runs of their own."""
        for name, command in commands.items():
            memory = machine.memory_of(command)
            calls = machine.system_calls(command)
            count = (others or {}).get(name, hives)
            self.results.setdefault("counts", {})[name] = {
                # What ended before it was looked at once has none.
                "peak_mb": memory.peak or None, "anonymous_mb": memory.anonymous or None,
                "faults": machine.run(command).faults / count, "calls": calls / count if calls else None,
            }

    def touched(self, fleet: Files) -> Path:
        """A list of the pages that a scan touches: those that a cold one leaves in the cache, if the kernel reads no more than it is
        asked for; else as many as the library was measured to touch once, spread evenly."""
        spread = 26
        probe = fleet.hives[:20]
        machine.forget(probe)
        machine.run(self.scan("live", *probe))
        exact = sum(len(machine.pages_in_memory(hive)) for hive in probe) * machine.PAGE < 0.3 * sum(hive.stat().st_size for hive in probe)
        if exact:
            machine.forget(fleet.hives)
            machine.run(self.scan("live", fleet.folder))
        lines = []
        for hive in fleet.hives:
            whole = -(-hive.stat().st_size // machine.PAGE)
            pages = machine.pages_in_memory(hive) if exact else [number * whole // spread for number in range(spread)]
            lines.append(f"{hive}\t{','.join(map(str, pages))}\n")
        pages_each = sum(line.count(",") + 1 for line in lines) / len(lines)
        self.results["touched"] = {"exact": exact, "pages": pages_each}
        path = self.scratch / "touched.list"
        path.write_text("".join(lines))
        return path

    def agreement(self, fleet: Files) -> None:
        """Whether `dump` and the walk of the library find the same number of keys and values."""
        listed, output = fleet.listed(min(20, len(fleet.hives))), self.scratch / "dump.csv"
        machine.run(self.dump(listed.read_text().splitlines()), output)
        rows = output.read_bytes().splitlines()
        dumped = (sum(row.startswith(b"key,") for row in rows), sum(row.startswith(b"value,") for row in rows))
        self.results["agreement"] = {"dump": dumped, "walk": self.library_counts("walk", listed)}


def counted_shootdowns(work: Callable[[], object]) -> tuple[int, float]:
    before, began = machine.shootdowns() or 0, time.monotonic()
    work()
    return (machine.shootdowns() or 0) - before, time.monotonic() - began
