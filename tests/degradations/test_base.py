"""Random numbers of an image: pinned, because every seeded LR rests on them."""

from fsrbench.degradations.base import rng_for


def test_seeded_numbers_are_pinned() -> None:
    assert rng_for("a/1").randint(0, 1000, 4).tolist() == [643, 433, 512, 876]
    assert rng_for("a/1", seed=1).randint(0, 1000, 4).tolist() == [326, 148, 440, 241]
