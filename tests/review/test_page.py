"""The page in a real browser: keys, fixes, phones, and nothing from elsewhere."""

import asyncio
import importlib.util
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from synth_datasets.review.decisions import read_file
from synth_datasets.review.server import Session, application, listen
from synth_datasets.spec.reviews import last_words

# tests/ is imported without packages, so a neighbour is loaded by its path.
_SPEC = importlib.util.spec_from_file_location("review_browser", Path(__file__).with_name("browser.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
browser = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(browser)

pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="no chromium on this machine")


@contextmanager
def served(session):
    with listen(0) as listening:
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            application(session, "token", [host]), log_level="error", lifespan="off", ws="none"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://{host}/token/"
        finally:
            server.should_exit = True
            thread.join()


def on_page(session, folder, walk):
    """Walk over the page in a browser; whatever happens on it, nothing may be complained of or come from elsewhere."""

    async def run(address):
        async with browser.chromium(folder) as page:
            await walk(page, address)
            assert page.complaints == []
            assert all(each.startswith((address, "data:,")) for each in page.requested), page.requested
            assert len(page.requested) > 2

    with served(session) as address:
        asyncio.run(run(address))


@pytest.fixture
def session(tmp_path, rows, judged):
    return Session("Reviews", "ann", tmp_path / "r.review.jsonl", judged, rows, {})


def said(session):
    return {each.row: each for each in last_words(read_file(session.file)).values()}


def test_rows_are_decided_by_keys_alone(session, tmp_path, rows):
    async def walk(page, address):
        def decided(count):
            return page.until(f"document.getElementById('where').textContent.includes(', {count} decided')")

        await page.open(address)
        await page.press("a")
        await decided(1)
        await page.press("n")
        await page.write("off topic")
        await page.press("Escape")
        await page.press("r")
        await decided(2)
        await page.press("2")
        assert await page.value("document.getElementById('verb').textContent") == "Save"
        await page.press("a")
        await decided(3)
        await page.press("e")
        await page.value("document.querySelector('textarea').select()")
        await page.write("What a person wrote.\nOn two lines.")
        await page.press("Enter", ctrl=True)
        await decided(4)
        await page.press("k")
        await page.until("document.getElementById('badge').textContent === 'fixed'")
        await page.press("u")
        await decided(3)
        assert await page.value("document.getElementById('badge').textContent") == "undecided"
        await page.press("j")
        await page.until("document.getElementById('where').textContent.startsWith('row 5 ')")
        await page.press("a")
        await decided(4)
        await page.press("r")
        await page.until("document.getElementById('where').textContent.startsWith('row 4 ')")
        await page.press("a")
        await page.until("!document.getElementById('done').hidden")
        counts = await page.value("document.getElementById('counts').textContent")
        assert counts == "3 accepted, 2 rejected, 1 fixed"
        await page.press("u")
        await decided(5)
        assert (await page.value("document.getElementById('where').textContent")).startswith("row 4 ")

    on_page(session, tmp_path, walk)
    found = said(session)
    assert [found[row.id].verdict if row.id in found else None for row in rows] == [
        "accept",
        "reject",
        "fix",
        None,
        "accept",
        "reject",
    ]
    assert (found[rows[1].id].note, found[rows[1].id].column) == ("off topic", "text")
    assert found[rows[2].id].values == (("label", "positive"),)
    assert any(
        dict(each.values).get("text") == "What a person wrote.\nOn two lines."
        for each in read_file(session.file)
    )


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
def test_nothing_is_wider_than_the_window_and_a_finger_is_enough(session, tmp_path, width, dark):
    session.rows[0].values["text"] = f"<img src=x onerror=alert(1)> {'w' * 300}"

    async def walk(page, address):
        await page.open(address, width, 844, dark=dark)
        await page.until("document.querySelector('#values .text').textContent.startsWith('<img')")
        assert await page.value("document.documentElement.scrollWidth") == width
        ground = await page.value("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(19, 21, 24)" if dark else "rgb(246, 246, 243)")
        small = "[...document.querySelectorAll('footer button')].filter(b => b.getBoundingClientRect().height < 40)"
        assert await page.value(f"{small}.length") == 0
        await page.value("document.querySelectorAll('.pill')[1].click()")
        await page.value("document.getElementById('accept').click()")
        await page.until("document.getElementById('where').textContent.startsWith('row 2 ')")

    on_page(session, tmp_path, walk)
    assert [each.values for each in said(session).values()] == [(("label", "positive"),)]


def test_the_number_of_a_row_stands_behind_its_class_in_a_script_from_right_to_left(judged, rows, tmp_path):
    first = replace(rows[0], id="train/سلبي/7")
    session = Session("Reviews", "ann", tmp_path / "r.review.jsonl", judged, [first], {})
    right_edges = """(() => {
      const id = document.getElementById("id"), found = {}, range = document.createRange();
      const walk = document.createTreeWalker(id, NodeFilter.SHOW_TEXT);
      for (let node; node = walk.nextNode();) for (const part of ["train", "سلبي", "7"]) {
        const at = node.data.indexOf(part);
        if (at < 0) continue;
        range.setStart(node, at); range.setEnd(node, at + part.length);
        found[part] = range.getBoundingClientRect().right;
      }
      return [found["train"], found["سلبي"], found["7"]];
    })()"""

    async def walk(page, address):
        await page.open(address)
        edges = await page.value(right_edges)
        assert edges == sorted(edges)
        assert await page.value("document.getElementById('id').textContent") == first.id

    on_page(session, tmp_path, walk)


def test_what_cannot_be_written_is_told_on_the_page(session, tmp_path):
    session.file.mkdir()

    async def walk(page, address):
        await page.open(address)
        await page.press("a")
        await page.until("document.getElementById('message').textContent.includes('could not be written')")
        assert any("507" in each for each in page.complaints)
        page.complaints.clear()

    on_page(session, tmp_path, walk)
