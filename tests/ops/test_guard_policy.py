"""The table that the operator sees, and what counts as the house."""

import json

import pytest

from guardrails.policy import STANDARD, Stage
from ops.guard_policy import bounds, told
from ops.settings import SettingsError, load, table
from ops.settings_guard import in_house


@pytest.mark.parametrize(
    "url",
    "http://127.0.0.1:1/v1 http://localhost/v1 http://gpu-1:30000/v1 http://10.1.2.3/v1 http://[::1]/v1"
    " http://llm.ai.svc.cluster.local/v1 https://model.lan./v1 http://[fd00::1]:8/v1 http://MODEL.internal".split(),
)
def test_what_only_we_can_reach_is_in_the_house(url: str) -> None:
    assert in_house(url)


@pytest.mark.parametrize(
    "url", ["https://api.example.com/v1", "http://8.8.8.8/v1", "http://local.example/v1", "http://[2606:4700::1]/v1"]
)
def test_what_others_can_reach_is_outside(url: str) -> None:
    assert not in_house(url)


def test_model_and_index_are_judged_apart_unless_they_are_declared() -> None:
    settings = load(model_url="https://api.example.com/v1", embedding_url="http://gpu-1/v1")
    assert (bounds(settings).model, bounds(settings).index) == (Stage.OUTSIDE, Stage.SEARCH)
    declared = settings.model_copy(update={"model_place": "house", "masked_collections": ("hr",)})
    assert (bounds(declared).model, bounds(declared).masked_collections) == (Stage.MODEL, frozenset({"hr"}))
    assert bounds(load(milvus_url="https://milvus.example.com")).index is Stage.OUTSIDE
    assert bounds(load(model_place="outside")).model is Stage.MODEL  # nothing but our own is asked


def test_the_table_names_every_kind_and_stage() -> None:
    lines = list(told(load(guard_policy="CH_UID@kept=allow"), jsonl=False))
    assert lines[0].split() == ["kind", *Stage, "telemetry"]
    assert [line.split()[0] for line in lines[1 : len(STANDARD.rules) + 1]] == list(STANDARD.rules)
    rows = [json.loads(line) for line in told(load(guard_policy="CH_UID@kept=allow"), jsonl=True)]
    (row,) = [row for row in rows if row["kind"] == "CH_UID"]
    assert (row["kept"], row["outside"], row["telemetry"]) == ("allow", "mask", "no text")


def test_a_wrong_policy_stops_the_start_with_its_name_value_and_an_example() -> None:
    with pytest.raises(
        SettingsError, match=r"HAUSGEIST_GUARD_POLICY='PERSON@model=no'.*; for example PERSON@model=allow"
    ):
        load(guard_policy="PERSON@model=no")
    assert "PERSON@model=allow" in table(load(guard_policy="PERSON@model=allow"))
