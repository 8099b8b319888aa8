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
    assert {folder for folder in folders if not folder.startswith(".")} == ROOMS | {"tests", "docs", "examples"}


def test_every_reason_to_refuse_is_given_somewhere_and_tested():
    from schema.enums import UserErrorCode  # noqa: PLC0415

    rules = "".join(path.read_text() for path in (ROOT / "resolvers").glob("*.py"))
    tests = "".join(path.read_text() for path in (ROOT / "tests").glob("[rs]*/*.py"))
    codes = {code.value for code in UserErrorCode}
    assert {code for code in codes if f'"{code}"' not in rules} == set()
    assert {code for code in codes if f'"{code}"' not in tests} == set()
