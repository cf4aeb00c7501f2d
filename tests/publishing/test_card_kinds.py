"""A card for each kind of dataset: golden, without holes, accepted by the Hub's checks, its code runs as it stands."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import datasets
import pytest
import yaml
from huggingface_hub import DatasetCard, DatasetCardData, constants
from markdown_it import MarkdownIt

from synth_datasets.features import features_of
from synth_datasets.publishing.card import card_for_repo, card_parts, default_citation, render_card
from synth_datasets.publishing.croissant import croissant_json
from synth_datasets.publishing.facts import CardFacts, Figure, SplitFacts
from synth_datasets.publishing.kinds import KINDS, card_kind
from synth_datasets.publishing.readers import reader_lines
from synth_datasets.publishing.vocabulary import TASKS
from synth_datasets.publishing.votes import vote_lines
from synth_datasets.publishing.writing import write_release
from synth_datasets.quality.beside_real import BesideReal, FigurePair
from synth_datasets.quality.figures import FamilyVerdict
from synth_datasets.quality.pictures import Picture
from synth_datasets.resources import shipped
from synth_datasets.spec import parse_spec
from synth_datasets.spec.card import CARD_PARTS, read_card
from synth_datasets.spec.problems import Problems
from synth_datasets.spec.reviews import Reviews, Ruling
from synth_datasets.spec.templates import Template

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
TALK = [
    {"role": "user", "content": "My lamp is broken."},
    {"role": "assistant", "content": "We send a new one."},
]
SPAN = {"start": 0, "end": 7, "label": 0, "text": "Ada Lim"}

SPECS = {
    "classification": (
        """
        task: text-classification
        model: gpt-5-mini
        columns:
          label: {classes: [negative, positive]}
          text: {prompt: "Write a {{ label }} review."}
        checks: {label: {verify: {votes: 3, agree: 2, agreement: agreed}}}
        """,
        {"label": 1, "text": "Works.", "agreed": 3},
    ),
    "conversation": (
        """
        task: text-generation
        model: meta-llama/Llama-3.1-8B-Instruct
        columns:
          problem: {sample: [a late parcel, a broken lamp], hidden: true}
          chat:
            messages:
              turns: [2, 4]
              system: You are a support agent.
              keep_system: false
              user: {system: "You have {{ problem }}."}
        """,
        {"chat": TALK},
    ),
    "preference": (
        """
        model: claude-sonnet-4-5
        columns:
          device: {sample: [a kettle, a bicycle], hidden: true}
          pair:
            preference:
              prompt: How do I look after {{ device }}?
              judge: {rubric: Prefer the correct answer., model: {id: qwen3-8b}}
        """,
        {
            "prompt": [{"role": "user", "content": "How do I look after a kettle?"}],
            "chosen": [{"role": "assistant", "content": "Descale it."}],
            "rejected": [{"role": "assistant", "content": "Leave it."}],
        },
    ),
    "token_classification": (
        """
        task: token-classification
        model: smollm2-135m-instruct
        columns:
          person: {sample: [Ada Lim, Bo Berg], hidden: true}
          text: {prompt: "Write a sentence about {{ person }}."}
          entities: {spans: {in: text, find: {person: person}, tags: true}}
        """,
        {
            "text": "Ada Lim won.",
            "entities": [SPAN],
            "tokens": ["Ada", "Lim", "won", "."],
            "ner_tags": [1, 2, 0, 0],
        },
    ),
    "question_answering": (
        """
        task: question-answering
        model: some-model-of-ours
        columns:
          topic: {sample: [ferries, bakeries], hidden: true}
          context: {prompt: "Write a paragraph about {{ topic }}."}
          answers: {answer: {in: context, pick: number, text: reply}}
          question: {prompt: "{{ context }} Ask what is answered by {{ reply }}."}
        """,
        {
            "context": "There are 7 ferries.",
            "answers": {"text": ["7"], "answer_start": [10]},
            "question": "How many ferries are there?",
        },
    ),
    "dataset_card": (
        """
        model: gemini-2.5-flash
        columns: {text: {prompt: Write a haiku.}}
        """,
        {"text": "Old pond, a frog jumps."},
    ),
}


def made(kind, **changes):
    spec = {"name": f"a_{kind}", "license": "cc-by-4.0", "language": "en", "splits": {"train": 2}}
    spec |= yaml.safe_load(SPECS[kind][0]) | changes
    return parse_spec(yaml.safe_dump(spec, sort_keys=False), origin="x.synth.yaml", read_file=Path.read_text)


def facts_of(kind):
    spec, row = made(kind), SPECS[kind][1]
    features = features_of(spec)
    assert features.keys() == row.keys()
    train = SplitFacts(name="train", num_examples=2, num_bytes=9, file_bytes=900, digest="a" * 64, sample=row)
    return CardFacts(
        spec=spec, fingerprint="f" * 64, features=features, splits=(train,), endpoint="OpenAI's API"
    )


@pytest.fixture(params=SPECS)
def kind(request):
    return request.param


def test_every_kind_has_its_golden_card(kind):
    """After a change that is meant, run this with WRITE_GOLDEN=1 and read the difference."""
    card = render_card(facts_of(kind))
    golden = GOLDEN / f"{kind}.card"
    if os.environ.get("WRITE_GOLDEN"):
        golden.write_text(card, encoding="utf-8")
    assert card == golden.read_text(encoding="utf-8")


def test_the_template_follows_from_the_columns(kind):
    facts = facts_of(kind)
    assert card_kind(facts.features, facts.spec.task)[0] == kind
    if kind in KINDS:
        assert card_kind(facts.features, None)[0] == kind
    assert (shipped("cards") / f"{kind}.md").is_file()


def test_a_task_decides_where_several_templates_fit():
    features = features_of(made("token_classification"))
    features["label"] = datasets.ClassLabel(names=["a", "b"])
    assert card_kind(features, None)[0] == "token_classification"
    assert card_kind(features, "text-classification") == (
        "classification",
        {"label": "label", "text": "text"},
    )
    assert card_kind(features, "question-answering")[0] == "token_classification"


def test_no_card_has_a_hole_or_a_placeholder(kind):
    facts = facts_of(kind)
    card = card_for_repo(render_card(facts), "org/data", "1.0.0")
    # What a spec's own prompts and texts hold is shown as it is.
    shown = re.sub(r"\{\{ (…|device|problem|person|label|text|topic|context|reply) \}\}", "", card)
    assert not re.search(
        r"\{\{|\}\}|\{%|\[More Information|\[optional|None|path/to|TODO|OWNER|<[a-z_]+ here>", shown
    )
    headings = re.findall(r"(?m)^(#+) (.+)\n\n(#*)", card)
    empty = [name for marks, name, after in headings if after and len(after) <= len(marks)]
    assert empty == []
    assert not re.search(r"\n{3,}", card)


def test_headings_stand_in_the_order_of_the_hubs_own_template(kind):
    template = Path(constants.__file__).parent / "templates/datasetcard_template.md"
    theirs = [re.sub(r" \[optional\]", "", name) for name in _headings(template.read_text(encoding="utf-8"))]
    ours = _headings(render_card(facts_of(kind)))
    shared = [name for name in ours if name in theirs]
    assert shared == [name for name in theirs if name in ours]
    assert len(shared) >= 10


def test_the_header_passes_what_the_hub_can_check_offline(kind):
    card = DatasetCard(render_card(facts_of(kind)))
    data = card.data
    assert isinstance(data, DatasetCardData)
    resources = Path(datasets.__file__).parent / "utils/resources"
    sizes = json.loads((resources / "size_categories.json").read_text())
    creators = json.loads((resources / "creators.json").read_text())
    assert set(data.size_categories) <= set(sizes)
    assert set(data.task_categories or ()) <= TASKS
    assert set(data.annotations_creators) <= set(creators["annotations"])
    assert set(data.language_creators) <= set(creators["language"])
    assert {"synthetic", "synth_datasets"} <= set(data.tags)
    assert all(re.fullmatch(r"[\w.:/+-]+", tag) for tag in data.tags)


def test_the_code_of_a_card_runs_as_it_stands(kind, tmp_path):
    spec, row = made(kind), SPECS[kind][1]
    rows = datasets.Dataset.from_list([row, row], features=features_of(spec))
    folder = tmp_path / "release"
    write_release(folder, spec=spec, fingerprint="f" * 64, dataset=datasets.DatasetDict(train=rows))
    card = (folder / "README.md").read_text(encoding="utf-8").replace("path/to/this/folder", str(folder))
    code = [
        token.content
        for token in MarkdownIt().parse(card)
        if token.type == "fence" and token.info == "python"
    ]
    names = {}
    for block in code[:-1]:  # the last one builds it again
        exec(block, names)
    assert names["ds"]["train"][0] == row
    assert len(code) == (2 if kind == "dataset_card" else 3)


def test_terms_of_the_generator_are_told_and_warned_of(kind, tmp_path):
    facts = facts_of(kind)
    card = render_card(facts)
    told = {
        "classification": "OpenAI's terms",
        "conversation": "Llama Community License",
        "preference": "Anthropic's commercial terms",
        "token_classification": "apache-2.0",
        "question_answering": "not known here: check them",
        "dataset_card": "Google's Gemini API terms",
    }[kind]
    assert told in card
    assert ("**Terms of the generator:**" in card) == (
        kind not in ("token_classification", "question_answering")
    )
    rows = datasets.Dataset.from_list([SPECS[kind][1]], features=facts.features)
    release = write_release(
        tmp_path / "r", spec=facts.spec, fingerprint="f" * 64, dataset=datasets.DatasetDict(train=rows)
    )
    assert any(told in warning for warning in release.warnings) == ("**Terms of the generator:**" in card)


def test_votes_are_told():
    spec = made("classification")
    assert vote_lines(spec) == (
        "label: 3 answers of models that were shown the text alone; rows with fewer than 2 votes for their label were "
        "rejected",
    )
    for on, words in (("relabel", "the one with the most votes"), ("keep", "kept whatever the votes say")):
        verify = {"votes": 3, "on_disagreement": on, "agreement": "agreed"}
        (line,) = vote_lines(made("classification", checks={"label": {"verify": verify}}))
        assert words in line
    assert vote_lines(made("conversation")) == ()


def test_a_model_that_read_the_texts_is_named_as_their_reader_and_not_as_a_writer():
    reading = {"within": [10, 400], "model": "org/reader", "tokens": 32, "column": "ppl"}
    facts = facts_of("classification")
    spec = made("classification", checks={"text": {"perplexity": reading}})
    facts = replace(facts, spec=spec, features=features_of(spec))
    card = render_card(facts)
    assert card.count("org/reader") == 1
    assert (
        "- **Read for its perplexity:** text, at most 32 tokens of each, by org/reader, which wrote none of it; a "
        "perplexity below 10 or above 400 was rejected, and that of the others is in the column ppl"
    ) in card
    assert "text.perplexity" not in card
    assert "The answer is a JSON object" not in card
    assert "org/reader" not in croissant_json(facts, license_url="", citation="")
    (hidden,) = reader_lines(made("classification", checks={"text": {"perplexity": [10, 400]}}))
    assert hidden.endswith("a perplexity below 10 or above 400 was rejected")
    assert reader_lines(made("classification")) == ()


def test_what_people_did_is_not_denied():
    facts = facts_of("classification")
    rulings = {
        "train/a/0": (Ruling(("text",), "0" * 32, "reject"),),
        "x": (Ruling(("text",), "1" * 32, "accept"),),
    }
    spec = replace(facts.spec, reviews=Reviews(file="x.review.jsonl", rulings=rulings, key="k"))
    card = render_card(replace(facts, spec=spec))
    assert "No person wrote these rows." in card
    assert "(`x.review.jsonl`): 1 accepted, 1 rejected." in card
    assert "judged by nobody" not in card


def test_figures_of_real_rows_stand_beside_the_datasets_own():
    facts = facts_of("classification")
    figures = (
        Figure("distinct-2", 0.61, "higher is more varied", real=0.72, share=True),
        Figure("rows", 2, "of all splits"),
    )
    card = render_card(replace(facts, quality=figures))
    assert "| figure | value | of real rows | meaning |" in card
    assert "| distinct-2 | 61 % | 72 % | higher is more varied |" in card
    assert "| rows | 2 | of all splits |" in card
    assert "of real rows" not in render_card(replace(facts, quality=figures[1:]))


def test_verdicts_stand_above_the_figures_with_their_reasons():
    verdicts = (
        FamilyVerdict(family="overlap", verdict="fail", reasons=("text: 8 % of <test> is in train", "more")),
        FamilyVerdict(family="labels", verdict="pass", reasons=("as asked",)),
        FamilyVerdict(family="bias", verdict="unmeasured", reasons=("none",)),
    )
    facts = replace(facts_of("classification"), quality=(Figure("rows", 2, "all"),), verdicts=verdicts)
    card = render_card(facts)
    assert "- **Overlap of splits** fails: text: 8 % of &lt;test&gt; is in train." in card
    assert "- Within bounds: Labels.\n- Not measured: Bias." in card
    assert "Within bounds" not in render_card(replace(facts, verdicts=()))


def test_plots_and_real_rows_are_shown_where_there_are_some():
    facts = facts_of("classification")
    pair = FigurePair(name="near duplicates", unit="share", made=0.25, real=0.0)
    beside = BesideReal(
        column="text", source="re|al.csv", digest="e" * 64, rows=9, of_made=9, of_real=40, figures=(pair,),
        length_distance=0.5, length_distance_of_real=0.25, likeness=None, told_apart=None, notes=("x is not there",),
    )  # fmt: skip
    picture = Picture(name="labels.png", said="Rows by class: [a](b) 1; c| 2", png=b"")
    card = render_card(
        replace(facts, quality=(Figure("rows", 2, "all"),), pictures=(picture,), real=(beside,))
    )
    tokens = [child for token in MarkdownIt().enable("table").parse(card) for child in token.children or ()]
    (image,) = [token for token in tokens if token.type == "image"]
    assert image.attrs["src"] == "plots/labels.png"
    assert image.content == "Rows by class: \\[a\\](b) 1; c\\| 2"
    assert "| near duplicates | 25 % | 0 % |" in card
    assert "| distance of lengths | 0.50 | 0.25 |" in card
    assert "Not measured: x is not there." in card
    assert render_card(facts).count("plots/") == 0


def test_labels_have_their_names_wherever_they_are():
    card = render_card(facts_of("token_classification"))
    assert "ClassLabel, text: string}` | label: 0 = person |" in card
    assert "| `ner_tags` | `list of ClassLabel` | 0 = O, 1 = B-person, 2 = I-person |" in card


def test_cost_is_told_where_it_is_known():
    facts = facts_of("classification")
    assert "Cost" not in render_card(facts)
    assert "- **Cost:** 1.20 USD for these tokens" in render_card(replace(facts, cost="1.20 USD"))


def test_a_card_of_ones_own_is_put_together_from_the_same_parts():
    facts = facts_of("token_classification")
    source = (
        "# {{ title }}\n\nOurs.\n\n{{ warning }}\n\n{{ load }}\n"
        "{% if quality %}\n## Quality\n{% endif %}\n{{ terms }}\n"
    )
    card = render_card(replace(facts, spec=replace(facts.spec, card=Template(source))))
    page = card.split("\n---\n", 1)[1]
    assert page.startswith("\n# a_token_classification\n\nOurs.\n\n> **Written by a language model.**")
    assert "## Quality" not in page
    assert DatasetCard(card).data.to_dict() == DatasetCard(render_card(facts)).data.to_dict()
    assert 'load_dataset("org/x", revision="v1.0.0")' in card_for_repo(card, "org/x", "1.0.0")
    assert card.endswith("the terms of whoever serves the model.\n")


def test_the_card_of_the_reference_is_one():
    (source,) = re.findall(
        r"```jinja\n(.*?)```", (ROOT / "builders" / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    facts = facts_of("classification")
    problems = Problems()
    template = read_card(source, problems, line=0, where="")
    assert problems.all() == ()
    card = render_card(
        replace(facts, spec=replace(facts.spec, card=template), quality=(Figure("rows", 2, "all"),))
    )
    assert "## How good they are\nComputed on this version; " in card
    assert "Ask data@example.com." in card


def test_every_part_that_a_card_may_name_is_there_and_every_block_is_a_part(kind):
    parts = card_parts(facts_of(kind))
    assert parts.keys() == CARD_PARTS
    blocks = set()
    for file in shipped("cards").glob("*.md"):
        blocks |= set(re.findall(r"{% block (\w+) %}", file.read_text(encoding="utf-8")))
    assert blocks - {"own_limits"} | {"title"} == CARD_PARTS
    for name in (
        "title",
        "warning",
        "details",
        "load",
        "uses",
        "features",
        "splits",
        "terms",
        "rebuild",
        "citation",
    ):
        assert parts[name].strip(), name
    assert parts["quality"] == parts["selection"] == ""


def test_a_citation_names_only_what_is_known():
    facts = facts_of("classification")
    braces = replace(facts, spec=replace(facts.spec, pretty_name="Bad } name {\n"))
    assert "title = {Bad name}," in default_citation(braces)
    assert "year" not in default_citation(facts)
    assert "author" not in default_citation(facts)


def _fences(card):
    return [token.content for token in MarkdownIt().parse(card) if token.type == "fence"]


def _headings(card):
    tokens = MarkdownIt().parse(card)
    return [tokens[index + 1].content for index, token in enumerate(tokens) if token.type == "heading_open"]
