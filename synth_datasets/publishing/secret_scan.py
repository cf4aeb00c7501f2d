"""The last look before anything leaves the machine: does a file hold what looks like a key, or personal data?"""

import re
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from synth_datasets import secret_kinds
from synth_datasets.errors import PublishError
from synth_datasets.publishing import personal_data
from synth_datasets.publishing.lock import ANSWERS_FILE
from synth_datasets.publishing.remote import Upload
from synth_datasets.trace import TRACE_FOLDER

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["check_uploads"]

_Look = Callable[[str], Iterable[tuple[int, str]]]
_EMBEDDED = re.compile(r"base64,[A-Za-z0-9+/=]+")
_ROWS = ("data/", f"{TRACE_FOLDER}/", ANSWERS_FILE)
_MOST_SHOWN = 20
_BATCH_ROWS = 10_000


def check_uploads(uploads: Iterable[Upload], *, allow_personal_data: bool = False) -> None:
    """Raise `PublishError` naming file, line or row, and kind of each finding; never what was found.

    Texts are read line by line, Parquet column by column: some 100 MB/s where nothing is found. Personal data is
    looked for in what models wrote (rows, trace, answers), not in what the author did (spec, card).
    """
    secrets: list[str] = []
    personal: list[str] = []
    for upload in uploads:
        rows = upload.path.startswith(_ROWS) and not allow_personal_data
        for place, texts in _texts(upload):
            secrets += _found(texts, secret_kinds.ANCHORS, secret_kinds.find_secrets, place)
            if rows:
                personal += _found(texts, personal_data.ANCHORS, personal_data.find_personal_data, place)
    if secrets:
        raise PublishError(
            f"nothing was pushed: what looks like a secret would be published\n{_listed(secrets)}\n"
            "Take it out of the text it comes from and build again. If it was real, revoke it."
        )
    if personal:
        raise PublishError(
            f"nothing was pushed: the rows hold what looks like personal data\n{_listed(personal)}\n"
            "Models repeat what they have read, so it may be somebody's. Ask for invented data in the prompt (mail at "
            "example.com, telephone numbers with 555) and build again; or look at it, and push with "
            "--allow-personal-data"
        )


def _listed(found: list[str]) -> str:
    more = [f"  ... and {len(found) - _MOST_SHOWN:,} more"] if len(found) > _MOST_SHOWN else []
    return "\n".join([*(f"  {line}" for line in found[:_MOST_SHOWN]), *more])


def _found(texts: "pa.Array", anchors: str, look: _Look, place: Callable[[int], str]) -> Iterator[str]:
    import pyarrow.compute as pc

    options = pc.MatchSubstringOptions(anchors)
    hits = pc.call_function("match_substring_regex", [texts], options)
    for index in pc.call_function("indices_nonzero", [hits]).to_pylist():
        kinds = {kind for _, kind in look(_EMBEDDED.sub("", texts[index].as_py()))}
        yield from (f"{place(index)}: looks like {kind}" for kind in sorted(kinds))


def _texts(upload: Upload) -> "Iterator[tuple[Callable[[int], str], pa.Array]]":
    """Yield texts, and what names the place of the one at a position; pictures inside a page are left out.

    In a megabyte of random letters something looks like a key.
    """
    import pyarrow as pa

    if upload.path.endswith(".parquet"):
        yield from _columns(upload)
        return
    content = upload.source if isinstance(upload.source, bytes) else upload.source.read_bytes()
    if b"\0" not in content[:8192]:
        # A key may go over several lines; the line where it begins is enough.
        lines = pa.array(content.decode("utf-8", "replace").split("\n"), pa.large_string())
        yield (lambda index: f"{upload.path}:{index + 1}"), lines


def _columns(upload: Upload) -> "Iterator[tuple[Callable[[int], str], pa.Array]]":
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = BytesIO(upload.source) if isinstance(upload.source, bytes) else upload.source
    try:
        with pq.ParquetFile(source) as file:
            first = 0
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    for rows, texts in _leaves(column, pa.array(range(first, first + len(batch)))):
                        yield _row_place(upload.path, name, rows), texts
                first += len(batch)
    except pa.ArrowInvalid as error:
        raise PublishError(
            f"{upload.path}: cannot be read as Parquet, so nothing was pushed: {error}"
        ) from error


def _row_place(path: str, column: str, rows: "pa.Array") -> Callable[[int], str]:
    return lambda index: f"{path}: row {rows[index].as_py():,}, {column}"


def _leaves(column: "pa.Array", rows: "pa.Array") -> "Iterator[tuple[pa.Array, pa.Array]]":
    """Yield every array of texts inside the column, with the row that each text belongs to."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from _leaves(column.dictionary_decode(), rows)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield rows, column
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _leaves(column.flatten(), rows.take(pc.call_function("list_parent_indices", [column])))
    elif pa.types.is_struct(kind):
        for part in column.flatten():
            yield from _leaves(part, rows)
