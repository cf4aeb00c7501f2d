"""A bare git repository with LFS as a home of versions: a commit and a tag each, pushed together or not at all."""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree, which
from tempfile import TemporaryDirectory, mkdtemp
from typing import IO
from urllib.parse import unquote, urlsplit

from synth_datasets.disks import disk_advice
from synth_datasets.errors import PublishError
from synth_datasets.publishing.beside import ADDED_FILES
from synth_datasets.publishing.home_index import versions_cache
from synth_datasets.publishing.lock import ANSWERS_FILE, LOCK_FILE, parse_lock
from synth_datasets.publishing.remote import Upload, check_unchanged, is_version

__all__ = ["GitHome"]

_ATTRIBUTES = "*.parquet filter=lfs diff=lfs merge=lfs -text\n"
_OURS = f"* -text !filter !ident !working-tree-encoding !eol\n{_ATTRIBUTES}"
"""For `info/attributes`, which comes before what a repository's own files say: bytes stay as they are."""
_LFS = {
    "filter.lfs.clean": "git-lfs clean -- %f",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
    "filter.lfs.process": "git-lfs filter-process",
    "filter.lfs.required": "true",
}
_SAFE = {
    "core.hooksPath": os.devnull,
    "core.autocrlf": "false",
    "core.symlinks": "false",  # a stranger's link would be read through
    "advice.detachedHead": "false",
    "protocol.allow": "never",
    "protocol.file.allow": "always",
}
_TAG = re.compile(r"([0-9a-f]{40,64})\trefs/tags/(.+?)(\^\{\})?")


@dataclass(frozen=True, slots=True)
class GitHome:
    """Versions in a bare repository that `git` reaches by a `file://` address."""

    address: str

    def versions(self) -> dict[str, str]:
        """Return the commit of each version's tag; none where there is no repository yet."""
        if not self._path.exists():
            return {}
        found = [_TAG.fullmatch(line) for line in self._git("ls-remote", "--tags", self.address).splitlines()]
        # The second line of an annotated tag names its commit.
        commits = {match[2]: match[1] for match in found if match}
        return {tag: commit for tag, commit in commits.items() if is_version(tag)}

    def download(self, tag: str, identity: str, name: str, target: Path) -> None:
        """Write one file of a version to `target`, large ones through LFS."""
        with disk_advice(versions_cache(), "XDG_CACHE_HOME"):
            clone = self._clone(tag, identity, versions_cache() / f"{identity}.git")
        with target.open("wb") as file:
            self._git("cat-file", "--filters", f"{identity}:{name}", at=clone, out=file)

    def publish(self, tag: str, uploads: Sequence[Upload], digest: str) -> str:
        """Commit a version on what is there, tag it, and push both at once; return the commit.

        Makes the repository where there is none. Files of the version before that this one lacks are deleted, others
        stay. Raises `PublishError` when somebody else pushed meanwhile; then nothing is changed.
        """
        if not self._path.exists():
            self._init()
        with TemporaryDirectory(prefix="synth-git-") as name:
            work = Path(name) / "work"
            self._git("clone", "--quiet", "--depth=1", "--no-checkout", self.address, str(work))
            (work / ".git" / "info" / "attributes").write_text(_OURS)
            branch = self._git("symbolic-ref", "--short", "HEAD", at=work).strip()
            if self._git("for-each-ref", "refs/heads", at=work):  # else nothing was committed yet
                # Pointers will do: no large file of an older version is needed.
                self._git("checkout", "--quiet", "--force", branch, at=work, GIT_LFS_SKIP_SMUDGE="1")
            _lay_out(work, uploads)
            check_unchanged(uploads)
            self._git("add", "--all", "--force", at=work)
            message = f"{tag}\n\nData digest sha256:{digest}\n"
            self._git("commit", "--quiet", "--allow-empty", "--message", message, at=work)
            self._git("tag", "--annotate", "--message", f"sha256:{digest}", tag, at=work)
            self._git("lfs", "push", "origin", "HEAD", at=work)
            refs = [f"HEAD:refs/heads/{branch}", f"refs/tags/{tag}"]
            self._git("push", "--quiet", "--atomic", "origin", *refs, at=work)
            return self._git("rev-parse", "HEAD", at=work).strip()

    @property
    def _path(self) -> Path:
        return Path(unquote(urlsplit(self.address).path))

    def _init(self) -> None:
        """Make the repository, whole or not at all."""
        with disk_advice(self._path.parent, "another address"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=f".{self._path.name}-", dir=self._path.parent) as name:
                fresh = Path(name) / self._path.name
                self._git("init", "--quiet", "--bare", "--initial-branch=main", str(fresh))
                if not self._path.exists():  # else another push was faster
                    fresh.rename(self._path)

    def _clone(self, tag: str, identity: str, place: Path) -> Path:
        """Return a clone of the one tag, made when there is none; raises `PublishError` when it is another commit."""
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            part = Path(mkdtemp(prefix=f"{place.name}-", dir=place.parent))
            try:
                arguments = ("--quiet", "--bare", "--depth=1", f"--branch={tag}", self.address, str(part))
                self._git("clone", *arguments)
                if self._git("rev-parse", f"{tag}^{{commit}}", at=part).strip() != identity:
                    raise PublishError(f"{self.address}: somebody moved {tag} meanwhile; try again")
                (part / "info").mkdir(exist_ok=True)
                (part / "info" / "attributes").write_text(_OURS)
                part.rename(place)
            except OSError:
                if not place.exists():  # else another process was faster
                    raise
            finally:
                rmtree(part, ignore_errors=True)
        return place

    def _git(
        self, *arguments: str, at: Path | None = None, out: IO[bytes] | None = None, **environment: str
    ) -> str:
        """Run git with no settings that a repository could bring; return what it printed."""
        if which("git") is None or which("git-lfs") is None:
            raise PublishError(
                "git and git-lfs are needed for file:// (on Debian: apt-get install git git-lfs)"
            )
        settings = {**_LFS, **_SAFE, "lfs.url": self.address}
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        done = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            ["git", *given, *arguments],  # noqa: S607 - the user's git, wherever it is
            cwd=at,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **environment},
            stdin=subprocess.DEVNULL,
            stdout=out or subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise PublishError(f"{self.address}: {_advice(done.stderr.decode(errors='replace').strip())}")
        return (done.stdout or b"").decode()


def _lay_out(work: Path, uploads: Sequence[Upload]) -> None:
    """Replace the version in the work tree by the uploads."""
    stale = {path for path in work.glob("data/*.parquet") if path.is_file()}
    lock_file = work / LOCK_FILE
    if lock_file.is_file():
        try:
            lock = parse_lock(lock_file.read_text(encoding="utf-8"))
        except (PublishError, ValueError):
            pass  # somebody else's file: then only data is ours to delete
        else:
            stale.update(work / path for path in (*lock.files, *lock.trace, ANSWERS_FILE, *ADDED_FILES))
    for path in stale:
        path.unlink(missing_ok=True)
    for upload in uploads:
        upload.write_into(work)
    attributes = work / ".gitattributes"
    known = attributes.read_text(encoding="utf-8") if attributes.is_file() else ""
    if _ATTRIBUTES not in known:
        attributes.write_text(known + _ATTRIBUTES, encoding="utf-8")


def _advice(said: str) -> str:
    if "already exists" in said or "non-fast-forward" in said or "fetch first" in said:
        return "somebody else pushed meanwhile; this push changed nothing: push again"
    if "tell me who you are" in said or "empty ident" in said:
        return 'git does not know who you are: git config --global user.name "..." and user.email'
    if "does not appear to be a git repository" in said:
        return "no git repository; a plain folder is written without file://"
    return f"git says: {said}"
