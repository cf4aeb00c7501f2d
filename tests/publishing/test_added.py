"""What is measured beside other people's rows goes into a release and leaves its lock alone."""

import csv
import json
import re
import shutil

import pytest
import yaml

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.errors import PublishError
from synth_datasets.publishing.added import inserted
from synth_datasets.publishing.card import card_for_repo
from synth_datasets.publishing.markdown import framed
from synth_datasets.publishing.release import check_target, read_release, verify_release
from synth_datasets.publishing.uploads import Extras, release_uploads
from synth_datasets.publishing.verify import differing_files, verify
from synth_datasets.quality.report import QualityReport

SPEC = {
    "name": "made",
    "model": "m",
    "columns": {
        "label": {"classes": ["negative", "positive"]},
        "text": {"prompt": "Write a {{ label }} review."},
    },
    "splits": {"train": 12},
}
PRIVATE = "Quiltwick of Nether Poppleton"


@pytest.fixture
def made(tmp_path, endpoint, monkeypatch):
    """Build the spec, with real rows where they are asked for; `folder` says where."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    (tmp_path / "x.synth.yaml").write_text(yaml.safe_dump(SPEC), encoding="utf-8")
    with (tmp_path / "real.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [
            [f"{PRIVATE} said {n} times that it works.", ("positive", "negative")[n % 2]] for n in range(80)
        ]
        csv.writer(file).writerows([["review", "label"], *rows])
    given = {"base_url": endpoint.base_url, "store": str(tmp_path / "store")}

    def make(folder, real=None):
        return build(
            tmp_path / "x.synth.yaml",
            tmp_path / folder,
            cache_dir=tmp_path / "cache",
            options=given,
            real=real,
        )

    return make


def read(folder, name):
    return (folder / name).read_text(encoding="utf-8")


def test_a_build_beside_real_rows_says_so_everywhere_and_its_lock_is_that_without(made, tmp_path):
    plain = made("plain")
    real = made("real", f"{tmp_path / 'real.csv'}:review")
    assert read(plain.folder, "synth.lock") == read(real.folder, "synth.lock")
    assert list(differing_files(plain.release.lock, read_release(real.folder).lock)) == []
    report = QualityReport.from_json(read(real.folder, "quality.json"))
    (beside,) = report.real
    assert (beside.source, beside.rows, beside.of_real) == ("real.csv", 12, 80)
    assert json.loads(read(real.folder, "real.json"))[0]["digest"] == beside.digest
    card, page = read(real.folder, "README.md"), read(real.folder, "report.html")
    assert "### Beside real rows" in card
    assert f"(SHA-256 `{beside.digest[:16]}`): 12 rows of each" in card
    assert "| rows labelled positive | 50 % | 50 % |" in card
    assert "- **Beside real rows**" not in card
    assert "Not measured: " in card
    assert "Beside real rows" in next(line for line in card.splitlines() if line.startswith("- Not measured"))
    assert card.index("### Quality") < card.index("### Beside real rows") < card.index("## Bias")
    assert 'id="real"' in page
    assert "eside real rows" not in read(plain.folder, "README.md") + read(plain.folder, "report.html")


def test_nothing_that_real_rows_say_gets_into_the_release(made, tmp_path):
    folder = made("real", f"{tmp_path / 'real.csv'}:review").folder
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            assert not [
                word for word in PRIVATE.lower().split() if len(word) > 2 and word.encode() in content
            ], path


def test_it_is_verified_pushed_and_replaced_as_any_other(made, tmp_path):
    folder = made("real", f"{tmp_path / 'real.csv'}:review").folder
    assert verify(folder).beside == ()
    release = read_release(folder)
    verify_release(release)
    uploads = {upload.path for upload in release_uploads(release, "org/made", Extras())}
    assert {"real.json", "quality.json", "plots/labels.png", "plots/map.png"} <= uploads
    assert "x.synth.yaml" not in release.spec_files
    assert not [path for path in release.spec_files if path.startswith("plots/")]
    check_target(folder)
    again = made("real")
    assert not (again.folder / "real.json").exists()
    assert verify(again.folder).beside == ()


def test_real_rows_are_written_into_a_finished_build_and_again(made, tmp_path, capsys):
    folder = made("out").folder
    lock = read(folder, "synth.lock")
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            main(["report", str(folder), "--real", f"{tmp_path / 'real.csv'}:review", "--write"])
        assert ended.value.code == 0, capsys.readouterr().err
    assert read(folder, "README.md").count("### Beside real rows") == 1
    assert read(folder, "synth.lock") == lock
    assert verify(folder).beside == ()
    with pytest.raises(SystemExit) as ended:
        main(["report", str(folder), "--write"])
    assert ended.value.code != 0
    assert "name them with --real FILE" in capsys.readouterr().err


def test_what_was_cut_off_in_the_middle_is_told_and_put_right(made, tmp_path):
    folder = made("real", f"{tmp_path / 'real.csv'}:review").folder
    (folder / "report.html").write_text("half", encoding="utf-8")
    with pytest.raises(PublishError, match=r"report\.html"):
        check_target(folder)
    with pytest.raises(SystemExit) as ended:
        main(["report", str(folder), "--real", f"{tmp_path / 'real.csv'}:review", "--write"])
    assert ended.value.code == 0
    assert verify(folder).beside == ()


def test_damage_to_what_was_added_or_amended_is_found(made, tmp_path):
    good = made("real", f"{tmp_path / 'real.csv'}:review").folder
    for name in ("real.json", "quality.json", "plots/labels.png", "report.html", "data/train-00000.parquet"):
        folder = tmp_path / "broken"
        shutil.copytree(good, folder)
        (folder / name).write_bytes(b"x")
        with pytest.raises(PublishError, match=re.escape(name)):
            verify(folder)
        shutil.rmtree(folder)


def test_without_anything_added_a_lock_pins_report_and_plots(made):
    folder = made("out").folder
    lock = read_release(folder).lock
    assert {"report.html", "quality.json", "plots/labels.png", "plots/lengths.png"} <= lock.files.keys()
    card = read(folder, "README.md")
    assert "![Rows by class: negative 6 of 6 asked; positive 6 of 6 asked](plots/labels.png)" in card
    assert "plots/labels.png" in card_for_repo(card, "org/made", "1.0.0")
    (folder / "plots/labels.png").unlink()
    with pytest.raises(PublishError, match=r"plots/labels\.png: missing"):
        verify(folder)


def test_without_matplotlib_there_are_no_plots_and_the_card_shows_none(made, monkeypatch):
    monkeypatch.setattr("synth_datasets.quality.pictures.find_spec", lambda name: None)
    folder = made("out").folder
    assert not (folder / "plots").exists()
    assert "plots/" not in read(folder, "README.md")
    assert verify(folder).beside == ()


def test_a_section_stands_once_and_in_its_place():
    page = "a\n## Bias\nb\n"
    once = inserted(page, "x", "one", r"^## Bias")
    assert once == f"a\n{framed('x', 'one')}\n\n## Bias\nb\n"
    assert (
        inserted(once, "x", r"two \1", r"^## Bias")
        == f"a\n{framed('x', 'two ' + chr(92) + '1')}\n\n## Bias\nb\n"
    )
    assert inserted("a", "x", "one", "^never").endswith(framed("x", "one") + "\n\n")
