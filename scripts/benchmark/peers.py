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
from .machine import Command, Cost

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE.parent / "requirements-bench.txt"
NOTATIN = "1.0.1"
SUBSYSTEM = "Software/Microsoft/Windows NT/CurrentVersion/Windows Messaging Subsystem"
SUBSYSTEM_BACKSLASHES = SUBSYSTEM.replace("/", "\\")
DEBIAN_PYTHON = Path("/usr/bin/python3")

# How many keys and values were found.
Counts = tuple[int, int]
# As many hives as there are, so that the start of a program that reads them in one go is shared by all.
ALL = sys.maxsize


@dataclass(frozen=True)
class Peer:
    """One reader at one job. `hives` is how many it is given: slow ones get few. `commands` gives what is started to read the hives of
    a list: one program, or one for each hive; `count` tells from what they print how much they found, if that shows it."""

    name: str
    version: str
    job: str
    hives: int
    commands: Callable[[Path], list[Command]]
    count: Callable[[bytes, str], Counts | None]

    def run(self, listed: Path) -> Cost:
        """Reads the hives of a list."""
        # A reader may fail at a hive that it cannot read.
        return machine.together(machine.run(command, may_fail=True) for command in self.commands(listed))

    def counts(self, listed: Path) -> Counts | None:
        """How many keys and values it finds in the hives of a list."""
        printed, said = b"", ""
        for command in self.commands(listed):
            done = subprocess.run([str(part) for part in command], capture_output=True)
            printed += done.stdout
            said += done.stderr.decode(errors="replace")
        return self.count(printed, said)


def hives_of(listed: Path) -> list[str]:
    return listed.read_text().splitlines()


def each(*program: str | Path) -> Callable[[Path], list[Command]]:
    """A program that reads one hive is started for each."""
    return lambda listed: [[*program, hive] for hive in hives_of(listed)]


def at_once(*program: str | Path) -> Callable[[Path], list[Command]]:
    """A program that reads a list of hives."""
    return lambda listed: [[*program, listed]]


class RegDump:
    """notatin's reg_dump reads a folder and writes a file for each hive: the hives of a list are linked into a folder of their own."""

    def __init__(self, program: Path, scratch: Path):
        self.program, self.scratch, self.written = program, scratch, scratch / "written"

    def commands(self, *options: str) -> Callable[[Path], list[Command]]:
        def of_list(listed: Path) -> list[Command]:
            folder = self.scratch / f"{listed.stem}-folder"
            if not folder.exists():
                for number, hive in enumerate(hives_of(listed)):
                    place = folder / f"{number:06}"
                    place.mkdir(parents=True)
                    for file in Path(hive).parent.iterdir():
                        os.link(file, place / file.name)
            shutil.rmtree(self.written, ignore_errors=True)
            self.written.mkdir()
            return [[self.program, "-r", "-t", "jsonl", "-i", folder, "-o", self.written, *options]]

        return of_list

    def count(self, _: bytes, __: str) -> Counts:
        keys = values = 0
        for file in self.written.iterdir():
            with open(file, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    keys += 1
                    values += len(json.loads(line).get("sub_values", []))
        return keys, values


def counted_by_itself(_: bytes, said: str) -> Counts | None:
    """The programs that we wrote for libraries tell it on standard error."""
    match = re.search(r"(\d+) keys, (\d+) values", said)
    return (int(match[1]), int(match[2])) if match else None


def reglookup_rows(printed: bytes, _: str) -> Counts:
    kinds = [line.split(b",")[1:2] for line in printed.splitlines()]
    keys, headings = kinds.count([b"KEY"]), kinds.count([b"TYPE"])
    return keys, len(kinds) - keys - headings - kinds.count([])


def xml_nodes(printed: bytes, _: str) -> Counts:
    return len(re.findall(rb"<node ", printed)), len(re.findall(rb"<value ", printed))


def not_counted(_: bytes, __: str) -> None:
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

    def peer(self, *fields) -> None:
        self.all.append(Peer(*fields))

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
        program = RegDump(reg_dump, self.scratch)
        filtered = ["-f", SUBSYSTEM_BACKSLASHES]
        for job, hives, options in [
            ("live", ALL, ["-s", *filtered]),
            ("recover", 100, ["-s", "--recover", *filtered]),
            ("replay", ALL, filtered),
            ("default", 100, ["--recover", *filtered]),
            ("dump", 40, ["-s"]),
        ]:
            count = program.count if job in ("live", "dump") else not_counted
            self.peer("notatin reg_dump", NOTATIN, job, hives, program.commands(*options), count)

    def add_notatin_library(self) -> None:
        manifest = HERE / "notatin/Cargo.toml"
        build = ["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", manifest]
        if not self.attempt("notatin (library)", build, env=self.cargo_environment()):
            return
        program = self.folder / "notatin-target/release/notatin-jobs"
        for job, verb, hives in [("live", "targeted", ALL), ("recover", "recover", 100), ("walk", "walk", 100)]:
            count = not_counted if job == "recover" else counted_by_itself
            self.peer("notatin (library)", NOTATIN, job, hives, at_once(program, verb), count)

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
            ("libregf", "libregf-python", ALL, 20),
            ("python-registry", "python-registry", ALL, 20),
            ("regipy", "regipy", 100, 4),
        ]:
            for job, verb, hives in [("live", "targeted", live), ("walk", "walk", walk)]:
                commands = at_once(python, HERE / "readers.py", name, verb)
                self.peer(f"{name} (library)", version[package], job, hives, commands, counted_by_itself)
        dump = each(venv / "bin/regipy-dump", "-o", self.scratch / "regipy.json")
        self.peer("regipy-dump", version["regipy"], "dump", 2, dump, not_counted)

    def add_debian(self) -> None:
        programs = {"reglookup": "reglookup", "hivexml": "libhivex-bin", "regfexport": "libregf-utils",
                    "/usr/share/doc/python3-hivex": "python3-hivex"}
        lacking = machine.install(programs)
        self.lacking |= {Path(program).name: f"the Debian package {programs[program]} is not there" for program in lacking}

        def version(program: str) -> str:
            return machine.told(["dpkg-query", "-W", "-f", "${Version}", programs[program]])

        if "reglookup" not in lacking:
            self.peer("reglookup -p", version("reglookup"), "live", ALL, each("reglookup", "-p", f"/{SUBSYSTEM}"), reglookup_rows)
            self.peer("reglookup", version("reglookup"), "dump", 20, each("reglookup"), reglookup_rows)
            self.peer("reglookup-recover", version("reglookup"), "recover", 20, each("reglookup-recover"), not_counted)
        if "hivexml" not in lacking:
            self.peer("hivexml", version("hivexml"), "dump", 20, each("hivexml"), xml_nodes)
        if "regfexport" not in lacking:
            self.peer("regfexport", version("regfexport"), "dump", 4, each("regfexport"), not_counted)
        if "/usr/share/doc/python3-hivex" not in lacking:
            version_of_hivex = version("/usr/share/doc/python3-hivex")
            for job, verb, hives in [("live", "targeted", ALL), ("walk", "walk", 20)]:
                commands = at_once(DEBIAN_PYTHON, HERE / "readers.py", "hivex", verb)
                self.peer("hivex (library)", version_of_hivex, job, hives, commands, counted_by_itself)
