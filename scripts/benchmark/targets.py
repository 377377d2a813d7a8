"""The ratios that are aimed for: each with its target, what would be better still, and what keeps mapihive from it."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """One ratio. `samples` gives it for each round, nothing where it was not measured; `keeps` says what keeps mapihive from the
    target, or from the stretch where the target is reached. `beside` names the other reader and the job of a ratio to one, and `floor`
    what is measured of the same files that no reader of them can do without."""

    id: str
    what: str
    target: float
    stretch: float | None
    samples: Callable[[Results], list[float]]
    at_least: bool = False
    unit: str = ""
    keeps: str = ""
    beside: tuple[str, str] | None = None
    floor: str = ""

    def reached(self, value: float, limit: float | None) -> bool:
        return limit is not None and (value >= limit if self.at_least else value <= limit)

    def verdict(self, value: float) -> str:
        if self.reached(value, self.stretch):
            return "stretch"
        return "reached" if self.reached(value, self.target) else "**missed**"

    def limit(self, value: float | None) -> str:
        return "" if value is None else f"{'≥' if self.at_least else '≤'} {value:g}{self.unit}"

    def room(self, results: Results) -> tuple[float, float, float, float] | None:
        """CPU microseconds for a hive: what the other reader takes, what the target leaves of it, what mapihive takes, the floor."""
        found = pairs(results, *self.beside) if self.beside else []
        floor = results.get("cpu", {}).get(self.floor)
        if not found or not floor:
            return None
        theirs, ours = (statistics.median(pair[of] for pair in found) for of in ("theirs", "ours"))
        return theirs, theirs / self.target, ours, 1000 * statistics.median(floor)


def cpu(above: str, below: str) -> Callable[[Results], list[float]]:
    """The CPU time of one command by that of another, round by round."""

    def samples(results: Results) -> list[float]:
        table = results.get("cpu", {})
        return [one / other for one, other in zip(table.get(above, []), table.get(below, [])) if other]

    return samples


def reader(id: str, what: str, target: float, stretch: float, name: str, job: str, floor: str, keeps: str) -> Target:
    """How many times as much CPU time another reader takes as mapihive."""

    def samples(results: Results) -> list[float]:
        return [pair["theirs"] / pair["ours"] for pair in pairs(results, name, job)]

    return Target(id, what, target, stretch, samples, at_least=True, keeps=keeps, beside=(name, job), floor=floor)


def pairs(results: Results, reader: str, job: str) -> list[dict[str, float]]:
    found = [peer["pairs"] for peer in results.get("peers", []) if (peer["name"], peer["job"]) == (reader, job)]
    return found[0] if found else []


def shape(large: str, small: str) -> Callable[[Results], list[float]]:
    def samples(results: Results) -> list[float]:
        shapes = results.get("shapes", {})
        return [one / other for one, other in zip(shapes.get(large, []), shapes.get(small, [])) if other]

    return samples


def one(*path: str, by: tuple[str, ...] = ()) -> Callable[[Results], list[float]]:
    """A figure that was taken once, or its share in another."""

    def samples(results: Results) -> list[float]:
        figure, whole = at(results, path), at(results, by) if by else 1
        return [figure / whole] if figure is not None and whole else []

    return samples


def at(results: Results, path: tuple[str, ...]) -> float | None:
    for name in path:
        results = (results or {}).get(name)
    return statistics.median(results) if isinstance(results, list) else results


def process_each(what: str) -> Callable[[Results], list[float]]:
    """What a process for each hive takes, by what that of the other reader does."""
    return lambda results: [pair[what] / pair["theirs"] for pair in pairs(results, "reglookup -p", "live") if what in pair]


def cold_wall(results: Results) -> list[float]:
    wall = results.get("cold", {}).get("wall", {})
    return [one / other for one, other in zip(wall.get("16 threads", []), wall.get("read whole, 1 thread", []))]


def shootdowns(results: Results) -> list[float]:
    return [max(0.0, sample["during"] - sample["noise"]) for sample in results.get("shootdowns") or []]


TARGETS = [
    Target("A1", "CPU of live / CPU of `cat` of every hive", 0.55, 0.35, cpu("live", "cat"),
           keeps="half of the time is the system's: some seven faults, each of which maps 16 pages, are 18 % of all, mapping and unmapping "
                 "15 %, listing some two folders for each hive 7 %, opening 6 %. Of the instructions 31 % read profiles, 30 % are the "
                 "rules, 10 % tell whose hive it is; the subtree alone, as CSV, is in the table of shares below."),
    reader("A2", "notatin `reg_dump -r -f` / live", 6.5, 12, "notatin reg_dump", "live", "floor touch",
           keeps="notatin reads the subtree that was named, and nothing is judged; mapihive looks at all places of profiles, accounts "
                 "and rules."),
    reader("A3", "`reglookup -p` for each hive / live", 20, 38, "reglookup -p", "live", "floor touch",
           keeps="as A1."),
    reader("A4", "python-registry in one process / live", 32, 60, "python-registry (library)", "live", "floor touch",
           keeps="as A1."),
    Target("B1", "CPU of walk / CPU of `cat`", 1.6, 1.3, cpu("library walk", "cat"),
           keeps="reading the file is a quarter. nt-hive looks at each record once and `hive::raw` once more, for nt-hive tells neither "
                 "times nor offsets; with nt-hive as the enumerator some 2.5 is the floor that is known."),
    reader("B2", "notatin as a library / walk", 18, 25, "notatin (library)", "walk", "floor read",
           keeps="as B1."),
    Target("C1", "CPU of recover / CPU of `cat`", 1.6, 1.25, cpu("recover", "cat"),
           keeps="four tenths are copying the file out of the system's memory, which is all that `cat` does; a fifth is walking to every "
                 "cell, some 55 instructions for each."),
    reader("C2", "notatin as a library, recovering / recover", 40, 55, "notatin (library)", "recover", "floor read",
           keeps="as C1; and each deleted record is held against its parents, values and the live tree before it is told."),
    Target("D1", "CPU of replay / CPU of `cat` of hives and logs", 2.0, 1.1, cpu("replay", "cat with logs"),
           keeps="the hash of log entries, Marvin32, is a chain: each four bytes wait for those before. Up to four entries are hashed side "
                 "by side; most logs of this fleet have two, and it is a quarter of the time."),
    reader("D2", "notatin `reg_dump -r -f` with logs / replay", 4, 5, "notatin reg_dump", "replay", "floor read with logs",
           keeps="as D1: the hash of each entry is verified."),
    Target("I1", "instructions for a hive, notatin as a library / live", 10, 13,
           one("instructions", "notatin (library)", by=("instructions", "live")), at_least=True,
           keeps="as A1: rules, findings and rows are instructions too."),
    Target("K1", "KB read of a cold hive / KB of a hive", 0.15, 0.06, one("cold", "kb", "1 threads", by=("fleet", "mean_kb")),
           keeps="the pages of all places of profiles and of the account are read, not those of one subtree alone."),
    Target("K2", "wall clock, cold: live with 16 threads / reading whole with one", 0.4, 0.25, cold_wall,
           keeps="16 threads wait for the same disk."),
    Target("M1", "most memory of live over the whole fleet", 16, 10, one("counts", "live", "peak_mb"), unit=" MB",
           keeps="pages of files that are mapped count as the process's as long as they are mapped; what is anonymous is in the table "
                 "below."),
    Target("M2", "CPU for a hive: whole fleet / a tenth of it", 1.15, None, cpu("live, again", "live, a tenth")),
    Target("P1", "CPU of live with 2 threads / with 1", 1.2, 1.08, cpu("live, 2 threads", "live"),
           keeps="each thread has a stretch of addresses and buffers of its own to fill."),
    Target("S1", "a process for each hive: live, the program of `scripts/make_static` / `reglookup -p`", 0.8, 0.5,
           process_each("static process"),
           keeps="most of it is the system's: some 140 page faults of a program of some megabytes."),
    Target("S1, linked", "the same of the program of `cargo build`", 0.8, 0.5, process_each("process"),
           keeps="a third of it is finding and linking three libraries of the machine; whoever starts a process for each hive wants the "
                 "program of `scripts/make_static`."),
    Target("G1", "CPU for 10,000 profiles / for 1,000", 11, None, shape("profiles-many", "profiles-few"),
           keeps="instructions grow 9.9 times; what is known of ten thousand profiles with all their values does not fit into any cache."),
    Target("G2", "CPU for a hive of 140 MB / of 1.4 MB", 1.3, None, shape("size-large", "size-small")),
    Target("G3", "CPU for 60,000 siblings a level / for 10", 4, 1.5, shape("siblings-many", "siblings-few"),
           keeps="lists are not trusted to be sorted, so that each of thirteen names that paths lead through is looked for in its "
                 "list from the beginning, once, and to the end where it is not there: a quarter of the time is comparing hints. Of 64 "
                 "page faults half are for the 2.4 MB of lists, half for the keys at which nt-hive looks while it searches; what they "
                 "cost differs with how the system keeps the file in memory. Ten siblings take a tenth of a millisecond."),
    Target("R1", "CPU of default for a hive with 8^12 paths", 50, 5, lambda results: results.get("shapes", {}).get("bomb", []), unit=" ms",
           keeps="starting the program."),
    Target("T1", "TLB shootdowns for a hive, 2 threads", 0.05, 0.01, shootdowns,
           keeps="stretches of addresses are emptied once in many hives."),
]
