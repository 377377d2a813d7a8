#!/usr/bin/env python3
"""Fails when a dependency's licence cannot be combined into a program under GPL-2.0-or-later.

The list of acceptable licences is that of deny.toml, so that this check and `cargo deny` cannot drift apart.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def alternatives(expression: str) -> list[list[str]]:
    """Splits an SPDX expression into alternatives of licences that apply together.

    The old form with a slash means OR. Parentheses occur only around one level of OR.
    """
    expression = expression.replace("/", " OR ")
    group = re.fullmatch(r"\((.*)\) AND (.*)", expression)
    if group:
        return [one + two for one in alternatives(group[1]) for two in alternatives(group[2])]
    return [part.strip().split(" AND ") for part in expression.split(" OR ")]


def main() -> int:
    with (ROOT / "deny.toml").open("rb") as file:
        allowed = set(tomllib.load(file)["licenses"]["allow"])
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)["packages"]
    refused = 0
    for package in packages:
        licence = package["license"] or "none stated"
        if not any(all(part.strip() in allowed for part in parts) for parts in alternatives(licence)):
            print(f"{package['name']} {package['version']}: {licence}")
            refused += 1
    print(f"{len(packages)} packages, {refused} with a licence that does not fit")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
