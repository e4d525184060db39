"""One Parquet file out of many: the row groups of small files with the same columns, one after another.

An engine that writes Parquet wants all rows before it ends the file. Written in pieces and joined here,
a file of any size leaves while its rows arrive. A Parquet file is a mark, the data, and a footer that
says where in the file each part of the data begins; joined, the data stays as it is and the footers
become one: https://parquet.apache.org/docs/file-format/

The footer is written in Thrift's compact protocol:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from dataclasses import dataclass, field
from typing import Any

MARK = b"PAR1"
LENGTH_BYTES = 4  # of the footer's length, before the mark at the end

# Fields of the footer, from https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
FILE_ROWS, FILE_ROW_GROUPS = 3, 4
GROUP_COLUMNS, GROUP_OFFSET, GROUP_ORDINAL = 1, 5, 7
COLUMN_DATA = 3
COLUMN_OFFSETS = (2, 4, 6)  # of the file, the offset index, the column index
DATA_OFFSETS = (9, 10, 11, 14)  # of the data pages, the index pages, the dictionary, the Bloom filter

# Types of the compact protocol.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
DOUBLE_BYTES = 8
LONG_LIST = 15  # in a list's first byte: its length follows
MOST_DELTA = 15  # between the numbers of two fields, for the second's to be in its first byte

Fields = dict[int, tuple[int, Any]]  # of a struct: number to type and value


@dataclass
class JoinedFile:
    """A Parquet file that grows by whole files, all of the same columns."""

    _written: int = 0
    _rows: int = 0
    _footer: Fields = field(default_factory=dict)
    _groups: list[Fields] = field(default_factory=list)

    def add(self, file: bytes) -> bytes:
        """Take the row groups of a file and return what they add to the joined one."""
        length = int.from_bytes(file[-len(MARK) - LENGTH_BYTES : -len(MARK)], "little")
        data_end = len(file) - len(MARK) - LENGTH_BYTES - length
        footer = Reader(file, data_end).struct()
        begin = len(MARK) if self._footer else 0
        shift = self._written - begin
        for group in footer[FILE_ROW_GROUPS][1][1]:
            _shift_group(group, shift)
            self._groups.append(group)
        self._footer = self._footer or footer
        self._rows += footer[FILE_ROWS][1]
        self._written += data_end - begin
        return file[begin:data_end]

    def end(self) -> bytes:
        """Return the footer of all that was added; at least one file must have been."""
        self._footer[FILE_ROWS] = (I64, self._rows)
        self._footer[FILE_ROW_GROUPS] = (LIST, (STRUCT, self._groups))
        footer = bytearray()
        _write_struct(footer, self._footer)
        return bytes(footer) + len(footer).to_bytes(LENGTH_BYTES, "little") + MARK


def _shift_group(group: Fields, shift: int) -> None:
    group.pop(GROUP_ORDINAL, None)  # its place in the file that it came from
    _shift(group, (GROUP_OFFSET,), shift)
    for column in group[GROUP_COLUMNS][1][1]:
        _shift(column, COLUMN_OFFSETS, shift)
        _shift(column[COLUMN_DATA][1], DATA_OFFSETS, shift)


def _shift(fields: Fields, numbers: tuple[int, ...], shift: int) -> None:
    for number in numbers:
        kind, offset = fields.get(number, (I64, 0))
        if offset:  # 0 is the mark's place and says that there is none
            fields[number] = (kind, offset + shift)


class Reader:
    """Reads the compact protocol from a place in some bytes."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._place = place

    def struct(self) -> Fields:
        """Read a struct."""
        fields: Fields = {}
        number = 0
        while head := self._byte():
            kind, delta = head & 0x0F, head >> 4
            number = number + delta if delta else self._zigzag()
            fields[number] = (kind, kind == TRUE if kind in (TRUE, FALSE) else self._value(kind))
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (I16, I32, I64):
            return self._zigzag()
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            return self._list()
        if kind in (TRUE, FALSE, BYTE):  # in a list; as a field, a truth has no bytes
            return self._byte()
        if kind == DOUBLE:
            return self._bytes(DOUBLE_BYTES)
        raise ValueError(f"type {kind} is none of a Parquet footer")

    def _list(self) -> tuple[int, list[Any]]:
        head = self._byte()
        kind, length = head & 0x0F, head >> 4
        if length == LONG_LIST:
            length = self._varint()
        return kind, [self._value(kind) for _ in range(length)]

    def _byte(self) -> int:
        self._place += 1
        return self._data[self._place - 1]

    def _bytes(self, length: int) -> bytes:
        self._place += length
        return self._data[self._place - length : self._place]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _zigzag(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)


def _write_struct(out: bytearray, fields: Fields) -> None:
    before = 0
    for number, (kind, value) in sorted(fields.items()):
        told = (TRUE if value else FALSE) if kind in (TRUE, FALSE) else kind
        if 0 < number - before <= MOST_DELTA:
            out.append((number - before) << 4 | told)
        else:
            out.append(told)
            _write_zigzag(out, number)
        if kind not in (TRUE, FALSE):
            _write_value(out, kind, value)
        before = number
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Any) -> None:
    if kind in (I16, I32, I64):
        _write_zigzag(out, value)
    elif kind == BINARY:
        _write_varint(out, len(value))
        out += value
    elif kind == STRUCT:
        _write_struct(out, value)
    elif kind in (LIST, SET):
        _write_list(out, *value)
    elif kind == DOUBLE:
        out += value
    else:
        out.append(value)


def _write_list(out: bytearray, kind: int, values: list[Any]) -> None:
    if len(values) < LONG_LIST:
        out.append(len(values) << 4 | kind)
    else:
        out.append(LONG_LIST << 4 | kind)
        _write_varint(out, len(values))
    for value in values:
        _write_value(out, kind, value)


def _write_varint(out: bytearray, value: int) -> None:
    while value > 0x7F:  # noqa: PLR2004 - seven bits
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _write_zigzag(out: bytearray, value: int) -> None:
    _write_varint(out, value * 2 if value >= 0 else -value * 2 - 1)
