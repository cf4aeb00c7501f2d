"""The Hub's words for a spec's metadata; a value beyond them is warned about, never refused."""

from dataclasses import replace

import pytest
from datasets.utils.resources import __path__ as resources

from synth_datasets.publishing.header import card_header
from synth_datasets.publishing.vocabulary import hub_terms, size_category


def test_what_the_hub_knows_is_taken_without_a_word(spec):
    terms = hub_terms(spec)
    assert (terms.license, terms.license_name, terms.languages, terms.tasks, terms.warnings) == (
        "cc0-1.0",
        None,
        ("en",),
        ("text-classification",),
        (),
    )


def test_an_unknown_licence_is_other_with_a_name(spec, facts):
    terms = hub_terms(replace(spec, license="My Own, v2"))
    assert (terms.license, terms.license_name) == ("other", "my-own-v2")
    assert "'My Own, v2'" in terms.warnings[0]
    assert "license_name: my-own-v2" in card_header(replace(facts, spec=replace(spec, license="My Own, v2")))


def test_an_unknown_task_stays_and_is_warned_about(spec):
    terms = hub_terms(replace(spec, task="mind-reading"))
    assert terms.tasks == ("mind-reading",)
    assert "mind-reading" in terms.warnings[0]


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ({"task": "text-clasification"}, "'text-classification'"),
        ({"license": "apache2"}, "'apache-2.0'"),
        ({"license": "cc-by-sa-4"}, "'cc-by-sa-4.0'"),
    ],
)
def test_what_is_almost_a_word_of_the_hub_is_told_with_it(spec, changes, meant):
    assert hub_terms(replace(spec, **changes)).warnings[0].endswith(f"(did you mean {meant}?)")


@pytest.mark.parametrize("changes", [{"task": "mind-reading"}, {"license": "proprietary"}])
def test_nothing_is_guessed_for_a_word_of_ones_own(spec, changes):
    assert "did you mean" not in hub_terms(replace(spec, **changes)).warnings[0]


def test_regions_are_kept_apart_from_languages(spec):
    terms = hub_terms(replace(spec, language=("pt-BR", "pt-PT", "klingonish")))
    assert terms.languages == ("pt",)
    assert terms.locales == ("pt-BR", "pt-PT")
    assert terms.warnings == ("language 'klingonish' is not a code of ISO 639; the Hub will not find it",)


def test_no_licence_is_worth_a_warning(spec):
    assert "no licence" in hub_terms(replace(spec, license=None)).warnings[0]


@pytest.mark.parametrize(
    ("rows", "name"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**6, "1M<n<10M"), (10**9, "1B<n<10B")],
)
def test_sizes_carry_the_hubs_names(rows, name):
    import json
    from pathlib import Path

    assert size_category(rows) == name
    assert name in json.loads((Path(resources[0]) / "size_categories.json").read_text())
