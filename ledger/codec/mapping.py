"""Protobuf messages to domain values and back, by field name.

A function is compiled once for each pair of types, so that an attestation costs no reflection. A field
without its partner fails when the function is made. This module must not know any message by name.
"""

from __future__ import annotations

import types
from dataclasses import fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from google.protobuf.message_factory import GetMessageClass

from ledger.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

_MESSAGE_TYPE = 11


def decoder(value_type: type, message_type: type[Message]) -> Callable[[Any], Any]:
    """A function from a message to a `value_type`; it raises MalformedError for what a value cannot be."""
    by_name = _partners(value_type, message_type.DESCRIPTOR)
    hints = get_type_hints(value_type)
    scope: dict[str, Any] = {"Value": value_type, "need": _need, "enum": _enum}
    parts = []
    for name, field in by_name.items():
        scope[f"t_{name}"] = _element_type(hints[name])
        parts.append(f"{name}={_read_expression(name, field, hints[name], scope)}")
    exec(f"def decode(m):\n    return Value({', '.join(parts)})", scope)  # noqa: S102 - names come from our own types
    decode: Callable[[Any], Any] = scope["decode"]
    return decode


def encoder(value_type: type, message_type: type[Message]) -> Callable[[Any], Any]:
    """A function from a `value_type` to a new message."""
    by_name = _partners(value_type, message_type.DESCRIPTOR)
    hints = get_type_hints(value_type)
    scope: dict[str, Any] = {"Message": message_type}
    parts = []
    for name, field in by_name.items():
        expression = f"v.{name}"
        if field.type == _MESSAGE_TYPE:
            element = _element_type(hints[name])
            scope[f"e_{name}"] = encoder(element, _class_of(field))
            many = f"[e_{name}(x) for x in v.{name}]"
            expression = many if field.is_repeated else f"e_{name}(v.{name})"
        parts.append(f"{name}={expression}")
    exec(f"def encode(v):\n    return Message({', '.join(parts)})", scope)  # noqa: S102 - names come from our own types
    encode: Callable[[Any], Any] = scope["encode"]
    return encode


def _partners(value_type: type, descriptor: Any) -> dict[str, FieldDescriptor]:
    by_name = {field.name: field for field in descriptor.fields}
    names = [field.name for field in fields(value_type)]
    if set(names) != set(by_name):
        odd = sorted(set(names) ^ set(by_name))
        raise TypeError(f"{value_type.__name__} and {descriptor.name} differ in {', '.join(odd)}")
    return {name: by_name[name] for name in names}


def _read_expression(name: str, field: FieldDescriptor, hint: Any, scope: dict[str, Any]) -> str:
    element = scope[f"t_{name}"]
    if field.type == _MESSAGE_TYPE:
        scope[f"d_{name}"] = decoder(element, _class_of(field))
        if field.is_repeated:
            return f"tuple([d_{name}(x) for x in m.{name}])"
        return f"d_{name}(m.{name} if m.HasField('{name}') else need(m, '{name}'))"
    if isinstance(element, type) and issubclass(element, IntEnum):
        scope[f"by_{name}"] = {member.value: member for member in element}
        known = f"by_{name}.get({{0}}) or enum(t_{name}, {{0}})"
        if field.is_repeated:
            return f"tuple([{known.format('x')} for x in m.{name}])"
        return known.format(f"m.{name}")
    if field.is_repeated:
        # A slice copies the column at once; iterating makes a call for every element.
        return f"tuple(m.{name}[:])"
    if _is_optional(hint):
        return f"m.{name} if m.HasField('{name}') else None"
    return f"m.{name}"


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _element_type(hint: Any) -> type:
    if get_origin(hint) is tuple or _is_optional(hint):
        element: type = get_args(hint)[0]
        return element
    return hint  # type: ignore[no-any-return]


def _class_of(field: FieldDescriptor) -> type[Message]:
    message_type: Any = field.message_type
    return GetMessageClass(message_type)


def _need(message: Any, name: str) -> Any:
    if not message.HasField(name):
        raise MalformedError(f"{message.DESCRIPTOR.name}.{name}: required")
    return getattr(message, name)


def _enum(enum_type: type[IntEnum], number: int) -> IntEnum:
    try:
        return enum_type(number)
    except ValueError:
        raise MalformedError(f"{number} is no {enum_type.__name__}") from None
