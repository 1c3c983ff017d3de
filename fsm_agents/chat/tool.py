"""From a function to a tool that a model can call.

This file describes functions and checks arguments; it runs no tool (the runtime does, with a deadline, in the session's scope),
and what a model sent is only ever data here.
"""

from __future__ import annotations

import inspect
import json
import math
import re
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, overload

import attrs

from fsm_agents.chat.annotations import Annotations
from fsm_agents.chat.docs import read_docstring
from fsm_agents.chat.shapes import Field, described, fields_schema, read_fields
from fsm_agents.errors import FSMAgentsError, MisuseError

__all__ = ["FunctionTool", "OnInterruption", "ToolArgumentError", "ToolContext", "ToolError", "function_tool"]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")  # what OpenAI's interface takes, the strictest that is in wide use
_MOST_PROBLEMS = 20

OnInterruption = Literal["run_on", "cancel"]
"""What becomes of a call when the reply that made it is cut or given up."""


@attrs.frozen
class ToolContext:
    """What a tool may know of its call. A parameter with this annotation is filled in by the runtime, and hidden from the model.

    Args:
        call_id: The same for a repetition of the same call: use it as an idempotency key.
        deadline: When the tool must have ended, in seconds of the loop's clock; ``None`` for never.
        session: The session that the call belongs to.
    """

    call_id: str
    deadline: float | None
    session: object


class ToolError(FSMAgentsError):
    """A tool says what went wrong, in words that are meant for the model. Raise it in a tool: the text of any other exception stays here.

    Args:
        message: What the model is told, cut like any result.
    """


class ToolArgumentError(MisuseError, ToolError):
    """A model called a tool with arguments that do not fit. The text is meant for the model: it names every problem.

    Args:
        tool: The tool's name.
        problems: What is wrong, one line each.
    """

    def __init__(self, tool: str, problems: list[str]) -> None:
        more = len(problems) - _MOST_PROBLEMS
        lines = problems[:_MOST_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
        super().__init__(
            f"{tool} was not run, its arguments are wrong:\n"
            + "\n".join(f"- {line}" for line in lines)
            + f"\nCorrect this and call {tool} again."
        )
        self.tool = tool
        self.problems = tuple(problems)


@attrs.frozen(eq=False)
class FunctionTool:
    """A function that a model can call. Made by :func:`function_tool`; made by hand for a tool that is described elsewhere.

    It stays callable: ``tool(...)`` calls the function. On a class it behaves as a method does: through an instance it is bound.

    Args:
        name: What the model calls it: letters, digits, ``_`` and ``-``, at most 64.
        description: What it does, for the model.
        parameters: The JSON schema of its arguments, an object.
        call: The function itself.
        is_async: Whether its result has to be awaited.
        timeout: After how many seconds a call has failed; ``None`` for the session's default.
        max_result: How many characters of a result the model is shown, above 0; ``None`` for the session's default.
        on_interruption: What becomes of a call when its reply is cut. ``"run_on"``: it goes on to its end, and the next answer knows its
            result. ``"cancel"``: it is cancelled, and the next answer knows that; only for what is async and may be stopped anywhere.
        parallel: Whether calls of one answer may run beside each other; those that may not run one after the other, in the order of the
            calls.
        context_parameter: The parameter that takes the :class:`ToolContext`, if it has one.
        fields: How to read the arguments; ``None`` to take any object as it is (whoever described the tool checks them).
        is_method: Whether ``call`` still lacks its ``self``.

    Raises:
        MisuseError: The name, a limit, or what is to happen on an interruption is not possible.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    call: Callable[..., Any] = attrs.field(repr=False)
    is_async: bool = attrs.field(default=attrs.Factory(lambda tool: inspect.iscoroutinefunction(tool.call), takes_self=True))
    timeout: float | None = None
    context_parameter: str | None = None
    fields: Mapping[str, Field] | None = attrs.field(default=None, repr=False)
    is_method: bool = attrs.field(default=False, repr=False)
    max_result: int | None = None
    on_interruption: OnInterruption = "run_on"
    parallel: bool = True

    def __attrs_post_init__(self) -> None:
        """Check what providers would refuse later, or what could not be kept, in the middle of a call."""
        if not _NAME.fullmatch(self.name):
            raise MisuseError(
                f"{self.name!r} cannot be a tool's name; use 1 to 64 letters, digits, _ or - (function_tool(name=…))"
            )
        if self.timeout is not None and not 0 < self.timeout < float("inf"):
            raise MisuseError(
                f"{self.name}: a timeout of {self.timeout!r} cannot be; give seconds above 0, or None for the default"
            )
        if self.max_result is not None and (type(self.max_result) is not int or self.max_result < 1):
            raise MisuseError(
                f"{self.name}: max_result={self.max_result!r} cannot be; give a number of characters above 0, or None for the default"
            )
        if self.on_interruption not in get_args(OnInterruption):
            raise MisuseError(f"{self.name}: on_interruption={self.on_interruption!r} is not known; give 'run_on' or 'cancel'")
        if self.on_interruption == "cancel" and not self.is_async:
            raise MisuseError(
                f"{self.name}: on_interruption='cancel' needs an async function: a sync one runs in a thread, which nobody can stop"
            )

    def parse(self, arguments_json: str) -> dict[str, Any]:
        """The keyword arguments that a model's JSON means.

        Args:
            arguments_json: A JSON object as text. Empty text counts as ``{}``: models send it for tools without parameters.

        Returns:
            Converted values for :attr:`call`, only those that were given.

        Raises:
            ToolArgumentError: It is not JSON, not an object, or does not fit; the text tells the model everything to correct.
        """
        try:
            value = json.loads(arguments_json.strip() or "{}", parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ToolArgumentError(self.name, [f"the arguments are not valid JSON: {error}"]) from None
        if not isinstance(value, dict):
            raise ToolArgumentError(self.name, [f"the arguments must be a JSON object, not {type(value).__name__}"])
        if self.fields is None:
            return value
        problems: list[str] = []
        values = read_fields(self.fields, value, "", problems)
        if problems:
            raise ToolArgumentError(self.name, problems)
        return values

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, as if it were not decorated."""
        return self.call(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> FunctionTool:
        """Bind a method to its instance."""
        if instance is None or not self.is_method:
            return self
        return attrs.evolve(self, call=types.MethodType(self.call, instance), is_method=False)

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The function, for ``inspect.signature`` and ``help``."""
        return self.call

    def __eq__(self, other: object) -> bool:
        """Whether it is the same function (of the same instance) under the same name."""
        if not isinstance(other, FunctionTool):
            return NotImplemented
        return (self.name, self.call) == (other.name, other.call)

    def __hash__(self) -> int:
        """As for methods: two bindings to one instance are one key."""
        return hash((self.name, self.call))


@overload
def function_tool(function: Callable[..., Any], /) -> FunctionTool: ...


@overload
def function_tool(
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
    max_result: int | None = None,
    on_interruption: OnInterruption = "run_on",
    parallel: bool = True,
) -> Callable[[Callable[..., Any]], FunctionTool]: ...


def function_tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
    max_result: int | None = None,
    on_interruption: OnInterruption = "run_on",
    parallel: bool = True,
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Make a tool of a function or a method: ``@function_tool`` or ``@function_tool(name=…, …)``.

    What the model is told comes from the annotations (see annotations.py for the types) and the docstring: its first paragraph is
    the description, its ``Args:`` section describes the parameters. A parameter with a default is optional. A parameter annotated
    :class:`ToolContext` is filled in by the runtime.

    What it returns is told to the model, as text or as JSON. To tell it of a failure raise :class:`ToolError`; of any other exception it
    learns only that there was one. A tool that returns an ``Agent``, or an ``Agent`` and a result, hands the conversation over to it.

    Args:
        function: The function, sync or async, or the method. A sync one runs in a worker thread, which is left to itself when the call
            has taken too long.
        name: What the model calls it; the function's name unless given.
        description: What it does; from the docstring unless given.
        timeout: After how many seconds a call has failed; ``None`` for the session's default.
        max_result: How many characters of a result the model is shown; ``None`` for the session's default.
        on_interruption: ``"run_on"`` (a side effect is not cut in two) or ``"cancel"`` (for what only looks something up; async).
        parallel: Whether calls of one answer may run beside each other.

    Raises:
        MisuseError: It is no function, or a parameter has no annotation or one that no model can fill in; the message names it. Or an
            option is not possible.
    """
    options = {"timeout": timeout, "max_result": max_result, "on_interruption": on_interruption, "parallel": parallel}
    if function is not None:
        return _tool(function, _Caller(), name, description, options)

    def decorate(function: Callable[..., Any]) -> FunctionTool:
        return _tool(function, _Caller(), name, description, options)

    return decorate


class _Caller:
    """The names that can be seen where the decorator stands, for annotations that are text."""

    def __init__(self) -> None:
        frame = inspect.currentframe()
        self._frame = frame.f_back.f_back if frame and frame.f_back else None

    def __call__(self) -> dict[str, Any]:
        names: dict[str, Any] = {}
        frame = self._frame
        while frame is not None:
            names = {**frame.f_locals, **names}
            in_class = frame.f_locals is not frame.f_globals and not frame.f_code.co_flags & inspect.CO_OPTIMIZED
            frame = frame.f_back if in_class else None  # a class body sees the function that it stands in
        return names


def _tool(
    function: Callable[..., Any], names: _Caller, name: str | None, description: str | None, options: Mapping[str, Any]
) -> FunctionTool:
    if isinstance(function, staticmethod):
        function = function.__func__
    label = name or str(getattr(function, "__name__", repr(function)))
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        raise MisuseError(f"{label} cannot be a tool: it is a {type(function).__name__}; decorate a function or a plain method")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise MisuseError(f"{label} cannot be a tool: it yields; return one result")
    summary, about = read_docstring(function.__doc__)
    parameters = list(inspect.signature(function).parameters.values())
    is_method = _is_method(function, parameters)
    fields: dict[str, Field] = {}
    context: list[str] = []
    for parameter in parameters[1:] if is_method else parameters:
        annotations = Annotations(f"{label}: parameter {parameter.name!r}", names)
        kind = annotations.resolve(_annotation(label, parameter), inspect.unwrap(function))
        if ToolContext in (kind, *get_args(kind)):
            context.append(parameter.name)
        else:
            fields[parameter.name] = _field(annotations, kind, parameter, about.get(parameter.name))
    if len(context) > 1:
        raise MisuseError(f"{label}: {' and '.join(map(repr, context))} are both a ToolContext; one is enough")
    return FunctionTool(
        name=label,
        description=summary if description is None else description,
        parameters=fields_schema(fields),
        call=function,
        context_parameter=context[0] if context else None,
        fields=fields,
        is_method=is_method,
        **options,
    )


def _is_method(function: Callable[..., Any], parameters: list[inspect.Parameter]) -> bool:
    """Whether the function stands in a class body and takes ``self``."""
    owner = function.__qualname__.rpartition(".")[0]
    return bool(owner) and not owner.endswith("<locals>") and bool(parameters) and parameters[0].name == "self"


def _annotation(label: str, parameter: inspect.Parameter) -> Any:
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise MisuseError(
            f"{label}: parameter '{parameter}' cannot be given by name, and a model names its arguments; spell them out"
        )
    if parameter.annotation is parameter.empty:
        raise MisuseError(
            f"{label}: parameter {parameter.name!r} has no annotation; say what it is, for example {parameter.name}: str"
        )
    return parameter.annotation


def _field(annotations: Annotations, kind: Any, parameter: inspect.Parameter, about: str | None) -> Field:
    shape = annotations.shape(kind)
    if about and "description" not in shape.schema:
        shape = described(shape, about)
    default = parameter.default
    if type(default) in (str, int, bool) or (type(default) is float and math.isfinite(default)):
        shape = attrs.evolve(shape, schema={**shape.schema, "default": default})
    return Field(shape, default is parameter.empty)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")
