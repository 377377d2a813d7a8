"""Other readers of hives: how they are installed, what they are run with, and how much they found."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .machine import Cost

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE.parent / "requirements-bench.txt"
NOTATIN = "1.0.1"
SUBSYSTEM = "Software/Microsoft/Windows NT/CurrentVersion/Windows Messaging Subsystem"
SUBSYSTEM_BACKSLASHES = SUBSYSTEM.replace("/", "\\")
DEBIAN_PYTHON = Path("/usr/bin/python3")

# How many keys and values were found.
Counts = tuple[int, int]


@dataclass(frozen=True)
class Peer:
    """One reader at one job. `hives` is how many it is given: slow ones get few. `work` reads the hives of a list and writes what it
    prints to a file or nowhere; `count` tells how much that was, as far as its output shows it."""

    name: str
    version: str
    job: str
    hives: int
    work: Callable[[Path, Path | None], Cost]
    count: Callable[[Path, str], Counts | None]


def hives_of(listed: Path) -> list[str]:
    return listed.read_text().splitlines()


def each(program: list[str | Path]) -> Callable[[Path, Path | None], Cost]:
    """A program that reads one hive is started for each."""

    def work(listed: Path, output: Path | None) -> Cost:
        costs = []
        with open(output or os.devnull, "wb") as all_output:
            for hive in hives_of(listed):
                part = output.with_suffix(".part") if output else None
                costs.append(machine.run([*program, hive], part, may_fail=True))
                if part:
                    all_output.write(part.read_bytes())
        return machine.together(costs)

    return work


def at_once(program: list[str | Path]) -> Callable[[Path, Path | None], Cost]:
    """A program that reads a list of hives."""
    return lambda listed, output: machine.run([*program, listed], output)


def notatin_folder(reg_dump: Path, scratch: Path, options: list[str]) -> Callable[[Path, Path | None], Cost]:
    """reg_dump reads a folder and writes a file for each hive: the hives of the list are linked into one of their own."""

    def work(listed: Path, output: Path | None) -> Cost:
        folder, written = scratch / f"{listed.stem}-folder", scratch / "written"
        if not folder.exists():
            for number, hive in enumerate(hives_of(listed)):
                place = folder / f"{number:06}"
                place.mkdir(parents=True)
                for file in Path(hive).parent.iterdir():
                    os.link(file, place / file.name)
        shutil.rmtree(written, ignore_errors=True)
        written.mkdir()
        cost = machine.run([reg_dump, "-r", "-t", "jsonl", "-i", folder, "-o", written, *options])
        if output:
            with open(output, "wb") as together:
                for file in sorted(written.iterdir()):
                    together.write(file.read_bytes())
        return cost

    return work


def counted_by_itself(_: Path, said: str) -> Counts | None:
    match = re.search(r"(\d+) keys, (\d+) values", said)
    return (int(match[1]), int(match[2])) if match else None


def json_lines(output: Path, _: str) -> Counts:
    keys = values = 0
    with open(output, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            keys += 1
            values += len(json.loads(line).get("sub_values", []))
    return keys, values


def reglookup_rows(output: Path, _: str) -> Counts:
    keys = values = 0
    for line in output.read_bytes().splitlines():
        kind = line.split(b",")[1:2]
        keys += kind == [b"KEY"]
        values += kind not in ([b"KEY"], [b"TYPE"], [])
    return keys, values


def xml_nodes(output: Path, _: str) -> Counts:
    text = output.read_bytes()
    return len(re.findall(rb"<node ", text)), len(re.findall(rb"<value ", text))


def not_counted(_: Path, __: str) -> None:
    return None


class Peers:
    """The readers that could be installed, and a word about those that could not."""

    def __init__(self, folder: Path, scratch: Path):
        self.folder, self.scratch = folder, scratch
        self.all: list[Peer] = []
        self.lacking: dict[str, str] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for add in (self.add_notatin, self.add_notatin_library, self.add_python_libraries, self.add_debian):
            add()

    def peer(self, name: str, version: str, job: str, hives: int, work, count) -> None:
        self.all.append(Peer(name, version, job, hives, work, count))

    def attempt(self, name: str, *commands: list[str | Path], **more) -> bool:
        for command in commands:
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
            if done.returncode:
                lines = [line for line in (done.stderr or done.stdout).strip().splitlines() if "error" in line.lower()]
                self.lacking[name] = (lines or [f"exit code {done.returncode}"])[0][:160]
                return False
        return True

    def add_notatin(self) -> None:
        """The command line. Its spreadsheets need libclang to be built."""
        reg_dump = self.folder / "notatin/bin/reg_dump"
        if not reg_dump.exists():
            machine.install({"/usr/include/zlib.h": "zlib1g-dev"})
            if not list(Path("/usr/lib").glob("**/libclang.so*")):
                machine.install({"/usr/lib/libclang.so": "libclang-dev"})
            install = ["cargo", "install", "notatin", "--version", NOTATIN, "--features", "build-binary", "--locked"]
            if not self.attempt("notatin reg_dump", [*install, "--root", self.folder / "notatin"], env=self.cargo_environment()):
                return
        filtered = ["-f", SUBSYSTEM_BACKSLASHES]
        for job, hives, options in [
            ("live", 200, ["-s", *filtered]),
            ("recover", 40, ["-s", "--recover", *filtered]),
            ("replay", 25, filtered),
            ("default", 40, ["--recover", *filtered]),
            ("dump", 40, ["-s"]),
        ]:
            work = notatin_folder(reg_dump, self.scratch, options)
            self.peer("notatin reg_dump", NOTATIN, job, hives, work, json_lines if job in ("live", "dump") else not_counted)

    def add_notatin_library(self) -> None:
        manifest = HERE / "notatin/Cargo.toml"
        build = ["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", manifest]
        if not self.attempt("notatin (library)", build, env=self.cargo_environment()):
            return
        program = self.folder / "notatin-target/release/notatin-jobs"
        for job, verb, hives in [("live", "targeted", 200), ("recover", "recover", 40), ("walk", "walk", 100)]:
            count = not_counted if job == "recover" else counted_by_itself
            self.peer("notatin (library)", NOTATIN, job, hives, at_once([program, verb]), count)

    def cargo_environment(self) -> dict[str, str]:
        return dict(os.environ, CARGO_TARGET_DIR=str(self.folder / "notatin-target"), CARGO_INCREMENTAL="0")

    def add_python_libraries(self) -> None:
        venv = self.folder / "venv"
        python = venv / "bin/python"
        stamp, pinned = venv / "bench-requirements.txt", REQUIREMENTS.read_text()
        if not stamp.exists() or stamp.read_text() != pinned:
            if not self.attempt("PyPI", [sys.executable, "-m", "venv", venv], [python, "-m", "pip", "install", "-q", "-r", REQUIREMENTS]):
                return
            stamp.write_text(pinned)
        version = dict(re.findall(r"^([a-z-]+)(?:\[\w+\])?==(\S+)", pinned, re.MULTILINE))
        for name, package, live, walk in [
            ("libregf", "libregf-python", 100, 20),
            ("python-registry", "python-registry", 100, 20),
            ("regipy", "regipy", 40, 4),
        ]:
            for job, verb, hives in [("live", "targeted", live), ("walk", "walk", walk)]:
                work = at_once([python, HERE / "readers.py", name, verb])
                self.peer(f"{name} (library)", version[package], job, hives, work, counted_by_itself)
        dump = each([venv / "bin/regipy-dump", "-o", self.scratch / "regipy.json"])
        self.peer("regipy-dump", version["regipy"], "dump", 2, dump, not_counted)

    def add_debian(self) -> None:
        programs = {"reglookup": "reglookup", "hivexml": "libhivex-bin", "regfexport": "libregf-utils",
                    "/usr/share/doc/python3-hivex": "python3-hivex"}
        lacking = machine.install(programs)
        self.lacking |= {Path(program).name: f"the Debian package {programs[program]} is not there" for program in lacking}

        def version(program: str) -> str:
            return machine.told(["dpkg-query", "-W", "-f", "${Version}", programs[program]])

        if "reglookup" not in lacking:
            self.peer("reglookup -p", version("reglookup"), "live", 100, each(["reglookup", "-p", f"/{SUBSYSTEM}"]), reglookup_rows)
            self.peer("reglookup", version("reglookup"), "dump", 20, each(["reglookup"]), reglookup_rows)
            self.peer("reglookup-recover", version("reglookup"), "recover", 20, each(["reglookup-recover"]), not_counted)
        if "hivexml" not in lacking:
            self.peer("hivexml", version("hivexml"), "dump", 20, each(["hivexml"]), xml_nodes)
        if "regfexport" not in lacking:
            self.peer("regfexport", version("regfexport"), "dump", 4, each(["regfexport"]), not_counted)
        if "/usr/share/doc/python3-hivex" not in lacking:
            version_of_hivex = version("/usr/share/doc/python3-hivex")
            for job, verb, hives in [("live", "targeted", 100), ("walk", "walk", 20)]:
                work = at_once([DEBIAN_PYTHON, HERE / "readers.py", "hivex", verb])
                self.peer("hivex (library)", version_of_hivex, job, hives, work, counted_by_itself)
