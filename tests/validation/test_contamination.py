"""Texts that hold part of a test set: found by its rows alone, never repeated, never published."""

import json
import random

import pytest
from fake_endpoint import FakeEndpoint, text
from specs import review_spec, write_spec

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.errors import PublishError, SpecError
from synth_datasets.publishing.readiness import check_spec
from synth_datasets.publishing.release import read_release
from synth_datasets.quality.leaks import contaminated
from synth_datasets.rebuild import rebuild
from synth_datasets.spec import fingerprint, ingredients, load_spec, parse_spec
from synth_datasets.spec.evaluation_set import EvaluationSet
from synth_datasets.spec.seed_data import Source
from synth_datasets.validation.contamination import find_test_copy

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
SECRET = "Zanzibar kettles hum a quiet tune while purple lanterns swing above the silver harbour wall"
CHECKS = {"text": {"contamination": {"file": "test.csv", "column": "review"}}}


def held_out(*texts: str) -> EvaluationSet:
    return EvaluationSet(Source(("test.csv",)), "text", texts)


def write(folder, *texts, column="review", name="test.csv", **changes):
    (folder / name).write_text("\n".join([column, *texts]) + "\n", encoding="utf-8")
    return write_spec(folder, **{"checks": CHECKS, **changes})


def test_thirteen_words_in_a_row_are_a_copy_and_twelve_are_none():
    """The rule of Brown et al. 2020, appendix C, as in the measure of the same name."""
    before, words = "An unrelated beginning that goes on for quite a while. ", LONG.split()
    rows = held_out("Something else.", LONG + before[::-1] * 3)

    found = find_test_copy(before + " ".join(words[1:14]), rows)

    assert found is not None
    assert (found.reason, found.detail) == ("test_copy", "13 words in a row of test text 2 of test.csv")
    assert find_test_copy(before + " ".join(words[1:13]), rows) is None


def test_a_short_test_row_is_found_where_the_text_is_nearly_the_same():
    rows = held_out("The battery died after two days.", "Nice.")

    assert "similarity" in find_test_copy("the battery died after TWO days!", rows).detail
    assert find_test_copy("The battery is fine after two years of use.", rows) is None
    assert find_test_copy("Nice", rows) is not None


@pytest.mark.parametrize("odd", ["", " \n", "。", "x\ud800", "这个产品非常好用", "w x. " * 200_000])
def test_texts_of_any_kind_are_compared(odd):
    assert find_test_copy(odd, held_out("The battery died after two days.")) is None
    if odd.strip():
        assert find_test_copy(odd, held_out("Other.", odd)) is not None


def test_the_check_finds_what_the_measure_finds_in_real_rows(reviews):
    draw = random.Random(1)
    texts = draw.sample([each for each in reviews if len(each.split()) > 3], 2000)
    test, clean = texts[:600], texts[600:]
    rows = [*clean, *(f"{test[row]} indeed" for row in draw.sample(range(600), 20))]
    known = held_out(*dict.fromkeys(test))

    found = {row for row, each in enumerate(rows) if find_test_copy(each, known)}

    assert set(contaminated(rows, test)) <= found
    assert len({row for row in found if row >= len(clean)}) >= 18
    assert len({row for row in found if row < len(clean)}) <= 0.05 * len(clean)


def test_a_build_asks_again_and_neither_release_nor_message_holds_a_test_row(
    tmp_path, endpoint: FakeEndpoint, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    first = iter([f"Honestly: {SECRET}, they said."])
    endpoint.rule = lambda body: next((text(each) for each in first), None)
    path = write(tmp_path, SECRET, '"Another row, with a comma."')
    options = {"base_url": endpoint.base_url, "store": str(tmp_path / "store")}

    made = build(path, tmp_path / "out", cache_dir=tmp_path / "cache", options=options)

    reasons = [reason for tally in made.tallies.values() for (_, _, reason) in tally.rejected.elements()]
    assert reasons == ["test_copy"]
    rows = [row["text"] for split in made.dataset.values() for row in split]
    assert (len(rows), any("Zanzibar" in row for row in rows)) == (8, False)
    files = [each for each in (tmp_path / "out").rglob("*") if each.is_file()]
    assert not [each for each in files if each.name == "test.csv"]
    shown = [each for each in files if each.suffix != ".parquet" and "trace" not in each.parts]
    assert not [each for each in shown if b"Zanzibar" in each.read_bytes()]
    card = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "any of the 2 texts of test.csv" in card
    assert "test_copy" in card

    check_spec(read_release(tmp_path / "out"), [tmp_path])
    given = {"answers": None, "store": tmp_path / "store", "options": {"base_url": endpoint.base_url}}
    with pytest.raises(PublishError, match=r"was made with test\.csv, which it does not hold"):
        rebuild(str(tmp_path / "out"), **given)
    again = rebuild(str(tmp_path / "out"), beside=tmp_path, **given)
    assert again.splits == made.release.lock.splits


def test_the_rows_of_the_test_set_count_and_not_where_they_lie(tmp_path):
    plain = load_spec(write_spec(tmp_path))
    spec = load_spec(write(tmp_path, "one row", "two rows"))
    elsewhere = {"text": {"contamination": {"file": ["a.csv", "test.csv"]}}}
    write(tmp_path, "two rows", column="text", name="a.csv")
    moved = load_spec(write(tmp_path, "one row", "one row", column="text", checks=elsewhere))
    more = load_spec(write(tmp_path, "one row", "two rows", "three"))

    assert len({fingerprint(each) for each in (plain, spec, moved, more)}) == 3
    assert spec.checks == moved.checks
    assert ingredients(spec)["checks.text.held_out"] == spec.checks["text"].held_out.key
    assert not spec.files


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"file": "tets.csv", "column": "review"}, "there is no file 'tets.csv' (did you mean 'test.csv'?)"),
        ({"file": "test.csv", "column": "revew"}, "there is no column 'revew' (did you mean 'review'?)"),
        ({"file": "/etc/passwd"}, "outside of the spec's folder"),
        ({"file": "test.txt"}, "is none of .csv"),
        ({"file": "test.csv", "colum": "review"}, "unknown key 'colum' (did you mean 'column'?)"),
        ({"column": "review"}, "`file` is missing"),
        ({"file": "empty.csv"}, "holds no text in 'text'"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path, given, said):
    (tmp_path / "empty.csv").write_text("text\n \n")
    path = write(tmp_path, "a row", checks={"text": {"contamination": given}})

    with pytest.raises(SpecError) as caught:
        load_spec(path)

    assert said in str(caught.value)
    assert "checks.text.contamination" in str(caught.value)
    assert caught.value.problems[0].line > 1


def test_turns_of_a_dialogue_read_the_test_set_once():
    read = []

    def rows(name: str) -> str:
        read.append(name)
        return "review\na row\n"

    chat = {"messages": {"turns": [2, 8], "user": {"prompt": "Ask."}, "assistant": {"system": "Help."}}}
    spec = review_spec(columns={"chat": chat}, checks={"chat": CHECKS["text"]})
    made = parse_spec(json.dumps(spec), origin="chats", read_file=rows)

    assert read == ["test.csv"]
    assert sum(checks.held_out is not None for checks in made.checks.values()) == 8


def test_check_counts_the_texts(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["check", str(write(tmp_path, "a row", "another"))])

    assert not ended.value.code
    assert "contamination: 2 texts of test.csv" in capsys.readouterr().out
