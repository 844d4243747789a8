"""What a row is made of: fields that keep instants, sealed text and JSON alike on both databases, and its leaf."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID, SafeUUID

import orjson
import peewee
from peewee import BlobField, DateTimeField, Model, TextField

from storage.connection import database, keys


class UUIDField(peewee.UUIDField):
    """An id. SQLite keeps 32 digits, which `UUID()` would take apart and check each time; a card is made of hundreds."""

    def db_value(self, value: Any) -> Any:
        return value.hex if type(value) is UUID else super().db_value(value)

    def python_value(self, value: Any) -> UUID | None:
        if type(value) is not str or len(value) != 32:
            return super().python_value(value)
        found = object.__new__(UUID)
        object.__setattr__(found, "int", int(value, 16))
        object.__setattr__(found, "is_safe", SafeUUID.unknown)
        return found


class DateField(peewee.DateField):
    """A day; SQLite keeps it in ISO form. What is none, in a damaged file, stays as it is."""

    def python_value(self, value: Any) -> Any:
        if type(value) is str:
            try:
                return date.fromisoformat(value)
            except ValueError:
                return super().python_value(value)
        return value


class UtcField(DateTimeField):
    """An aware UTC instant; stored without zone so that text and time sort alike on both databases."""

    def db_value(self, value: datetime | None) -> Any:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{self.name}: {value} says no time zone; instants are aware.")
        return super().db_value(None if value is None else value.astimezone(UTC).replace(tzinfo=None))

    def python_value(self, value: Any) -> datetime | None:
        if type(value) is str:
            try:
                value = datetime.fromisoformat(value)
            except ValueError:  # in a damaged file: it stays as it is
                return value  # type: ignore[return-value]
        found = super().python_value(value)
        return found.replace(tzinfo=UTC) if isinstance(found, datetime) and found.tzinfo is None else found


class SealedField(BlobField):
    """Text encrypted with AES-GCM under the column keys; never searchable."""

    def db_value(self, value: str | None) -> Any:
        return super().db_value(None if value is None else keys().columns.seal(value.encode()))

    def python_value(self, value: Any) -> str | None:
        return None if value is None else keys().columns.open(bytes(value)).decode()


class JsonField(TextField):
    """A JSON value as canonical text: the same on both databases, so a leaf can be computed from either."""

    def db_value(self, value: Any) -> str | None:
        return None if value is None else canonical(value)

    def python_value(self, value: str | None) -> Any:
        return None if value is None else json.loads(value)


class SealedJsonField(SealedField):
    def db_value(self, value: Any) -> Any:
        return super().db_value(None if value is None else canonical(value))

    def python_value(self, value: Any) -> Any:
        text = super().python_value(value)
        return None if text is None else json.loads(text)


def canonical(value: Any) -> str:
    """One text for one value: keys sorted, no spaces, instants and days in ISO form."""
    try:
        text = orjson.dumps(value, default=_plain, option=_CANONICAL)
    except TypeError:  # half an emoji, a number beyond 64 bits, a key that is no text
        return _encode(value)
    if (b"0.0000" in text or b"e-" in text) and _TINY.search(text):  # a number it writes in other digits
        return _encode(value)
    return text.decode()


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"{type(value).__name__} has no canonical form")


_CANONICAL = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_TINY = re.compile(rb"(?:^|[:\[,])-?(?:0\.0000|\d(?:\.\d+)?e-)")
#: Made once: `json.dumps` with arguments of its own makes a new encoder for each text.
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain).encode


class Row(Model):
    """A table of this program."""

    class Meta:
        database = database
        legacy_table_names = False
        only_save_dirty = True
        derived: ClassVar[tuple[str, ...]] = ()  # columns that repeat or index others: no part of the leaf

    if TYPE_CHECKING:  # Peewee makes `person_id` beside `person`, and `visits` where another table says backref

        def __getattr__(self, name: str) -> Any: ...

        @classmethod
        def select(cls, *fields: Any) -> Any: ...  # rows, tuples, dicts or joined rows: types cannot follow

    @classmethod
    def of(cls, **values: Any) -> Self:
        """A new row from the values of its fields; of a foreign key, the key. Peewee's own way sets them one by one."""
        assert values.keys() <= cls._meta.fields.keys(), (
            f"{cls.__name__} has no {values.keys() - cls._meta.fields.keys()}"
        )
        row = cls(__no_default__=1)
        row.__data__ = {**cls._meta.get_default_dict(), **values}
        return row

    @classmethod
    def read(cls, values: Sequence[Any]) -> Self:
        """A row that is in the database, from the values of all its fields in their order."""
        row = cls(__no_default__=1)
        row.__data__ = dict(zip(cls._meta.sorted_field_names, values, strict=True))
        return row

    @classmethod
    def derived(cls) -> frozenset[str]:
        return frozenset(getattr(cls._meta, "derived", ()))


def leaf_of(row: Row) -> tuple[str, str]:
    """`("table:id", keyed hash of the row as it is now)`; see docs/formats.md §3."""
    cls = type(row)
    value_of = row.__data__.get
    facts = {name: value_of(name) for name in _leaf_names(cls)}
    digest = hmac.digest(keys().leaves, canonical(facts).encode(), "sha256").hex()
    return f"{cls._meta.table_name}:{row.get_id()}", digest


@cache
def _leaf_names(cls: type[Row]) -> tuple[str, ...]:
    return tuple(field.name for field in cls._meta.sorted_fields if field.name not in cls.derived())
