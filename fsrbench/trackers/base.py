"""Base of trackers, and the import of their packages."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

from fsrbench.errors import FsrbenchError, UserError, one_line

if TYPE_CHECKING:
    from fsrbench.trackers.record import Record


class NotLogged(FsrbenchError):
    """A run could not be logged. The run itself is finished and kept. Exit code 2."""


class Tracker(ABC):
    """A place where runs are logged.

    Args:
        offline: whether connections to other machines are refused.
    """

    name: ClassVar[str]
    package: ClassVar[str]
    """The package to import; the extra of fsrbench that installs it has the tracker's name."""

    def __init__(self, offline: bool = False) -> None:
        self.offline = offline

    @abstractmethod
    def check(self) -> None:
        """Fail before any work if runs could not be logged.

        Raises:
            UserError: a package, a setting or the server is missing.
        """

    @abstractmethod
    def place(self) -> str:
        """Where runs go, as text without credentials."""

    @abstractmethod
    def holds(self, record: Record) -> bool:
        """Whether the run was completely logged here before."""

    @abstractmethod
    def upload(self, record: Record) -> None:
        """Log a run that is missing here, or incomplete."""

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
