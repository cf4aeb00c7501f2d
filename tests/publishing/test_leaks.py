"""Keys planted in answers, files, seeds, the spec and the environment: none gets out, and none is repeated."""

import csv
import json

import pytest
from fake_endpoint import Reply
from leaks import SECRETS
from specs import review_spec, write_spec

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.publishing.push import push

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
KINDS = {kind for kind, _ in SECRETS.values()}
VALUES = [secret for _, secret in SECRETS.values()]
CHECKS = {"text": {"unique": "off", "refusals": "keep", "echo": "keep", "repetition": "keep"}}


@pytest.fixture
def make(endpoint, tmp_path, monkeypatch):
    """Build a spec whose splits hold a row for each kind of key."""
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.chdir(tmp_path)

    def made(**changes):
        spec = {"splits": {"train": len(VALUES)}, "checks": CHECKS, **changes}
        write_spec(tmp_path, **spec)
        return build("reviews.synth.yaml", "out", cache_dir=tmp_path / "cache")

    return made


@pytest.fixture
def refused(hub, capsys, tmp_path):
    """Push as a person does, and return what was said; nothing may have left the machine."""

    def said():
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["push", "out", "org/reviews", "--with-trace", "--with-rejections"])
        told = "".join(capsys.readouterr())
        assert ended.value.code == 5, told
        assert "nothing was pushed: what looks like a secret would be published" in told
        assert hub.calls == []
        assert_clean(told)
        return told

    return said


def assert_clean(text):
    assert [name for name, (_, secret) in SECRETS.items() if secret in text or secret[9:-1] in text] == []


def planted(told):
    return {kind for kind in KINDS if f"looks like {kind}" in told}


def test_there_are_enough_kinds():
    assert len(KINDS) >= 25
    assert len(SECRETS) >= 30


def test_keys_in_answers(make, refused, endpoint, capsys, monkeypatch):
    monkeypatch.setattr("synth_datasets.publishing.secret_scan._MOST_SHOWN", 1000)
    left = iter(VALUES)
    endpoint.rule = lambda body: f"It came with a note: {next(left)} and works."
    made = make()
    assert_clean((made.folder / "synth.lock").read_text())
    assert_clean("".join(capsys.readouterr()))
    assert planted(refused()) == KINDS


def test_keys_in_the_spec_and_its_files(make, refused, tmp_path, monkeypatch):
    monkeypatch.setattr("synth_datasets.publishing.secret_scan._MOST_SHOWN", 1000)
    columns = review_spec()["columns"]
    (tmp_path / "things.txt").write_text("\n".join(f"phone {secret}" for secret in VALUES[::2]))
    prompt = "Write a {{ tone }} review of a {{ product }}. " + " , ".join(VALUES[1::2])
    made = make(
        columns={**columns, "product": {"sample": {"file": "things.txt"}}, "text": {"prompt": prompt}}
    )
    assert_clean((made.folder / "synth.lock").read_text())
    assert planted(refused()) == KINDS


def test_keys_in_seeds(make, refused, tmp_path):
    with (tmp_path / "seeds.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([f"I wrote {secret} down."] for secret in VALUES)])
    columns = {
        "label": {"classes": ["negative", "positive"]},
        "letter": {"seed": "text"},
        "text": {"prompt": "Write a {{ label }} answer to a letter: {{ letter }}"},
    }
    made = make(columns=columns, seeds={"file": "seeds.csv", "text": "text"})
    assert_clean((made.folder / "synth.lock").read_text())
    assert len(planted(refused())) > 5


def test_keys_in_the_environment_are_in_nothing_that_is_written(make, hub, endpoint, tmp_path, monkeypatch):
    for index, secret in enumerate(VALUES):
        monkeypatch.setenv(f"LEAK_{index}", secret)
    key = SECRETS["Groq"][1]
    monkeypatch.setenv("SYNTH_API_KEY", key)
    monkeypatch.setenv("SYNTH_BASE_URL", endpoint.base_url.replace("://", "://user:" + key[:20] + "@"))
    made = make()
    assert endpoint.headers[0]["authorization"].startswith("Basic "), "the address is asked as it is given"
    assert push(made.folder, "org/reviews", include_trace=True).status == "published"
    written = [path for path in tmp_path.rglob("*") if path.is_file() and "gitconfig" not in path.name]
    for path in written:
        assert_clean(path.read_bytes().decode("latin-1"))
    for content in hub.repos["org/reviews"].at("main").values():
        assert_clean(content.decode("latin-1"))


def test_an_endpoint_that_repeats_the_key_does_not_get_it_into_the_message(
    make, endpoint, monkeypatch, capsys
):
    key = SECRETS["OpenAI"][1]
    monkeypatch.setenv("OPENAI_API_KEY", key)
    said = {
        "error": {"message": f"Incorrect API key provided: {key}.", "type": "x", "code": "invalid_api_key"}
    }
    endpoint.rule = lambda body: Reply(401, said)
    with pytest.raises((EndpointError, SettingsError)) as refused:
        make()
    assert_clean(str(refused.value) + repr(refused.value))
    with pytest.raises(SystemExit):
        main(["build", "reviews.synth.yaml"])
    told = "".join(capsys.readouterr())
    assert "does not accept the API key" in told
    assert_clean(told)


@pytest.mark.parametrize("place", ["license", "task", "name", "version"])
def test_a_spec_that_is_wrong_because_of_a_key_does_not_repeat_it(place, tmp_path, capsys):
    for name, (_, secret) in SECRETS.items():
        path = tmp_path / "wrong.synth.yaml"
        path.write_text(json.dumps(review_spec(**{place: secret, "splits": {"train": secret}, secret: 1})))
        with pytest.raises(SystemExit):
            main(["check", str(path)])
        told = "".join(capsys.readouterr())
        assert "problem" in told, name
        assert_clean(told)
