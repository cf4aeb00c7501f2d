"""Decisions that can be followed, and the file that they are appended to."""

import os
import threading

import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.review.decisions import append_decisions, decide, now, read_file
from synth_datasets.spec.reviews import row_digest

AT = "2026-01-01T00:00:00Z"


def test_a_decision_names_the_row_and_what_was_judged(rows, judged):
    made = decide(
        rows[0],
        judged,
        "fix",
        reviewer="ann",
        at=AT,
        values={"text": "Mine.", "label": "negative"},
        note=" a\nb ",
    )
    assert (made.row, made.digest, made.columns) == (rows[0].id, rows[0].digest, judged.columns)
    assert made.values == (("text", "Mine."),), "what the row holds already is no fix"
    assert made.gives == row_digest({"text": "Mine.", "label": "negative"}, judged.columns)
    assert made.note == "a b"
    assert (
        decide(rows[0], judged, "fix", reviewer="ann", at=AT, values={"label": "negative"}).verdict
        == "accept"
    )
    assert decide(rows[0], judged, "reject", reviewer="ann", at=AT, column="text").column == "text"


@pytest.mark.parametrize(
    ("verdict", "given", "words"),
    [
        ("maybe", {}, "is none of"),
        ("accept", {"values": {"text": "x"}}, "belong to a fix"),
        ("fix", {"values": {"product": "car"}}, "cannot be fixed"),
        ("fix", {"values": {"label": "neutral"}}, "no class of 'label'; it has: negative, positive"),
        ("fix", {"values": {"text": " \n"}}, "needs 1 to"),
        ("fix", {"values": {"text": "bell \x07"}}, r"U\+0007"),
        ("fix", {"values": {"text": "half \ud800"}}, r"U\+D800"),
        ("reject", {"column": "label"}, "cannot be asked again"),
    ],
)
def test_what_no_build_could_follow_is_refused(rows, judged, verdict, given, words):
    with pytest.raises(SettingsError, match=words):
        decide(rows[0], judged, verdict, reviewer="ann", at=AT, **given)


def test_lines_are_appended_and_read_back(tmp_path, rows, judged):
    path = tmp_path / "r.review.jsonl"
    assert read_file(path) == []
    every = [decide(row, judged, "accept", reviewer="ann", at=now()) for row in rows]
    append_decisions(path, every[:1])
    append_decisions(path, every[1:])
    assert read_file(path) == every
    assert path.read_text().count("\n") == len(every)


def test_what_a_kill_left_of_a_line_is_cut_off_and_a_whole_line_kept(tmp_path, rows, judged):
    path = tmp_path / "r.review.jsonl"
    one, two, three = (decide(row, judged, "accept", reviewer="ann", at=AT) for row in rows[:3])
    append_decisions(path, [one, two])
    whole = path.read_bytes()
    for cut in (1, 20, len(whole) // 2 - 1):
        path.write_bytes(whole[:-cut])
        append_decisions(path, [three])
        assert read_file(path) == ([one, two, three] if cut == 1 else [one, three])


def test_many_may_append_at_once(tmp_path, rows, judged):
    path = tmp_path / "r.review.jsonl"

    def write(name: str) -> None:
        for _ in range(10):
            append_decisions(
                path, [decide(row, judged, "accept", reviewer=name, at=now()) for row in rows[:2]]
            )

    threads = [threading.Thread(target=write, args=(name,)) for name in ("ann", "bo", "cy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_file(path)) == 60


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, rows, judged, monkeypatch):
    path = tmp_path / "r.review.jsonl"
    append_decisions(path, [decide(rows[0], judged, "accept", reviewer="ann", at=AT)])
    before = path.read_bytes()
    real = os.pwrite

    def half(handle: int, data: bytes, at: int) -> int:
        if at == len(before):
            return real(handle, data[:30], at)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(OSError, match="No space"):
        append_decisions(path, [decide(rows[1], judged, "accept", reviewer="ann", at=AT)])
    assert path.read_bytes() == before


def test_a_file_with_bad_lines_is_named(tmp_path):
    path = tmp_path / "r.review.jsonl"
    path.write_text("{}\n")
    with pytest.raises(SettingsError, match="line 1"):
        read_file(path)
