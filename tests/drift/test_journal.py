from __future__ import annotations

from pathlib import Path

import pytest

from fsrbench.drift.journal import Journal
from fsrbench.errors import UserError

RECORDS = [{"kind": "a", "name": "ä\udcff"}, {"kind": "b", "values": [1, None, 0.5]}]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "journal.jsonl")
    for record in RECORDS:
        made.append(record)
    return made


def test_added_records_are_read_again(journal: Journal) -> None:
    assert journal.open() == RECORDS
    assert Journal(journal.path.with_name("none")).open() == []


def test_cut_at_any_byte_it_has_whole_records_and_continues(journal: Journal) -> None:
    content = journal.path.read_bytes()
    first = content.index(b"\n") + 1
    for end in range(len(content)):
        journal.path.write_bytes(content[:end])
        assert journal.open() == RECORDS[: int(end >= first)]
        journal.append(RECORDS[1])
        assert journal.open() == [*RECORDS[: int(end >= first)], RECORDS[1]]


def test_a_last_line_of_zeros_is_dropped(journal: Journal) -> None:
    with journal.path.open("ab") as file:
        file.write(b"\0" * 20 + b"\n")
    assert journal.open() == RECORDS
    assert journal.path.read_bytes().count(b"\n") == 2


def test_damage_elsewhere_is_refused(journal: Journal) -> None:
    journal.path.write_bytes(b"no json\n" + journal.path.read_bytes())
    with pytest.raises(UserError, match=r"journal.jsonl, line 1: damaged; move it away"):
        journal.open()
