"""What a tracker does, and how the package of one is asked for."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

from fsrbench.errors import FsrbenchError, UserError, one_line

if TYPE_CHECKING:
    from fsrbench.trackers.record import Record


class NotLogged(FsrbenchError):
    """A tracker did not take a run. The run itself is finished and kept. Exit code 2."""


class Tracker(ABC):
    """A place where runs are logged.

    Args:
        offline: whether connections to other machines are refused.
    """

    name: ClassVar[str]
    package: ClassVar[str]
    """What is imported; the extra of fsrbench that installs it is called as the tracker is."""

    def __init__(self, offline: bool = False) -> None:
        self.offline = offline

    @abstractmethod
    def check(self) -> None:
        """Refuse, before any work, what could not be logged to.

        Raises:
            UserError: a package, a setting or the server is missing.
        """

    @abstractmethod
    def place(self) -> str:
        """Where runs go, for people; without credentials."""

    @abstractmethod
    def holds(self, record: Record) -> bool:
        """Whether the run was logged here before, completely."""

    @abstractmethod
    def upload(self, record: Record) -> None:
        """Log a run that is not there, or only in part."""

    def imported(self, module: str = "") -> ModuleType:
        """The tracker's package, or a module of it.

        Raises:
            UserError: it is not installed or cannot be imported.
        """
        try:
            return importlib.import_module(module or self.package)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != self.package:
                raise UserError(f"{self.package} cannot be imported: {one_line(error)}") from None
            raise UserError(f"{self.package} is not installed; `pip install 'fsrbench[{self.name}]'`") from None
        except ImportError as error:
            raise UserError(f"{self.package} cannot be imported: {one_line(error)}") from None
