"""What a model wrote cannot steer the terminal, nor crash the command."""

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.cli.printing import printable


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_nothing_that_a_terminal_obeys_is_left(text):
    shown = printable(text)
    assert not [
        letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t"
    ]
    shown.encode()


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_in_json_it_still_means_the_same(text):
    assert json.loads(printable(json.dumps({"text": text}, ensure_ascii=False))) == {"text": text}


def test_plain_text_of_any_script_stays_as_it_is():
    text = "Grüße, 世界!\tĐây là\nघर 👩‍👩‍👧 مرحبا"
    assert printable(text) is text or printable(text) == text


def test_escapes_are_shown():
    assert printable("\x1b[31mred\x1b[0m\x07\r\x9b2J") == "\\u001b[31mred\\u001b[0m\\u0007\\u000d\\u009b2J"
    assert printable("user\u202etxt.exe \ud800") == "user\\u202etxt.exe \\ud800"
