"""``--offline``: this process reaches no other machine through Python's sockets, whichever library would open them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

LOCAL = ("localhost", "127.", "::1")


@contextmanager
def no_connections(allowed: Collection[str] = ()) -> Iterator[None]:
    """Refuse connections to other machines, and looking up their names; this machine's own sockets stay open.

    Args:
        allowed: names and addresses of machines that may be reached all the same: a cluster's own.

    Raises:
        ConnectionRefusedError: inside, where a connection is tried.
    """
    look_up = socket.getaddrinfo

    def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, *arguments: Any) -> Any:
            if arguments and isinstance(address := arguments[-1], tuple):
                _check(address[0], allowed)
            return method(self, *arguments)

        return call

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        _check(host, allowed)
        return look_up(host, *args, **kwargs)

    with ExitStack() as undo:
        for name in ("connect", "connect_ex", "sendto"):  # the address is the last argument of each
            _replace(undo, socket.socket, name, guarded(getattr(socket.socket, name)))
        _replace(undo, socket, "getaddrinfo", guarded_look_up)
        # Hugging Face's libraries then say what is missing instead of retrying.
        undo.callback(_restore, "HF_HUB_OFFLINE", os.environ.get("HF_HUB_OFFLINE"))
        os.environ["HF_HUB_OFFLINE"] = "1"
        yield


def hosts_of(*addresses: str | None) -> frozenset[str]:
    """Names and IP addresses behind addresses like ``tcp://HOST:PORT``."""
    names = {name for address in addresses if address and (name := urlsplit(address).hostname)}
    found = set(names)
    for name in names:
        with suppress(OSError):  # whoever connects says that there is no such machine
            found.update(str(info[4][0]) for info in socket.getaddrinfo(name, None))
    return frozenset(found)


def _check(host: Any, allowed: Collection[str]) -> None:
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if not (name.startswith(LOCAL) or name in allowed):
        raise ConnectionRefusedError(f"--offline forbids a connection to {name}")


def _replace(undo: ExitStack, owner: Any, name: str, new: Any) -> None:
    undo.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, new)


def _restore(variable: str, value: str | None) -> None:
    if value is None:
        del os.environ[variable]
    else:
        os.environ[variable] = value
