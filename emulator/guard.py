"""Who may talk to the emulator: programs of this machine, and no web page of another site.

The emulator runs commands that its callers give it. A page in a browser must not reach it, neither across
origins nor under a name of its own that resolves to 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from emulator.api_errors import ApiError


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def require_local(host: str | None, origin: str | None) -> None:
    """Refuses a request by its Host and Origin headers.

    Args:
        host: The Host header, with or without a port.
        origin: The Origin header, which browsers send with every request that can change something.

    Raises:
        ApiError: PERMISSION_DENIED.
    """
    if host is not None and not is_loopback(_name(f"//{host}")):
        raise ApiError("PERMISSION_DENIED", f'The emulator answers only to loopback names. Received Host: "{host}".')
    if origin is None:
        return
    if not is_loopback(_name(origin)):
        raise ApiError(
            "PERMISSION_DENIED", f'The emulator answers no page of another site. Received Origin: "{origin}".'
        )
    if host is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise ApiError(
            "PERMISSION_DENIED", f'The emulator answers no page of another port. Received Origin: "{origin}".'
        )


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
