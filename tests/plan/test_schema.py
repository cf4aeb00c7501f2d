import json

from synth_datasets.plan.schema import MAX_ITEMS, MAX_STRING, json_schema_of, schema_text
from synth_datasets.spec.model import Field, FieldsColumn, ModelSpec, PerValue, Prompt
from synth_datasets.spec.templates import Template


def _column(*fields: Field) -> FieldsColumn:
    return FieldsColumn(
        name="review", prompt=Prompt(PerValue(None, {}, Template("x")), ModelSpec("m")), fields=fields
    )


def _property(field: Field):
    return json_schema_of(_column(field))["properties"][field.name]


def test_an_object_of_required_properties_and_nothing_else():
    schema = json_schema_of(_column(Field("title", "string"), Field("a", "boolean")))
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["title", "a"]
    assert schema["properties"]["a"] == {"type": "boolean"}


def test_properties_keep_the_order_of_the_spec():
    text = schema_text(_column(Field("zeta", "string"), Field("alpha", "string")))
    assert text.index("zeta") < text.index("alpha")
    assert json.loads(text)["required"] == ["zeta", "alpha"]


def test_every_string_has_an_end():
    assert _property(Field("t", "string")) == {"type": "string", "maxLength": MAX_STRING}
    assert _property(Field("t", "string", minimum=5, maximum=80)) == {
        "type": "string",
        "minLength": 5,
        "maxLength": 80,
    }
    assert _property(Field("t", "string", minimum=3000))["maxLength"] == 3000


def test_every_list_has_an_end():
    assert _property(Field("t", "list")) == {
        "type": "array",
        "items": {"type": "string", "maxLength": MAX_STRING},
        "maxItems": MAX_ITEMS,
    }
    bounded = _property(Field("t", "list", minimum=1, maximum=4))
    assert (bounded["minItems"], bounded["maxItems"]) == (1, 4)


def test_few_integers_are_listed_and_many_bounded():
    assert _property(Field("n", "integer", minimum=1, maximum=5)) == {
        "type": "integer",
        "enum": [1, 2, 3, 4, 5],
    }
    assert len(_property(Field("n", "integer", minimum=0, maximum=63))["enum"]) == 64
    assert _property(Field("n", "integer", minimum=0, maximum=64)) == {
        "type": "integer",
        "minimum": 0,
        "maximum": 64,
    }
    assert _property(Field("n", "integer", minimum=0.5)) == {"type": "integer", "minimum": 1}
    assert _property(Field("n", "integer")) == {"type": "integer"}


def test_numbers_labels_and_descriptions():
    assert _property(Field("x", "number", minimum=0.5)) == {"type": "number", "minimum": 0.5}
    labels = Field("l", "classes", classes=("good", "bad"), description="Overall.")
    assert _property(labels) == {"description": "Overall.", "type": "string", "enum": ["good", "bad"]}
