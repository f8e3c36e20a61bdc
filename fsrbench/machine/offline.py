"""``--offline``: block connections to other machines through Python's sockets, whichever library opens them."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

VARIABLES: Final = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "NO_ALBUMENTATIONS_UPDATE")
"""With these set, Hugging Face's libraries report what is missing instead of retrying, and albumentations does not
check for a newer version of itself; read at import."""
FLAGS: Final = (
    ("huggingface_hub.constants", "HF_HUB_OFFLINE", VARIABLES[:2]),
    ("transformers.utils.hub", "_is_offline_mode", VARIABLES[:2]),
    ("datasets.config", "HF_HUB_OFFLINE", VARIABLES[:1]),
    ("datasets.config", "HF_DATASETS_OFFLINE", (VARIABLES[0], VARIABLES[2])),
)
"""Where those libraries keep the values: module, name, and the variables that set it."""
CALLS: Final = {"connect": 1, "connect_ex": 1, "sendto": 2, "sendmsg": 4}
"""Socket methods whose last argument is an address if they get at least this many arguments."""
LOOK_UPS: Final = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo")


@contextmanager
def no_connections(allowed: Collection[str] = ()) -> Iterator[None]:
    """Refuse connections to other machines and look-ups of their names; connections within this machine still work.

    Args:
        allowed: names and addresses of machines that may still be reached, such as those of a cluster.

    Raises:
        ConnectionRefusedError: at an attempt inside.
    """

    def guarded(method: Callable[..., Any], least: int) -> Callable[..., Any]:
        def call(self: socket.socket, *arguments: Any) -> Any:
            if len(arguments) >= least and isinstance(address := arguments[-1], tuple):
                _check(address[0], allowed)  # addresses that are not tuples are files on this machine
            return method(self, *arguments)

        return call

    def guarded_look_up(look_up: Callable[..., Any]) -> Callable[..., Any]:
        def call(host: Any, *args: Any, **kwargs: Any) -> Any:
            _check(host[0] if isinstance(host, tuple) else host, allowed)
            return look_up(host, *args, **kwargs)

        return call

    with ExitStack() as undo:
        for name, least in CALLS.items():
            if hasattr(socket.socket, name):
                _replace(undo, socket.socket, name, guarded(getattr(socket.socket, name), least))
        for name in LOOK_UPS:
            _replace(undo, socket, name, guarded_look_up(getattr(socket, name)))
        _set_flags(undo)
        yield


def is_offline() -> bool:
    """Whether downloads are pointless: within :func:`no_connections`, or because the user set ``HF_HUB_OFFLINE``."""
    return _is_set(VARIABLES[0])


def hosts_of(*addresses: str | None) -> frozenset[str]:
    """Names and IP addresses behind addresses like ``tcp://HOST:PORT``."""
    names = {name for address in addresses if address and (name := urlsplit(address).hostname)}
    found = set(names)
    for name in names:
        with suppress(OSError):  # connecting to it will raise a better error
            found.update(str(info[4][0]) for info in socket.getaddrinfo(name, None))
    return frozenset(found)


def _check(host: Any, allowed: Collection[str]) -> None:
    name = host.decode(errors="replace") if isinstance(host, bytes | bytearray) else str(host or "localhost")
    if not (name in allowed or _is_own(name)):
        raise ConnectionRefusedError(f"--offline forbids a connection to {name}")


def _is_own(name: str) -> bool:
    """Whether a name or an address is this machine's; the only such name is ``localhost``, which is reserved."""
    if name.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _set_flags(undo: ExitStack) -> None:
    """Set the variables, and the flags of libraries already imported; restore them, also in those imported inside."""
    before = {
        (module, name): getattr(sys.modules[module], name, None) for module, name, _ in FLAGS if module in sys.modules
    }

    def restore() -> None:
        for module, name, variables in FLAGS:
            if module in sys.modules and hasattr(sys.modules[module], name):
                setattr(sys.modules[module], name, before.get((module, name), any(map(_is_set, variables))))

    undo.callback(restore)
    for variable in VARIABLES:
        undo.callback(_restore, variable, os.environ.get(variable))
        os.environ[variable] = "1"
    for module, name in before:
        if hasattr(sys.modules[module], name):
            setattr(sys.modules[module], name, True)


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").upper() in ("1", "ON", "YES", "TRUE")


def _replace(undo: ExitStack, owner: Any, name: str, new: Any) -> None:
    undo.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, new)


def _restore(variable: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = value
