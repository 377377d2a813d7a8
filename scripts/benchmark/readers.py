#!/usr/bin/env python3
"""Readers of hives that are Python libraries, at the jobs of scripts/bench: readers.py READER targeted|walk LIST

`targeted` writes the last-written time and every value at and below Windows Messaging Subsystem as CSV, `walk` reads every key and
value with its data. Each is used as its own documentation shows. What was counted is told on standard error.
"""

import csv
import sys

SUBSYSTEM = ["Software", "Microsoft", "Windows NT", "CurrentVersion", "Windows Messaging Subsystem"]
PATH = "\\".join(SUBSYSTEM)


def libregf(file, targeted):
    import pyregf

    hive = pyregf.file()
    hive.open(file)
    start = hive.get_key_by_path("\\" + PATH) if targeted else hive.get_root_key()
    waiting = [(start, PATH)] if start else []
    while waiting:
        key, path = waiting.pop()
        values = [(value.name, value.type, value.data) for value in key.values]
        yield path, key.get_last_written_time_as_integer(), values
        waiting.extend((child, f"{path}\\{child.name}") for child in key.sub_keys)
    hive.close()


def python_registry(file, targeted):
    from Registry import Registry

    hive = Registry.Registry(file)
    try:
        waiting = [hive.open(PATH) if targeted else hive.root()]
    except Registry.RegistryKeyNotFoundException:
        return
    while waiting:
        key = waiting.pop()
        values = [(value.name(), value.value_type(), value.raw_data()) for value in key.values()]
        yield key.path(), key.timestamp(), values
        waiting.extend(key.subkeys())


def regipy(file, targeted):
    from regipy.exceptions import RegistryKeyNotFoundException
    from regipy.registry import RegistryHive

    hive = RegistryHive(file)
    try:
        start = hive.get_key("\\" + PATH) if targeted else hive.root
    except RegistryKeyNotFoundException:
        return
    waiting = [(start, PATH)]
    while waiting:
        key, path = waiting.pop()
        values = [(value.name, value.value_type, value.value) for value in key.iter_values(trim_values=False)]
        yield path, key.header.last_modified, values
        if key.subkey_count:
            waiting.extend((child, f"{path}\\{child.name}") for child in key.iter_subkeys())


def hivex(file, targeted):
    from hivex import Hivex

    hive = Hivex(file)
    start = hive.root()
    for name in SUBSYSTEM if targeted else []:
        start = hive.node_get_child(start, name)
        if start is None:
            return
    waiting = [(start, PATH)]
    while waiting:
        node, path = waiting.pop()
        values = [(hive.value_key(value), *hive.value_value(value)) for value in hive.node_values(node)]
        yield path, hive.node_timestamp(node), values
        waiting.extend((child, f"{path}\\{hive.node_name(child)}") for child in hive.node_children(node))


READERS = {"libregf": libregf, "python-registry": python_registry, "regipy": regipy, "hivex": hivex}


def main():
    reader, job, list_of_files = sys.argv[1:]
    output = csv.writer(sys.stdout)
    keys = values_read = 0
    with open(list_of_files, encoding="utf-8") as lines:
        for file in lines.read().splitlines():
            for path, written, values in READERS[reader](file, job == "targeted"):
                keys += 1
                values_read += len(values)
                if job != "targeted":
                    continue
                output.writerow([path, written, "", "", ""])
                for name, kind, data in values:
                    data = data.hex() if isinstance(data, bytes) else data
                    output.writerow([path, "", name, kind, data])
    print(f"{keys} keys, {values_read} values", file=sys.stderr)


if __name__ == "__main__":
    main()
