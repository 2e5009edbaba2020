"""Requests and answers as the SDK's own protobuf types, and their proto3 JSON."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar, cast

import proto
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from emulator.api.errors import ApiError, Violation, invalid_fields
from emulator.api.facts import Facts
from emulator.api.masks import mask_paths
from emulator.api.protobuf import pb_of
from emulator.api.store import Table

Typed = TypeVar("Typed")

# Query parameters of every Google API, https://cloud.google.com/apis/docs/system-parameters.
SYSTEM_PARAMETERS = {
    "$alt", "alt", "$prettyPrint", "prettyPrint", "$fields", "fields", "key", "$key", "access_token",
    "oauth_token", "quotaUser", "$.xgafv", "callback", "uploadType", "upload_protocol",
    "$userProject", "userProject", "$apiVersion", "$httpHeaders", "$unique",
}  # fmt: skip
_UNKNOWN = re.compile(r'Message type "[^"]*" has no field named "(?P<name>[^"]*)" at "(?P<path>[^"]*)"')
# A guess.
LONGEST_PATH = 4000
_WITHOUT_MESSAGE = "the request"


def parse_json(body: bytes) -> Any:
    """Reads a body as strict JSON: UTF-8, no NaN, no number beyond a double's, no endless nesting.

    Raises:
        ApiError: INVALID_ARGUMENT, where it is none.
    """
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        fault = "it is nested too deeply"
    except ValueError as error:
        fault = str(error)
    raise ApiError("INVALID_ARGUMENT", f"Invalid JSON payload received. {fault}.")


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is beyond the range of numbers")
    return number


def parse_request(
    request_type: type[Typed],
    path: Mapping[str, str],
    query: Mapping[str, str],
    body_field: str,
    body: bytes,
) -> Typed:
    """Puts a request message together from the parts of an HTTP request.

    Args:
        request_type: The SDK's type.
        path: Values of the path by field, dotted where nested: {"model.name": "projects/..."}.
        query: Query parameters by their camelCase or snake_case name.
        body_field: The field that the body fills; `*` for the whole message; empty for no body.
        body: The raw body.

    Raises:
        ApiError: INVALID_ARGUMENT, where something in it is unknown or has the wrong type.
    """
    content: dict[str, Any] = {}
    if body_field:
        document = parse_json(body) if body.strip() else {}
        if not isinstance(document, dict):
            raise ApiError("INVALID_ARGUMENT", "Invalid JSON payload received. Root element must be a message, {...}.")
        content = document if body_field == "*" else {body_field: document}
    elif body.strip() not in {b"", b"{}"}:
        raise ApiError("INVALID_ARGUMENT", "Invalid JSON payload received. This method takes no body.")
    if query:
        content |= _query_fields(request_type, query, taken=content)
    message = parse_message(request_type, content)
    for field, value in path.items():
        owner: Any = message
        *holders, last = field.split(".")
        for holder in holders:
            owner = getattr(owner, holder)
        setattr(owner, last, value)
    return message


def parse_message(message_type: type[Typed], content: dict[str, Any]) -> Typed:
    """Reads a message from its JSON form.

    Raises:
        ApiError: INVALID_ARGUMENT, where a key is unknown or a value has the wrong type.
    """
    message = new_pb(message_type)
    if not content:
        return wrapped(message_type, message)
    _require_short_paths(content)
    try:
        json_format.ParseDict(content, message)
        # What is nested deeper than protobuf reads again would be kept, and never be read.
        type(message).FromString(message.SerializeToString())
    except (RecursionError, DecodeError) as error:
        raise _refusal("It is nested too deeply.") from error
    except (json_format.ParseError, TypeError, ValueError) as error:
        raise _refusal(str(error)) from error
    return wrapped(message_type, message)


def _require_short_paths(content: Mapping[str, Any]) -> None:
    """Refuses keys that are very long together: protobuf copies all of them that lie around a value, for each value.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    waiting: list[tuple[Any, int]] = [(content, 0)]
    while waiting:
        value, length = waiting.pop()
        if isinstance(value, list):
            waiting += [(item, length) for item in value if isinstance(item, dict | list)]
        elif isinstance(value, Mapping):
            longest = max(map(len, value), default=0)
            if length + longest > LONGEST_PATH:
                raise _refusal(
                    f"The keys around a value must have at most {LONGEST_PATH} characters together. Received: "
                    f"{length + longest}."
                )
            waiting += [(item, length + len(key)) for key, item in value.items() if isinstance(item, dict | list)]


def new_pb(message_type: type[Any]) -> Message:
    """An empty protobuf message behind one of the SDK's types, or of a plain protobuf type."""
    message = message_type()
    pb: Message = message_type.pb(message) if isinstance(message, proto.Message) else message
    return pb


def wrapped(message_type: type[Typed], message: Message) -> Typed:
    """The message as the SDK's type; a plain protobuf message stays what it is."""
    sdk_type: Any = message_type
    result: Any = sdk_type.wrap(message) if issubclass(sdk_type, proto.Message) else message
    return cast("Typed", result)


def _refusal(fault: str) -> ApiError:
    unknown = _UNKNOWN.search(fault)
    if unknown is None:
        return ApiError("INVALID_ARGUMENT", f"Invalid JSON payload received. {fault}")
    field = ".".join([*unknown["path"].split(".")[1:], unknown["name"]])
    at = unknown["path"].partition(".")[2] or _WITHOUT_MESSAGE
    text = f'Invalid JSON payload received. Unknown name "{unknown["name"]}" at "{at}": Cannot find field.'
    return ApiError("INVALID_ARGUMENT", text, [Violation(field, text)])


def _query_fields(request_type: type[Typed], query: Mapping[str, str], taken: Mapping[str, Any]) -> dict[str, Any]:
    fields = {field.name: field for field in new_pb(request_type).DESCRIPTOR.fields}
    fields |= {field.json_name: field for field in fields.values()}
    content: dict[str, Any] = {}
    violations = []
    for name, text in query.items():
        field = fields.get(name)
        if name in SYSTEM_PARAMETERS:
            continue
        if field is None or field.json_name in taken or field.name in taken:
            violations.append(
                Violation(name, f'Unknown name "{name}": Cannot bind query parameter to the request message.')
            )
        elif field.message_type is not None and field.message_type.full_name == "google.protobuf.FieldMask":
            content[field.json_name] = mask_paths(text)
        elif field.type == FieldDescriptor.TYPE_BOOL:
            content[field.json_name] = {"true": True, "false": False}.get(text, text)
        else:
            content[field.json_name] = text
    if violations:
        raise invalid_fields(violations)
    return content


def to_json(message: proto.Message | Message, integers_for_enums: bool = False) -> dict[str, Any]:
    """A message in its proto3 JSON form: camelCase, no unset fields."""
    document: dict[str, Any] = json_format.MessageToDict(pb_of(message), use_integers_for_enums=integers_for_enums)
    return document


def encode_json(document: Any) -> bytes:
    """Compact JSON, in UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def table(kind: str, message_type: type[Typed], facts: Facts[Typed] | None = None) -> Table[Typed]:
    """A table of the store that holds messages of one type in their binary form, read many times faster than JSON."""
    typed: Any = message_type
    return Table(
        kind,
        encode=lambda message: base64.b64encode(typed.serialize(message)).decode("ascii"),
        decode=lambda text: typed.deserialize(base64.b64decode(text)),
        facts=facts,
    )
