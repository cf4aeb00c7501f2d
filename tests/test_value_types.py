"""The types of stored columns are those of `datasets.Features`, and store values alike."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from datasets import Dataset, Features
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.features import feature_of, features_of, types_of
from synth_datasets.spec import load_spec
from synth_datasets.value_types import TEXT, Each, Label, Plain, Struct, ValueType, schema_of, tables_of

ROOT = Path(__file__).resolve().parents[1]
SPECS = sorted((ROOT / "builders").glob("*/*.synth.yaml"))
NAMES = ("low", "middle", "höch", "7")

leaves = st.sampled_from(
    [TEXT, Plain("int32"), Plain("int64"), Plain("float64"), Plain("bool"), Label(NAMES)]
)
types = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Each, inner)
        | st.builds(Struct, st.tuples(st.tuples(st.just("a"), inner), st.tuples(st.just("b"), inner)))
    ),
    max_leaves=5,
)


def values(of: ValueType) -> st.SearchStrategy[object]:  # noqa: PLR0911 - one line a kind
    match of:
        case Plain("string"):
            return st.text(st.characters(exclude_categories=["Cs"]))
        case Plain("float64"):
            return st.floats(allow_nan=False) | st.integers(-(2**53), 2**53)
        case Plain("bool"):
            return st.booleans()
        case Plain():
            return st.integers(-(2**31), 2**31 - 1)
        case Label():
            return st.sampled_from(of.names)
        case Each():
            return st.lists(values(of.item), max_size=3)
        case Struct():
            return st.fixed_dictionaries({name: values(each) for name, each in of.fields})


@given(st.data())
def test_values_are_stored_as_datasets_stores_them(data):
    columns = {"x": data.draw(types), "y": data.draw(types)}
    rows = data.draw(
        st.lists(st.fixed_dictionaries({n: values(of) for n, of in columns.items()}), max_size=9)
    )
    features = Features({name: feature_of(of) for name, of in columns.items()})
    assert schema_of(columns).equals(features.arrow_schema)
    tables = [*tables_of(columns, rows)]
    assert [table.num_rows for table in tables] == [
        n for n in (min(2, len(rows)), min(4, len(rows) - 2), len(rows) - 6) if n > 0
    ]
    ours = pa.concat_tables(tables) if tables else schema_of(columns).empty_table()
    theirs = Dataset.from_list(rows, features=features) if rows else None
    assert ours.to_pylist() == (theirs.with_format("arrow")[:].to_pylist() if theirs else [])


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.parent.name)
def test_each_builder_s_columns_have_the_schema_of_its_features(spec):
    parsed = load_spec(spec)
    assert schema_of(types_of(parsed)).equals(features_of(parsed).arrow_schema)


def test_what_real_rows_do_not_know_is_stored_as_nothing():
    columns = {"text": TEXT, "label": Label(NAMES), "tags": Each(Label(NAMES)), "n": Plain("float64")}
    [table] = tables_of(columns, [dict.fromkeys(columns)])
    assert table.to_pylist() == [dict.fromkeys(columns)]


def test_types_are_told_without_datasets():
    code = (
        "import sys\n"
        "from synth_datasets.features import types_of\n"
        "from synth_datasets.spec import load_spec\n"
        "from synth_datasets.value_types import schema_of\n"
        "print(len(schema_of(types_of(load_spec(sys.argv[1])))), 'datasets' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, SPECS[0]], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False"
