"""The garbage collector while an engine asks: it sees what is new, and everything again afterwards."""

import gc

import pytest

from synth_datasets.generation import collector
from synth_datasets.generation.answer import Answer
from synth_datasets.generation.collector import older_objects_spared
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.request import Message, Request


@pytest.fixture(autouse=True)
def nothing_frozen(monkeypatch):
    """A thread that another test has left to itself may still spare objects."""
    monkeypatch.setattr(collector, "_users", 0)
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_older_objects_are_hidden_until_all_are_done():
    with older_objects_spared():
        with older_objects_spared():
            assert gc.get_freeze_count() > 1000
        assert gc.get_freeze_count() > 1000
        new: list[object] = []
        new.append(new)
        del new
        assert gc.collect() >= 1, "what is new is collected"
    assert gc.get_freeze_count() == 0


def test_what_the_program_has_frozen_itself_stays_frozen():
    gc.freeze()
    frozen = gc.get_freeze_count()
    with older_objects_spared():
        assert gc.get_freeze_count() <= frozen
    assert gc.get_freeze_count() > 1000


class Looking:
    """A backend that tells how many objects are frozen."""

    identity = "e"
    concurrency = 1

    async def ask(self, asked: Request) -> Answer:
        return Answer(key=asked.key, text=str(gc.get_freeze_count()))

    async def close(self) -> None:
        pass


def test_an_engine_spares_them_as_long_as_it_asks(tmp_path):
    asked = Request(endpoint="e", model="m", messages=(Message("user", "x"),), seed=1)
    with AnswerStore(tmp_path / "answers.sqlite") as answers, Engine(Looking, answers) as engine:
        engine.submit(asked)
        [(_, answer)] = engine.wait()
    assert int(answer.text) > 1000
    assert gc.get_freeze_count() == 0
