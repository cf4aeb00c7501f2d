"""A release to the Hub: one commit, then one tag on it that is never moved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import PublishError
from synth_datasets.publishing.homes import home_at
from synth_datasets.publishing.hub_errors import status_of, told_plainly
from synth_datasets.publishing.opened import open_commit
from synth_datasets.publishing.prepared import Allowed, prepare, step_from
from synth_datasets.publishing.push_home import push_to_home
from synth_datasets.publishing.pushed import PushResult, Status
from synth_datasets.publishing.release import CHANGELOG_FILE, Release
from synth_datasets.publishing.remote import (
    Change,
    Remote,
    Upload,
    changes,
    check_unchanged,
    newest_version,
    read_files,
    read_remote,
    same_files,
    version_order,
)
from synth_datasets.publishing.uploads import Extras, with_changelog
from synth_datasets.publishing.who_may import check_repo_id, look

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo, CommitOperationAdd, CommitOperationDelete, HfApi

__all__ = ["PushResult", "push"]


def push(
    folder: Path,
    repo_id: str,
    *,
    private: bool = True,
    dry_run: bool = False,
    token: str | None = None,
    create_pr: bool = False,
    include_trace: bool = False,
    include_rejections: bool = False,
    include_answers: bool = False,
    allow_short: bool = False,
    allow_dirty: bool = False,
    allow_personal_data: bool = False,
) -> PushResult:
    """Publish a release folder as a version of the dataset `repo_id`, given as owner/name, or at another address.

    A push that was interrupted is finished by pushing again; a version that is there already, byte for byte,
    is reported as such. A version's tag is never moved: other content under the same version is refused
    before anything is uploaded, and so is a version that is too small a step from the one before it, of which the
    splits that differ are fetched and compared. `private`
    counts when the repository is created. `create_pr` proposes the commit in a pull request and sets no tag: whoever
    merges it pushes the same build, which tags it. Trace, rejected answers and answers (the archive in the folder) stay
    at home unless asked for. A partial build is refused unless `allow_short`, one whose spec has changed since (where
    it was built from; elsewhere in the current folder or two above the build) unless `allow_dirty`, and one whose rows
    hold what looks like personal data unless `allow_personal_data`. Raises `PublishError` that says what to do.
    """
    extras = Extras(trace=include_trace, rejections=include_rejections, answers=include_answers)
    allowed = Allowed(short=allow_short, dirty=allow_dirty, personal_data=allow_personal_data)
    if (found := home_at(repo_id)) is not None:
        home, version = found
        if version is not None or create_pr or not private:
            what = "@version" if version else "--create-pr" if create_pr else "--public"
            raise PublishError(f"{what} has no meaning for {home.address}: leave it out")
        return push_to_home(folder, home, extras=extras, allowed=allowed, dry_run=dry_run)
    from huggingface_hub import HfApi

    with told_plainly(repo_id, "looking at"):
        check_repo_id(repo_id)
    release, uploads = prepare(folder, repo_id, extras, allowed)
    api = HfApi(token=token)
    remote, who, warnings = look(api, repo_id, dry_run=dry_run)
    publication = _Publication(api, repo_id, release, uploads, private, remote, who)
    if (done := publication.already_published()) is not None:
        return done
    warnings += publication.warnings()
    publication, told = publication.with_changelog()
    warnings += told
    if dry_run:
        return publication.result("dry_run", commit=None, warnings=warnings)
    if create_pr:
        return publication.propose(warnings)
    publication = publication.with_repository()
    commit = publication.commit()
    publication.tag(commit)
    return publication.result("published", commit=commit, warnings=warnings)


@dataclass(frozen=True, slots=True)
class _Publication:
    """One version on its way into one repository."""

    api: "HfApi"
    repo_id: str
    release: Release
    uploads: Sequence[Upload]
    private: bool
    remote: Remote
    who: str = ""
    creates: bool = False

    @property
    def tag_name(self) -> str:
        return f"v{self.release.version}"

    def already_published(self) -> PushResult | None:
        """Return the result when the tag is there with these files; refuse when it holds others."""
        commit = self.remote.tags.get(self.tag_name)
        if commit is None:
            return None
        with told_plainly(self.repo_id, "comparing with"):
            files = read_files(self.api, self.repo_id, commit)
        if not same_files(files, self.uploads):
            raise PublishError(
                f"{self.repo_id} has a {self.tag_name} already, with other content, and versions never "
                f"change: raise `version` in the spec above "
                f"{newest_version(self.remote.tags) or self.tag_name}, build and push again. "
                "Nothing was uploaded"
            )
        return self.result("already_published", commit=commit, changed=())

    def warnings(self) -> tuple[str, ...]:
        """Return what a careful person would want to know, and may well intend."""
        found = []
        newest = newest_version(self.remote.tags)
        if newest is not None and version_order(self.tag_name) < version_order(newest):
            found.append(f"{self.tag_name} is older than {newest}; `main` will hold the older version")
        if self.private and self.remote.private is False:
            found.append(f"{self.repo_id} is public already, so this version is public too")
        return tuple(found)

    def with_changelog(self) -> tuple["_Publication", tuple[str, ...]]:
        """Compare with the version before, refuse a version that is too small, and add what the changes are.

        What follows is a function of the release, of that version and of the changelog as it is: an interrupted push
        finds its own files the same.
        """
        step = step_from(
            self.release,
            self.remote.tags,
            lambda base: open_commit(
                self.api, self.repo_id, base, self.remote.tags[base], remote=self.remote
            ),
        )
        existing = b""
        if CHANGELOG_FILE in self.remote.files:
            with told_plainly(self.repo_id, "reading the changelog of"):
                path = self.api.hf_hub_download(
                    self.repo_id, CHANGELOG_FILE, repo_type="dataset", revision=self.remote.head
                )
            existing = Path(path).read_bytes()
        uploads = with_changelog(self.uploads, existing, step.section, self.release.version)
        return replace(self, uploads=uploads), step.warnings

    def with_repository(self) -> "_Publication":
        """Create the repository where there is none."""
        if self.remote.head is not None:
            return self
        with told_plainly(self.repo_id, "creating", who=self.who):
            self.api.create_repo(self.repo_id, repo_type="dataset", private=self.private, exist_ok=True)
            remote = read_remote(self.api, self.repo_id)
        if remote.head is None:
            raise PublishError(f"{self.repo_id} exists, but this token may not see it")
        return replace(self, remote=remote, creates=True)

    def commit(self) -> str:
        """Bring `main` to this version in one commit on what was seen; return the commit that holds it."""
        operations = self._operations()
        # Equal already: an earlier push was interrupted between its commit and its tag.
        oid = self.remote.head
        with told_plainly(self.repo_id, "committing to", who=self.who):
            if operations:
                oid = self._create_commit(operations).oid
            files = read_files(self.api, self.repo_id, str(oid))
        if not same_files(files, self.uploads):
            check_unchanged(self.uploads)
        # The client leaves out, without a word, what a .gitignore in the repository names.
        if not same_files(files, self.uploads):
            raise PublishError(
                f"{self.repo_id}: commit {oid} does not hold the release as it is here, so it was not "
                "tagged; see whether a .gitignore in the repository names one of its files, then push again"
            )
        return str(oid)

    def propose(self, warnings: tuple[str, ...]) -> PushResult:
        """Open a pull request that brings `main` to this version, or find the one that does."""
        if self.remote.head is None:
            raise PublishError(
                f"there is no dataset {self.repo_id} to propose a change to; push without --create-pr"
            )
        operations = self._operations()
        if not operations:
            raise PublishError(
                f"{self.repo_id} holds these files already and only the tag {self.tag_name} is missing: whoever may "
                "write there sets it by pushing without --create-pr"
            )
        with told_plainly(self.repo_id, "proposing a change to"):
            for found in self.api.get_repo_discussions(
                self.repo_id, repo_type="dataset", discussion_type="pull_request", discussion_status="open"
            ):
                revision = f"refs/pr/{found.num}"
                if found.title == self._title and same_files(
                    read_files(self.api, self.repo_id, revision), self.uploads
                ):
                    url = f"{self.api.endpoint}/datasets/{self.repo_id}/discussions/{found.num}"
                    return replace(self.result("proposed", commit=None, warnings=warnings), url=url)
            made = self._create_commit(operations, as_pull_request=True)
        return replace(self.result("proposed", commit=made.oid, warnings=warnings), url=str(made.pr_url))

    def _create_commit(
        self, operations: list["CommitOperationAdd | CommitOperationDelete"], *, as_pull_request: bool = False
    ) -> "CommitInfo":
        return self.api.create_commit(
            self.repo_id,
            operations,
            repo_type="dataset",
            commit_message=self._title,
            commit_description=self._description,
            parent_commit=self.remote.head,
            create_pr=as_pull_request,
        )

    @property
    def _title(self) -> str:
        return f"{self.release.name} {self.release.version}"

    @property
    def _description(self) -> str:
        return f"Data digest sha256:{self.release.digest}"

    def _operations(self) -> list["CommitOperationAdd | CommitOperationDelete"]:
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        by_path = {upload.path: upload for upload in self.uploads}
        return [
            CommitOperationDelete(change.path)
            if change.action == "delete"
            else CommitOperationAdd(change.path, by_path[change.path].source)
            for change in changes(self.remote, self.uploads)
        ]

    def tag(self, commit: str) -> None:
        """Tag the commit; that somebody else tagged the same content meanwhile is as good."""
        from huggingface_hub.errors import HfHubHTTPError

        with told_plainly(self.repo_id, "tagging", who=self.who):
            try:
                self.api.create_tag(
                    self.repo_id,
                    repo_type="dataset",
                    tag=self.tag_name,
                    revision=commit,
                    tag_message=f"sha256:{self.release.digest}",
                )
            except HfHubHTTPError as error:
                if status_of(error) != HTTPStatus.CONFLICT or not same_files(
                    read_files(self.api, self.repo_id, self.tag_name), self.uploads
                ):
                    raise

    def result(
        self,
        status: Status,
        *,
        commit: str | None,
        changed: Sequence[Change] | None = None,
        warnings: tuple[str, ...] = (),
    ) -> PushResult:
        exists = self.remote.head is not None and not self.creates
        return PushResult(
            status=status,
            repo_id=self.repo_id,
            url=f"{self.api.endpoint}/datasets/{self.repo_id}",
            tag=self.tag_name,
            commit=commit,
            private=self.private if self.remote.private is None else self.remote.private,
            creates=not exists,
            files=tuple((upload.path, upload.size) for upload in self.uploads),
            changes=tuple(changes(self.remote, self.uploads) if changed is None else changed),
            warnings=warnings,
        )
