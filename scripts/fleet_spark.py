#!/usr/bin/env python3
"""Scans a fleet with Apache Spark: hosts are divided among runs of `mapihive scan`, and their parts become one case.

    fleet_spark.py --case CASE --work WORK --files-from MANIFEST
    fleet_spark.py --case CASE --work WORK /evidence/fleet -- --deep

What the driver does:

1. `mapihive plan` lists every file with the group that must stay together (the host) and its size.
2. Groups are divided among partitions, the largest first, each to the partition with the fewest bytes.
3. Each Spark task pipes the lines of its partition to `mapihive scan --files-from - --part ATTEMPT`. A signal, exit codes 2, 5
   and 130, a part without its closing record and one that counts other files than the partition has are failures; 0, 1, 3 and 4
   are results. A part is committed by renaming its folder: of two attempts the second one loses and is removed.
4. Failed partitions are tried again, in all --attempts times.
5. `mapihive merge` closes the case, and its coverage table is held against the plan: each file has exactly one row.

Inputs, WORK and the program must have the same paths on every machine, which is what shared storage gives. A run that was
interrupted goes on with the parts that it has committed if it is started again with the same WORK and inputs.

Exit code: that of `mapihive merge`; 1 if a partition failed for good or rows are missing, 2 for wrong arguments.
"""

import argparse
import csv
import hashlib
import heapq
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
import uuid
from collections import Counter

RESULTS = (0, 1, 3, 4)


class Failed(Exception):
    """What ends the run, for people."""


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="Options for `mapihive scan` stand behind --."
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="hives, archives and folders")
    parser.add_argument("--files-from", metavar="FILE", help="a list of paths or manifest lines")
    parser.add_argument("--case", required=True, metavar="DIR", help="the new folder for the case")
    parser.add_argument("--work", required=True, metavar="DIR", help="a folder for parts that every machine sees")
    parser.add_argument("--mapihive", default="mapihive", metavar="PROGRAM")
    parser.add_argument("--master", metavar="URL", help="local[N] or spark://...; spark-submit sets it too")
    parser.add_argument("--partitions", type=int, metavar="N", help="default: four for each processor of the cluster")
    parser.add_argument("--attempts", type=int, default=3, metavar="N", help="tries of each partition (default 3)")
    own, scan = sys.argv[1:], []
    if "--" in own:
        at = own.index("--")
        own, scan = own[:at], own[at + 1:]
    parsed = parser.parse_args(own)
    parsed.scan = scan
    if not parsed.paths and not parsed.files_from:
        parser.error("no PATH and no --files-from")
    if parsed.attempts < 1 or (parsed.partitions is not None and parsed.partitions < 1):
        parser.error("--attempts and --partitions are 1 or more")
    program = shutil.which(parsed.mapihive)
    if program is None:
        parser.error(f"no program {parsed.mapihive}")
    parsed.mapihive = os.path.abspath(program)
    parsed.work, parsed.case = os.path.abspath(parsed.work), os.path.abspath(parsed.case)
    return parsed


def planned(options):
    """Every file: its group, what it is called, its size, its line."""
    listed = ["--files-from", options.files_from] if options.files_from else []
    run = subprocess.run([options.mapihive, "plan", *listed, "--", *options.paths], stdout=subprocess.PIPE)
    if run.returncode != 0:
        raise Failed(f"mapihive plan ended with {run.returncode}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def divided(files, partitions):
    """Lists of files, groups undivided, the bytes as even as groups allow; no list is empty."""
    groups = {}
    for file in files:
        groups.setdefault(json.dumps(file["group"], sort_keys=True), []).append(file)
    sizes = {key: sum(file["bytes"] for file in group) for key, group in groups.items()}
    count = min(partitions, len(groups))
    bins = [(0, 0, number) for number in range(count)]
    content = [[] for _ in range(count)]
    for key in sorted(groups, key=lambda key: (-sizes[key], key)):
        held, hosts, number = heapq.heappop(bins)
        content[number].append(key)
        heapq.heappush(bins, (held + sizes[key], hosts + 1, number))
    return [
        {
            "number": number,
            "hosts": len(keys),
            "files": sum(len(groups[key]) for key in keys),
            "bytes": sum(sizes[key] for key in keys),
            "lines": "".join(json.dumps(file["line"]) + "\n" for key in keys for file in groups[key]),
        }
        for number, keys in enumerate(content)
    ]


def scan_partition(partition, program, scan, folder, work):
    """Runs in a Spark task: one attempt at one partition. What became of it is returned, not raised."""
    from pyspark import TaskContext

    context = TaskContext.get()
    number = partition["number"]
    attempt = os.path.join(work, "attempts", f"{number}-{context.taskAttemptId()}-{uuid.uuid4().hex[:8]}")
    part = os.path.join(work, "parts", f"{number:06}")
    began = time.monotonic()
    run = subprocess.run(
        [program, "scan", "--quiet", "--files-from", "-", "--part", attempt, *scan],
        input=partition["lines"].encode(),
        stderr=subprocess.PIPE,
        cwd=folder,
    )
    said = run.stderr.decode(errors="replace")[-2000:].strip()
    why = attempt_failed(run.returncode, attempt, partition["files"])
    outcome = "failed"
    if why is None:
        try:
            os.rename(attempt, part)
            outcome = "committed"
        except OSError as error:
            # Another attempt was first; a folder that holds something is never replaced by a rename.
            if not os.path.isfile(os.path.join(part, "part.json")):
                why = f"cannot commit: {error}"
            else:
                outcome = "was second"
    if outcome != "committed":
        shutil.rmtree(attempt, ignore_errors=True)
    return {
        "number": number,
        "exit": run.returncode,
        "seconds": time.monotonic() - began,
        "outcome": outcome,
        "why": why,
        "said": said,
        "lost": context.attemptNumber(),
    }


def attempt_failed(code, part, files):
    """Why an attempt is no result; `None` if it is one."""
    if code < 0:
        return f"ended by signal {signal.Signals(-code).name}"
    if code not in RESULTS:
        return f"ended with exit code {code}"
    try:
        with open(os.path.join(part, "part.json"), encoding="utf-8") as record:
            units = json.load(record)["units"]
    except (OSError, ValueError, KeyError) as error:
        return f"ended with exit code {code}, but its part has no closing record ({error})"
    if units != files:
        return f"its part counts {units} files, the partition has {files}"
    return None


def prepare(options, partitions):
    """The folder for parts, new or of an interrupted run of the same; numbers of partitions that are committed."""
    same = hashlib.sha256()
    for text in [options.mapihive, *options.scan, *(partition["lines"] for partition in partitions)]:
        same.update(f"{len(text)} {text}".encode())
    plan = os.path.join(options.work, "plan.sha256")
    if os.path.isfile(plan):
        with open(plan, encoding="ascii") as before:
            if before.read() != same.hexdigest():
                raise Failed(f"{options.work} holds parts of another run")
    elif os.path.isdir(options.work) and os.listdir(options.work):
        raise Failed(f"{options.work} is not empty")
    shutil.rmtree(os.path.join(options.work, "attempts"), ignore_errors=True)
    for name in ["attempts", "parts"]:
        os.makedirs(os.path.join(options.work, name), exist_ok=True)
    with open(plan, "w", encoding="ascii") as now:
        now.write(same.hexdigest())
    return {int(name) for name in os.listdir(os.path.join(options.work, "parts"))}


def run_all(spark, options, partitions, committed):
    """Tries every partition until it has a part; what became of each, by number."""
    results = {number: {"outcome": "was there", "attempts": 0} for number in committed}
    attempts = Counter()
    folder, work, program, scan = os.getcwd(), options.work, options.mapihive, options.scan
    for _ in range(options.attempts):
        outcome = {number: result["outcome"] for number, result in results.items()}
        todo = [partition for partition in partitions if outcome.get(partition["number"], "failed") == "failed"]
        if not todo:
            break
        # One partition of Spark for each of ours, the longest first.
        todo.sort(key=lambda partition: -partition["bytes"])
        tasks = spark.sparkContext.parallelize(todo, len(todo))
        done = tasks.map(lambda partition: scan_partition(partition, program, scan, folder, work)).collect()
        for result in done:
            attempts[result["number"]] += 1 + result["lost"]
            results[result["number"]] = result | {"attempts": attempts[result["number"]]}
            if result["why"]:
                say(f"partition {result['number']}: {result['why']}")
                for line in result["said"].splitlines()[-3:]:
                    say(f"    {line}")
    return results


def show(partitions, results):
    """The table of partitions, and how uneven they were."""
    say("partition  hosts  files      MiB  seconds  attempts  exit  outcome")
    for partition in partitions:
        result = results[partition["number"]]
        seconds, code = result.get("seconds"), result.get("exit", "")
        seconds = "" if seconds is None else f"{seconds:.1f}"
        say(
            f"{partition['number']:9}  {partition['hosts']:5}  {partition['files']:5}  {partition['bytes'] / 2**20:7.1f}"
            f"  {seconds:>7}  {result['attempts']:8}  {code!s:>4}  {result['outcome']}"
        )
    seconds = [result["seconds"] for result in results.values() if "seconds" in result]
    sizes = [partition["bytes"] for partition in partitions]
    if seconds:
        say(
            f"skew: longest {max(seconds):.1f} s, median {statistics.median(seconds):.1f} s; "
            f"largest {max(sizes) / 2**20:.1f} MiB, median {statistics.median(sizes) / 2**20:.1f} MiB"
        )
    failed = sum(result["outcome"] == "failed" for result in results.values())
    say(f"{len(partitions)} partitions, {failed} failed, {sum(result['attempts'] for result in results.values())} attempts")


def check_rows(case, files):
    """Each file that was planned has exactly one row."""
    csv.field_size_limit(2**31 - 1)
    wanted, found = Counter(file["hive_path"] for file in files), Counter()
    with open(os.path.join(case, "hives.csv"), newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            guarded = "hive_path" in row["neutralized"].split()
            found[row["hive_path"][1:] if guarded else row["hive_path"]] += 1
    if wanted != found:
        differs = sorted((wanted - found).keys() | (found - wanted).keys())[:5]
        raise Failed(f"the rows of hives.csv are not the files of the plan: {', '.join(differs)}")


def say(text):
    print(f"fleet_spark: {text}", file=sys.stderr, flush=True)


def main():
    options = arguments()
    files = planned(options)
    if not files:
        raise Failed("there is nothing to read")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("mapihive")
    if options.master:
        builder = builder.master(options.master)
    spark = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    try:
        partitions = divided(files, options.partitions or 4 * spark.sparkContext.defaultParallelism)
        committed = prepare(options, partitions)
        results = run_all(spark, options, partitions, committed)
    finally:
        spark.stop()
    show(partitions, results)
    if any(result["outcome"] == "failed" for result in results.values()):
        raise Failed("not every partition could be read; there is no case")
    parts = [os.path.join(options.work, "parts", f"{partition['number']:06}") for partition in partitions]
    merge = subprocess.run([options.mapihive, "merge", "--quiet", "--case", options.case, *parts])
    if merge.returncode not in RESULTS:
        raise Failed(f"mapihive merge ended with {merge.returncode}")
    check_rows(options.case, files)
    say(f"{len(files)} files, each with its row in {options.case}/hives.csv")
    return merge.returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failed:
        say(str(failed))
        sys.exit(1)
