"""How all tests run: on both backends, under the virtual clock, with an end, and with one of three Hypothesis profiles.

A test that awaits says ``pytestmark = pytest.mark.anyio``. It runs on asyncio and on trio, on a virtual clock that starts at 0
(an hour takes milliseconds), and if everything in it waits for ever it fails with a DeadlockError that says who waits where.

Tests of sockets, processes and threads that are not sent by ``fsm_agents.runtime.threads`` need real time: mark them (a function,
a class, or a module by ``pytestmark``) ``real_clock``. They run on the real clock of both backends and are ended after REAL_LIMIT
seconds. A test that wants other backends parametrizes ``anyio_backend`` itself, with ``(name, options)`` pairs.

The tests start some hundreds of processes, and each would compile the package again: bytecode is written, whatever the environment says.

Profiles: HYPOTHESIS_PROFILE names one; without it ``ci`` where CI is set, else ``dev``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator
from functools import partial, wraps
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from fsm_agents.testing.clock import DEADLOCK_AFTER, DeadlockError, backend_options, guarded

#: Real seconds after which a test on the real clock has failed. None takes a second; a busy machine is allowed to be slow.
REAL_LIMIT = 60.0

# A suite started in the background of a shell (by a build server, say) ignores Ctrl-C, and its children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# before the first test module is imported, and before the first worker and the first child start
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

hypothesis.settings.register_profile("dev", max_examples=50, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("nightly", max_examples=20_000, deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


#: Files that take longest, longest first: begun last, one of them would keep one worker busy while the others are done.
LONG = (
    "machines/test_conversation.py",
    "faults/test_matrix.py",
    "examples/test_run.py",
    "examples/test_programs.py",
    "machines/test_small_worlds.py",
    "cli/test_demo.py",
    "plugins/mcp/test_calls.py",
    "plugins/openai/test_faults.py",
    "examples/test_bad_input.py",
    "typing/test_typing.py",
    "machines/test_walks.py",
)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: in a quarter of their time tests wait for other processes, or on the real clock."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where workers share the tests, a file each: the longest first, then those with most tests (--no-loadscope-reorder keeps this)."""
    if hasattr(config, "workerinput"):
        count = Counter(item.path for item in items)
        long = {Path(__file__).parent / name: place for place, name in enumerate(LONG)}
        items.sort(key=lambda item: (long.get(item.path, len(LONG)), -count[item.path]))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses ``anyio_backend`` on both backends, unless the test parametrizes it itself."""
    chosen = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize") if mark.args]
    if "anyio_backend" in metafunc.fixturenames and not any("anyio_backend" in names for names in chosen):
        real = "-real" if metafunc.definition.get_closest_marker("real_clock") else ""
        metafunc.parametrize("anyio_backend", [f"asyncio{real}", f"trio{real}"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The backend that anyio's plugin runs a test on. Module scope: with a narrower one Hypothesis refuses async properties."""
    name, _, real = str(request.param).partition("-")
    return name, {} if real else backend_options(name)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Put the guard around an async test before anyio's plugin runs it."""
    backend = pyfuncitem.funcargs.get("anyio_backend")
    if isinstance(backend, tuple):
        if hypothesis.is_hypothesis_test(pyfuncitem.obj):
            handle = pyfuncitem.obj.hypothesis
            # the plugin leaves its wrapper of the other backend behind
            plain = getattr(handle.inner_test, "_anyio_original_func", handle.inner_test)
            handle.inner_test = _with_guard(getattr(plain, "unguarded", plain), *backend)
        else:
            pyfuncitem.obj = _with_guard(pyfuncitem.obj, *backend)
    return (yield)


def _with_guard(test: Callable[..., Any], name: str, options: dict[str, Any]) -> Callable[..., Any]:
    """``test`` under the guard if it is async, else as it is."""
    if not iscoroutinefunction(test):
        return test

    @wraps(test)
    async def guarded_test(**kwargs: Any) -> None:
        __tracebackhide__ = True
        try:
            await guarded(partial(test, **kwargs), limit=DEADLOCK_AFTER if options else REAL_LIMIT)
        except DeadlockError as deadlock:
            if deadlock.__cause__ is not None:
                raise
            pytest.fail(str(deadlock), pytrace=False)  # the message says where; the frames would be those of loop and plugin
        finally:
            if options:  # the plugin keeps this dict: the next loop, of the next example too, needs a new clock
                options.update(backend_options(name))

    guarded_test.__dict__["unguarded"] = test
    return guarded_test
