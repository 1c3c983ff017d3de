"""What is decided before anybody is asked: settings, names, schemas and texts."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from fsm_agents.errors import MissingExtra, MisuseError
from fsm_agents.plugins.mcp import MCPServerHTTP, MCPServerStdio
from fsm_agents.plugins.mcp.listing import Listed, choose, make_tools
from fsm_agents.plugins.mcp.result import clean
from fsm_agents.plugins.mcp.schema import checker
from fsm_agents.session.agent import Agent


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"name": "two words"}, "1 to 32 letters"),
        ({"timeout": 0}, "give seconds above 0"),
        ({"start_limit": True}, "give seconds above 0"),
        ({"max_result": 0}, "give a number of characters above 0"),
        ({"tools": "add"}, "give a list of the server's own names"),
        ({"pins": ["add"]}, "give what pins"),
        ({"pins": {"add": "yes"}}, "the pin of 'add' is no SHA-256 digest"),
        ({"pins": {"add": "0" * 64}, "tools": ["ad"]}, "'ad' has no pin; did you mean 'add'"),
        ({"args": "one two"}, "one for each argument"),
        ({"env": {"A": 1}}, "'A' is no text, or its value is none"),
        ({"tmeout": 3}, "did you mean 'timeout'"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_what_can(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(MisuseError, match=says):
        MCPServerStdio("server", **settings)


def test_a_header_that_would_be_two_is_refused() -> None:
    with pytest.raises(MisuseError, match="is no header"):
        MCPServerHTTP("https://example.com/mcp", {"X": "a\r\nY: b"})


def test_values_that_may_be_secret_are_in_no_repr() -> None:
    stdio = MCPServerStdio("/opt/server", ["--key", "canary"], {"KEY": "canary"})
    assert repr(stdio) == "MCPServerStdio('/opt/server', name='server')"
    assert "KEY" in repr(vars(stdio)["_env"])
    assert "canary" not in repr(vars(stdio)["_env"])
    http = MCPServerHTTP("https://mcp.example.com/mcp?key=canary", {"Authorization": "canary"})
    assert repr(http) == "MCPServerHTTP('https://mcp.example.com/mcp', name='mcp-example-com')"
    assert "canary" not in repr(vars(http))


def test_without_the_package_the_command_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(MissingExtra, match=r"MCPServerStdio needs the extra \[mcp\]: pip install 'fsm_agents\[mcp\]'"):
        MCPServerStdio("server")


def test_an_agent_takes_servers_and_refuses_what_is_none() -> None:
    one, other = MCPServerStdio("server", name="one"), MCPServerStdio("server", name="other")
    assert Agent(mcp_servers=[one, other]).mcp_servers == (one, other)
    assert Agent().mcp_servers == ()
    with pytest.raises(MisuseError, match="two MCP servers are called 'one'"):
        Agent(mcp_servers=[one, MCPServerStdio("server", name="one")])
    for wrong in ([7], [MCPServerStdio], ["https://example.com"]):
        with pytest.raises(MisuseError, match="is no server of tools"):
            Agent(mcp_servers=wrong)
    with pytest.raises(MisuseError, match="give a list of servers"):
        Agent(mcp_servers=one)  # type: ignore[arg-type]


def test_a_pin_is_of_name_description_and_schema_and_of_nothing_else() -> None:
    """The order of keys is no difference; each of the three is one."""
    pin = Listed.of("a", "b", {"type": "object", "title": "c"}).pin
    assert pin == Listed.of("a", "b", {"title": "c", "type": "object"}).pin
    assert len({pin, Listed.of("x", "b", {}).pin, Listed.of("a", "x", {}).pin, Listed.of("a", "b", {}).pin}) == 4


def _names(server: str, *tools: str) -> list[str]:
    plan = MCPServerStdio("server", name=server)._plan
    chosen = choose({name: Listed.of(name, "", {"type": "object"}) for name in tools}, plan)
    return [tool.name for tool in make_tools(chosen, plan, lambda _tool, _name: print)]


def test_names_fit_what_providers_take_and_differ_where_they_differed() -> None:
    assert _names("s", "read file", "größe") == ["s_read_file", "s_gr__e"]
    long = _names("server", "x" * 100, "x" * 101)
    assert all(len(name) == 64 for name in long)
    assert len(set(long)) == 2
    with pytest.raises(MisuseError, match="would both be called 's_a_b'"):
        _names("s", "a b", "a.b")


def test_arguments_are_checked_by_the_schema() -> None:
    check = checker(
        {
            "type": "object",
            "properties": {"n": {"type": "integer", "minimum": 1}, "kind": {"enum": ["a", "b"]}, "list": {"type": "array", "items": {"$ref": "#/$defs/s"}}},
            "required": ["n"],
            "additionalProperties": False,
            "$defs": {"s": {"type": "string"}},
        }
    )  # fmt: skip
    assert check({"n": 1, "kind": "a", "list": ["x"]}) == []
    assert set(check({"kind": "c", "list": ["x", 2], "more": 1})) == {
        "'n' is a required property",
        "kind: 'c' is not one of ['a', 'b']",
        "list.1: 2 is not of type 'string'",
        "Additional properties are not allowed ('more' was unexpected)",
    }


def test_a_schema_cannot_make_us_stand_still() -> None:
    """A regular expression that takes years, references that double at each step, go round, or lead to a network."""
    assert checker({"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}})({"a": "a" * 40 + "!"}) == []
    assert (
        checker({"type": "object", "patternProperties": {"(a+)+$": False}, "additionalProperties": False})({"a" * 40 + "!": 1})
        == []
    )
    doubling = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n - 1}"}] * 2} for n in range(1, 40)}
    for schema in (
        {"type": "object", "$ref": "#/$defs/d39", "$defs": {"d0": {}, **doubling}},
        {"type": "object", "$ref": "#"},
        {"type": "object", "$ref": "http://127.0.0.1:1/schema.json"},
    ):
        assert checker(schema)({"a": 1}) == ["they cannot be checked: the schema of this tool leads nowhere"]


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="no JSON schema"):
        checker({"type": "object", "properties": {"a": {"type": "nonsense"}}})


def test_text_is_cleaned_of_what_nobody_sees_and_of_nothing_else() -> None:
    assert clean("a\x1b[31mb\x1b]0;title\x07c\x00\u202ed\u200be\ufefff\r\ng\th\U000e0041") == "abcdef\ng\th"
    kept = "Größe 👨\u200d👩 می\u200cخواهم €"  # noqa: RUF001 - Persian
    assert clean(kept) == kept
