"""Datasets: ordered samples, each an HR and/or LR picture with identity and landmarks where they are known."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args

import numpy as np

from fsrbench.datasets.storage import Files
from fsrbench.errors import UserError, one_line
from fsrbench.files.labels import Labels
from fsrbench.process.containment import no_exit
from fsrbench.registry import Registry

Fit = Literal["cut", "pad", "stretch"]
"""How a picture becomes square: cut to its central square, padded by its edges, or stretched."""
FITS: Final = get_args(Fit)


@dataclass(frozen=True)
class Picture:
    """A picture file that has not been read yet."""

    files: Files
    name: str

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            OSError: it cannot be read, whatever error its storage raises.
        """
        try:
            with no_exit():
                return self.files.read(self.name)
        except (OSError, UserError):
            raise
        except Exception as error:  # a plug-in's storage may raise anything
            raise OSError(one_line(error)) from error


@dataclass(frozen=True)
class Sample:
    """One face, with ``hr``, ``lr`` or both."""

    id: str
    """Relative path without suffix; names rows and saved pictures."""
    hr: Picture | None = None
    lr: Picture | None = None
    identity: str | None = None
    landmarks: np.ndarray | None = field(default=None, compare=False)
    """68,2 points x,y in pixels of the stored HR picture, 300-W order."""
    role: str | None = None
    """Its role in identification; see :mod:`fsrbench.datasets.roles`."""
    fit: Fit = "cut"
    """How pictures that are not square are made square."""
    keeps_hr: bool = False
    """Whether its HR stands in for LR without super-resolution: a gallery of HR whose probes have LR only."""

    def digest(self) -> str:
        """sha256 of the sample's id and files, and of how they are used if unusual."""
        sha = hashlib.sha256(self.id.encode())
        if self.fit != "cut" or self.keeps_hr:
            sha.update(f"|{self.fit} {self.keeps_hr}".encode())
        for picture in (self.hr, self.lr):
            sha.update(b"|" + (_digest(picture) if picture else b"-"))
        return sha.hexdigest()


def _digest(picture: Picture) -> bytes:
    try:
        return hashlib.sha256(picture.read()).digest()
    except OSError:  # decoding reports it
        return b"unreadable"


@dataclass(frozen=True)
class Dataset:
    """Samples in sorted order, and warnings about the files they come from."""

    name: str
    samples: tuple[Sample, ...]
    warnings: tuple[str, ...] = ()
    labels: Labels = field(default_factory=dict, compare=False)
    """By column of ``groups.csv``: the label of each image that has one."""

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    @property
    def has_hr(self) -> bool:
        """Whether every sample has an HR picture."""
        return all(s.hr is not None for s in self.samples)

    @property
    def has_pairs(self) -> bool:
        """Whether at least two identities have two pictures or more each."""
        counts = Counter(s.identity for s in self.samples if s.identity is not None)
        return sum(n > 1 for n in counts.values()) > 1

    def head(self, limit: int | None) -> Dataset:
        """The first ``limit`` samples."""
        return self if limit is None else replace(self, samples=self.samples[:limit])


def dataset_hash(samples: Iterable[Sample]) -> str:
    """sha256 over the samples' ids and files: the same for a folder and a zip of the same pictures."""
    return combine_digests(sample.digest() for sample in samples)


def combine_digests(digests: Iterable[str]) -> str:
    """The :func:`dataset_hash` of samples with these digests."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()


BUILTIN = {
    "sample": "fsrbench.datasets.sample:sample",
}


DATASETS = Registry("dataset", BUILTIN, group="fsrbench.datasets")
