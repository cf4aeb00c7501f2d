"""A card of one's own in a spec: read from beside it, checked whole, no part of what can change rows."""

import pytest

from synth_datasets.errors import SpecError
from synth_datasets.spec import digest, fingerprint, load_spec
from synth_datasets.spec.card import CARD_PARTS, load_card

SPEC = "name: x\nmodel: m\ncolumns: {text: {prompt: Write.}}\nsplits: {train: 1}\n"
GOOD = "# {{ title }}\n\n{{ load }}\n{% if quality %}\n{{ quality }}\n{% endif %}\n"


@pytest.fixture
def load(tmp_path):
    """Load a spec that names the card with this text; None: there is no such file."""

    def load(text, *, card="card: mine.md\n"):
        if text is not None:
            (tmp_path / "mine.md").write_text(text, encoding="utf-8")
        (tmp_path / "x.synth.yaml").write_text(SPEC + card, encoding="utf-8")
        return load_spec(tmp_path)

    return load


def test_a_card_is_read_from_beside_the_spec(load):
    spec = load(GOOD)
    assert spec.card is not None
    assert spec.card.source == GOOD
    assert spec.files == {"mine.md": GOOD}
    assert load(None, card="").card is None


def test_a_card_changes_what_is_shown_and_no_row(load):
    plain, own, other = load(None, card=""), load(GOOD), load(GOOD + "More.\n")
    assert fingerprint(plain) == fingerprint(own) == fingerprint(other)
    assert len({digest(plain), digest(own), digest(other)}) == 3


MISTAKES = {
    "{{ load }} {{ qualty }}": "a card has no part 'qualty'; did you mean 'quality'?",
    "{{ load }} {{ zzz }}": "a card has no part 'zzz'; there are annotations, beside_real, citation,",
    "{{ title }}": "the card does not say how it is loaded; put {{ load }} where it should",
    "---\nlicense: mit\n---\n{{ load }}": "the card has a header; leave it out: it is written for you",
    "{{ load }}\n{{ load.__class__ }}": "line 2 of the card: attribute access",
    "{{ load }}{% include 'x' %}": "`include` is not allowed",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_told_with_the_line_of_the_spec(load, text, tmp_path):
    with pytest.raises(SpecError) as raised:
        load(text)
    told = "; ".join(f"{each.message}; {each.hint}" for each in raised.value.problems)
    assert MISTAKES[text] in told
    assert {each.line for each in raised.value.problems} == {5}
    with pytest.raises(SpecError, match="card"):
        load_card(tmp_path / "mine.md")


def test_several_mistakes_are_told_at_once(load):
    with pytest.raises(SpecError) as raised:
        load("---\n{{ one }} {{ two }}")
    assert len(raised.value.problems) == 4


@pytest.mark.parametrize(
    "card", ["card: ../mine.md\n", "card: /etc/passwd\n", "card: none.md\n", "card: {file: mine.md}\n"]
)
def test_a_card_lies_beside_the_spec_and_is_named_by_its_path(load, card):
    with pytest.raises(SpecError) as raised:
        load(GOOD, card=card)
    assert "card" in str(raised.value)


def test_a_card_may_be_read_from_anywhere_by_whoever_runs_it(tmp_path):
    path = tmp_path / "other.md"
    path.write_text(GOOD, encoding="utf-8")
    assert load_card(path).names <= CARD_PARTS
    with pytest.raises(SpecError, match="no file"):
        load_card(tmp_path / "none.md")
