"""How inputs are made at random: the same ones on every run, so that a failure can be seen again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

NUMBERS = (b"\0", b"\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"-1", b"1e999", b"nan")
INTERESTING = (*NUMBERS, b"", b"\n", b'"')
"""What is written over a place of a file: extremes of numbers, ends of lines and texts."""


def fuzz(examples: int) -> settings:
    """Settings of a test that makes so many inputs."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=timedelta(seconds=10),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )


@contextmanager
def only(declared: type[Exception]) -> Iterator[None]:
    """Inside, nothing but a declared error may be raised, and that in one line of bearable length."""
    message = None
    try:
        yield
    except declared as error:
        message = str(error)
    if message is not None:
        assert len(message.splitlines()) == 1
        assert len(message) < 3000


def mutated(whole: bytes) -> SearchStrategy[bytes]:
    """A file with some of its bytes replaced, left out or doubled."""
    place = st.integers(0, max(len(whole) - 1, 0))
    new = st.one_of(st.sampled_from(INTERESTING), st.binary(min_size=1, max_size=4))
    edit = st.tuples(place, st.integers(0, 8), new, st.booleans())
    return st.builds(_apply, st.just(whole), st.lists(edit, min_size=1, max_size=6), st.one_of(st.none(), place))


def _apply(data: bytes, edits: list[tuple[int, int, bytes, bool]], end: int | None) -> bytes:
    for place, size, new, over in edits:
        gone = len(new) if over else size
        data = data[:place] + new + data[place + gone :]
    return data if end is None else data[: end + 1]


def values() -> SearchStrategy[object]:
    """Anything that JSON or YAML can say."""
    numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([10**30, -1, 0, 1e308]))
    plain = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=8))

    def nested(inner: SearchStrategy[object]) -> SearchStrategy[object]:
        return st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3))

    return st.recursive(plain, nested)
