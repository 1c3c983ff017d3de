"""A server as a child process: it ends when the session does, and whatever it does instead of serving ends in one clear line."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from fsm_agents.errors import MisuseError, ProviderError
from fsm_agents.plugins.mcp import MCPServerStdio, MCPToolError

TOOL = '{"name": "t", "inputSchema": {"type": "object"}}'
ONE = f'{{"tools": [{TOOL}]}}'

pytestmark = [pytest.mark.anyio, pytest.mark.real_clock]


async def test_the_child_is_gone_when_the_session_is(mcp: Any) -> None:
    async with mcp.running(mcp.stdio()) as server:
        pid = int(await server("process"))
        assert mcp.alive(pid)
    assert not mcp.alive(pid)


async def test_a_child_that_does_not_want_to_go_is_killed_with_its_children(mcp: Any, tmp_path: Path) -> None:
    """It ignores the end of its input and SIGTERM, and so does what it started. Both hold a pipe open: it ends with the last of them."""
    pipe = _pipe(tmp_path)
    stubborn = (
        f"import os, signal, subprocess, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nheld = open({pipe!r}, 'w')\n"
    )
    other = stubborn + "print(os.getpid(), file=held, flush=True)\nsignal.pause()"
    code = f"{stubborn}subprocess.Popen([sys.executable, '-c', {other!r}])\n" + mcp.old_server() + "\nsignal.pause()"
    opened: list[Any] = []

    async def follow() -> None:
        opened.append(await anyio.to_thread.run_sync(open, pipe))
        assert mcp.alive(int(await anyio.to_thread.run_sync(opened[0].readline)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(follow)
        async with mcp.running(mcp.script(code, start_limit=20)):
            while not opened:
                await anyio.lowlevel.checkpoint()
    with opened[0]:
        assert await anyio.to_thread.run_sync(opened[0].read) == ""


async def test_a_child_that_stands_still_in_a_call_is_ended_too(mcp: Any) -> None:
    """It reads nothing any more, and the caller does not wait for it."""
    async with mcp.running(mcp.stdio(timeout=1.0)) as server:
        pid = int(await server("process"))
        with pytest.raises(MCPToolError, match="did not answer within 1 s"):
            await server("stand")
    assert not mcp.alive(pid)


async def test_a_server_that_dies_in_a_call_is_connected_again_on_the_next(mcp: Any, loaded: Any) -> None:
    """The call that broke is not repeated; the model is told that nobody knows."""
    async with mcp.running(loaded()) as server:
        pid = await server("process")
        with pytest.raises(MCPToolError) as lost:
            await server("die")
        assert str(lost.value).endswith("It is not known whether it was carried out")
        assert await server("process") != pid


async def test_a_server_that_cannot_be_started_again_answers_with_an_error(mcp: Any, tmp_path: Path) -> None:
    """Each call tries once, and says that nothing was called."""
    program = tmp_path / "server"
    program.write_text(f"#!{sys.executable}\n{mcp.old_server(called='sys.exit(4)')}")
    program.chmod(0o755)
    async with mcp.running(MCPServerStdio(program, name="demo", start_limit=10)) as server:
        program.unlink()
        with pytest.raises(MCPToolError, match="connection to its server was lost"):
            await server("t")
        for _ in range(2):
            with pytest.raises(MCPToolError) as away:
                await server("t")
            assert str(away.value) == "demo_t was not called: its server cannot be reached now"


async def test_a_server_that_is_another_one_after_a_restart_is_not_called(mcp: Any, tmp_path: Path) -> None:
    """What was listed at the start holds for the session, across connections."""
    program = tmp_path / "server.py"
    program.write_text(mcp.old_server(called="sys.exit(4)"))
    async with mcp.running(MCPServerStdio(sys.executable, [str(program)], name="demo")) as server:
        with pytest.raises(MCPToolError):
            await server("t")
        program.write_text(
            mcp.old_server('{"tools": [{"name": "t", "description": "now evil", "inputSchema": {"type": "object"}}]}')
        )
        with pytest.raises(MCPToolError, match="its server has changed it during"):
            await server("t")


async def test_a_server_that_does_not_answer_is_given_up(mcp: Any) -> None:
    with pytest.raises(ProviderError, match=r"did not answer within 1 s"):
        async with mcp.running(mcp.script("import signal; signal.pause()", start_limit=1.0)):
            pass


async def test_a_server_that_only_prints_garbage_is_given_up(mcp: Any, caplog: pytest.LogCaptureFixture) -> None:
    code = "import time\nfor n in range(1000): print('{garbage', '\\x1b[2J' * 50, flush=True)\ntime.sleep(60)"
    with caplog.at_level(logging.DEBUG, "fsm_agents"), pytest.raises(ProviderError, match="did not answer"):
        async with mcp.running(mcp.script(code, start_limit=1.5)):
            pass
    assert "wrote 1000 lines that are no messages, and 0 messages" in caplog.text
    assert len(caplog.records) < 300
    assert "\x1b" not in caplog.text


async def test_a_greeting_on_the_wrong_pipe_does_no_harm(mcp: Any) -> None:
    async with mcp.running(mcp.script("print('Welcome!')\n" + mcp.old_server(), name="demo", start_limit=10)) as server:
        assert await server("t") == "[no content]"


async def test_a_server_that_ends_at_once_says_how(mcp: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Its own words go to the log at DEBUG, and only there."""
    code = "import sys; print('the key is wrong', file=sys.stderr); sys.exit(7)"
    with (
        caplog.at_level(logging.DEBUG, "fsm_agents"),
        pytest.raises(ProviderError, match="ended by itself, with exit code 7") as ended,
    ):
        async with mcp.running(mcp.script(code)):
            pass
    assert "key" not in str(ended.value)
    assert [record.levelno for record in caplog.records if "the key is wrong" in record.message] == [logging.DEBUG]


async def test_a_program_that_does_not_exist_is_named(mcp: Any) -> None:
    with pytest.raises(
        MisuseError, match=r"'no-such-program' \(no-such-program\) cannot be started: 'no-such-program' was not found"
    ):
        async with mcp.running(MCPServerStdio("no-such-program")):
            pass


async def test_a_message_without_an_end_ends_the_connection(mcp: Any) -> None:
    """10 MB of one line are not kept."""
    called = "print('x' * 10_000_000, flush=True)"
    async with mcp.running(mcp.script(mcp.old_server(called=called), name="demo", start_limit=10)) as server:
        with pytest.raises(MCPToolError, match="connection to its server was lost"):
            await server("t")


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        (f'{{"tools": [{TOOL}, {TOOL}]}}', "lists 't' twice"),
        (ONE.replace('"t"', '"a b"')[:-2] + ", " + ONE.replace('"t"', '"a.b"')[len('{"tools": [') :], "'a b' and 'a.b' would both be called 'odd_a_b'"),
        ('{"tools": [{"name": f"t{n}", "inputSchema": {"type": "object"}} for n in range(129)]}', "lists 129 tools, and 128 are possible"),
        ('{"tools": [{"name": f"{asked[\'id\']}.{n}", "inputSchema": {"type": "object"}} for n in range(500)], "nextCursor": "more"}', "and goes on"),
        ('{"tools": "none"}', "could not be started: ValidationError"),
    ],
)  # fmt: skip
async def test_a_list_that_cannot_be_used_is_refused(mcp: Any, listed: str, says: str) -> None:
    with pytest.raises((MisuseError, ProviderError), match=says):
        async with mcp.running(mcp.script(mcp.old_server(listed), start_limit=10)):
            pass


async def test_a_tool_that_is_too_large_is_left_out_and_refused_if_it_is_wanted(
    mcp: Any, caplog: pytest.LogCaptureFixture
) -> None:
    listed = '{"tools": [{"name": "big", "description": "x" * 9000, "inputSchema": {"type": "object"}}, ' + TOOL + "]}"
    code = mcp.old_server(listed)
    async with mcp.running(mcp.script(code, start_limit=10)) as server:
        assert list(server.tools) == ["odd_t"]
    assert "the tool 'big' is left out: its description has 9000 characters" in caplog.text
    with pytest.raises(MisuseError, match="'big' cannot be used"):
        async with mcp.running(mcp.script(code, start_limit=10, tools=["big"])):
            pass


async def test_a_server_of_2025_that_changes_its_list_is_noticed(mcp: Any) -> None:
    """There the news comes without being asked for."""
    changed = """(print('{"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}', flush=True), globals().update(n=1), {"content": []})[2]"""
    listed = '{"tools": [{"name": "t", "description": str(globals().get("n", 0)), "inputSchema": {"type": "object"}}]}'
    async with mcp.running(mcp.script(mcp.old_server(listed, changed), name="demo", start_limit=10)) as server:
        await server("t")
        await anyio.lowlevel.checkpoint()
        with pytest.raises(MCPToolError, match="its server has changed it during"):
            await server("t")


async def test_the_child_ends_when_it_is_still_starting(mcp: Any, tmp_path: Path) -> None:
    """A session that closes while its servers start leaves none behind."""
    pipe = _pipe(tmp_path)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(mcp.script(f"import os, signal; open({pipe!r}, 'w').write(str(os.getpid())); signal.pause()").run, print)
        pid = int(await anyio.to_thread.run_sync(Path(pipe).read_text))
        assert mcp.alive(pid)
        tasks.cancel_scope.cancel()
    assert not mcp.alive(pid)


def _pipe(folder: Path) -> str:
    """A pipe with a name, for processes that tell a test something."""
    os.mkfifo(folder / "pipe")
    return str(folder / "pipe")
