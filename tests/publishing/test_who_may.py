"""Tokens, gates, organisations, renamed repositories, proposals: every refusal says what to do next."""

import huggingface_hub
import pytest
from hub_standin import EXPIRED, READ, WRITE

from synth_datasets.errors import PublishError
from synth_datasets.publishing.opened import open_release
from synth_datasets.publishing.pull import pull
from synth_datasets.publishing.push import push

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
REPO = "org/reviews"


@pytest.fixture
def release(release_of):
    return release_of()


def sent(hub):
    return [call for call in hub.calls if call.startswith(("POST", "PUT"))]


def test_a_token_that_only_reads_is_told_before_anything_is_sent(hub, release):
    hub.create(REPO)
    with pytest.raises(
        PublishError, match=r"token of alice may not write there, for its role is `read`.*`write`"
    ):
        push(release.folder, REPO, token=READ)
    assert sent(hub) == []


def test_an_expired_token_is_told_from_a_missing_repository(hub, release, tmp_path):
    push(release.folder, REPO)
    for call in (
        lambda: push(release.folder, REPO, token=EXPIRED),
        lambda: pull(f"{REPO}@v1.0.0", tmp_path / "x", token=EXPIRED),
        lambda: open_release(REPO, token=EXPIRED),
    ):
        with pytest.raises(
            PublishError, match=r"does not accept this token .*expired.*hf auth login"
        ) as refused:
            call()
        assert EXPIRED not in str(refused.value)


def test_without_a_token_a_private_dataset_says_how_to_get_one(hub, release, tmp_path, monkeypatch):
    push(release.folder, REPO)
    with pytest.raises(PublishError, match="or this token may not see it"):
        open_release("org/nothing")
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(PublishError, match="or it is private: run `hf auth login`"):
        pull(f"{REPO}@v1.0.0", tmp_path / "x")


def test_an_organisation_that_one_is_not_in_is_told_with_those_one_is_in(hub, release):
    with pytest.raises(PublishError, match=r"may not write there.*--create-pr.*you are alice, in org"):
        push(release.folder, "strangers/reviews")
    assert push(release.folder, "org/ours").status == "published"
    assert push(release.folder, "alice/mine").status == "published"


def test_a_gated_dataset_says_where_to_ask(hub, release, tmp_path):
    push(release.folder, REPO, private=False)
    hub.repos[REPO].gated = True
    for call in (
        lambda: pull(f"{REPO}@v1.0.0", tmp_path / "x", token=READ),
        lambda: open_release(REPO, token=READ),
    ):
        huggingface_hub.close_session()
        with pytest.raises(
            PublishError, match=rf"org/reviews is gated.*ask for it.*{hub.url}/datasets/org/reviews"
        ):
            call()
    assert not (tmp_path / "x").exists()
    # Who has access pushes and pulls as ever.
    assert push(release.folder, REPO).status == "already_published"
    assert pull(f"{REPO}@v1.0.0", tmp_path / "x").fetched


def test_a_renamed_dataset_is_read_by_its_old_name_and_pushed_to_by_its_new_one(
    hub, release, release_of, tmp_path
):
    push(release.folder, "org/old")
    hub.repos[REPO] = hub.repos.pop("org/old")
    hub.renamed["org/old"] = REPO
    assert open_release("org/old@v1.0.0").release.digest == release.digest
    assert pull("org/old@v1.0.0", tmp_path / "old").fetched
    newer = release_of("newer", version="1.0.1")
    with pytest.raises(PublishError, match="org/old is called org/reviews now: name it so"):
        push(newer.folder, "org/old")
    assert hub.repos[REPO].tags.keys() == {"v1.0.0"}
    assert push(newer.folder, REPO).status == "published"
    # The card of the older version names the old place; it is that version all the same.
    assert pull(f"{REPO}@v1.0.0", tmp_path / "new").fetched
    assert pull(f"{REPO}@v1.0.0", tmp_path / "new").fetched is False


def test_a_proposal_is_one_pull_request_without_a_tag(hub, release, release_of):
    hub.create("strangers/reviews", private=False)
    result = push(release.folder, "strangers/reviews", create_pr=True)
    repo = hub.repos["strangers/reviews"]
    assert (result.status, result.url) == ("proposed", f"{hub.url}/datasets/strangers/reviews/discussions/1")
    assert result.commit == repo.proposals[1][1]
    assert (len(repo.proposals), repo.tags, list(repo.at("main"))) == (1, {}, [".gitattributes"])
    assert push(release.folder, "strangers/reviews", create_pr=True).url == result.url
    assert len(repo.proposals) == 1, "the same proposal is not made twice"
    push(release_of("other", version="1.0.1").folder, "strangers/reviews", create_pr=True)
    assert len(repo.proposals) == 2


def test_a_proposal_that_was_merged_is_tagged_by_pushing_it(hub, release):
    repo = hub.create(REPO)
    push(release.folder, REPO, create_pr=True)
    title, commit = repo.proposals.pop(1)
    repo.commit(repo.commits[commit], f"{title} (#1)")
    with pytest.raises(PublishError, match=r"only the tag v1\.0\.0 is missing.*without --create-pr"):
        push(release.folder, REPO, create_pr=True)
    assert push(release.folder, REPO).status == "published"
    assert repo.tags == {"v1.0.0": repo.head}


def test_there_is_nothing_to_propose_to_where_no_dataset_is(hub, release):
    with pytest.raises(
        PublishError, match="no dataset org/none to propose a change to; push without --create-pr"
    ):
        push(release.folder, "org/none", create_pr=True)
    assert hub.repos == {}


def test_the_token_is_the_one_that_the_hubs_own_client_finds(hub, release, tmp_path, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    (tmp_path / "no-token").write_text(WRITE)  # where `hf auth login` keeps it
    assert push(release.folder, REPO).private is True
