"""Files of a dataset on the Hub at one commit, as they were when the spec was written."""

from synth_datasets.errors import Problem, SpecError
from synth_datasets.spec.problems import shown
from synth_datasets.spec.seed_data import Source
from synth_datasets.spec.tables import MAX_BYTES

__all__ = ["hub_contents"]


def hub_contents(source: Source) -> dict[str, bytes]:
    """Return the bytes of the source's files: from the Hub's cache, or downloaded once.

    Only the Hub that `huggingface_hub` is set up for is asked, with the token it knows; `HF_HUB_OFFLINE` holds. Raises
    `SpecError` for a file that is too large, and what `huggingface_hub` raises, with a note.
    """
    return {file: _content(source, file) for file in source.files}


def _content(source: Source, file: str) -> bytes:
    from pathlib import Path

    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import LocalEntryNotFoundError

    where = {"repo_id": source.hub, "filename": file, "repo_type": "dataset", "revision": source.revision}
    try:
        try:
            path = hf_hub_download(**where, local_files_only=True)
        except LocalEntryNotFoundError:
            _check_size(get_hf_file_metadata(hf_hub_url(**where)).size, source, file)
            path = hf_hub_download(**where)
    except Exception as error:
        error.add_note(
            f"while reading '{file}' of the dataset {source.hub} at {source.revision}, which the spec names"
        )
        raise
    _check_size(Path(path).stat().st_size, source, file)
    return Path(path).read_bytes()


def _check_size(size: int | None, source: Source, file: str) -> None:
    if size is not None and size > MAX_BYTES:
        message = f"'{shown(file)}' of {source.hub} has more than {MAX_BYTES >> 20} MiB"
        # Who asks says which spec it is.
        raise SpecError(
            "", [Problem(0, "", message, "name smaller files, or keep a part of it beside the spec")]
        )
