import os

import pytest

from synth_datasets.errors import SpecError
from synth_datasets.spec import load_spec
from synth_datasets.spec.reader import MAX_BYTES

SPEC = "name: demo\nmodel: x\nsplits: {{train: 1}}\ncolumns:\n  t: {{prompt: {{file: {path}}}}}\n"


@pytest.fixture
def folder(tmp_path):
    """A spec's folder beside a file that no spec may read."""
    inside = tmp_path / "spec"
    (inside / "texts").mkdir(parents=True)
    (inside / "prompt.txt").write_text("Write.\n")
    (inside / "texts" / "deep.txt").write_text("Deep.")
    (inside / "wrong.txt").write_text("one\n{{ a.b }}")
    (inside / "latin.txt").write_bytes(b"one\ncaf\xe9")
    (inside / "big.txt").write_bytes(b"x" * (MAX_BYTES + 1))
    (inside / "empty.txt").write_text("")
    (tmp_path / "secret.txt").write_text("TOP SECRET")
    (inside / "out.txt").symlink_to(tmp_path / "secret.txt")
    (inside / "in.txt").symlink_to(inside / "prompt.txt")
    (inside / "up").symlink_to(tmp_path)
    (inside / "loop.txt").symlink_to(inside / "loop.txt")
    (inside / "gone.txt").symlink_to(inside / "nothing.txt")
    (inside / "device.txt").symlink_to("/dev/zero")
    os.mkfifo(inside / "pipe.txt")
    return inside


def _load(folder, path):
    (folder / "demo.synth.yaml").write_text(SPEC.format(path=path))
    return load_spec(folder)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("prompt.txt", "Write.\n"),
        ("./prompt.txt", "Write.\n"),
        ("texts/deep.txt", "Deep."),
        ("in.txt", "Write.\n"),
    ],
)
def test_files_inside_are_read_and_kept(folder, path, text):
    spec = _load(folder, path)
    assert spec.columns[0].prompt.user.default.source == text
    assert dict(spec.files) == {path.removeprefix("./"): text}


REFUSED = {
    "/etc/passwd": "outside of the spec's folder",
    "../secret.txt": "outside of the spec's folder",
    "texts/../../secret.txt": "outside of the spec's folder",
    "~/secret.txt": "outside of the spec's folder",
    "'..\\secret.txt'": "without `\\`",
    "'C:/secret.txt'": "without `\\` and `:`",
    "http://example.com/x": "without `\\` and `:`",
    "file:///etc/passwd": "without `\\` and `:`",
    "out.txt": "leads out of the spec's folder",
    "up/secret.txt": "leads out of the spec's folder",
    "device.txt": "leads out of the spec's folder",
    "loop.txt": "",
    "gone.txt": "there is no file 'gone.txt'",
    "texts": "is a folder",
    ".": "is a folder",
    "pipe.txt": "no regular file",
    "latin.txt": "line 2: byte 0xe9 is not UTF-8",
    "big.txt": "larger than",
    "promt.txt": "did you mean 'prompt.txt'?",
    "texts/deap.txt": "did you mean 'deep.txt'?",
    "nowhere/a.txt": "there is no file",
    "prompt.txt/x": "cannot be read",
    "''": "a file needs a path",
    "' '": "there is no file",
    '"a\\nb"': "printable",
    "x" * 400: "cannot be read",
    "x" * 600: "a file needs a path",
    "empty.txt": "the template is empty",
    "wrong.txt": "wrong.txt, line 2: attribute access",
    "[a]": "expected text, found a list",
}


@pytest.mark.parametrize("path", REFUSED)
def test_files_outside_or_of_another_kind_are_refused(folder, path, quickly):
    with quickly(), pytest.raises(SpecError) as caught:
        _load(folder, path)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].line == 5
    assert REFUSED[path] in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_file_may_hold_one_value_a_line(folder):
    (folder / "products.txt").write_bytes(b"\xef\xbb\xbfpen\r\n\r\n  ink \r\n42")
    (folder / "demo.synth.yaml").write_text(
        "name: demo\nmodel: x\nsplits: {train: 1}\ncolumns: {p: {sample: {file: products.txt}}}\n"
    )
    assert load_spec(folder).columns[0].choices.default.values == ("pen", "ink", "42")
    (folder / "products.txt").write_text("\n \n")
    with pytest.raises(SpecError, match="expected 1 to 100000 values, found 0"):
        load_spec(folder)
    (folder / "products.txt").write_text("a\nb\na\n")
    with pytest.raises(SpecError, match="'a' is listed twice"):
        load_spec(folder)


def test_cases_and_systems_may_be_files_and_each_is_read_once(parse):
    reads = []

    class Files(dict):
        def __getitem__(self, path):
            reads.append(path)
            return "Text of {{ label }}"

    spec = parse(
        "name: demo\nmodel: x\nsplits: {train: 1}\ncolumns:\n  label: {classes: [a, b]}\n"
        "  t:\n    prompt: {by: label, a: {file: p.txt}, b: {file: ./p.txt}}\n    system: {file: s.txt}\n"
        "    examples: [{prompt: {file: p.txt}, answer: {file: s.txt}}]\n",
        Files(x=""),
    )
    assert sorted(reads) == ["p.txt", "s.txt"]
    assert sorted(spec.files) == ["p.txt", "s.txt"]


def test_files_together_have_a_limit(parse):
    class Files(dict):
        def __getitem__(self, path):
            return "x" * 1_000_000

    columns = "".join(f"  c{i}: {{sample: {{file: f{i}.txt}}}}\n" for i in range(20))
    with pytest.raises(SpecError) as caught:
        parse("name: demo\nmodel: x\nsplits: {train: 1}\ncolumns:\n" + columns, Files(x=""))
    assert [problem.line for problem in caught.value.problems] == [21, 22, 23, 24]
    assert "too large" in str(caught.value)
