"""The rooms, who may enter which, and that nothing installed takes their names."""

import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = {"models", "resolvers", "schema", "execution", "server", "importers"}


def test_the_layers_are_kept():
    tool = Path(sys.executable).parent / "lint-imports"
    ran = subprocess.run([tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_no_distribution_owns_our_names():
    assert ROOMS.isdisjoint(packages_distributions())


def test_the_rooms_are_all_there_is():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    folders = {line.split("/")[0] for line in tracked.splitlines() if "/" in line}
    assert {folder for folder in folders if not folder.startswith(".")} == ROOMS | {"tests"}
