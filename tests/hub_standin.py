"""A stand-in for the Hub on loopback: datasets, commits, tags, large files; in memory.

    hub = HubStandin()
    hub.start()
    ...                                 # HF_ENDPOINT=hub.url, HF_HUB_DISABLE_XET=1, set before any import
    hub.repos["org/name"].tags          # {"v1.0.0": "<commit>"}
    hub.repos["org/name"].at("main")    # {"README.md": b"...", ...}
    hub.calls                           # ["POST /api/repos/create", ...] in order of arrival
    hub.uploaded                        # {"<sha256>": bytes that were sent of it}, for large files
    hub.fail["POST", "/tag/"] = [503]   # statuses of the next such calls, by a part of their path
    hub.before["POST", "/tag/"] = f     # called once, before the next such call is answered
    hub.on_call = f                     # called with the number of each call, before it is answered
    hub.stop()

    hub.renamed["org/old"] = "org/name" # old addresses lead to the new one (307)
    hub.repos["org/name"].gated = True  # files are for `WRITE` alone (403 `GatedRepo`)
    hub.repos["org/name"].proposals     # pull requests by their number
    hub.spaces["org/name"] = {"name.py": "..."}      # what `evaluate.load("org/name")` reads, on `main` alone
    hub.xet = folder                    # large files go to and come from a store of `hf_xet` in that folder

Tokens: `WRITE` may write to `alice` and `org`, `READ` sees their private repositories, `EXPIRED` was valid, all others
are invalid.
It answers what `huggingface_hub` 2.4 and `datasets` 5.2 ask for, unmodified, without Xet unless asked. What the
real Hub checks beyond that (quotas, names, the card's schema) it does not. Clients rely on two of its habits: a HEAD of
a large file redirects to another host name, and a 404 says in `X-Error-Code` what is missing.
"""

import base64
import hashlib
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
import xet_standin
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

__all__ = ["EXPIRED", "READ", "WRITE", "Blob", "HubStandin", "Repo"]

WRITE = "hf_standinWriteTokenThatIsValidHere000"
READ = "hf_standinReadTokenThatIsValidHere0000"
EXPIRED = "hf_standinTokenThatIsValidNoMore00000"
OWNERS = ("alice", "org")
LARGE = 10_000_000

ALL = ["GET", "HEAD", "POST", "PUT"]


@dataclass(frozen=True, slots=True)
class Blob:
    """One file's content; `large` ones are kept as LFS objects."""

    content: bytes
    large: bool

    @property
    def sha256(self) -> str:
        """The id of a large file."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def oid(self) -> str:
        """Git's id of what the tree holds: the content, or the pointer of a large file."""
        content = self.content
        if self.large:
            content = (
                "version https://git-lfs.github.com/spec/v1\n"
                f"oid sha256:{self.sha256}\nsize {len(self.content)}\n"
            ).encode()
        return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()

    def entry(self, path: str) -> dict[str, object]:
        """What the tree API says of it."""
        lfs = {"oid": self.sha256, "size": len(self.content), "pointerSize": 134}
        size = len(self.content)
        return {"type": "file", "path": path, "size": size, "oid": self.oid} | (
            {"lfs": lfs} if self.large else {}
        )


@dataclass
class Repo:
    """One dataset repository; `commits` are whole trees, the last one is `main`."""

    private: bool
    commits: dict[str, dict[str, Blob]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    gated: bool = False
    proposals: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Title and commit of each open pull request."""

    @property
    def head(self) -> str:
        """The commit of `main`."""
        proposed = {commit for _, commit in self.proposals.values()}
        return next(commit for commit in reversed(self.commits) if commit not in proposed)

    def resolve(self, revision: str) -> str | None:
        """Return the commit of a branch, tag or commit."""
        if revision in ("main", "refs/heads/main"):
            return self.head
        if revision.startswith("refs/pr/"):
            return self.proposals.get(int(revision.rpartition("/")[2]), ("", ""))[1] or None
        revision = self.tags.get(revision, revision)
        return revision if revision in self.commits else None

    def at(self, revision: str) -> dict[str, bytes]:
        """Return the content of every file at a revision that exists."""
        return {path: blob.content for path, blob in self.commits[self.resolve(revision) or ""].items()}

    def commit(self, files: dict[str, Blob], message: str) -> str:
        """Append a commit, as anybody might at any time; return its id."""
        self.messages.append(message)
        described = [(path, blob.oid) for path, blob in sorted(files.items())]
        # The count makes ids differ where trees are equal, as dates do in git.
        oid = hashlib.sha1(
            json.dumps([len(self.commits), message, described]).encode(), usedforsecurity=False
        )
        self.commits[oid.hexdigest()] = files
        return oid.hexdigest()


class _RefusedError(Exception):
    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        self.response = JSONResponse(
            {"error": message or code},
            status_code=status,
            headers={"X-Error-Code": code, "X-Error-Message": message or code},
        )


class HubStandin:
    """The server and all that it knows; the attributes may be changed between calls."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.uploaded: dict[str, int] = {}
        self.calls: list[str] = []
        self.fail: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self.before: dict[tuple[str, str], Callable[[], object]] = {}
        self.ignored: set[str] = set()
        self.renamed: dict[str, str] = {}
        self.spaces: dict[str, dict[str, str]] = {}
        self.xet: Path | None = None
        self.on_call: Callable[[int], object] | None = None
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """What HF_ENDPOINT must be."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen on a free port of loopback; returns when the port is open."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        # Connections inherit it; without it the body of each answer waits 40 ms for the client's word on its head.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(self._app(), log_config=None, lifespan="off", timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and wait for the thread."""
        self._server.should_exit = True
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()
        if self._socket is not None:
            self._socket.close()

    def _app(self) -> Starlette:
        api, repo = "/api/datasets/{ns}/{name}", "/datasets/{ns}/{name}"
        routes = {
            "/api/whoami-v2": self._whoami,
            "/api/repos/create": self._create,
            "/api/validate-yaml": self._validate_yaml,
            api: self._info,
            api + "/revision/{rev:path}": self._info,
            api + "/refs": self._refs,
            api + "/discussions": self._discussions,
            api + "/tree/refs/pr/{pr:int}": self._tree,
            api + "/tree/{rev}": self._tree,
            api + "/tree/{rev}/{path:path}": self._tree,
            api + "/preupload/{rev}": self._preupload,
            api + "/paths-info/{rev}": self._paths_info,
            api + "/commit/{rev}": self._commit,
            api + "/tag/{rev}": self._tag,
            api + "/xet-write-token/{rev}": self._xet_token,
            api + "/xet-read-token/{rev}": self._xet_token,
            repo + ".git/info/lfs/objects/batch": self._lfs_batch,
            "/lfs/{oid}": self._lfs_object,
            "/lfs/{oid}/verify": self._lfs_verify,
            repo + "/resolve/{rev}/{path:path}": self._resolve,
            "/spaces/{ns}/{name}/resolve/{rev}/{path:path}": self._space,
        }
        return Starlette(
            routes=[Route(path, self._guarded(answer), methods=ALL) for path, answer in routes.items()]
        )

    def _guarded(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            self.calls.append(f"{request.method} {request.url.path}")
            if self.on_call is not None:
                self.on_call(len(self.calls))
            for (method, part), action in list(self.before.items()):
                if method == request.method and part in request.url.path:
                    del self.before[method, part]
                    action()
            for (method, part), statuses in self.fail.items():
                if statuses and method == request.method and part in request.url.path:
                    return JSONResponse({"error": "as the test asked"}, status_code=statuses.pop(0))
            repo_id = f"{request.path_params.get('ns')}/{request.path_params.get('name')}"
            if repo_id in self.renamed:
                url = str(request.url).replace(repo_id, self.renamed[repo_id], 1)
                return RedirectResponse(url.removeprefix(self.url), status_code=307)
            try:
                return await answer(request)
            except _RefusedError as refused:
                return refused.response

        return guarded

    # Who asks, and what for.

    def _role(self, request: Request) -> str | None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not given:
            return None
        if given == EXPIRED:
            raise _RefusedError(401, message='User Access Token "ci" is expired')
        if given not in (WRITE, READ):
            raise _RefusedError(401, message="Invalid credentials in Authorization header")
        return "write" if given == WRITE else "read"

    def _writer(self, request: Request, owner: str) -> None:
        role = self._role(request)
        if role is None:
            raise _RefusedError(401, message="Invalid username or password.")
        if role == "write" and request.query_params.get("create_pr"):
            return  # anybody may propose a change to what they see
        if role != "write" or owner not in OWNERS:
            raise _RefusedError(
                403, message=f"You don't have the rights to write under the namespace {owner}"
            )

    def _repo(self, request: Request) -> Repo:
        repo = self.repos.get(f"{request.path_params['ns']}/{request.path_params['name']}")
        if repo is None or (self._role(request) is None and repo.private):
            raise _RefusedError(404 if self._role(request) else 401, "RepoNotFound", "Repository not found")
        return repo

    def _revision(self, request: Request, repo: Repo) -> str:
        if "pr" in request.path_params:
            commit = repo.resolve(f"refs/pr/{request.path_params['pr']}")
        else:
            commit = repo.resolve(request.path_params.get("rev", "main"))
        if commit is None:
            raise _RefusedError(404, "RevisionNotFound", "Invalid rev id")
        return commit

    def _gate(self, request: Request, repo: Repo) -> None:
        if repo.gated and self._role(request) != "write":
            repo_id = f"{request.path_params['ns']}/{request.path_params['name']}"
            raise _RefusedError(
                403 if self._role(request) else 401,
                "GatedRepo",
                f"Access to dataset {repo_id} is restricted and you are not in the authorized list. "
                f"Visit https://huggingface.co/datasets/{repo_id} to ask for access.",
            )

    async def _whoami(self, request: Request) -> Response:
        role = self._role(request)
        if role is None:
            raise _RefusedError(401, message="Invalid username or password.")
        token = {"displayName": "test", "role": role}
        return JSONResponse(
            {
                "type": "user",
                "name": "alice",
                "orgs": [{"name": "org", "roleInOrg": "write"}],
                "auth": {"type": "access_token", "accessToken": token},
            }
        )

    # Repositories.

    async def _create(self, request: Request) -> Response:
        body = await request.json()
        owner = body.get("organization") or "alice"
        self._writer(request, owner)
        repo_id = f"{owner}/{body['name']}"
        url = {"url": f"{self.url}/datasets/{repo_id}", "id": repo_id}
        if repo_id in self.repos:
            return JSONResponse({"error": "You already created this dataset repo", **url}, status_code=409)
        self.create(repo_id, private=body.get("visibility") == "private" or bool(body.get("private")))
        return JSONResponse(url)

    def create(self, repo_id: str, *, private: bool = True, files: dict[str, bytes] | None = None) -> Repo:
        """Make a repository with its first commit."""
        repo = self.repos[repo_id] = Repo(private=private)
        content = {".gitattributes": b"*.parquet filter=lfs diff=lfs merge=lfs -text\n", **(files or {})}
        repo.commit(
            {path: Blob(data, _is_large(path, len(data))) for path, data in content.items()}, "initial commit"
        )
        return repo

    async def _validate_yaml(self, request: Request) -> Response:
        content = (await request.json())["content"]
        bad = "license: refuse-me" in content
        errors = [{"message": '"license" must be one of the list'}] if bad else []
        return JSONResponse({"errors": errors, "warnings": []}, status_code=400 if bad else 200)

    async def _info(self, request: Request) -> Response:
        repo = self._repo(request)
        commit = self._revision(request, repo)
        repo_id = f"{request.path_params['ns']}/{request.path_params['name']}"
        return JSONResponse(
            {
                "id": repo_id,
                "sha": commit,
                "private": repo.private,
                "disabled": False,
                "gated": "manual" if repo.gated else False,
                "tags": [],
                "downloads": 0,
                "likes": 0,
                "siblings": [{"rfilename": path} for path in repo.commits[commit]],
            }
        )

    async def _refs(self, request: Request) -> Response:
        repo = self._repo(request)
        tags = [
            {"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": commit}
            for tag, commit in repo.tags.items()
        ]
        branches = [{"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head}]
        return JSONResponse({"branches": branches, "converts": [], "tags": tags})

    async def _discussions(self, request: Request) -> Response:
        repo = self._repo(request)
        found = [
            {
                "num": number,
                "title": title,
                "status": "open",
                "isPullRequest": True,
                "author": {"name": "alice"},
                "createdAt": "2026-01-01T00:00:00.000Z",
                "repo": {
                    "type": "dataset",
                    "name": f"{request.path_params['ns']}/{request.path_params['name']}",
                },
            }
            for number, (title, _) in repo.proposals.items()
        ]
        return JSONResponse({"discussions": found, "count": len(found), "start": 0})

    async def _tree(self, request: Request) -> Response:
        repo = self._repo(request)
        self._gate(request, repo)
        files = repo.commits[self._revision(request, repo)]
        folder = request.path_params.get("path", "")
        prefix = f"{folder}/" if folder else ""
        inside = {path: blob for path, blob in files.items() if path.startswith(prefix)}
        if folder and not inside:
            raise _RefusedError(404, "EntryNotFound", f"{folder} does not exist")
        if request.query_params.get("recursive", "").lower() == "true":
            return JSONResponse([blob.entry(path) for path, blob in inside.items()])
        entries: dict[str, dict[str, object]] = {}
        for path, blob in inside.items():
            first, slash, _ = path.removeprefix(prefix).partition("/")
            name = prefix + first
            entries[name] = (
                {"type": "directory", "path": name, "oid": "0" * 40} if slash else blob.entry(path)
            )
        return JSONResponse(list(entries.values()))

    async def _paths_info(self, request: Request) -> Response:
        repo = self._repo(request)
        files = repo.commits[self._revision(request, repo)]
        wanted = dict(await request.form()) if "form" in request.headers.get("content-type", "") else {}
        paths = [wanted["paths"]] if wanted else (await request.json())["paths"]
        return JSONResponse([files[path].entry(path) for path in paths if path in files])

    # Writing.

    async def _preupload(self, request: Request) -> Response:
        repo = self._repo(request)
        self._writer(request, request.path_params["ns"])
        head = repo.commits[self._revision(request, repo)]
        answers = []
        for item in (await request.json())["files"]:
            path = item["path"]
            answers.append(
                {
                    "path": path,
                    "uploadMode": "lfs" if _is_large(path, item["size"]) else "regular",
                    "shouldIgnore": path in self.ignored,
                    "oid": head[path].oid if path in head else None,
                }
            )
        return JSONResponse({"files": answers})

    async def _xet_token(self, request: Request) -> Response:
        repo = self._repo(request)
        self._gate(request, repo)
        if "/xet-write-token/" in request.url.path:
            self._writer(request, request.path_params["ns"])
        if self.xet is None:
            raise _RefusedError(404, message="this stand-in was not asked for Xet")
        headers = xet_standin.token_headers(self.xet)
        url, token, expires = headers.values()
        return JSONResponse({"casUrl": url, "accessToken": token, "exp": int(expires)}, headers=headers)

    async def _lfs_batch(self, request: Request) -> Response:
        # It is not told what the objects are for: a proposal brings some to a repository of others.
        if self._role(request) != "write":
            raise _RefusedError(403, message="You don't have the rights to write here")
        objects = []
        for item in (await request.json())["objects"]:
            href = f"{self.url}/lfs/{item['oid']}"
            actions = {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}
            objects.append(item if item["oid"] in self.objects else {**item, "actions": actions})
        return JSONResponse({"transfer": "basic", "objects": objects})

    async def _lfs_object(self, request: Request) -> Response:
        oid = request.path_params["oid"]
        if request.method == "PUT":
            content = await request.body()
            if hashlib.sha256(content).hexdigest() != oid:
                raise _RefusedError(422, message="the content is not the object")
            self.objects[oid] = content
            self.uploaded[oid] = self.uploaded.get(oid, 0) + len(content)
            return Response()
        return _ranged(request, self.objects[oid], {"ETag": f'"{oid}"'})

    async def _lfs_verify(self, request: Request) -> Response:
        known = request.path_params["oid"] in self.objects
        return JSONResponse({}, status_code=200 if known else 404)

    async def _commit(self, request: Request) -> Response:
        repo = self._repo(request)
        self._writer(request, request.path_params["ns"])
        lines = [json.loads(line) for line in (await request.body()).splitlines()]
        header = lines[0]["value"]
        if header.get("parentCommit", repo.head) != repo.head:
            raise _RefusedError(412, message="A commit has happened since. Please refresh and try again.")
        files = dict(repo.commits[repo.head])
        for line in lines[1:]:
            value = line["value"]
            match line["key"]:
                case "file":
                    files[value["path"]] = Blob(base64.b64decode(value["content"]), large=False)
                case "lfsFile":
                    self._fetch_from_xet(value["oid"], value["size"])
                    files[value["path"]] = Blob(self.objects[value["oid"]], large=True)
                case "deletedFile":
                    if files.pop(value["path"], None) is None:
                        raise _RefusedError(404, "EntryNotFound", "A file with this name doesn't exist")
                case "deletedFolder":
                    files = {path: blob for path, blob in files.items() if not path.startswith(value["path"])}
        oid = repo.commit(files, header["summary"])
        url = f"{self.url}/datasets/{request.path_params['ns']}/{request.path_params['name']}"
        answer = {"success": True, "commitOid": oid, "commitUrl": f"{url}/commit/{oid}", "hookOutput": ""}
        if request.query_params.get("create_pr"):
            number = len(repo.proposals) + 1
            repo.proposals[number] = (header["summary"], oid)
            answer["pullRequestUrl"] = f"{url}/discussions/{number}"
        return JSONResponse(answer)

    def _fetch_from_xet(self, oid: str, size: int) -> None:
        if self.xet is not None and oid not in self.objects:
            name = xet_standin.xet_hashes(self.xet).get(oid)
            if name is None:
                raise _RefusedError(400, message=f"no object {oid} was uploaded")
            self.objects[oid] = xet_standin.content_of(self.xet, name, size)

    async def _tag(self, request: Request) -> Response:
        repo = self._repo(request)
        self._writer(request, request.path_params["ns"])
        tag = (await request.json())["tag"]
        if tag in repo.tags:
            raise _RefusedError(409, message=f"Tag reference exists already: {tag}")
        repo.tags[tag] = self._revision(request, repo)
        return JSONResponse({})

    # Reading.

    async def _space(self, request: Request) -> Response:
        given = request.path_params
        files = self.spaces.get(f"{given['ns']}/{given['name']}", {}) if given["rev"] == "main" else {}
        if given["path"] not in files:
            raise _RefusedError(404, "EntryNotFound", "Entry not found")
        content = files[given["path"]]
        etag = hashlib.sha256(content.encode()).hexdigest()
        return Response(content, media_type="text/plain", headers={"ETag": f'"{etag}"'})

    async def _resolve(self, request: Request) -> Response:
        repo = self._repo(request)
        self._gate(request, repo)
        commit = self._revision(request, repo)
        blob = repo.commits[commit].get(request.path_params["path"])
        if blob is None:
            raise _RefusedError(404, "EntryNotFound", "Entry not found")
        headers = {"X-Repo-Commit": commit, "ETag": f'"{blob.oid}"'}
        if not blob.large:
            return _ranged(request, blob.content, headers)
        self.objects.setdefault(blob.sha256, blob.content)
        headers |= {"X-Linked-Size": str(len(blob.content)), "X-Linked-Etag": f'"{blob.sha256}"'}
        if self.xet is not None and (name := xet_standin.xet_hashes(self.xet).get(blob.sha256)):
            repo_id = f"{request.path_params['ns']}/{request.path_params['name']}"
            route = f"{self.url}/api/datasets/{repo_id}/xet-read-token/{commit}"
            headers |= {"X-Xet-Hash": name, "X-Xet-Refresh-Route": route}
        # Clients follow a redirect on their own host before they read the headers above: name another one.
        return RedirectResponse(
            f"http://localhost:{self.port}/lfs/{blob.sha256}", status_code=302, headers=headers
        )


def _is_large(path: str, size: int) -> bool:
    return path.endswith(".parquet") or size > LARGE


def _ranged(request: Request, content: bytes, headers: dict[str, str]) -> Response:
    asked = request.headers.get("range", "")
    headers = {**headers, "Accept-Ranges": "bytes"}
    if not asked.startswith("bytes="):
        return Response(content, headers=headers, media_type="application/octet-stream")
    first, _, last = asked.removeprefix("bytes=").partition("-")
    start = int(first) if first else max(0, len(content) - int(last))
    end = min(int(last), len(content) - 1) if first and last else len(content) - 1
    headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return Response(
        content[start : end + 1], status_code=206, headers=headers, media_type="application/octet-stream"
    )
