"""A read is a declaration: one SELECT and the column that its keys match."""

from __future__ import annotations

from asyncio import to_thread
from collections import namedtuple
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import sqlalchemy
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Executable,
    Select,
    SelectBase,
    String,
    any_,
    bindparam,
    func,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import col

from models import Account, Institution, Researcher, Topic
from resolvers.drivers import Reader, instant
from resolvers.later import Later, arrived, lazily, then

SUBJECTS = (Account, Institution, Researcher, Topic)  # what people's own writes change
KEYS, KEY = "keys", "key"
_NOTHING: Mapping[str, Any] = {}
MOMENT = 128  # keys whose rows are read in no more than a moment

# SQLModel calls a column by its value's type, which SQLAlchemy's own overloads refuse.
select: Callable[..., Select[Any]] = sqlalchemy.select


def is_any_of(column: Any, words: Sequence[str]) -> ColumnElement[bool]:
    """The column is one of these fixed words: written out, so that an index of just these rows serves."""
    found: ColumnElement[bool] = col(column).in_([literal_column(f"'{word}'") for word in words])
    return found


class Among(ColumnElement[bool]):
    """The column is one of a list that travels as one array, so a statement has one text whatever its length."""

    inherit_cache = False

    def __init__(self, column: Any, name: str) -> None:
        self.column, self.name = column, name


@compiles(Among, "sqlite")
def _among_sqlite(element: Among, compiler: SQLCompiler, **kwargs: Any) -> str:
    values = select(literal_column("value")).select_from(func.json_each(bindparam(element.name)))
    return compiler.process(element.column.in_(values), **kwargs)


@compiles(Among, "postgresql")
def _among_postgresql(element: Among, compiler: SQLCompiler, **kwargs: Any) -> str:
    kind = BigInteger() if issubclass(element.column.type.python_type, int) else String()
    return compiler.process(element.column == any_(bindparam(element.name, type_=ARRAY(kind))), **kwargs)


class AmongMany(Among):
    """The same, asked of each row that is read anyway: no index is looked into for each of the list."""

    inherit_cache = False


@compiles(AmongMany, "sqlite")
def _among_many_sqlite(element: AmongMany, compiler: SQLCompiler, **kwargs: Any) -> str:
    return compiler.process(Among(element.column + 0, element.name), **kwargs)


@compiles(AmongMany, "postgresql")
def _among_many_postgresql(element: AmongMany, compiler: SQLCompiler, **kwargs: Any) -> str:
    # A list is walked for each row; a table of its values is hashed.
    values = select(func.unnest(bindparam(element.name, type_=ARRAY(BigInteger()))))
    return compiler.process(element.column.in_(values), **kwargs)


class Compiled(NamedTuple):
    """A statement as one driver takes it."""

    sql: str
    names: Sequence[str]
    defaults: Mapping[str, Any]
    converted: Sequence[tuple[int, Callable[[str], Any]]]  # the columns that the driver leaves as text

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        return [given[name] if name in given else self.defaults[name] for name in self.names]

    def fetch(self, reader: Reader, given: Mapping[str, Any], *, long: bool) -> Later:
        """The rows. Raises Unavailable."""
        rows = reader.fetch(self.sql, self.values(given), long=long)
        if not self.converted:
            return rows
        found: Later = then(rows, lambda rows: [*map(self.converted_row, rows)])
        return found

    def converted_row(self, row: Sequence[Any]) -> tuple[Any, ...]:
        values = [*row]
        for place, convert in self.converted:
            if values[place] is not None:
                values[place] = convert(values[place])
        return tuple(values)


def shown_columns(statement: Any) -> Any:
    """The columns that a SELECT shows, or that another statement returns."""
    return statement.selected_columns if isinstance(statement, SelectBase) else statement.exported_columns


def compile_for(dialect: Dialect, statement: Executable) -> Compiled:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)
    # SQLite has no types for these. Asking the driver to convert costs every statement, whether it has such columns or
    # not; numbers are good enough for booleans.
    texts = {DateTime: instant, Date: date.fromisoformat} if dialect.name == "sqlite" else {}
    kinds = [column.type._type_affinity for column in shown_columns(statement)]  # noqa: SLF001
    converted = [(place, texts[kind]) for place, kind in enumerate(kinds) if kind in texts]
    return Compiled(str(compiled), compiled.positiontup or (), compiled.params, converted)


@lru_cache(maxsize=4096)
def row_kind(entity: type, columns: tuple[str, ...]) -> Any:
    """The class of rows that show this table: named tuples that tell their `entity`."""
    return type(f"{entity.__name__}Row", (namedtuple("Row", columns),), {"__slots__": (), "entity": entity})  # noqa: PYI024


class Rows(NamedTuple):
    """Rows as the driver has them, or lists of them: plain tuples, to be read by the fields of their kind."""

    kind: Any
    values: list[Any]


class Loadable(Protocol):
    """What a store loads from: hashable, since it is the key of what was loaded."""

    def fetch(self, reader: Reader, keys: Sequence[Any]) -> Later:
        """What belongs to each key, in the keys' order, by one statement; rows are plain. Raises Unavailable."""

    @property
    def kind(self) -> Any:
        """The class of its rows; None where it answers none."""

    def made(self, value: Any) -> Any:
        """The same for one key, its rows being of their kind."""

    def rows(self, value: Any) -> Sequence[Any]:
        """The plain rows in what it answers for one key."""

    @property
    def moved_by(self) -> str | None:
        """The kind of subjects of which any may come into what it answers by a write; None where only imports do."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Read:
    """One SELECT of one table's rows, joined with what else they show."""

    statement: Select[Any] = field(kw_only=False)
    long: bool = False  # may take more than a moment whatever the keys: it must not hold up SQLite's reader
    columns: frozenset[str] | None = None
    _compiled: dict[Hashable, Compiled] = field(default_factory=dict, init=False, repr=False)

    def only(self, columns: frozenset[str]) -> Self:
        """The same read of just these columns; names that the SELECT does not have are passed over."""
        # An answer is told by its subjects when it no longer holds, so these are always known.
        narrowed: Self = _narrowed(self, columns | {"id"} if self.entity in SUBJECTS else columns)
        return narrowed

    @cached_property
    def entity(self) -> type:
        found: type = self.statement.column_descriptions[0]["entity"]
        return found

    @cached_property
    def selected(self) -> dict[str, ColumnElement[Any]]:
        """The columns read, by the names that rows give them, in a fixed order."""
        every = self.statement.selected_columns
        return {name: every[name] for name in every.keys() if self.columns is None or name in self.columns}  # noqa: SIM118

    def run(
        self,
        reader: Reader,
        shape: Hashable,
        build: Callable[[], Select[Any]],
        keys: Sequence[Any],
        values: Mapping[str, Any],
        *,
        long: bool,
    ) -> Later:
        """The rows of the statement of this shape, which is built once. Raises Unavailable."""
        compiled = self._compiled.get((reader.dialect.name, shape))
        if compiled is None:
            compiled = self._compiled[reader.dialect.name, shape] = compile_for(reader.dialect, build())
        return compiled.fetch(reader, values, long=long or len(keys) > MOMENT)


@dataclass(frozen=True, eq=False)
class Statement:
    """A SELECT that is no list of anything's: all it depends on are its parameters. Its rows are plain."""

    build: Callable[[str], Executable]  # by the dialect's name
    long: bool = True
    _compiled: dict[str, Compiled] = field(default_factory=dict, init=False, repr=False)

    def fetch(self, reader: Reader, **values: Any) -> Later:
        """The rows. Raises Unavailable."""
        if reader.dialect.name not in self._compiled:
            if self.long:  # so may it be to write
                return self._written_and_fetched(reader, values)
            self._write(reader.dialect)
        return self._compiled[reader.dialect.name].fetch(reader, values, long=self.long)

    def _write(self, dialect: Dialect) -> None:
        self._compiled[dialect.name] = compile_for(dialect, self.build(dialect.name))

    @lazily
    async def _written_and_fetched(self, reader: Reader, values: Mapping[str, Any]) -> list[Any]:
        await to_thread(self._write, reader.dialect)
        return await arrived(self._compiled[reader.dialect.name].fetch(reader, values, long=self.long))


@lru_cache(maxsize=2048)  # bounded: clients choose the columns
def _narrowed(read: Any, columns: frozenset[str]) -> Any:
    return replace(read, columns=columns)


@dataclass(frozen=True, eq=False, kw_only=True)
class Keyed(Read):
    """A read whose keys match one column."""

    key: Any

    def fetch(self, reader: Reader, keys: Sequence[Any], given: Mapping[str, Any] = _NOTHING) -> Later:
        """What belongs to each key, in the keys' order, by one statement at most; rows plain. Raises Unavailable."""
        shared = None if given or self.long or len(keys) > 1 else reader.look_up(self, keys[0])
        return self.fetch_apart(reader, keys, given) if shared is None else shared

    def fetch_apart(self, reader: Reader, keys: Sequence[Any], given: Mapping[str, Any] = _NOTHING) -> Later:
        """The same, by a statement of its own."""
        alone = len(keys) == 1

        def build() -> Select[Any]:
            return self.of_one(reader.dialect.name) if alone else self._shown().where(Among(self.key, KEYS))

        rows = self.run(reader, alone, build, keys, {**self.values(keys), **given}, long=self.long)
        found: Later = then(rows, lambda rows: self._by_keys(keys, rows))
        return found

    def _by_keys(self, keys: Sequence[Any], rows: Iterable[Any]) -> list[Any]:
        """The same, of rows that begin with the key they belong to."""
        raise NotImplementedError

    def made(self, value: Any) -> Any:
        raise NotImplementedError

    def rows(self, value: Any) -> Sequence[Any]:
        raise NotImplementedError

    moved_by: ClassVar[None] = None

    @cached_property
    def kind(self) -> Any:
        """The class of its rows."""
        return row_kind(self.entity, ("key_", *self.selected))

    def values(self, keys: Sequence[Any]) -> dict[str, Any]:
        """The keys as its statements take them."""
        return {KEYS: keys, KEY: keys[0]}

    def of_one(self, dialect: str) -> Select[Any]:
        """Its statement for a single key."""
        del dialect
        return self._shown().where(self.key == bindparam(KEY, type_=self.key.type))

    def of_outer(self, dialect: str, key: ColumnElement[Any], limit: str) -> Select[Any]:
        """Its statement for the key that a statement around it has."""
        del dialect, limit
        return self._shown().where(self.key == key)

    def answers(self, keys: Sequence[Any], rows: Sequence[list[Any]]) -> list[Any]:
        """What it answers for each key, of the rows that were found for each."""
        raise NotImplementedError

    @property
    def read(self) -> Self:
        return self

    @property
    def shape(self) -> Hashable:
        """What decides its statement's text."""
        return self

    @property
    def shown(self) -> Iterable[ColumnElement[Any]]:
        """What its rows are made of."""
        return self.selected.values()

    def _shown(self) -> Select[Any]:
        shown = [column.label(name) for name, column in self.selected.items()]
        return self.statement.with_only_columns(self.key.label("key_"), *shown)


class One(Keyed):
    """The row with this key, or None; of several the first."""

    def _by_keys(self, keys: Sequence[Any], rows: Iterable[Any]) -> list[Any]:
        found: dict[Any, Any] = {}
        for row in rows:
            found.setdefault(row[0], row)
        return [*map(found.get, keys)]

    def of_outer(self, dialect: str, key: ColumnElement[Any], limit: str) -> Select[Any]:
        return super().of_outer(dialect, key, limit).limit(literal_column("1"))

    def answers(self, keys: Sequence[Any], rows: Sequence[list[Any]]) -> list[Any]:
        del keys
        return [one[0] if one else None for one in rows]

    def made(self, value: Any) -> Any:
        return value and tuple.__new__(self.kind, value)

    def rows(self, value: Any) -> Sequence[Any]:
        return (value,) if value is not None else ()


class Many(Keyed):
    """The rows with this key, in the statement's order."""

    def _by_keys(self, keys: Sequence[Any], rows: Iterable[Any]) -> list[Any]:
        found: dict[Any, list[Any]] = {key: [] for key in keys}
        for row in rows:
            found[row[0]].append(row)
        return [*map(found.__getitem__, keys)]

    def answers(self, keys: Sequence[Any], rows: Sequence[list[Any]]) -> list[Any]:
        del keys
        return [*rows]

    def made(self, value: Any) -> Any:
        return [tuple.__new__(self.kind, row) for row in value]

    def rows(self, value: Any) -> Sequence[Any]:
        rows: Sequence[Any] = value
        return rows


@dataclass(frozen=True, slots=True)
class Given:
    """A read by key with values for its other parameters."""

    read: Keyed
    values: tuple[tuple[str, Any], ...]

    def fetch(self, reader: Reader, keys: Sequence[Any]) -> Later:
        return self.read.fetch(reader, keys, dict(self.values))

    @property
    def kind(self) -> Any:
        return self.read.kind

    def made(self, value: Any) -> Any:
        return self.read.made(value)

    def rows(self, value: Any) -> Sequence[Any]:
        return self.read.rows(value)

    @property
    def moved_by(self) -> str | None:
        return self.read.moved_by
