#!/usr/bin/env python3
"""Compare `mapihive dump` with independent registry readers, fact by fact.

Every intact hive is read by mapihive and by up to five readers that share no code with it: libregf,
python-registry, regipy, dissect.regf, and hivex where Debian's python3-hivex is installed. Each key (path,
last-written time, offset) and each value (name, type, size, SHA-256 of the data, offset) must be the same.
A reader's own mistakes stand in KNOWN, each with its reason; any other difference fails the check.

On a damaged hive the readers disagree by right. There mapihive has to find at least as many keys and values as
the best of them.

Exit codes: 0 all equal or explained; 1 a difference; 2 the check could not be made (no hive compared, or an
intact hive that fewer than two readers could read); 64 wrong arguments.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import csv
import fnmatch
import functools
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

THIS = Path(__file__).resolve()
REPO = THIS.parent.parent
REQUIREMENTS = THIS.with_name("requirements-cross-check.txt")
VENV = REPO / "target" / "cross-check-venv"
IN_VENV = "MAPIHIVE_CROSS_CHECK_VENV"

# A hive that makes a reader run for longer, or want more memory, counts as one it cannot read.
SECONDS_PER_READER = 300
BYTES_PER_READER = 4 << 30
# Windows allows 512 levels; a deeper tree is a cycle.
MAX_DEPTH = 600
MAX_ROWS = 5_000_000

# Made damaged in ways that `why_damaged` cannot measure (lists, cycles), told by their name.
DAMAGED_BY_NAME = ("*damaged*", "*corrupt*", "*truncated*", "*bad-hbin-header*")

COLUMNS = [
    "kind",
    "key_path",
    "value_name",
    "value_type",
    "data_size",
    "data_sha256",
    "last_written",
    "origin",
    "file_offset",
    "problem",
    "hive_path",
]
# In the order of their numbers.
TYPE_NAMES = [
    "REG_NONE",
    "REG_SZ",
    "REG_EXPAND_SZ",
    "REG_BINARY",
    "REG_DWORD",
    "REG_DWORD_BIG_ENDIAN",
    "REG_LINK",
    "REG_MULTI_SZ",
    "REG_RESOURCE_LIST",
    "REG_FULL_RESOURCE_DESCRIPTOR",
    "REG_RESOURCE_REQUIREMENTS_LIST",
    "REG_QWORD",
]

# A value may only be withheld below keys that hold mail accounts or their secrets.
PLACES_OF_SECRETS = {
    "windows messaging subsystem",
    "profiles",
    "deleted profiles",
    "accounts",
    "protected storage system provider",
    "exchange",
    "ms setup (acme)",
}

KeyPath = tuple[str, ...]


# ---------------------------------------------------------------------------------------------------------------
# What is compared


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key. `offset` is None where a reader does not tell it."""

    path: KeyPath
    written: int
    offset: int | None

    FIELDS = ("written", "offset")

    @property
    def identity(self) -> tuple[KeyPath, str | None]:
        return self.path, None


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A value. `sha256` is None where mapihive withheld it."""

    path: KeyPath
    name: str
    type: int
    size: int
    sha256: str | None
    offset: int | None

    FIELDS = ("type", "size", "sha256", "offset")

    @property
    def identity(self) -> tuple[KeyPath, str | None]:
        return self.path, self.name


Row = KeyRow | ValueRow


@dataclass(slots=True)
class Tree:
    """All that one reader found in one hive; `complaints` is what it could not read."""

    keys: list[KeyRow] = field(default_factory=list)
    values: list[ValueRow] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def counts(self) -> str:
        return f"{len(self.keys):,} keys, {len(self.values):,} values"


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement. `kind` is `missing`, `extra`, `complaint`, or the field that differs."""

    kind: str
    ours: Row | None = None
    theirs: Row | None = None
    text: str = ""

    def __str__(self) -> str:
        row = self.ours or self.theirs
        if row is None:
            return f"{self.kind}: {self.text}"
        what = "key" if isinstance(row, KeyRow) else "value"
        place = show(row)
        if self.ours is None:
            return f"{what} only the reader has: {place}"
        if self.theirs is None:
            return f"{what} the reader lacks: {place}"
        ours, theirs = getattr(self.ours, self.kind), getattr(self.theirs, self.kind)
        return f"{what} {self.kind} {told(self.kind, ours)}, reader {told(self.kind, theirs)}: {place}"


def show(row: Row) -> str:
    """A row's place in printable characters only: names come from evidence."""
    place = "\\".join(row.path) or "(root)"
    if isinstance(row, ValueRow):
        place += " : " + (row.name or "(unnamed)")
    return place.encode("unicode_escape").decode("ascii").replace("\\\\", "\\")


def told(kind: str, value: Any) -> str:
    if kind == "written":
        return f"FILETIME {value}"
    return value[:16] if isinstance(value, str) else str(value)


# ---------------------------------------------------------------------------------------------------------------
# Known and explained differences


def always(_: Difference) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Known:
    """A difference that is the reader's doing. `when` narrows it to the very rows the reason speaks of."""

    reader: str
    kind: str
    why: str
    hive: str = "*"
    when: Callable[[Difference], bool] = always

    def explains(self, hive: str, reader: str, difference: Difference) -> bool:
        return (
            self.reader == reader
            and self.kind == difference.kind
            and fnmatch.fnmatch(hive, self.hive)
            and self.when(difference)
        )


def cut_at_nul(difference: Difference) -> bool:
    """A string kept in a cell of its own, that is, of more than four bytes."""
    return both_values(difference, lambda ours, theirs: ours.type in SZ and ours.size > 4 and ours.size != theirs.size)


def short_in_cell(difference: Difference) -> bool:
    return both_values(difference, lambda ours, theirs: ours.size in (1, 2, 3) and ours.size == theirs.size)


def odd_string_in_cell(difference: Difference) -> bool:
    return both_values(
        difference, lambda ours, theirs: ours.type in SZ and ours.size in (1, 3) and theirs.size == ours.size + 1
    )


def multi_string_in_cell(difference: Difference) -> bool:
    return both_values(
        difference, lambda ours, theirs: ours.type == MULTI_SZ and ours.size <= 4 and theirs.sha256 == NO_DATA
    )


def number_of_odd_size(difference: Difference) -> bool:
    odd = {
        DWORD: lambda size: size > 4,
        DWORD_BIG_ENDIAN: lambda size: True,
        QWORD: lambda size: size != 8,
        FILETIME: lambda size: size <= 4,
    }
    return both_values(difference, lambda ours, _: ours.type in odd and odd[ours.type](ours.size))


def both_values(difference: Difference, holds: Callable[[ValueRow, ValueRow], bool]) -> bool:
    ours, theirs = difference.ours, difference.theirs
    return isinstance(ours, ValueRow) and isinstance(theirs, ValueRow) and holds(ours, theirs)


def lone_surrogate(difference: Difference) -> bool:
    row = difference.ours
    if row is None:
        return "Invalid or incomplete multibyte or wide character" in difference.text
    names = [*row.path, row.name] if isinstance(row, ValueRow) else row.path
    return any("\ud800" <= character <= "\udfff" for name in names for character in name)


SZ = (1, 2)
DWORD = 4
DWORD_BIG_ENDIAN = 5
MULTI_SZ = 7
QWORD = 11
FILETIME = 16
NO_DATA = hashlib.sha256(b"").hexdigest()

KNOWN: tuple[Known, ...] = (
    Known(
        "libregf",
        "sha256",
        "of one to three bytes kept in the value's own cell it takes the last of the field, not the first",
        when=short_in_cell,
    ),
    Known(
        "libregf",
        "size",
        "it ends REG_SZ and REG_EXPAND_SZ data at the first NUL, whatever size is stored",
        when=cut_at_nul,
    ),
    Known("libregf", "sha256", "as its size differs, so does its data: it ends at the first NUL", when=cut_at_nul),
    Known(
        "libregf",
        "size",
        "it makes REG_SZ and REG_EXPAND_SZ data of one or three bytes in the value's own cell a byte longer",
        when=odd_string_in_cell,
    ),
    Known(
        "libregf",
        "sha256",
        "as its size differs, so does its data: a string of one or three bytes is made a byte longer",
        when=odd_string_in_cell,
    ),
    Known(
        "python-registry",
        "sha256",
        "it takes REG_MULTI_SZ data kept in the value's own cell for no data at all",
        when=multi_string_in_cell,
    ),
    Known(
        "python-registry",
        "sha256",
        "it looks for numbers where, and in the size, that their type has normally, whatever the record says",
        when=number_of_odd_size,
    ),
    Known("hivex", "complaint", "it cannot decode a name that holds a lone surrogate", when=lone_surrogate),
    Known(
        "hivex",
        "missing",
        "it cannot name a key or value, nor what lies below, with a lone surrogate",
        when=lone_surrogate,
    ),
)


# ---------------------------------------------------------------------------------------------------------------
# The run


def main(argv: list[str]) -> int:
    """Arguments in, exit code out."""
    options = arguments(argv)
    if options.read:
        return read_here(options.read, options.paths[0])
    if options.self_test:
        return self_test()
    ensure_readers(may_install=not options.no_install)

    started = time.monotonic()
    binary = None if options.readers_only else find_binary(options.mapihive)
    readers = available_readers(options.reader)
    hives = find_hives(options.paths or default_folders(), options.damaged)
    if not hives:
        return cannot("no hive found")
    print(f"{len(hives)} hives, readers: {', '.join(map(with_version, readers)) or 'none'}")

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        work = [(hive, start_reading(pool, hive, readers, binary)) for hive in hives]
        verdicts = [judge(hive, reading, options) for hive, reading in work]

    print_known(verdicts)
    code = conclusion(verdicts)
    print(f"{['ok', 'DIFFERENT', 'NOT CHECKED'][code]} after {time.monotonic() - started:.0f} s")
    return code


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = Arguments(description=(__doc__ or "").split("\n\n")[0], epilog=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="hives or folders of hives")
    parser.add_argument(
        "--mapihive", type=Path, metavar="FILE", help="the program (default: target/release, target/debug)"
    )
    parser.add_argument("--readers-only", action="store_true", help="compare the readers with the first of them")
    parser.add_argument("--reader", action="append", choices=list(READERS), help="only this reader (repeatable)")
    parser.add_argument(
        "--damaged", action="append", default=[], metavar="GLOB", help="judge such paths as damaged hives"
    )
    parser.add_argument("--show", type=int, default=20, metavar="N", help="differences shown per hive and reader (20)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, metavar="N", help="processes at a time")
    parser.add_argument("--no-install", action="store_true", help="use the readers that are there, install none")
    parser.add_argument("--self-test", action="store_true", help="show that every kind of difference is found")
    parser.add_argument("--read", choices=list(READERS), help=argparse.SUPPRESS)
    return parser.parse_args(argv)


class Arguments(argparse.ArgumentParser):
    """argparse ends with 2 on wrong arguments, which here means `not checked`."""

    def error(self, message: str) -> Any:
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def cannot(reason: str) -> int:
    print(f"NOT CHECKED: {reason}", file=sys.stderr)
    return 2


@dataclass(frozen=True, slots=True)
class HiveFile:
    """A primary hive file to check. `damage` says why it is not intact, or is empty."""

    path: Path
    name: str
    damage: str


@dataclass(slots=True)
class Verdict:
    """What came of one hive."""

    damaged: bool
    compared: int = 0
    failures: int = 0
    explained: Counter[Known] = field(default_factory=Counter)


def conclusion(verdicts: list[Verdict]) -> int:
    if any(verdict.failures for verdict in verdicts):
        return 1
    intact = [verdict for verdict in verdicts if not verdict.damaged]
    if not intact:
        return cannot("no intact hive was compared")
    if any(verdict.compared < 2 for verdict in intact):
        return cannot("an intact hive was compared with fewer than two readers")
    return 0


def print_known(verdicts: list[Verdict]) -> None:
    """The reasons that were needed, once each; in the lines above they stand by number."""
    total: Counter[Known] = sum((verdict.explained for verdict in verdicts), Counter())
    for number, known in enumerate(KNOWN, 1):
        if total[known]:
            print(f"[{number}] {known.reader}, {known.kind}, {total[known]:,} times: {known.why}")


Reading = dict[str, "concurrent.futures.Future[Tree | str]"]


def start_reading(
    pool: concurrent.futures.Executor, hive: HiveFile, readers: list[str], binary: Path | None
) -> Reading:
    """Every reader in a process of its own: a crash or an endless loop in one costs that one only."""
    reading: Reading = {}
    if binary:
        reading["mapihive"] = pool.submit(read_with_mapihive, binary, hive)
    for reader in readers:
        reading[reader] = pool.submit(read_in_process, reader, hive.path)
    return reading


def judge(hive: HiveFile, reading: Reading, options: argparse.Namespace) -> Verdict:
    """Print and count what one hive showed."""
    results = {who: future.result() for who, future in reading.items()}
    trees = {who: result for who, result in results.items() if isinstance(result, Tree)}
    failed = {who: result for who, result in results.items() if isinstance(result, str)}
    verdict = Verdict(damaged=bool(hive.damage))

    print(f"\n{hive.name}" + (f"   damaged: {hive.damage}" if hive.damage else ""))
    ours = next(iter(trees), "") if options.readers_only else "mapihive"
    if ours not in trees:
        print(f"  {ours or 'every reader':16} FAILED: {failed.get(ours, failed)}")
        # What nobody can read, mapihive need not read either.
        verdict.failures += bool(trees) or not hive.damage
        return verdict

    truth = trees.pop(ours)
    print(f"  {ours:16} {truth.counts()}" + withheld(truth))
    judge_itself(hive, truth, verdict, options.show)
    judge_catalog(hive, ours, truth, verdict)
    if hive.damage:
        judge_damaged(truth, trees, failed, verdict, may_fail=not options.readers_only)
        return verdict
    for who, tree in trees.items():
        judge_differences(hive, who, compare(seen_by(who, truth), tree), verdict, options.show)
        if options.readers_only:
            judge_catalog(hive, who, tree, verdict)
    for who, reason in failed.items():
        judge_differences(hive, who, [Difference("failed", text=reason)], verdict, options.show)
    verdict.compared = len(trees) + options.readers_only
    return verdict


def withheld(tree: Tree) -> str:
    count = sum(value.sha256 is None for value in tree.values)
    return f", {count} withheld" if count else ""


def judge_itself(hive: HiveFile, truth: Tree, verdict: Verdict, shown: int) -> None:
    """What mapihive could not read of an intact hive, or wrote wrongly, is a failure whatever the readers say."""
    for complaint in truth.complaints[:shown]:
        print(f"    {complaint}")
    if len(truth.complaints) > shown:
        print(f"    … {len(truth.complaints) - shown:,} more")
    if not hive.damage:
        verdict.failures += len(truth.complaints)


def judge_catalog(hive: HiveFile, who: str, tree: Tree, verdict: Verdict) -> None:
    """The catalog's counts were obtained by yet another walk."""
    expected = catalog_entry(hive.path)
    if expected is None:
        return
    if expected["sha256"] != hashlib.sha256(hive.path.read_bytes()).hexdigest():
        print("    not the file that catalog.csv speaks of")
        verdict.failures += 1
    elif (len(tree.keys), len(tree.values)) != (int(expected["keys"]), int(expected["values"])):
        print(f"    catalog.csv: {expected['keys']} keys, {expected['values']} values; {who}: {tree.counts()}")
        verdict.failures += 1


def judge_damaged(
    truth: Tree, trees: dict[str, Tree], failed: dict[str, str], verdict: Verdict, may_fail: bool
) -> None:
    for who, tree in trees.items():
        kinds = Counter(difference.kind for difference in compare(seen_by(who, truth), tree))
        how = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items())) or "the same"
        print(f"  {who:16} {tree.counts()}: {how}")
        if may_fail and (len(truth.keys) < len(tree.keys) or len(truth.values) < len(tree.values)):
            print(f"    mapihive FOUND LESS than {who}")
            verdict.failures += 1
    for who, reason in failed.items():
        print(f"  {who:16} cannot read it: {reason}")


def judge_differences(hive: HiveFile, who: str, differences: list[Difference], verdict: Verdict, shown: int) -> None:
    explained: Counter[Known] = Counter()
    unexplained = []
    for difference in differences:
        known = next((known for known in KNOWN if known.explains(hive.name, who, difference)), None)
        if known:
            explained[known] += 1
        else:
            unexplained.append(difference)
    reasons = ", ".join(f"{count:,} explained [{KNOWN.index(known) + 1}]" for known, count in explained.items())
    if not unexplained:
        print(f"  {who:16} {'equal but for ' + reasons if reasons else 'equal'}")
    else:
        print(f"  {who:16} {len(unexplained):,} DIFFERENT" + (f", {reasons}" if reasons else ""))
        print_bounded(unexplained, shown)
    verdict.explained += explained
    verdict.failures += len(unexplained)


def print_bounded(differences: list[Difference], shown: int) -> None:
    for difference in differences[:shown]:
        print(f"    {difference}")
    rest = Counter(difference.kind for difference in differences[shown:])
    if rest:
        print("    … and " + ", ".join(f"{count:,} {kind}" for kind, count in rest.items()) + " more")


# ---------------------------------------------------------------------------------------------------------------
# The comparison


def compare(ours: Tree, theirs: Tree) -> list[Difference]:
    """Every difference between two trees, as multisets: a key listed twice has to be listed twice by both."""
    differences = [Difference("complaint", text=complaint) for complaint in theirs.complaints]
    differences += compare_rows(ours.keys, theirs.keys)
    differences += compare_rows(ours.values, theirs.values)
    return differences


def compare_rows(ours: Iterable[Row], theirs: Iterable[Row]) -> Iterator[Difference]:
    left, right = by_identity(ours), by_identity(theirs)
    for identity in left | right:
        yield from compare_twins(left.get(identity, []), right.get(identity, []))


def by_identity(rows: Iterable[Row]) -> dict[tuple[KeyPath, str | None], list[Row]]:
    groups: dict[tuple[KeyPath, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.identity].append(row)
    return dict(groups)


def compare_twins(ours: list[Row], theirs: list[Row]) -> Iterator[Difference]:
    """Rows of one name: equal ones are set aside, then the rest is paired in the order found."""
    rest = list(theirs)
    unmatched = []
    for row in ours:
        twin = next((other for other in rest if not fields_that_differ(row, other)), None)
        if twin is None:
            unmatched.append(row)
        else:
            rest.remove(twin)
    for row, other in zip(unmatched, rest, strict=False):
        for name in fields_that_differ(row, other):
            yield Difference(name, row, other)
    for row in unmatched[len(rest) :]:
        yield Difference("missing", ours=row)
    for other in rest[len(unmatched) :]:
        yield Difference("extra", theirs=other)


def fields_that_differ(ours: Row, theirs: Row) -> list[str]:
    """None is `not told` and differs from nothing."""
    pairs = ((name, getattr(ours, name), getattr(theirs, name)) for name in ours.FIELDS)
    return [name for name, mine, other in pairs if mine is not None and other is not None and mine != other]


def seen_by(reader: str, tree: Tree) -> Tree:
    """The tree with its names as a reader tells them that cannot tell all names.

    What a reader loses is taken from our side, never added to its side: a name it gets wrong in any other way
    stays a difference.
    """
    view = NAME_VIEWS.get(reader)
    if view is None:
        return tree
    seen = functools.cache(lambda path: tuple(map(view, path)))
    return Tree(
        [replace(key, path=seen(key.path)) for key in tree.keys],
        [replace(value, path=seen(value.path), name=view(value.name)) for value in tree.values],
        tree.complaints,
    )


def as_libregf_tells(name: str) -> str:
    """Ends at the first NUL; one-byte names are Windows-1252 to it, where Windows itself has Latin-1.

    Which names are stored in one byte per character the dump does not say: those that can be, here.
    """
    name = name.partition("\0")[0]
    if all(character <= "\xff" for character in name):
        return name.encode("latin-1").decode("cp1252", "replace")
    return name


NAME_VIEWS: dict[str, Callable[[str], str]] = {"libregf": as_libregf_tells}


# ---------------------------------------------------------------------------------------------------------------
# mapihive's side


def find_binary(given: Path | None) -> Path:
    candidates = [given] if given else [REPO / "target" / build / "mapihive" for build in ("release", "debug")]
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return candidate.resolve()
    sys.exit(cannot(f"no mapihive at {' or '.join(map(display, candidates))} (cargo build --release?)"))


def read_with_mapihive(binary: Path, hive: HiveFile) -> Tree | str:
    command = [binary, "dump", "--no-logs", "--live-only", hive.path]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS_PER_READER, check=False)
    except subprocess.TimeoutExpired:
        return f"took longer than {SECONDS_PER_READER} s"
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode not in (0, 3):
        return f"exit code {done.returncode}: {said}"
    try:
        tree = parse_dump(done.stdout, intact=not hive.damage)
    except (ValueError, csv.Error) as error:
        return f"its CSV cannot be read: {error}"
    if done.returncode == 3 and not hive.damage:
        tree.complaints.append(f"exit code 3: {said}")
    return tree


def parse_dump(data: bytes, intact: bool) -> Tree:
    """`mapihive dump`'s table. Complains of what an intact hive cannot have and of what the table must not hold."""
    csv.field_size_limit(1 << 26)
    rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    header = next(rows, [])
    if not set(COLUMNS) <= set(header):
        raise ValueError(f"columns are {header}")
    tree = Tree()
    split = functools.cache(split_path)
    for cells in rows:
        if len(cells) != len(header):
            raise ValueError(f"line {rows.line_num} has {len(cells)} cells")
        row = dict(zip(header, cells, strict=True))
        for complaint in complaints_of(row, intact):
            tree.complaints.append(f"line {rows.line_num}: {complaint}")
        if row["kind"] == "key":
            place = split(row["key_path"]), filetime(row["last_written"]), number(row["file_offset"])
            tree.keys.append(KeyRow(*place))
        else:
            tree.values.append(dump_value(row, split(row["key_path"])))
    return tree


def dump_value(row: dict[str, str], path: KeyPath) -> ValueRow:
    """A row that says `withheld` has no hash; an empty hash without it stays empty and so equals no reader's."""
    return ValueRow(
        path,
        unescape(row["value_name"]),
        type_number(row["value_type"]),
        number(row["data_size"]),
        None if row["problem"] == "withheld" else row["data_sha256"],
        number(row["file_offset"]),
    )


def complaints_of(row: dict[str, str], intact: bool) -> Iterator[str]:
    if row["kind"] not in ("key", "value"):
        raise ValueError(f"kind is {row['kind']!r}")
    if row["origin"] != "primary":
        yield f"origin is {row['origin']!r} in spite of --no-logs --live-only"
    if row["problem"] == "withheld":
        if row["data_sha256"]:
            yield "withheld, and yet hashed"
        if not PLACES_OF_SECRETS & set(row["key_path"].lower().split("\\")):
            yield f"withheld where no secret lies: {row['key_path']!a}"
    elif row["problem"] and intact:
        yield f"problem {row['problem']!a} at {row['key_path']!a}"


def split_path(text: str) -> KeyPath:
    r"""Names of a key_path. A backslash separates names unless it begins an escape: `\u{5c}` is one in a name."""
    if not text:
        return ()
    return tuple(unescape(name) for name in re.split(r"\\(?!u\{[0-9a-fA-F]{1,6}\})", text))


def unescape(text: str) -> str:
    r"""The name as it is in the hive: only names that contain `\u{` are escaped at all."""
    if "\\u{" not in text:
        return text
    return re.sub(r"\\(?:\\|u\{([0-9a-fA-F]{1,6})\})", lambda found: chr(int(found[1], 16)) if found[1] else "\\", text)


# What a damaged hive does not tell is an empty cell. No reader tells this number, so an intact hive fails on it.
UNTOLD = -1


def number(text: str) -> int:
    return int(text) if text else UNTOLD


def type_number(text: str) -> int:
    if not text:
        return UNTOLD
    if text in TYPE_NAMES:
        return TYPE_NAMES.index(text)
    if re.fullmatch(r"0x[0-9a-fA-F]{8}", text):
        return int(text, 16)
    raise ValueError(f"value type is {text!r}")


def filetime(text: str) -> int:
    """RFC 3339 with seven decimals, back to 100 ns since 1601, in whole numbers: no float touches a time."""
    if not text:
        return UNTOLD
    found = re.fullmatch(r"(\d{4,5})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{7})Z", text)
    if not found:
        raise ValueError(f"time is {text!r}")
    year, month, day, hour, minute, second, ticks = map(int, found.groups())
    seconds = ((days_since_1601(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 10_000_000 + ticks


def days_since_1601(year: int, month: int, day: int) -> int:
    """Gregorian, also beyond the year 9999, where datetime ends and FILETIME does not."""
    march_year = year - (month <= 2)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = march_year * 365 + march_year // 4 - march_year // 100 + march_year // 400 + day_of_year
    return days - 584_694


# ---------------------------------------------------------------------------------------------------------------
# Hives


def default_folders() -> list[Path]:
    given = os.environ.get("MAPIHIVE_REAL_HIVES")
    folders = [REPO / "sample-hives", Path(given) if given else REPO / ".." / "shared" / "hives"]
    for folder in folders:
        if not folder.is_dir():
            print(f"{display(folder)} is not there, left out")
    return [folder for folder in folders if folder.is_dir()]


def find_hives(paths: list[Path], damaged: list[str]) -> list[HiveFile]:
    """Primary hive files, each once, in a fixed order."""
    found: dict[Path, HiveFile] = {}
    for top in paths:
        if not top.exists():
            sys.exit(cannot(f"{display(top)} is not there"))
        files = sorted(file for file in top.rglob("*") if file.is_file()) if top.is_dir() else [top]
        for file in files:
            if top.is_dir() and not is_primary(file):
                continue
            name = file.relative_to(top).as_posix() if top.is_dir() else file.name
            by_name = any(fnmatch.fnmatch(name.lower(), glob) for glob in (*DAMAGED_BY_NAME, *damaged))
            damage = why_damaged(file.read_bytes()) or ("by its name" if by_name else "")
            found.setdefault(file.resolve(), HiveFile(file.resolve(), display(file), damage))
    return list(found.values())


def is_primary(file: Path) -> bool:
    """A transaction log begins with `regf` as well; its file type tells it apart."""
    with file.open("rb") as stream:
        head = stream.read(32)
    return len(head) == 32 and head[:4] == b"regf" and struct.unpack_from("<I", head, 28)[0] == 0


def why_damaged(data: bytes) -> str:
    """Why bins and cells do not fill the hive as the format wants it; empty for an intact hive."""
    if len(data) < 4096 or data[:4] != b"regf":
        return "no base block"
    if checksum(data) != struct.unpack_from("<I", data, 508)[0]:
        return "base block checksum"
    end = 4096 + struct.unpack_from("<I", data, 40)[0]
    if end > len(data):
        return f"{end - len(data):,} bytes missing at the end"
    at = 4096
    while at < end:
        signature, offset, size = struct.unpack_from("<4sII", data, at)
        if signature != b"hbin" or offset != at - 4096 or size % 4096 or not 0 < size <= end - at:
            return f"hive bin header at {at}"
        bad_cell = first_bad_cell(data, at + 32, at + size)
        if bad_cell:
            return f"cell at {bad_cell}"
        at += size
    return ""


def checksum(data: bytes) -> int:
    total = functools.reduce(int.__xor__, struct.unpack_from("<127I", data, 0))
    return {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(total, total)


def first_bad_cell(data: bytes, at: int, end: int) -> int:
    while at < end:
        size = abs(struct.unpack_from("<i", data, at)[0])
        if size < 8 or size % 8 or size > end - at:
            return at
        at += size
    return 0


def catalog_entry(hive: Path) -> dict[str, str] | None:
    """The hive's row in a `catalog.csv` of its folder or of one above."""
    for folder in hive.parents:
        catalog = folder / "catalog.csv"
        if catalog.is_file():
            return read_catalog(catalog).get(hive.relative_to(folder).as_posix())
    return None


@functools.cache
def read_catalog(catalog: Path) -> dict[str, dict[str, str]]:
    with catalog.open(encoding="utf-8", newline="") as stream:
        return {row["file"]: row for row in csv.DictReader(stream)}


def display(path: Path) -> str:
    """Relative to where we are: a report is read on other machines, too."""
    return os.path.relpath(path)


# ---------------------------------------------------------------------------------------------------------------
# The readers, each in a process of its own


def read_in_process(reader: str, hive: Path) -> Tree | str:
    python = hivex_python() if reader == "hivex" else sys.executable
    command = [python, str(THIS), "--read", reader, hive]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS_PER_READER, check=False)
    except subprocess.TimeoutExpired:
        return f"took longer than {SECONDS_PER_READER} s"
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return " ".join(last) or f"ended by signal or code {done.returncode}"
    told = json.loads(done.stdout)
    if "failed" in told:
        return told["failed"]
    paths = [tuple(path) for path in told["paths"]]
    return Tree(
        [KeyRow(paths[path], *facts) for path, *facts in told["keys"]],
        [ValueRow(paths[path], *facts) for path, *facts in told["values"]],
        told["complaints"],
    )


def read_here(reader: str, hive: Path) -> int:
    """The child's side of `read_in_process`: one hive by one reader, as JSON."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (BYTES_PER_READER, BYTES_PER_READER))
    try:
        told = walk(READERS[reader](str(hive)))
    except Exception as error:  # noqa: BLE001 (a reader may raise anything)
        told = {"failed": in_one_line(error)}
    json.dump(told, sys.stdout)
    return 0


def walk(reader: Reader) -> dict[str, Any]:
    """All keys and values from the root down; what raises is complained of, the rest is read."""
    told: dict[str, list[Any]] = {"paths": [], "keys": [], "values": [], "complaints": []}
    waiting: list[tuple[KeyPath, Any]] = [((), reader.root())]
    while waiting:
        path, key = waiting.pop()
        number = len(told["paths"])
        told["paths"].append(path)
        with complaining(told, path):
            told["keys"].append((number, *reader.key(key)))
        with complaining(told, path):
            for name, kind, size, data, offset in reader.values(key):
                told["values"].append((number, name, kind, size, hashlib.sha256(data).hexdigest(), offset))
        with complaining(told, path):
            for name, child in reader.children(key):
                waiting.append(((*path, name), child))
        if len(path) > MAX_DEPTH or number + len(told["values"]) > MAX_ROWS:
            raise RecursionError("a cycle, or more than a hive can hold")
    return told


def in_one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


@contextlib.contextmanager
def complaining(told: dict[str, list[Any]], path: KeyPath) -> Iterator[None]:
    """Turns what a reader raises into a line of its report."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (a reader may raise anything)
        told["complaints"].append(f"{in_one_line(error)} at {chr(92).join(path)!a}")


KeyFacts = tuple[int, int | None]
ValueFacts = tuple[str, int, int, bytes, int | None]


class Reader:
    """What the walk asks of a reader.

    Where a reader tells the raw bytes of a name they are decoded here, by the specification: readers differ in how
    they decode, and what is compared is what they found. Times are asked for as raw FILETIME.
    """

    def root(self) -> Any:
        raise NotImplementedError

    def key(self, key: Any) -> KeyFacts:
        """Last-written time and file offset of the cell."""
        raise NotImplementedError

    def values(self, key: Any) -> Iterator[ValueFacts]:
        """Name (empty for the unnamed one), type, size, data, file offset of the cell."""
        raise NotImplementedError

    def children(self, key: Any) -> Iterator[tuple[str, Any]]:
        """Name and key, in the order of the list."""
        raise NotImplementedError


def spec_name(raw: bytes, compressed: bool) -> str:
    """`compressed` names leave out the high bytes of their UTF-16; lone surrogates are kept."""
    return raw.decode("latin-1") if compressed else raw[: len(raw) & ~1].decode("utf-16-le", "surrogatepass")


class Libregf(Reader):
    """libyal's C library. Decodes names itself."""

    def __init__(self, path: str) -> None:
        import pyregf

        self.file = pyregf.file()
        self.file.open(path)

    def root(self) -> Any:
        return self.file.get_root_key()

    def key(self, key: Any) -> KeyFacts:
        return key.get_last_written_time_as_integer(), key.get_offset() - 4

    def values(self, key: Any) -> Iterator[ValueFacts]:
        for number in range(key.number_of_values):
            value = key.get_value(number)
            yield value.name or "", value.type, value.data_size, value.data or b"", value.get_offset() - 4

    def children(self, key: Any) -> Iterator[tuple[str, Any]]:
        for number in range(key.number_of_sub_keys):
            child = key.get_sub_key(number)
            yield child.name or "", child


class PythonRegistry(Reader):
    """Its records rather than its objects: those round times and decode names as Windows-1252."""

    def __init__(self, path: str) -> None:
        from Registry import Registry

        self.registry = Registry.Registry(path)

    def root(self) -> Any:
        return self.registry.root()._nkrecord

    def key(self, key: Any) -> KeyFacts:
        return key.unpack_qword(0x4), key.offset() - 4

    def values(self, key: Any) -> Iterator[ValueFacts]:
        if not key.values_number():
            return
        for value in key.values_list().values():
            raw_name = value.unpack_string(0x14, value.unpack_word(0x2))
            size = value.data_length()
            # Of data kept in the value's own cell it returns the whole field of four bytes, and the size apart.
            data = value.raw_data()[:size]
            kind = value.unpack_dword(0xC)
            yield spec_name(raw_name, value.has_ascii_name()), kind, size, data, value.offset() - 4

    def children(self, key: Any) -> Iterator[tuple[str, Any]]:
        if not key.subkey_number():
            return
        for child in key.subkey_list().keys():  # noqa: SIM118 (no dict)
            yield spec_name(child.unpack_string(0x4C, child.unpack_word(0x48)), child.has_ascii_name()), child


class Regipy(Reader):
    """It hands out decoded values only, and no offsets: its own code is watched while it reads the records."""

    def __init__(self, path: str) -> None:
        import logging

        from regipy import registry

        logging.disable(logging.CRITICAL)
        self.noted: list[Any] = []
        self.watch_values(registry)
        self.watch_keys(registry)
        self.hive = registry.RegistryHive(path)

    def watch_keys(self, registry: Any) -> None:
        initialize = registry.NKRecord.__init__

        def init(record: Any, cell: Any, stream: Any) -> None:
            initialize(record, cell, stream)
            record.cell_offset = cell.offset - 6

        registry.NKRecord.__init__ = init

    def watch_values(self, registry: Any) -> None:
        read, read_big = registry.NKRecord.read_value, registry.NKRecord._parse_indirect_block
        binary = registry.VALUE_TYPE_ENUM.parse(struct.pack("<I", TYPE_NAMES.index("REG_BINARY")))

        def read_value(vk: Any, stream: Any) -> Any:
            offset = stream.tell() - vk.name_size - 24
            name = spec_name(vk.name, bool(vk.flags.VALUE_COMP_NAME))
            if vk.data_size >= 0x80000000:
                # Takes the data for an offset and reads from there to the end of the file, for nothing.
                data = struct.pack("<I", vk.data_offset)[: vk.data_size & 0x7FFFFFFF]
                value = registry.VKRecord(vk.data_type, str(vk.data_type), data, vk.data_size)
            else:
                value = read(vk, stream)
            self.noted.append([name, int(vk.data_type), vk.data_size & 0x7FFFFFFF, value.value, offset])
            # A number that is too short for its type would end the list: let it decode none.
            vk.data_type = binary
            return value

        def parse_indirect_block(stream: Any, value: Any) -> bytes:
            data = self.noted[-1][3] = read_big(stream, value)
            return data

        registry.NKRecord.read_value = staticmethod(read_value)
        registry.NKRecord._parse_indirect_block = staticmethod(parse_indirect_block)

    def root(self) -> Any:
        return self.hive.root

    def key(self, key: Any) -> KeyFacts:
        return key.header.last_modified, key.cell_offset

    def values(self, key: Any) -> Iterator[ValueFacts]:
        self.noted.clear()
        for _ in key.iter_values(trim_values=False):
            pass
        yield from self.noted

    def children(self, key: Any) -> Iterator[tuple[str, Any]]:
        # Its iterators share one stream and may not be left half-way.
        for child in list(key.iter_subkeys()):
            yield spec_name(child.header.key_name_string, bool(child.header.flags.KEY_COMP_NAME)), child


class Dissect(Reader):
    """Its guess at the encoding of names (UTF-8, else Latin-1) is switched off, its cell offsets are noted."""

    def __init__(self, path: str) -> None:
        from dissect.regf import regf

        regf.decode_name = lambda raw, _, compressed: spec_name(raw, bool(compressed))
        self.hive = regf.RegistryHive(Path(path).open("rb"))  # noqa: SIM115 (read until the process ends)
        self.last_cell = 0
        self.root().cell_offset = self.hive.header.RootCell + 4096
        self.watch_keys()
        self.watch_values()

    def watch_keys(self) -> None:
        get_cell = self.hive.cell

        def cell(offset: int) -> Any:
            found = get_cell(offset)
            found.cell_offset = offset + 4096
            return found

        self.hive.cell = cell

    def watch_values(self) -> None:
        get_cell_data = self.hive.cell_data

        def cell_data(offset: int) -> bytes:
            self.last_cell = offset + 4096
            return get_cell_data(offset)

        self.hive.cell_data = cell_data

    def root(self) -> Any:
        return self.hive.root()

    def key(self, key: Any) -> KeyFacts:
        return key.cell.LastWriteTime, key.cell_offset

    def values(self, key: Any) -> Iterator[ValueFacts]:
        for value in key.values():
            name, offset = value.name if value.cell.NameLength else "", self.last_cell
            # Of empty data it would follow an offset that may lead nowhere.
            yield name, value.type, value.size, value.data if value.size else b"", offset

    def children(self, key: Any) -> Iterator[tuple[str, Any]]:
        for child in key.subkeys():
            yield child.name, child


class Hivex(Reader):
    """libguestfs' C library. Decodes names itself."""

    def __init__(self, path: str) -> None:
        import hivex

        self.hive = hivex.Hivex(path)

    def root(self) -> Any:
        return self.hive.root()

    def key(self, key: Any) -> KeyFacts:
        return self.hive.node_timestamp(key), key

    def values(self, key: Any) -> Iterator[ValueFacts]:
        for value, name in self.named(self.hive.node_values(key), self.hive.value_key):
            kind, size = self.hive.value_type(value)
            # Of empty data it would follow an offset that may lead nowhere.
            yield name, kind, size, self.hive.value_value(value)[1] if size else b"", value

    def children(self, key: Any) -> Iterator[tuple[str, Any]]:
        for child, name in self.named(self.hive.node_children(key), self.hive.node_name):
            yield name, child

    def named(self, handles: list[int], name_of: Callable[[int], str]) -> Iterator[tuple[int, str]]:
        """One name that it cannot decode shall not hide the others; the error is raised when all are told."""
        failure = None
        for handle in handles:
            try:
                name = name_of(handle)
            except RuntimeError as error:
                failure = error
            else:
                yield handle, name
        if failure:
            raise failure


# The first one is what --readers-only compares the others with.
READERS: dict[str, Callable[[str], Reader]] = {
    "dissect.regf": Dissect,
    "regipy": Regipy,
    "python-registry": PythonRegistry,
    "libregf": Libregf,
    "hivex": Hivex,
}
MODULES = {"dissect.regf": "dissect.regf", "regipy": "regipy", "python-registry": "Registry", "libregf": "pyregf"}
PACKAGES = {"libregf": "libregf-python"}


def importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def available_readers(wanted: list[str] | None) -> list[str]:
    """The readers that can be used here; the others are named with the reason."""
    there = []
    for reader in wanted or READERS:
        if reader == "hivex" and not hivex_python():
            print("hivex left out: Debian package python3-hivex is not installed")
        elif reader in MODULES and not importable(MODULES[reader]):
            print(f"{reader} left out: not installed")
        else:
            there.append(reader)
    return there


def with_version(reader: str) -> str:
    try:
        return f"{reader} {importlib.metadata.version(PACKAGES.get(reader, reader))}"
    except importlib.metadata.PackageNotFoundError:
        return reader


@functools.cache
def hivex_python() -> str | None:
    """An interpreter that has hivex: this one, or Debian's own, for which the package is built."""
    for python in (sys.executable, shutil.which("python3", path=os.defpath)):
        if python and subprocess.run([python, "-c", "import hivex"], capture_output=True, check=False).returncode == 0:
            return python
    return None


def ensure_readers(may_install: bool) -> None:
    """Go on inside a virtual environment that has the readers, made when it is not there yet."""
    if all(map(importable, MODULES.values())) or os.environ.get(IN_VENV) or not may_install:
        return
    python = VENV / "bin" / "python"
    try:
        if not python.exists():
            print(f"making {display(VENV)} and installing the readers", flush=True)
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]
        subprocess.run(pip, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"readers could not be installed ({error}); going on with those that are there", file=sys.stderr)
        return
    os.execve(python, [str(python), str(THIS), *sys.argv[1:]], {**os.environ, IN_VENV: "1"})


# ---------------------------------------------------------------------------------------------------------------
# The check of the check


def self_test() -> int:
    """A dump altered in one place at a time: each alteration has to be reported as what it is."""
    checks = list(self_checks())
    failures = [check for check in checks if check[1] != check[2]]
    for what, expected, got in failures:
        print(f"FAILED {what}: {expected} expected, {got} reported")
    print(f"self-test: {'FAILED' if failures else 'ok'}, {len(checks)} checks")
    return 1 if failures else 0


def self_checks() -> Iterator[tuple[str, Any, Any]]:
    """What is checked, what is expected, what came."""
    truth = parse_dump(as_csv(SELF_TEST_ROWS), intact=True)
    yield "the dump itself", [], truth.complaints
    yield "names as they are in the hive", SELF_TEST_NAMES, [value.name for value in truth.values]
    yield "paths as they are in the hive", SELF_TEST_PATHS, [key.path for key in truth.keys]
    for what, alter, expected in ALTERATIONS:
        rows = [dict(row) for row in SELF_TEST_ROWS]
        alter(rows)
        altered = parse_dump(as_csv(rows), intact=True)
        found = compare(altered, truth)
        kinds = sorted(difference.kind for difference in found) + ["complaint"] * len(altered.complaints)
        yield what, expected, kinds
        excused = [known.why for known in KNOWN for one in found if known.explains("NTUSER.DAT", known.reader, one)]
        yield f"{what}: none of it excused", [], excused
    for text, ticks in SELF_TEST_TIMES:
        yield text, ticks, filetime(text)
    yield "an intact hive", "", why_damaged(tiny_hive())
    for at in (40, 4096, 4104, 4128):
        hive = bytearray(tiny_hive())
        hive[at] ^= 1
        yield f"a hive with byte {at} changed", True, bool(why_damaged(bytes(hive)))
    yield "a hive cut short", True, bool(why_damaged(tiny_hive()[:-1]))


def as_csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def tiny_hive() -> bytes:
    """A base block and one bin of one free cell."""
    hive = bytearray(8192)
    struct.pack_into("<4s", hive, 0, b"regf")
    struct.pack_into("<I", hive, 40, 4096)
    struct.pack_into("<I", hive, 508, checksum(hive))
    struct.pack_into("<4sII", hive, 4096, b"hbin", 0, 4096)
    struct.pack_into("<i", hive, 4128, 4096 - 32)
    return bytes(hive)


def key_row(path: str, written: str, offset: int) -> dict[str, str]:
    place = {"key_path": path, "origin": "primary", "file_offset": str(offset)}
    return {"kind": "key", "last_written": written, **place}


def value_row(path: str, name: str, kind: str, data: bytes, offset: int) -> dict[str, str]:
    place = {"key_path": path, "origin": "primary", "file_offset": str(offset)}
    facts = {"value_type": kind, "data_size": str(len(data)), "data_sha256": hashlib.sha256(data).hexdigest()}
    return {"kind": "value", "value_name": name, **facts, **place}


def withhold(row: dict[str, str]) -> None:
    row.update(data_sha256="", problem="withheld")


SELF_TEST_ROWS = [
    key_row("", "2010-11-10T10:40:44.1234567Z", 4128),
    value_row("", "", "REG_SZ", b"u\0n\0n\0a\0m\0e\0d\0\0\0", 4208),
    value_row("", "(default)", "REG_BINARY", b"not the unnamed one", 4248),
    value_row("", "C:\\literal\\n", "REG_DWORD", b"\1\0\0\0", 4288),
    value_row("", "a\\u{1}b\\\\c\\u{d800}", "0x00000020", b"", 4328),
    key_row("Software", "1601-01-01T00:00:00.0000000Z", 4368),
    key_row("Software\\Profiles", "2010-11-10T10:40:45.0000000Z", 4448),
    value_row("Software\\Profiles", "S010267f0", "REG_BINARY", b"a secret of some length", 4528),
    key_row("Software\\a\\u{5c}b\\c", "2010-11-10T10:40:46.0000000Z", 4568),
]
SELF_TEST_NAMES = ["", "(default)", "C:\\literal\\n", "a\1b\\c\ud800", "S010267f0"]
SELF_TEST_PATHS = [(), ("Software",), ("Software", "Profiles"), ("Software", "a\\b", "c")]
SELF_TEST_TIMES = [
    ("1601-01-01T00:00:00.0000000Z", 0),
    ("1970-01-01T00:00:00.0000001Z", 116_444_736_000_000_001),
    ("2000-02-29T23:59:59.9999999Z", 125_963_423_999_999_999),
    ("30828-09-14T02:48:05.4775807Z", (1 << 63) - 1),
]

# Row numbers are places in SELF_TEST_ROWS.
ALTERATIONS: list[tuple[str, Callable[[list[dict[str, str]]], Any], list[str]]] = [
    ("nothing altered", lambda rows: None, []),
    ("a key dropped", lambda rows: rows.pop(8), ["extra"]),
    ("the root dropped", lambda rows: rows.pop(0), ["extra"]),
    ("a key invented", lambda rows: rows.append(key_row("Neu", "2010-11-10T10:40:44.0000000Z", 9)), ["missing"]),
    ("a key told twice", lambda rows: rows.append(rows[5]), ["missing"]),
    ("a key renamed by letter case", lambda rows: rows[5].update(key_path="SOFTWARE"), ["extra", "missing"]),
    ("a time shifted by 100 ns", lambda rows: rows[0].update(last_written="2010-11-10T10:40:44.1234568Z"), ["written"]),
    ("a key moved", lambda rows: rows[0].update(file_offset="4132"), ["offset"]),
    ("a value dropped", lambda rows: rows.pop(2), ["extra"]),
    ("a value told twice", lambda rows: rows.append(rows[2]), ["missing"]),
    ("a value named as the unnamed one", lambda rows: rows[2].update(value_name=""), ["extra", "missing"]),
    ("a value renamed", lambda rows: rows[2].update(value_name="other"), ["extra", "missing"]),
    ("a value under another key", lambda rows: rows[2].update(key_path="Software"), ["extra", "missing"]),
    ("a backslash doubled", lambda rows: rows[3].update(value_name="C:\\\\literal\\n"), ["extra", "missing"]),
    ("a type changed", lambda rows: rows[2].update(value_type="REG_NONE"), ["type"]),
    ("a size left out", lambda rows: rows[2].update(data_size=""), ["size"]),
    ("a time left out", lambda rows: rows[5].update(last_written=""), ["written"]),
    ("a size changed", lambda rows: rows[2].update(data_size="18"), ["size"]),
    ("a hash changed", lambda rows: rows[2].update(data_sha256="0" * 64), ["sha256"]),
    ("a hash of a REG_SZ changed", lambda rows: rows[1].update(data_sha256="0" * 64), ["sha256"]),
    ("a hash of a REG_DWORD changed", lambda rows: rows[3].update(data_sha256="0" * 64), ["sha256"]),
    ("a hash left out without a word", lambda rows: rows[2].update(data_sha256=""), ["sha256"]),
    ("two values' data swapped", lambda rows: swap(rows[1], rows[2], "data_sha256"), ["sha256", "sha256"]),
    ("a value moved", lambda rows: rows[2].update(file_offset="4252"), ["offset"]),
    ("a secret withheld", lambda rows: withhold(rows[7]), []),
    ("a secret withheld, its size wrong", lambda rows: (withhold(rows[7]), rows[7].update(data_size="1")), ["size"]),
    ("a value withheld that is no secret", lambda rows: withhold(rows[2]), ["complaint"]),
    ("a secret withheld, yet hashed", lambda rows: rows[7].update(problem="withheld"), ["complaint"]),
    ("a row from a log", lambda rows: rows[5].update(origin="log"), ["complaint"]),
    ("a problem in an intact hive", lambda rows: rows[5].update(problem="readers disagree"), ["complaint"]),
]


def swap(one: dict[str, str], other: dict[str, str], column: str) -> None:
    one[column], other[column] = other[column], one[column]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
