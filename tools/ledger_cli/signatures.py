"""Commands that share options: the signature that typer reads is put together from parts.

This module must not import the library: it is read for every `--help`.
"""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Shared(NamedTuple):
    """An option that many commands have: its annotation for typer, and its default."""

    annotation: Any
    default: Any = inspect.Parameter.empty


def command_of(
    body: Callable[..., Any],
    run: Callable[[dict[str, Any]], None],
    *,
    first: Mapping[str, Shared],
    last: Mapping[str, Shared],
) -> Callable[..., None]:
    """A command with the options `first`, then those of `body` but its first parameter, then `last`.

    It calls `run` with the values by name. Its own name and help are those of `body`.
    """
    own = list(inspect.signature(body).parameters.values())[1:]
    hints = _hints(body, {parameter.name for parameter in own})
    options = {
        **first,
        **{parameter.name: Shared(hints[parameter.name], parameter.default) for parameter in own},
        **last,
    }

    def command(**given: Any) -> None:
        run(given)

    command.__name__ = body.__name__
    command.__doc__ = body.__doc__
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=option.default,
                annotation=option.annotation,
            )
            for name, option in options.items()
        ]
    )
    return command


def _hints(body: Callable[..., Any], names: set[str]) -> dict[str, Any]:
    """The annotations of those parameters; the others may name what only a type checker imports."""
    if not isinstance(body, FunctionType):
        raise TypeError("a command is made of a function")
    part = FunctionType(body.__code__, body.__globals__, closure=body.__closure__)
    part.__annotations__ = {name: body.__annotations__[name] for name in names}
    return get_type_hints(part, include_extras=True)
