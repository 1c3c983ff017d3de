"""``GET /v1/models`` and ``/v1/models/{model}``: the names that the SDK's types know, and the script's own."""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.routing import Route

from fsm_agents.testing.provider.answer import Answer, json_answer
from fsm_agents.testing.provider.checks import check_model, named
from fsm_agents.testing.provider.serve import route
from fsm_agents.testing.provider.state import ProviderState

__all__ = ["known_models", "routes"]


@cache
def _of_the_sdk() -> frozenset[str]:
    from openai.types import AudioModel, ChatModel
    from openai.types.audio import SpeechModel
    from openai.types.shared import ResponsesModel

    return frozenset(named(AudioModel) | named(ChatModel) | named(SpeechModel) | named(ResponsesModel))


def known_models(state: ProviderState) -> set[str]:
    """The models that exist here."""
    return {*_of_the_sdk(), *state.script.models}


def _model(name: str) -> Any:
    from openai.types import Model

    return Model(id=name, created=0, object="model", owned_by="loopback")


def _list(state: ProviderState, _given: Any) -> Answer:
    models = [_model(name).to_dict() for name in sorted(known_models(state))]
    return json_answer({"object": "list", "data": models})


def _one(state: ProviderState, given: dict[str, Any]) -> Answer:
    check_model(given["model"], known_models(state))
    return json_answer(_model(given["model"]))


def routes(state: ProviderState) -> list[Route]:
    """The paths of this file."""
    return [route("/v1/models", _list, state, "GET"), route("/v1/models/{model:path}", _one, state, "GET")]
