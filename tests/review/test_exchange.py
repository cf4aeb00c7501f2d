"""Decisions through a spreadsheet, through Argilla's records, and as seeds."""

import csv
import io
import json

import pytest
import yaml

from synth_datasets.errors import SettingsError
from synth_datasets.review.decisions import decide
from synth_datasets.review.exchange import (
    argilla_records,
    csv_table,
    format_of,
    take_argilla,
    take_csv,
)
from synth_datasets.review.order import Sign
from synth_datasets.review.rows import BuiltRow
from synth_datasets.review.seeds import good_rows, seed_lines, seed_yaml
from synth_datasets.spec.reviews import row_digest

AT = "2026-01-01T00:00:00Z"
SIGNS = {"train/negative/0": [Sign(1.0, "near a limit")]}


@pytest.fixture
def decisions(rows, judged):
    return [
        decide(rows[0], judged, "accept", reviewer="ann", at=AT),
        decide(rows[0], judged, "reject", reviewer="bo", at=AT, note="dull"),
        decide(
            rows[1],
            judged,
            "fix",
            reviewer="ann",
            at=AT,
            values={"text": "Mine, “quoted”\nand long.", "label": "negative"},
        ),
        decide(rows[2], judged, "reject", reviewer="ann", at=AT),
    ]


def taken(found):
    return [(each.row, each.verdict, each.reviewer, each.values, each.note) for each in found.decisions]


@pytest.mark.parametrize(("write", "take"), [(csv_table, take_csv), (argilla_records, take_argilla)])
def test_what_goes_out_comes_back(write, take, rows, judged, decisions):
    out = write(rows, judged, SIGNS, decisions)
    assert take(out, rows, judged, decisions, reviewer="ann", at=AT).decisions == (), "nothing new"
    known = [decide(rows[5], judged, "accept", reviewer="bo", at=AT)]  # a name that the file knows
    again = take(out, rows, judged, known, reviewer="ann", at=AT)
    assert sorted(taken(again)) == sorted(
        (each.row, each.verdict, each.reviewer, each.values, each.note) for each in decisions
    )
    assert again.strangers == 0


@pytest.mark.parametrize(("write", "take"), [(csv_table, take_csv), (argilla_records, take_argilla)])
def test_decisions_on_rows_that_are_others_by_now_are_left_out_and_counted(
    write, take, rows, judged, decisions
):
    out = write(rows, judged, SIGNS, decisions)
    values = {**rows[0].values, "text": "Another text by now."}
    other = BuiltRow(id=rows[0].id, split="train", values=values, digest=row_digest(values, judged.columns))
    found = take(out, [other, *rows[2:]], judged, [], reviewer="ann", at=AT)
    assert ([each.row for each in found.decisions], found.strangers) == ([rows[2].id], 3)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_table_is_filled_in_by_hand(rows, judged, delimiter):
    table = csv_table(rows, judged, SIGNS, [])
    lines = list(csv.DictReader(io.StringIO(table)))
    assert len(lines) == len(rows)
    assert (lines[0]["why"], lines[0]["verdict"], lines[0]["text"]) == (
        "near a limit",
        "",
        rows[0].values["text"],
    )
    lines[0].update(verdict=" Reject ", reviewer="bo")
    lines[3].update({"verdict": "fix", "fix.label": "negative"})
    out = io.StringIO()
    writer = csv.DictWriter(out, lines[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(lines)
    found = take_csv(out.getvalue(), rows, judged, [], reviewer="me", at=AT)
    assert taken(found) == [
        (rows[0].id, "reject", "bo", (), ""),
        (rows[3].id, "fix", "me", (("label", "negative"),), ""),
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verdict": "fix"}, "to fix a row write what it shall hold into fix.label, fix.text"),
        ({"verdict": "accept", "text": "Mended in the wrong place."}, "text was changed, which says nothing"),
        ({"verdict": "fix", "text": "Mended in the wrong place."}, "to fix a row write"),
        ({"verdict": "accept", "text": "  {text} \r\n"}, ""),
        ({"verdict": "reject", "text": "no"}, ""),
        ({"verdict": "", "text": "no"}, ""),
    ],
)
def test_a_table_whose_changes_would_be_lost_is_refused(rows, judged, change, words):
    lines = list(csv.DictReader(io.StringIO(csv_table(rows, judged, SIGNS, []))))
    lines[1].update({name: said.format(text=lines[1]["text"]) for name, said in change.items()})
    out = io.StringIO()
    writer = csv.DictWriter(out, lines[0])
    writer.writeheader()
    writer.writerows(lines)
    if not words:
        assert len(take_csv(out.getvalue(), rows, judged, [], reviewer="me", at=AT).decisions) == bool(
            change["verdict"]
        )
        return
    with pytest.raises(SettingsError, match=f"{rows[1].id}: {words}"):
        take_csv(out.getvalue(), rows, judged, [], reviewer="me", at=AT)


def test_a_spreadsheet_runs_no_text_as_a_formula(rows, judged):
    values = {"label": "positive", "product": "@phone", "text": "=HYPERLINK(1)"}
    row = BuiltRow(
        id="train/positive/9", split="train", values=values, digest=row_digest(values, judged.columns)
    )
    fixed = decide(row, judged, "fix", reviewer="ann", at=AT, values={"text": "-1 of 5"})
    table = csv_table([row], judged, {}, [fixed])
    (line,) = csv.DictReader(io.StringIO(table))
    assert (line["text"], line["product"], line["fix.text"]) == ("'=HYPERLINK(1)", "'@phone", "'-1 of 5")
    assert take_csv(table, [row], judged, [fixed], reviewer="x", at=AT).decisions == ()


def test_records_have_the_keys_that_argilla_reads(rows, judged, decisions):
    records = json.loads(argilla_records(rows, judged, SIGNS, decisions))
    first = records[0]
    assert list(first) == ["id", "fields", "metadata", "suggestions", "responses", "vectors", "_server_id"]
    assert first["fields"] == rows[0].values
    assert first["metadata"] == {
        "row": rows[0].id,
        "digest": rows[0].digest,
        "split": "train",
        "why": "near a limit",
    }
    assert first["suggestions"]["fix_label"] == {
        "value": "negative",
        "score": None,
        "agent": "synth_datasets",
    }
    assert [each["value"] for each in first["responses"]["verdict"]] == ["accept", "reject"]
    assert len({each["user_id"] for each in first["responses"]["verdict"]}) == 2
    assert "ann" not in json.dumps(records)


def test_argilla_reads_the_records_and_gives_them_back(rows, judged, decisions, tmp_path):
    """By what `rg.Dataset.records.from_json` and `to_json` call, which need a server for nothing but the dataset."""
    io_of_argilla = pytest.importorskip("argilla.records._io._json", reason="needs argilla").JsonIO
    (tmp_path / "out.json").write_text(argilla_records(rows, judged, SIGNS, decisions), encoding="utf-8")
    records = io_of_argilla._records_from_json(tmp_path / "out.json")
    first = records[0]
    assert first.id == rows[0].id
    assert first.fields.to_dict() == rows[0].values
    assert first.metadata["why"] == "near a limit"
    assert first.suggestions["fix_label"].value == "negative"
    assert [each.value for each in first.responses["verdict"]] == ["accept", "reject"]
    sent = records[5].api_model().model_dump()  # as it goes to a server
    assert (sent["external_id"], sent["fields"]) == (rows[5].id, rows[5].values)
    io_of_argilla.to_json(records, tmp_path / "back.json")
    back = (tmp_path / "back.json").read_text(encoding="utf-8")
    known = [decide(rows[5], judged, "accept", reviewer="bo", at=AT)]  # a name that the file knows
    found = take_argilla(back, rows, judged, known, reviewer="ann", at=AT)
    assert sorted(taken(found)) == sorted(
        (each.row, each.verdict, each.reviewer, each.values, each.note) for each in decisions
    )


def test_answers_given_in_argilla_are_taken(rows, judged):
    """As `records.to_json` writes them: a user by UUID, an untouched suggestion repeated as an answer."""
    records = json.loads(argilla_records(rows[:3], judged, {}, []))
    user = "11111111-2222-3333-4444-555555555555"
    for record, given in zip(
        records,
        [
            {"verdict": "accept", "fix_text": rows[0].values["text"]},
            {"fix_label": "negative", "fix_text": rows[1].values["text"]},
            {},
        ],
        strict=True,
    ):
        record["responses"] = {name: [{"value": value, "user_id": user}] for name, value in given.items()}
    found = take_argilla(json.dumps(records), rows, judged, [], reviewer="me", at=AT)
    assert taken(found) == [
        (rows[0].id, "accept", "11111111", (), ""),
        (rows[1].id, "fix", "11111111", (("label", "negative"),), ""),
    ]


@pytest.mark.parametrize(
    ("take", "text", "words"),
    [
        (take_csv, "a,b\n1,2\n", "no column digest, row, verdict"),
        (take_argilla, "{", "no JSON"),
        (take_argilla, "{}", "a list of records"),
        (take_argilla, "[1]", "a list of records"),
    ],
)
def test_what_is_no_table_and_no_records_is_refused(take, text, words, rows, judged):
    with pytest.raises(SettingsError, match=words):
        take(text, rows, judged, [], reviewer="me", at=AT)


def test_accepted_and_fixed_rows_are_seeds_by_what_reviewers_come_to(rows, judged, decisions):
    good = good_rows(rows, judged, decisions)
    assert [(each["id"], each["label"]) for each in good] == [(rows[1].id, "negative")], "a tie is no nod"
    more = [*decisions, decide(rows[0], judged, "accept", reviewer="cy", at=AT)]
    good = [json.loads(line) for line in seed_lines(good_rows(rows, judged, more)).splitlines()]
    assert [each["id"] for each in good] == [rows[0].id, rows[1].id]
    fixed = {**rows[1].values, "label": "negative", "text": "Mine, “quoted”\nand long."}
    assert good[1] == {**fixed, "id": rows[1].id, "split": "train"}
    mended = BuiltRow(id=rows[1].id, split="train", values=fixed, digest=decisions[2].gives)
    assert [each["text"] for each in good_rows([mended], judged, decisions)] == [fixed["text"]]


def test_what_a_spec_says_of_them_keeps_rows_in_their_splits_where_it_can(rows, judged):
    decisions = [decide(row, judged, "accept", reviewer="ann", at=AT) for row in rows]
    good = good_rows(rows, judged, decisions)
    said = yaml.safe_load(seed_yaml("x.seeds.jsonl", good, judged, ["train"]))
    assert said["seeds"] == {
        "file": "x.seeds.jsonl",
        "text": "text",
        "label": "label",
        "split": "split",
        "id": "id",
    }
    assert said["columns"]["shown"] == {"seed": "text", "count": 3, "same": "label", "hidden": True}
    dealt = yaml.safe_load(seed_yaml("x.seeds.jsonl", good, judged, ["train", "test"]))
    assert "split" not in dealt["seeds"]
    assert "count" not in dealt["columns"]["shown"]


def test_the_format_follows_from_the_name(tmp_path):
    assert [format_of(tmp_path / f"x{end}", None) for end in (".csv", ".json", ".jsonl")] == [
        "csv",
        "argilla",
        "seeds",
    ]
    assert format_of(tmp_path / "x.txt", "csv") == "csv"
    with pytest.raises(SettingsError, match="--format"):
        format_of(tmp_path / "x.txt", None)
