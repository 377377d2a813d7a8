"""The hives that are measured with."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# One real hive for so many made ones.
REAL_SHARE = 4
# Hives on a host, as `make-large-hives` has it.
ACCOUNTS = 4
# A place in the base block that no reader looks at and no checksum covers.
UNUSED = 0x0E00
CLEAN = [
    "win7-outlook2010-nfury",
    "win7-outlook2010-nfury-profile-deleted",
    "win10-outlook2016-dirty-nologs",
    "xp-no-mapi",
    "many-deleted-keys",
]
DIRTY = ["win10-dirty-logs", "win10-museum-dirty"]


@dataclass(frozen=True)
class Files:
    """Hives in one folder, in the order in which each part of them is like the whole; `all` has their logs too."""

    folder: Path
    hives: list[Path]
    all: list[Path]
    real: int

    @property
    def kilobytes(self) -> float:
        """Of a hive, in the mean."""
        return sum(hive.stat().st_size for hive in self.hives) / 1024 / len(self.hives)

    def listed(self, count: int | None = None) -> Path:
        """A file with the paths of the first hives, one a line."""
        hives = self.hives[:count]
        return self.list_of(hives, f"{len(hives)}")

    def all_listed(self) -> Path:
        """The same of all hives with their logs."""
        return self.list_of(self.all, "all")

    def list_of(self, files: list[Path], name: str) -> Path:
        path = self.folder.with_name(f"{self.folder.name}-{name}.list")
        path.write_text("".join(f"{file}\n" for file in files))
        return path


class Preparation:
    """Writes hives below a folder, unless they are there from an earlier run."""

    def __init__(self, maker: Path, folder: Path, real: Path | None):
        self.maker, self.folder, self.real = maker, folder, real

    def fleet(self, count: int) -> Files:
        """Clean hives."""
        return self.files("fleet", count, CLEAN)

    def dirty(self, count: int) -> Files:
        """Dirty hives with logs."""
        return self.files("dirty", count, DIRTY)

    def files(self, what: str, count: int, real: list[str]) -> Files:
        there = [self.real / name for name in real if self.real and (self.real / name).is_dir()]
        copies = count // REAL_SHARE if there else 0
        # No host has two copies of one hive, which would be looked at once more to tell whether they are equal.
        on_a_host = min(ACCOUNTS, len(there))
        folder = self.folder / f"{what}-{count}-{copies}-on-hosts-of-{on_a_host or ACCOUNTS}"
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([self.maker, what, str(count - copies), folder], check=True)
            for number in range(copies):
                copy_of(there[number % len(there)], folder / f"REAL{number // on_a_host:06}/C/Users/user{number:06}", number)
            os.sync()
            (folder / "done").touch()
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "done")
        hives = [path for path in files if path.name == "NTUSER.DAT"]
        made, copied = hives[:count - copies], hives[count - copies:]
        mixed: list[Path] = []
        while made or copied:
            mixed += made[:REAL_SHARE - 1] + copied[:1]
            made, copied = made[REAL_SHARE - 1:], copied[1:]
        return Files(folder, mixed, files, copies)

    def shapes(self, divisor: int) -> Path:
        """A folder with one hive in each of its folders."""
        folder = self.folder / f"shapes-{divisor}"
        if not (folder / "done").exists():
            subprocess.run([self.maker, "shapes", str(divisor), folder], check=True)
            os.sync()
            (folder / "done").touch()
        return folder


def copy_of(hive: Path, folder: Path, number: int) -> None:
    """A copy of a real hive with its logs, unlike every other copy."""
    folder.mkdir(parents=True)
    for file in hive.iterdir():
        shutil.copyfile(file, folder / file.name)
    with open(folder / "NTUSER.DAT", "r+b") as copy:
        copy.seek(UNUSED)
        copy.write(number.to_bytes(8, "little"))


def links(file: Path, folder: Path, count: int) -> Path:
    """The same hive on many hosts, without taking more room."""
    if not folder.exists():
        for number in range(count):
            place = folder / f"PC{number:06}/C/Users/user"
            place.mkdir(parents=True)
            os.link(file, place / "NTUSER.DAT")
    return folder
