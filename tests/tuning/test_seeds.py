"""Rows become the prompts that the spec would have sent for them; needs no torch."""

import json

import pytest
from specs import write_spec

from synth_datasets.errors import SettingsError
from synth_datasets.spec import load_spec
from synth_datasets.tuning.seeds import column_to_tune, lessons, read_seeds

ROWS = [
    {"label": "positive", "text": " I like this laptop. ", "product": "laptop", "id": "1"},
    {"label": "negative", "text": "It broke.", "product": "toaster", "id": "1"},
    {"label": "negative", "text": "", "product": "phone", "id": "2"},
]


def taught(folder, rows=ROWS, *, names=None, column=None, **changes):
    folder.mkdir(exist_ok=True)
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    spec = load_spec(write_spec(folder, **changes))
    chosen = column_to_tune(spec, column)
    read = read_seeds(path, spec, chosen, group="id", names=names or {})
    return read, lessons(spec, chosen, read)


def test_each_row_is_asked_for_with_its_own_values_by_the_prompt_of_its_class(tmp_path):
    read, found = taught(tmp_path)
    assert read.groups == ("1", "1")  # the row without a text is left out
    assert read.drawn == ("tone",)
    tones = ("plain", "ironic")
    said = [lesson.request.messages[-1].content for lesson in found]
    assert said[0] in [f"Write a {tone} positive review of a laptop." for tone in tones]
    assert said[1] in [f"Write a {tone} negative review of a toaster." for tone in tones]
    assert [lesson.answer for lesson in found] == ["I like this laptop.", "It broke."]
    assert taught(tmp_path)[1] == found


def test_names_of_the_file_may_differ(tmp_path):
    rows = [{"review": row["text"], "sentiment": row["label"], "id": row["id"]} for row in ROWS]
    read, found = taught(tmp_path, rows, names={"text": "review", "label": "sentiment"})
    assert [values["label"] for values in read.values] == ["positive", "negative"]
    assert "positive review" in found[0].request.messages[-1].content
    with pytest.raises(SettingsError, match="--rename text=THEIRS"):
        taught(tmp_path, rows)


def test_an_answer_goes_on_from_its_opening_where_it_begins_with_it(tmp_path):
    columns = {"text": {"prompt": "Write.", "opening": "I like"}}
    _, (first, second) = taught(tmp_path, columns=columns)
    assert (first.request.opening, first.answer) == ("I like", " this laptop.")
    assert (second.request.opening, second.answer) == ("", "It broke.")
    assert second.asked.opening == "I like"


def test_what_cannot_be_taught_is_told(tmp_path):
    with pytest.raises(SettingsError, match="which is none of negative, positive"):
        taught(tmp_path, [{"label": "great", "text": "Good.", "id": "1"}])
    columns = {"one": {"prompt": "Write."}, "two": {"prompt": "Write."}}
    with pytest.raises(SettingsError, match=r"there are 2 .*one, two"):
        taught(tmp_path, columns=columns)
    columns = {"text": {"prompt": "Like {{ example }}:"}, "example": {"seed": "text"}}
    with pytest.raises(SettingsError, match="shows seeds"):
        taught(tmp_path, ROWS[:2], columns=columns, seeds={"file": "rows.jsonl", "text": "text"})
    columns = {"title": {"prompt": "A title."}, "text": {"prompt": "Write about {{ title }}."}}
    with pytest.raises(SettingsError, match="--rename title=THEIRS"):
        taught(tmp_path, columns=columns, column="text")


def test_texts_that_a_model_writes_first_come_from_the_rows(tmp_path):
    columns = {
        "title": {"prompt": "A title."},
        "loud": {"text": "{{ title | upper }}"},
        "text": {"prompt": "Write about {{ loud }}."},
    }
    rows = [{"title": "cats", "text": "They purr.", "id": "1"}]
    _, (lesson,) = taught(tmp_path, rows, columns=columns, column="text")
    assert lesson.request.messages[-1].content == "Write about CATS."
