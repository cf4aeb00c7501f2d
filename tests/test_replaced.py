"""A build in the place of another one: nobody's work is lost, and what goes is told."""

import pytest
from specs import write_spec

from synth_datasets.build import build
from synth_datasets.cli import main
from synth_datasets.errors import PublishError
from synth_datasets.proof.leaks import Leaks
from synth_datasets.proof.result import Cell, Change, Measured, Proof, Witness
from synth_datasets.publishing.proof import add_proof, read_proof
from synth_datasets.publishing.release import read_release, verify_release
from synth_datasets.publishing.verify import verify


@pytest.fixture
def make(endpoint, tmp_path, monkeypatch):
    """Build the reviews of this test's folder, and return what was said besides."""
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("SYNTH_STORE", str(tmp_path / "answers.sqlite"))
    spec = write_spec(tmp_path, splits={"train": 8})
    folder = tmp_path / "made"

    def made(**options):
        said: list[str] = []
        build(spec, folder, cache_dir=tmp_path / "cache", options=options, said=said.append)
        return said

    made.folder, made.spec = folder, spec
    return made


def proof() -> Proof:
    one = Measured(value=0.5, low=0.4, high=0.6)
    cell = Cell(real=4, synthetic=0, trainings=1, accuracy=one, f1=one)
    witness = Witness(
        name="m",
        model="m",
        cells=(cell,),
        mixes=(Change(synthetic=8, gain=one, verdict="helps"),),
        best=8,
    )
    leaks = Leaks(rows=4, exact=0, near=0, grouped=0, examples=())
    return Proof(
        format=2, task="classification", f1_name="macro-F1", classes=("a", "b"), seeds=1, real=4, synthetic=8,
        test=4, majority=0.5, real_leaks=leaks, synthetic_leaks=leaks, near_identical=None, told_apart=None,
        witnesses=(witness,), firm=False, advice="Add 8.", warnings=(), cpu_s=1.0,
    )  # fmt: skip


def test_fewer_rows_in_its_place_are_told_in_one_line_and_come_back_at_no_cost(make, endpoint, capsys):
    assert make() == []
    asked = endpoint.count
    with pytest.raises(SystemExit) as ended:
        main(["build", str(make.spec), "-o", str(make.folder), "--num-examples", "4"])
    assert ended.value.code in (0, None)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "held 8 rows" in line]
    assert "holds 4 now" in line
    assert "at no cost" in line

    assert make() == [], "more rows than before need no word"
    assert read_release(make.folder).splits == {"train": 8}
    assert endpoint.count == asked


def test_what_was_proved_of_the_same_rows_is_kept(make):
    make()
    add_proof(make.folder, proof(), b"png")
    card = (make.folder / "README.md").read_text(encoding="utf-8")

    assert make() == []

    assert read_proof(make.folder) == proof()
    assert (make.folder / "README.md").read_text(encoding="utf-8") == card
    assert (make.folder / "prove.png").read_bytes() == b"png"
    verify_release(read_release(make.folder))
    assert verify(make.folder).beside == ()


def test_what_was_proved_is_not_replaced_by_other_rows_and_nobody_is_asked(make, endpoint):
    make()
    add_proof(make.folder, proof(), b"png")
    asked = endpoint.count

    with pytest.raises(PublishError, match=r"holds what `synth prove` found.*-o.*prove\.json"):
        make(num_examples=12)

    assert endpoint.count == asked
    assert read_proof(make.folder) == proof()
    assert read_release(make.folder).splits == {"train": 8}
    (make.folder / "prove.json").unlink()
    make(num_examples=12)
    assert read_release(make.folder).splits == {"train": 12}
