"""Which images are gallery, probes and strangers in face identification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fsrbench.datasets.roles import DISTRACTOR, GALLERY
from fsrbench.errors import Invalid, counted

STRANGER = -1
"""Label of an image in the gallery that shows none of the people looked for."""


@dataclass(frozen=True, eq=False)
class Enrolment:
    """Row numbers of the images by their part, and the person on each of the N images."""

    gallery: np.ndarray
    """Rows of enrolled images, strangers' included."""
    mated: np.ndarray
    """Rows of probes whose person is in the gallery."""
    unmated: np.ndarray
    """Rows of probes of people who are not."""
    person: np.ndarray
    """N whole numbers; :data:`STRANGER` for distractors."""

    def seen(self, there: np.ndarray) -> Enrolment:
        """With the probes alone that there is a picture of; the gallery stays as it is.

        Args:
            there: N bools, of each image.

        Raises:
            Invalid: none of the mated probes, or of the unmated ones if there were any, is left.
        """
        mated, unmated = (probes[there[probes]] for probes in (self.mated, self.unmated))
        if not len(mated) or len(self.unmated) > len(unmated) == 0:
            which = "unmated" if len(mated) else "mated"
            raise Invalid(f"there is no picture of any of the {which} probes")
        return replace(self, mated=mated, unmated=unmated)

    def __str__(self) -> str:
        """For a note: ``gallery of 1,559 people and 2,722 pictures of others; 3,420 probes``."""
        shown, pictures = np.unique(self.person[self.gallery], return_counts=True)
        wanted = np.isin(shown, self.person[self.mated]) & (shown != STRANGER)
        strangers = int(pictures[~wanted].sum())
        beside = f" and {counted(strangers, 'picture', ',')} of others" if strangers else ""
        unmated = f", {len(self.unmated):,} unmated" if len(self.unmated) else ""
        people = "1 person" if wanted.sum() == 1 else f"{int(wanted.sum()):,} people"
        return f"gallery of {people}{beside}; {counted(len(self.mated), 'probe', ',')}{unmated}"


def closed_set(people: Sequence[str], roles: Sequence[str | None]) -> Enrolment:
    """Enrolment of closed-set identification: everybody who is looked for is in the gallery, perhaps with others.

    With roles, distractors join the gallery, and probes without a mate in it are ignored. Without roles, the first
    picture of each person, in the order of the images, is enrolled, even if it is the only one; the rest are probes.

    Args:
        people: the person on each of the N images.
        roles: of each image, or empty; see :mod:`fsrbench.datasets.roles`.

    Raises:
        Invalid: nobody in the gallery has a probe.

    Example:
        >>> enrolled = closed_set(["ann", "ann", "bob"], [])
        >>> enrolled.gallery.tolist(), enrolled.mated.tolist()
        ([0, 2], [1])
    """
    person = np.unique(np.asarray(people, dtype=str), return_inverse=True)[1]
    if not any(roles):
        first = np.unique(person, return_index=True)[1]
        enrolled = np.zeros(len(person), dtype=bool)
        enrolled[first] = True
        return _enrolment(person, enrolled, ~enrolled)
    part = np.array([role or "" for role in roles])
    person = np.where(part == DISTRACTOR, STRANGER, person)
    enrolled = np.isin(part, (GALLERY, DISTRACTOR))
    for needed, present in {"in the gallery": part == GALLERY, "a probe": ~enrolled}.items():
        if not present.any():
            raise Invalid(f"none of the images is {needed}; --limit takes the first ones by name")
    return _enrolment(person, enrolled, ~enrolled)


def open_set(people: Sequence[str], roles: Sequence[str | None], seed: int) -> Enrolment:
    """Enrolment of open-set identification: some probes show people who are not in the gallery.

    As :func:`closed_set`, but without roles half of the people with a single picture, drawn by ``seed``, are unmated
    probes; the others stay in the gallery.

    Raises:
        Invalid: nobody in the gallery has a probe, or all probes' people are in it.
    """
    enrolled = closed_set(people, roles)
    if not any(roles):
        shown, pictures = np.unique(enrolled.person, return_counts=True)
        single = shown[pictures == 1]
        chosen = np.random.default_rng(seed).permutation(single)[: len(single) // 2]
        out = np.isin(enrolled.person, chosen)
        inside = np.zeros(len(out), dtype=bool)
        inside[enrolled.gallery] = True
        enrolled = _enrolment(enrolled.person, inside & ~out, ~inside | out)
    if not len(enrolled.unmated):
        raise Invalid("needs probes of people who are not in the gallery: in probe/, or people with a single picture")
    return enrolled


def _enrolment(person: np.ndarray, enrolled: np.ndarray, probe: np.ndarray) -> Enrolment:
    has_mate = np.isin(person, person[enrolled]) & (person != STRANGER)
    mated = np.flatnonzero(probe & has_mate)
    if not len(mated):
        raise Invalid("no probe shows anybody in the gallery; identities are sub-folders, or a number before _")
    return Enrolment(np.flatnonzero(enrolled), mated, np.flatnonzero(probe & ~has_mate), person)
