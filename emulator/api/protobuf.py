"""The bare protobuf messages behind the types of Google's SDK, which are many times faster."""

from __future__ import annotations

from typing import Any

import proto


def pb_of(message: Any) -> Any:
    """The protobuf message behind one of the SDK's; what is none of those stays as it is."""
    return type(message).pb(message) if isinstance(message, proto.Message) else message
