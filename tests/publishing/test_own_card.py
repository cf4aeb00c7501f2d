"""Cards of one's own through whole builds: kept with the release, rebuilt with it, refused before anything is asked."""

import json
from pathlib import Path

import datasets
import pytest
from specs import write_spec

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.errors import SpecError
from synth_datasets.publishing.card import card_for_repo
from synth_datasets.publishing.release import read_release
from synth_datasets.publishing.verify import verify
from synth_datasets.rebuild import rebuild

CARD = "# {{ title }}\n\nMade for our own tests.\n\n{{ load }}\n\n{{ models }}\n"
FEW = {"splits": {"train": 2}, "checks": {"text": {"unique": "off"}}}


@pytest.fixture
def options(endpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNTH_API_KEY", "sk-test")
    return {"base_url": endpoint.base_url, "store": str(tmp_path / "answers.sqlite")}


def test_the_specs_own_card_goes_with_the_release_and_comes_back_in_a_rebuild(options, own_home, tmp_path):
    config = own_home / "config" / "synth_datasets" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('currency = "EUR"\n[prices.some-model]\ninput = 1000\noutput = 1000\n')
    _write(tmp_path / "spec/words.txt")
    spec = write_spec(tmp_path / "spec", card="words.txt", **FEW)
    built = build(spec, tmp_path / "out", cache_dir=tmp_path / "cache", options=options, with_answers=True)
    card = (built.folder / "README.md").read_text(encoding="utf-8")
    assert "Made for our own tests." in card
    assert "## Bias" not in card
    tokens = built.quality.whole.funnel.prompt_tokens + built.quality.whole.funnel.completion_tokens
    assert f"- **Cost:** {tokens / 1000:.2g} EUR for these tokens" in card
    assert (built.folder / "words.txt").read_text(encoding="utf-8") == CARD
    assert "words.txt" in read_release(built.folder).spec_files
    assert "croissant.json" not in read_release(built.folder).spec_files
    verify(built.folder)
    again = rebuild(str(built.folder), options={})
    assert again.other_files == ()
    remote = card_for_repo(card, "org/reviews", "1.0.0")
    assert "`synth pull org/reviews@v1.0.0`" in remote
    loaded = datasets.load_dataset(str(built.folder), cache_dir=str(tmp_path / "loaded"))
    assert loaded["train"].num_rows == 2


def test_a_card_can_be_given_to_a_build_and_a_bad_one_costs_nothing(options, endpoint, tmp_path, capsys):
    spec = write_spec(tmp_path / "spec", model={"id": "gpt-5-mini"}, **FEW)
    (tmp_path / "bad.md").write_text("{{ load }} {{ trace }}")
    with pytest.raises(SpecError, match="no part 'trace'"):
        build(spec, tmp_path / "out", cache_dir=tmp_path / "cache", options=options, card="bad.md")
    assert endpoint.count == 0
    _write(tmp_path / "good.md")
    given = ["--base-url", options["base_url"], "--store", options["store"]]
    with pytest.raises(SystemExit) as ended:
        main(["build", str(spec), "-o", "out", "--card", "good.md", "--cache-dir", "cache", *given])
    told = capsys.readouterr()
    assert ended.value.code == 0, told.err
    assert "Warning: what gpt-5-mini writes may be restricted: read OpenAI's terms" in told.err
    card = Path("out/README.md").read_text(encoding="utf-8")
    assert "Made for our own tests." in card
    assert "Cost" not in card
    assert json.loads(Path("out/croissant.json").read_text())["citeAs"].startswith("@misc{reviews_1_0_0")
    verify(Path("out"))


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CARD, encoding="utf-8")
