import gzip
import io
import json
import random
import tracemalloc
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.openalex.snapshot import MAX_LINE, Damaged, Part, SnapshotError, deleted_ids, find, lines, merged_ids

DATA = Path(__file__).parents[3] / "shared" / "data"
DAY, NEXT = "updated_date=2026-01-02", "updated_date=2026-01-10"


def write(path, *records, packed=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"".join(record + b"\n" for record in records)
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def tell(path, entity, *urls, key="files"):
    entries = [{"url": url, "meta": {"record_count": 1}} for url in urls]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"entity": entity, key: entries}))


def part_of(path):
    return Part(path, path.name)


def read(path, **options):
    return [line.data for line in lines(part_of(path), **options)]


def until_damage(path):
    kept, reader = [], lines(part_of(path))
    with pytest.raises(Damaged) as damage:
        kept.extend(line.data for line in reader)
    return kept, damage.value


def names(path):
    return [part.name for part in find(path).parts]


@pytest.mark.parametrize(
    ("base", "file", "manifest"),
    [
        ("data/jsonl", "part_0000.gz", "manifest.json"),
        ("data", "part_000.gz", "manifest"),
        ("data", "0000_part_00.gz", "manifest"),
        ("data", "anything-at-all.gz", None),
    ],
)
def test_every_layout_from_every_height(tmp_path, base, file, manifest):
    folder = tmp_path / base / "works"
    write(folder / DAY / file, b"1")
    if manifest:
        url = f"s3://openalex/{base}/works/{DAY}/{file}"
        tell(folder / manifest, "works", url, key="files" if manifest.endswith("json") else "entries")
    for root in dict.fromkeys(
        [tmp_path, tmp_path / "data", tmp_path / base, folder, folder / DAY, folder / DAY / file]
    ):
        found = find(root)
        [part] = found.parts
        assert (part.entity, part.updated_date, part.name) == (
            "works",
            date(2026, 1, 2),
            (folder / DAY / file).relative_to(root if root.is_dir() else root.parent).as_posix(),
        )
        assert part.size == (folder / DAY / file).stat().st_size
        assert part.expected == (1 if manifest and root not in {folder / DAY, folder / DAY / file} else None)
        assert found.problems == []
        assert [line.data for line in lines(part)] == [b"1"]


def test_parts_come_in_the_order_to_import(tmp_path):
    for entity in ("works", "funders", "authors", "sources", "institutions", "topics", "made_up"):
        for day in (NEXT, DAY):
            write(tmp_path / entity / day / "b.gz", b"1")
            write(tmp_path / entity / day / "a.gz", b"1")
    found = find(tmp_path).parts
    order = ["topics", "institutions", "sources", "authors", "works", "funders", "made_up"]
    assert list(dict.fromkeys(part.entity for part in found)) == order
    assert names(tmp_path)[:4] == [f"topics/{day}/{file}.gz" for day in (DAY, NEXT) for file in "ab"]


def test_plain_files_and_their_entities(tmp_path):
    for name in ("works.jsonl", "dehydrated_topics.jsonl", "topics_1.jsonl", "x.jsonl"):
        write(tmp_path / name, b"{}", packed=False)
    write(tmp_path / "PROVENANCE.json", b"{}", packed=False)
    found = {part.name: part.entity for part in find(tmp_path).parts}
    assert found == {
        "topics_1.jsonl": "topics",
        "works.jsonl": "works",
        "dehydrated_topics.jsonl": None,
        "x.jsonl": None,
    }
    assert [(part.entity, part.name) for part in find(tmp_path / "PROVENANCE.json").parts] == [
        (None, "PROVENANCE.json")
    ]
    write(tmp_path / "sub" / "authors" / "one.jsonl", b"{}", packed=False)
    assert [part.entity for part in find(tmp_path / "sub").parts] == ["authors"]


def test_shared_data_is_read_whole():
    found = find(DATA / "openalex-seed")
    assert found.problems == []
    assert [part.entity for part in found.parts] == ["topics", "institutions", "sources", "authors", "works"]
    assert [sum(1 for _ in lines(part)) for part in found.parts] == [part.expected for part in found.parts]
    assert {part.entity for part in find(DATA / "openalex-small").parts} == {part.entity for part in found.parts}


def test_relative_paths_work(tmp_path, monkeypatch):
    write(tmp_path / "works" / DAY / "a.gz", b"1")
    monkeypatch.chdir(tmp_path / "works")
    assert [part.entity for part in find(Path()).parts] == ["works"]


@pytest.mark.parametrize("given", ["nowhere", "empty", "data/jsonl"])
def test_nothing_to_read(tmp_path, given):
    (tmp_path / "empty").mkdir()
    (tmp_path / "data" / "jsonl" / "works" / DAY).mkdir(parents=True)
    with pytest.raises(SnapshotError, match=given):
        find(tmp_path / given)


def test_manifest_decides_and_missing_files_are_told(tmp_path):
    write(tmp_path / "works" / DAY / "listed.gz", b"1")
    write(tmp_path / "works" / DAY / "stray.gz", b"1")
    base = "s3://openalex/data/jsonl/works/" + DAY
    tell(tmp_path / "works" / "manifest.json", "works", f"{base}/listed.gz", f"{base}/listed.gz", f"{base}/gone.gz")
    found = find(tmp_path)
    assert [part.name for part in found.parts] == [f"works/{DAY}/listed.gz"]
    assert found.problems == [f"works/{DAY}/gone.gz is missing, though its manifest lists it"]


def test_manifest_tells_a_file_cut_off_in_transfer(tmp_path):
    write(tmp_path / "works" / DAY / "a.gz", b"1")
    entry = {"url": f"s3://openalex/data/works/{DAY}/a.gz", "meta": {"content_length": 999, "record_count": None}}
    (tmp_path / "works" / "manifest").write_text(json.dumps({"entries": [entry]}))
    assert "manifest says 999" in find(tmp_path).problems[0]


def test_combined_manifest_serves_entities_without_their_own(tmp_path):
    base = tmp_path / "data" / "jsonl"
    write(base / "works" / DAY / "a.gz", b"1")
    write(base / "works" / DAY / "b.gz", b"1")
    files = [{"url": f"s3://openalex/data/jsonl/works/{DAY}/a.gz", "meta": {"record_count": 5}}]
    gone = [{"url": f"s3://openalex/data/jsonl/topics/{DAY}/a.gz"}]
    entities = [{"entity": "works", "files": files}, {"entity": "topics", "files": gone}, {"entity": "../x"}, 3]
    (base / "manifest.json").write_text(json.dumps({"entities": entities}))
    found = find(tmp_path)
    assert [(part.name, part.expected) for part in found.parts] == [(f"data/jsonl/works/{DAY}/a.gz", 5)]
    assert found.problems == [f"data/jsonl/topics/{DAY}/a.gz is missing, though its manifest lists it"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "3", '{"files": 3}', '{"files": [3]}', '{"entities": {}}', "\ud83d"]
)
def test_unreadable_manifest_falls_back_to_the_folder(tmp_path, content):
    write(tmp_path / "works" / DAY / "a.gz", b"1")
    (tmp_path / "works" / "manifest.json").write_bytes(content.encode(errors="surrogatepass"))
    found = find(tmp_path)
    assert [part.name for part in found.parts] == [f"works/{DAY}/a.gz"]
    assert "works/manifest.json cannot be used" in found.problems[0]


@pytest.mark.parametrize(
    "url",
    [
        "s3://openalex/data/jsonl/works/../../../etc/passwd",
        "s3://openalex/data/works/./a.gz",
        "s3://openalex/data/works//etc/passwd",
        "s3://openalex/data/works/..\\..\\a.gz",
        "s3://openalex/data/works/%2e%2e/a.gz",
        "s3://openalex/data/works/C:/a.gz",
        "s3://openalex/data/works/a.gz\n",
        "s3://openalex/data/works/" + "a" * 300,
        "s3://openalex/data/authors/a.gz",
        "s3://elsewhere/data/works/a.gz",
        "https://openalex.s3.amazonaws.com/data/works/a.gz",
        "file:///etc/passwd",
        "/etc/passwd",
        "s3://openalex/data/works/link/passwd",
        "s3://openalex/data/works/loop/a.gz",
        "",
        None,
        3,
    ],
)
@pytest.mark.parametrize("manifest", ["manifest.json", "manifest"])
def test_hostile_manifests_are_refused(tmp_path, url, manifest):
    write(tmp_path / "works" / DAY / "a.gz", b"1")
    (tmp_path / "works" / "link").symlink_to("/etc")
    (tmp_path / "works" / "loop").symlink_to("loop")
    tell(tmp_path / "works" / manifest, "works", url)
    with pytest.raises(SnapshotError, match=manifest) as refusal:
        find(tmp_path)
    assert repr(url)[1:20] in str(refusal.value)


def test_deletions_and_merges_are_found(tmp_path):
    base = tmp_path / "data"
    write(base / "works" / DAY / "a.gz", b"1")
    write(base / "works" / "deleted_ids.csv", b"work_id,deleted_date", packed=False)
    for entity, day in (("works", "2024-02-01"), ("authors", "2023-01-01"), ("works", "2022-01-01")):
        write(base / "merged_ids" / entity / f"{day}.csv.gz", b"merge_date,id,merge_into_id")
    found = find(tmp_path)
    assert found.deleted_works == [base / "works" / "deleted_ids.csv"]
    merges = [(entity, path.name[:4]) for entity, path in found.merges]
    assert merges == [("works", "2022"), ("authors", "2023"), ("works", "2024")]
    assert find(base / "works").deleted_works == found.deleted_works
    assert {part.entity for part in found.parts} == {"works"}


def test_deleted_ids(tmp_path):
    rows = [
        b"\xef\xbb\xbfwork_id,deleted_date",
        b"https://openalex.org/W12,2025-01-02",
        b'"w3",2025-01-02T10:00:00',
        b"W4,soon",
    ]
    path = write(tmp_path / "deleted_ids.csv", *rows, b"A5,2025-01-02", b"W6", b"", b"W\xff,x", b"W7,", packed=False)
    problems = []
    found = list(deleted_ids(path, lambda *problem: problems.append(problem)))
    assert found == [(12, date(2025, 1, 2)), (3, date(2025, 1, 2)), (4, None), (7, None)]
    assert [(where.name, line) for where, line, _ in problems] == [
        ("deleted_ids.csv", 5),
        ("deleted_ids.csv", 6),
        ("deleted_ids.csv", 8),
    ]
    assert list(deleted_ids(path)) == found


@pytest.mark.parametrize("packed", [True, False])
def test_merged_ids(tmp_path, packed):
    path = write(
        tmp_path / "m.csv.gz", b"id,merge_into_id,merge_date", b"A1,A2,2023-01-01", b"A1,none,2023-01-01", packed=packed
    )
    problems = []
    assert list(merged_ids(path, lambda *problem: problems.append(problem))) == [(date(2023, 1, 1), 1, 2)]
    assert [problem[1] for problem in problems] == [3]


def test_damaged_changes_are_told_not_raised(tmp_path):
    path = write(tmp_path / "m.csv.gz", b"merge_date,id,merge_into_id", b"2023-01-01,A1,A2")
    path.write_bytes(path.read_bytes()[:-4])
    problems = []
    assert len(list(merged_ids(path, lambda *problem: problems.append(problem)))) == 1
    assert "compressed" in problems[0][2]
    assert list(merged_ids(tmp_path / "gone.csv")) == []


def test_lines_of_every_kind_of_file(tmp_path):
    text = b"\xef\xbb\xbf{1}\r\n\n \t\r\n{2}\nlast"
    members = gzip.compress(text[:9]) + gzip.compress(b"") + gzip.compress(text[9:]) + b"\0" * 700
    for data in (text, gzip.compress(text), members):
        path = tmp_path / "named.anything"
        path.write_bytes(data)
        found = list(lines(part_of(path)))
        assert [(line.number, line.data, line.problem) for line in found] == [
            (1, b"{1}", None),
            (4, b"{2}", None),
            (5, b"last", None),
        ]
        assert 0 < found[-1].offset <= len(data)
        assert read(path, start=1) == [b"{2}", b"last"]
        assert read(path, start=99) == []
    for data in (b"", gzip.compress(b""), b"\n\n", b"\xef\xbb\xbf"):
        path.write_bytes(data)
        assert read(path) == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input(pack, monkeypatch):
    [part] = find(Path("-")).parts
    assert (part.name, part.entity, part.size) == ("-", None, 0)
    assert [line.data for line in lines(part, stdin=io.BytesIO(pack(b"a\nb\n")))] == [b"a", b"b"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(pack(b"c"))))
    assert [line.data for line in lines(part)] == [b"c"]


def test_offsets_grow_to_the_size(tmp_path):
    path = write(tmp_path / "a.gz", *(random.Random(at).randbytes(3_000).hex().encode() for at in range(500)))
    offsets = [line.offset for line in lines(part_of(path))]
    assert offsets == sorted(offsets)
    assert len(set(offsets)) > 3
    assert offsets[-1] == pytest.approx(path.stat().st_size, abs=8)


LINE = st.binary(max_size=40).filter(lambda line: line.strip() and not set(line) & set(b"\n\r\xef"))


@given(st.lists(LINE, max_size=20), st.data())
def test_lines_are_what_was_written(tmp_path_factory, records, data):
    path = tmp_path_factory.mktemp("lines") / "a"
    path.write_bytes(b"".join(gzip.compress(record + b"\n") for record in records))
    start = data.draw(st.integers(0, len(records) + 1))
    found = list(lines(part_of(path), start=start))
    assert [(line.number, line.data) for line in found] == list(enumerate(records, 1))[start:]


RECORDS = [b'{"id": %d, "pad": "%s"}' % (at, random.Random(at).randbytes(20).hex().encode()) for at in range(400)]
WHOLE = gzip.compress(b"\n".join(RECORDS) + b"\n")


@settings(max_examples=60)
@given(st.integers(1, len(WHOLE) - 1))
def test_truncation_keeps_every_line_before(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "a.gz"
    path.write_bytes(WHOLE[:cut])
    kept, damage = until_damage(path)
    assert kept == RECORDS[: len(kept)]
    assert damage.line_number == len(kept)
    assert len(kept) >= (cut - 200) / len(WHOLE) * len(RECORDS) - 20


@settings(max_examples=60)
@given(st.integers(20, len(WHOLE) - 40), st.binary(min_size=30, max_size=30))
def test_garbage_in_the_middle_keeps_every_line_before(tmp_path_factory, at, garbage):
    path = tmp_path_factory.mktemp("bad") / "a.gz"
    path.write_bytes(WHOLE[:at] + garbage + WHOLE[at + 30 :])
    if WHOLE[at : at + 30] == garbage:
        return
    kept, damage = until_damage(path)
    sound = next((number for number, line in enumerate(kept) if number >= 400 or line != RECORDS[number]), len(kept))
    assert sound >= (at - 200) / len(WHOLE) * len(RECORDS) - 20
    assert damage.part.path == path


def test_bad_checksum_and_trailing_garbage(tmp_path):
    path = tmp_path / "a.gz"
    for data in (WHOLE[:-8] + b"12345678", WHOLE + b"garbage", WHOLE + WHOLE[:1]):
        path.write_bytes(data)
        kept, damage = until_damage(path)
        assert kept == RECORDS
        assert "a.gz is damaged after line 400" in str(damage)


def test_a_file_that_cannot_be_opened_is_damaged(tmp_path):
    assert until_damage(tmp_path / "gone")[1].line_number == 0


@pytest.mark.parametrize("packed", [True, False])
def test_a_line_bomb_is_skipped_in_bounded_memory(tmp_path, packed):
    path = tmp_path / "bomb"
    size = MAX_LINE * 8
    with gzip.open(path, "wb", compresslevel=1) if packed else path.open("wb") as file:
        file.write(b"before\n")
        for _ in range(size // 2**20):
            file.write(b"x" * 2**20)
        file.write(b"\nafter\n" + b"y" * MAX_LINE + b"\n" + b"z" * (MAX_LINE + 1))
    tracemalloc.start()
    found = [(line.number, len(line.data), line.problem) for line in lines(part_of(path))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [entry[:2] for entry in found] == [(1, 6), (2, 1_000), (3, 5), (4, MAX_LINE), (5, 1_000)]
    assert found[1][2] == f"line has {size:,} bytes, more than {MAX_LINE:,}"
    assert found[3][2] is None
    assert peak < 64 * 2**20


def test_closing_early_closes_the_file(tmp_path):
    path = write(tmp_path / "a.gz", *RECORDS)
    reader = lines(part_of(path))
    assert next(reader).data == RECORDS[0]
    reader.close()
    path.unlink()
