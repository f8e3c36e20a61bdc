"""Cores: as many as the process is bound to, and no more than its container has."""

from pathlib import Path

import pytest

from fsrbench.machine.cores import usable_cores


@pytest.mark.parametrize(
    ("limit", "cores"), [("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8)]
)
def test_container_limits_the_cores(monkeypatch: pytest.MonkeyPatch, limit: str, cores: int) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(Path, "read_text", lambda path, encoding: limit)
    assert usable_cores() == cores


def test_without_a_container_all_are_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(path: Path, encoding: str) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    monkeypatch.setattr(Path, "read_text", nothing)
    assert usable_cores() == 3
