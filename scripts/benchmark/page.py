"""The tables of a run, as Markdown: printed, and kept in docs/performance.md between two marks."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from .targets import TARGETS

Results = dict[str, Any]

BEGIN = "<!-- scripts/bench --update writes what follows -->"
END = "<!-- scripts/bench --update writes what stands above -->"

# In which order, and under which letter, jobs and floors are told.
JOBS = [
    ("live", "(a) targeted, live only: `scan --no-logs --live-only`"),
    ("recover", "the same with deleted keys: `scan --no-logs`"),
    ("default", "(b) logs and recovery: `scan`"),
    ("hash", "(c) with SHA-256: `scan --hash`"),
    ("dump", "(d) full dump: `dump --no-logs --live-only`"),
    ("live, 2 threads", "(a) on two threads"),
    ("default, 2 threads", "(b) on two threads"),
    ("library targeted", "library: Windows Messaging Subsystem alone, as CSV"),
    ("library walk", "library: every key and value, with data"),
    ("floor touch", "floor: open, map, touch the same pages, unmap"),
    ("floor sum", "floor: map and add up every byte"),
    ("floor read", "floor: read every file into one buffer"),
    ("cat", "floor: `cat`"),
    ("floor sha256", "floor: read and hash, with the crate that mapihive uses"),
    ("sha256sum", "floor: `sha256sum`"),
]
DIRTY = [
    ("replay", "logs applied, live only: `scan --live-only`"),
    ("dirty, default", "(b) logs and recovery: `scan`"),
    ("cat with logs", "floor: `cat` of hives and logs"),
]


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [f"| {' | '.join(header)} |", f"|---|{'--:|' * (len(header) - 1)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def spread(samples: list[float]) -> str:
    """The median, and between which bounds the rounds lie."""
    if not samples:
        return ""
    middle = number(statistics.median(samples))
    return middle if len(samples) == 1 else f"{middle} ({number(min(samples))} to {number(max(samples))})"


def page(results: Results) -> str:
    """All tables of which there are figures."""
    parts = [machine_part, targets_part, jobs_part, dirty_part, analysis_part, hash_part, peers_part, shapes_part, cold_part]
    return "\n".join(text for part in parts if (text := part(results)))


def machine_part(results: Results) -> str:
    rows = [[name, value] for name, value in results["machine"].items()]
    fleet = results.get("fleet")
    if fleet:
        rows.append(["fleet", f"{fleet['hives']:,} hives of {fleet['mean_kb']:,.0f} KB in the mean, {fleet['real']:,} of them copies of real ones"])
    dirty = results.get("dirty")
    if dirty:
        rows.append(["dirty fleet", f"{dirty['hives']:,} hives of {dirty['mean_kb']:,.0f} KB with logs of {dirty['logs_mean_kb']:,.0f} KB, "
                                    f"{dirty['real']:,} of them copies of real ones"])
    cats = results.get("cpu", {}).get("cat", [])
    if len(cats) > 1:
        away = max(abs(cat / statistics.median(cats) - 1) for cat in cats)
        rows.append(["noise", f"`cat` of the same files was up to {100 * away:.0f} % away from its median in {len(cats)} rounds"])
    return "### Machine\n\n| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)


FLOORS = {
    "floor touch": "opening the file, mapping it, touching the pages, unmapping it",
    "floor read": "reading the file into one buffer",
    "floor read with logs": "reading the file and its logs into one buffer",
}


def targets_part(results: Results) -> str:
    rows, sentences = [], []
    for target in TARGETS:
        samples = target.samples(results)
        if not samples:
            rows.append([target.id, target.what, target.limit(target.target), target.limit(target.stretch), "", "not measured"])
            continue
        value = statistics.median(samples)
        verdict = target.verdict(value)
        rows.append([target.id, target.what, target.limit(target.target), target.limit(target.stretch), spread(samples) + target.unit, verdict])
        if verdict != "stretch" and (target.stretch is not None or verdict != "reached"):
            sentences.append(f"- **{target.id}**: {target.keeps}")
    text = "### Targets\n\nMedians of rounds, with the lowest and the highest round as the noise.\n\n"
    text += "| id | ratio | target | stretch | measured | |\n|---|---|--:|--:|--:|---|\n"
    text += "".join(f"| {' | '.join(row)} |\n" for row in rows)
    if sentences:
        text += "\nWhat keeps it from target or stretch:\n\n" + "\n".join(sentences) + "\n"
    rooms = [[target.id, *map(number, room), FLOORS[target.floor]] for target in TARGETS if (room := target.room(results))]
    if rooms:
        text += ("\nWhat targets beside other readers leave of the time of those, CPU µs for a hive, and what the files themselves cost before "
                 "anything in them is looked at (the floor, over the whole fleet).\n\n"
                 "| id | other reader | the target leaves | mapihive | floor | which |\n|---|--:|--:|--:|--:|---|\n")
        text += "".join(f"| {' | '.join(room)} |\n" for room in rooms)
    return text


def costs(results: Results, names: list[tuple[str, str]], base: str) -> list[list[str]]:
    rows = []
    for name, told in names:
        samples, counts = results.get("cpu", {}).get(name), results.get("counts", {}).get(name, {})
        if not samples:
            continue
        ratios = [one / other for one, other in zip(samples, results["cpu"][base])]
        rows.append([told, spread(samples), number(statistics.median(ratios)), number(counts.get("peak_mb")),
                     number(counts.get("anonymous_mb")), number(counts.get("faults")), number(counts.get("calls"))])
    return rows


HEADER = ["job", "CPU s for 1,000 hives", "ratio to (a)", "peak MB", "anonymous MB", "faults a hive", "system calls a hive"]


def jobs_part(results: Results) -> str:
    if "live" not in results.get("cpu", {}):
        return ""
    text = "### Clean hives\n\nOne thread unless said. Peak memory counts pages of mapped files, which the kernel can take back; what is anonymous it cannot.\n\n"
    text += table(HEADER, costs(results, JOBS, "live"))
    touched = results.get("touched")
    if touched:
        how = "those that a scan left in a cold cache" if touched["exact"] else "spread evenly, as many as were measured once"
        text += f"\nPages touched for a hive: {number(touched['pages'])}, {how}.\n"
    agreement = results.get("agreement")
    if agreement:
        (keys, values), (walked_keys, walked_values) = agreement["dump"], agreement["walk"]
        same = "the same" if agreement["dump"] == agreement["walk"] else f"{walked_keys:,} and {walked_values:,}"
        text += f"\n`dump` finds {keys:,} keys and {values:,} values in the first hives; the walk of the library finds {same}.\n"
    return text


def dirty_part(results: Results) -> str:
    if "replay" not in results.get("cpu", {}):
        return ""
    header = [*HEADER[:2], "ratio to `cat`", *HEADER[3:]]
    return "### Dirty hives with their logs\n\n" + table(header, costs(results, DIRTY, "cat with logs"))


def analysis_part(results: Results) -> str:
    """What a scan does beside the job that other readers have."""
    cpu = results.get("cpu", {})
    if not {"live", "library targeted", "floor touch"} <= cpu.keys():
        return ""
    own = [1 - library / live for library, live in zip(cpu["library targeted"], cpu["live"])]
    rows = [["floor: the pages alone", *per_hive(results, "floor touch")],
            ["library: the same subtree as CSV", *per_hive(results, "library targeted")],
            ["`scan --no-logs --live-only`", *per_hive(results, "live")]]
    text = "### Share of its own analysis\n\nCPU µs for a hive, and instructions without the start of the program.\n\n"
    text += table(["", "CPU µs", "instructions"], rows)
    return text + f"\nOf the scan, {spread([100 * share for share in own])} % is what mapihive does beyond reading that subtree: all other places of " \
        "profiles, accounts, decoding, rules, findings, hosts and the walk through folders.\n"


def per_hive(results: Results, name: str) -> list[str]:
    cpu = statistics.median(results["cpu"][name]) * 1000
    return [number(cpu), number(results.get("instructions", {}).get(name))]


def hash_part(results: Results) -> str:
    cpu = results.get("cpu", {})
    if not {"hash", "default", "floor sha256", "floor read"} <= cpu.keys():
        return ""
    added = [with_hash - without for with_hash, without in zip(cpu["hash"], cpu["default"])]
    alone = [hashed - read for hashed, read in zip(cpu["floor sha256"], cpu["floor read"])]
    return ("### SHA-256\n\n" f"`--hash` adds {spread(added)} CPU seconds to 1,000 hives; the hash alone, of bytes that are in memory, takes {spread(alone)}.\n")


def peers_part(results: Results) -> str:
    peers = results.get("peers", [])
    if not peers:
        return ""
    text = ("### Other readers\n\nCPU µs for a hive, over the same hives in turn, with the start of each program. Slow readers get few hives. Peak memory and system calls are "
            "those of four hives.\n\n")
    jobs = ["live", "recover", "replay", "default", "dump", "walk"]
    rows = []
    for peer in sorted(peers, key=lambda peer: (jobs.index(peer["job"]), statistics.median(pair["theirs"] for pair in peer["pairs"]))):
        theirs, ours = ([pair[whose] for pair in peer["pairs"]] for whose in ("theirs", "ours"))
        ratios = [pair["theirs"] / pair["ours"] for pair in peer["pairs"]]
        rows.append([f"{peer['job']}: {peer['name']} {peer['version']}", str(peer["hives"]), number(statistics.median(theirs)),
                     number(statistics.median(ours)), spread(ratios), number(peer["peak_mb"]),
                     number(statistics.median(pair["faults"] for pair in peer["pairs"])), number(peer["calls"]), peer["work"]])
    text += table(["job and reader", "hives", "theirs", "mapihive", "ratio", "peak MB", "faults a hive", "system calls a hive", "keys and values found"], rows)
    for name, why in results.get("lacking", {}).items():
        text += f"\nNot measured: {name}: {why}.\n"
    return text


def shapes_part(results: Results) -> str:
    shapes = results.get("shapes")
    if not shapes:
        return ""
    rows = [[name, spread(samples)] for name, samples in shapes.items()]
    return "### Shapes\n\nCPU ms for one hive, targeted and live only; `bomb` with the start of the program.\n\n" + table(["hive", "CPU ms"], rows)


def cold_part(results: Results) -> str:
    cold = results.get("cold")
    if not cold:
        return ""
    rows = [[name, spread(cold["kb"][name]), spread(cold["wall"][name]), spread(cold["cpu"][name])] for name in cold["wall"]]
    text = "### Cold cache\n\nThe kernel was asked to drop the fleet from its cache before each run. For a hive:\n\n"
    text += table(["", "KB read", "wall µs", "CPU µs"], rows)
    if cold["left_in_cache"]:
        text += f"\nIt kept {cold['left_in_cache']:,} pages of the first 50 hives all the same.\n"
    return text


def update(path: Path, results: Results) -> None:
    """Writes the tables between the marks of the document."""
    text = path.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    path.write_text(f"{before}{BEGIN}\n\n{page(results)}\n{END}{after}")
