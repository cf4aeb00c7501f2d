"""The card: golden, without holes, and unbroken by whatever a spec or a row holds."""

import os
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from datasets import Features, List, Value
from datasets.info import DatasetInfosDict
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCard
from markdown_it import MarkdownIt

from synth_datasets.errors import PublishError
from synth_datasets.features import features_of
from synth_datasets.publishing.card import card_for_repo, render_card
from synth_datasets.publishing.facts import CardFacts, Figure, SplitFacts, endpoint_kind
from synth_datasets.publishing.header import card_version, header_of
from synth_datasets.spec.model import (
    ClassesColumn,
    DatasetSpec,
    Field,
    FieldsColumn,
    ModelSpec,
    PerValue,
    Prompt,
    PromptColumn,
    Split,
)
from synth_datasets.spec.templates import Template
from synth_datasets.validation.outcome import Tally

# Not `.md`: formatters of Markdown would change it.
GOLDEN = Path(__file__).parent / "golden" / "customer_feedback.card"
HOSTILE = "```\n---\n{{ '{{ hole }}' }} | <script>alert(1)</script>\n# Heading\n<!-- comment\n~~~~\n"


def test_the_card_is_the_golden_one(facts):
    """After a change that is meant, run this with WRITE_GOLDEN=1 and read the difference."""
    card = render_card(facts)
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_text(card, encoding="utf-8")
    assert card == GOLDEN.read_text(encoding="utf-8")


def test_the_card_is_a_function_of_its_facts(facts):
    assert render_card(facts) == render_card(replace(facts))


def test_the_header_tells_datasets_what_it_needs(facts):
    card = DatasetCard(render_card(facts))
    (config,) = card.data.configs
    assert config == {
        "config_name": "default",
        "data_files": [
            {"split": "train", "path": "data/train-*.parquet"},
            {"split": "test", "path": "data/test-*.parquet"},
        ],
        "version": "1.0.0",
        "description": f"sha256:{facts.digest}",
    }
    info = DatasetInfosDict.from_dataset_card_data(card.data)["default"]
    assert info.features == facts.features
    assert {name: split.num_examples for name, split in info.splits.items()} == {"train": 6, "test": 3}
    assert (info.download_size, info.dataset_size) == (3500, 450)
    assert MetadataConfigs.from_dataset_card_data(card.data)["default"]["version"] == "1.0.0"
    assert card_version(render_card(facts)) == ("1.0.0", facts.digest)


def test_the_digest_changes_with_the_data_and_not_with_the_order_of_splits(facts):
    other = replace(facts.splits[0], digest="c" * 64)
    assert replace(facts, splits=(other, facts.splits[1])).digest != facts.digest
    assert replace(facts, splits=facts.splits[::-1]).digest == facts.digest


def test_what_is_unknown_leaves_no_line_behind(facts):
    bare = DatasetSpec(
        name="bare",
        model=ModelSpec("m"),
        splits=(Split("train", 1),),
        columns=(
            PromptColumn(name="text", prompt=Prompt(PerValue(None, {}, Template("Write.")), ModelSpec("m"))),
        ),
    )
    card = render_card(
        CardFacts(
            spec=bare,
            fingerprint="f" * 64,
            features=features_of(bare),
            splits=(SplitFacts(name="train", num_examples=1, num_bytes=1, file_bytes=1, digest="a" * 64),),
        )
    )
    for word in ("None", "{{", "More Information", "License", "Language", "Cost", "Quality", "Selection"):
        assert word not in card.replace("`{{ … }}`", ""), word
    for word in ("Tokens", "Asked at", "Answered by", "Packages", "Sample rows", "label is what"):
        assert word not in card, word
    assert "with the sampling parameters of the endpoint" in card
    assert not re.search(r"\n{3,}", card)
    assert card.endswith("\n")
    assert not card.endswith("\n\n")


def test_hostile_texts_stay_where_they_belong(facts, spec):
    names = ("a\n---\nb", "x\u2028---\u2028y", "c: d # e")
    text = spec.columns[-1]
    broken = replace(
        spec,
        description=HOSTILE,
        pretty_name="---\nlicense: mit",
        tags=("one\n---\ntwo", "{{ tag }}"),
        columns=(
            ClassesColumn(name="label", names=names, weights=(1, 1, 1)),
            replace(
                text,
                prompt=Prompt(PerValue("label", {names[0]: Template(HOSTILE)}, Template("x")), spec.model),
            ),
        ),
    )
    sample = {"label": 0, "text": HOSTILE + "`" * 9}
    hostile = replace(
        facts,
        spec=broken,
        features=features_of(broken),
        splits=(replace(facts.splits[0], sample=sample),),
        quality=(Figure(HOSTILE, HOSTILE, HOSTILE),),
        citation=HOSTILE,
        endpoint=HOSTILE,
        packages={},
    )
    card = render_card(hostile)
    data = DatasetCard(card).data
    assert data.pretty_name == "---\nlicense: mit"
    assert data.license == "cc0-1.0"
    assert data.tags[2:] == ["one\n---\ntwo", "{{ tag }}"]
    info = DatasetInfosDict.from_dataset_card_data(data)["default"]
    assert tuple(info.features["label"].names) == names
    # Both readers find the same end of the header: the Hub's by a pattern, that of datasets by lines.
    lines = card.splitlines()
    assert yaml.safe_load("\n".join(lines[1 : lines.index("---", 1)])) == data.to_dict()
    tokens = MarkdownIt("commonmark").enable("table").parse(card.split("\n---\n", 1)[1])
    headings = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
    assert "Heading" not in headings
    assert headings[-2:] == ["Rebuild", "Citation"]
    ours = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert ours == ["<!-- figures -->", "<!-- /figures -->"]
    assert not [token for token in tokens if token.type == "hr"]
    inline = [child.type for token in tokens for child in token.children or ()]
    assert "html_inline" not in inline
    shown = [token.content for token in tokens if token.type == "fence"]
    assert "{{ '{{ hole }}' }}" in "".join(shown)
    assert HOSTILE in shown


def test_an_address_is_published_only_if_it_is_everybodys():
    assert endpoint_kind("https://api.openai.com/v1") == "OpenAI's API"
    assert endpoint_kind("http://10.0.0.7:8000/v1") == "an OpenAI-compatible endpoint"
    assert endpoint_kind("embedded b179c952") == "embedded b179c952"


def test_a_repository_gets_the_line_that_loads_this_version(facts):
    card = render_card(facts)
    remote = card_for_repo(card, "org/reviews", "1.0.0")
    assert 'ds = load_dataset("org/reviews", revision="v1.0.0")' in remote
    assert "path/to/this/folder" not in remote
    assert len(remote.splitlines()) == len(card.splitlines())
    assert card_for_repo(remote, "org/copy", "1.0.1") == card_for_repo(card, "org/copy", "1.0.1")


def test_a_short_build_says_so(facts, tallies):
    tallies["train"].missing["positive"] = 2
    card = render_card(replace(facts, tallies=tallies, empty_splits=("validation",)))
    assert "2 of the rows that the spec asks for" in card
    assert "| rows missing | 2 | 0 | **2** |" in card
    assert "| `positive` | 3 | 2 | 1 | 0 |" in card
    assert "No row was accepted for validation" in card


def test_reasons_name_their_column_once_there_are_several(facts):
    tally = Tally(
        answers=4, accepted=Counter({"": 1}), rejected=Counter({("", "q", "echo"): 2, ("", "a", "echo"): 1})
    )
    card = render_card(replace(facts, tallies={"train": tally}))
    assert "| rejected: `echo` in `q` | 2 |" in card
    assert "By class" not in card


def test_a_structured_answer_shows_its_fields(facts, spec):
    column = FieldsColumn(
        name="review",
        prompt=spec.columns[-1].prompt,
        fields=(
            Field("rating", "integer", minimum=1, maximum=5, description="5 is best"),
            Field("tags", "list", maximum=3),
        ),
    )
    changed = replace(spec, columns=(*spec.columns[:-1], column))
    card = render_card(replace(facts, spec=changed, features=features_of(changed)))
    assert "| `rating` | integer from 1 to 5 | 5 is best |" in card
    assert "| `tags` | `list of string` |  |" in card


def test_any_feature_has_a_type_to_show(facts):
    features = Features({"where": {"city": Value("string")}, "scores": List(Value("float64"))})
    card = render_card(replace(facts, features=features))
    assert "| `scores` | `list of float64` |  |" in card
    assert "| `where` | `{city: string}` |  |" in card


def test_a_long_text_in_a_sample_is_cut_with_a_count(facts):
    sample = {"text": "x" * 2_500}
    card = render_card(replace(facts, splits=(replace(facts.splits[0], sample=sample),)))
    assert "x … (500 more characters)" in card


def test_the_command_names_what_was_laid_over_the_spec(facts):
    assert (
        "synth build customer_feedback.synth.yaml --num-examples 9 --model smollm2-135m-instruct"
        in render_card(facts)
    )
    per_split = render_card(replace(facts, overrides={"num_examples": {"train": 6}}))
    assert 'data_files="customer_feedback.synth.yaml", num_examples={"train": 6})' in per_split
    assert "synth build" not in per_split


def test_a_card_without_a_header_names_no_version():
    assert card_version("# Hand made\n") == ("", "")
    with pytest.raises(PublishError, match="YAML header"):
        header_of("---\na: [\n---\n")
