"""A headless Chromium on this machine, driven through its DevTools protocol; tests skip where there is none.

async with chromium(tmp_path) as page:
    await page.open(address)
    await page.press("a")
    assert await page.value("document.title") == "..."
    assert not page.complaints          # errors in the console, exceptions, refused requests
    assert page.requested == {...}      # every address that was asked for
"""

import asyncio
import base64
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

__all__ = ["CHROMIUM", "Page", "chromium"]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_CODES = {"Enter": 13, "Escape": 27}


class Page:
    """One page; `complaints` and `requested` grow while it lives."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.complaints: list[str] = []
        self.requested: list[str] = []
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self._reader = asyncio.ensure_future(self._read())

    async def open(self, address: str, width: int = 1280, height: int = 800, *, dark: bool = False) -> None:
        """Load the address in a window of that size and wait until its rows are there."""
        phone = width < 500
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.send(f"{domain}.enable")
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=phone,
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.send("Emulation.setEmulatedMedia", features=features)
        self._loaded.clear()
        await self.send("Page.navigate", url=address)
        await asyncio.wait_for(self._loaded.wait(), 20)
        await self.until("document.getElementById('where').textContent !== '…'")

    async def value(self, expression: str) -> Any:
        found = await self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until the expression holds, looking whenever the page draws; at most 10 seconds."""
        look = (
            "new Promise((done, fail) => { const end = Date.now() + 10000; const look = () => "
            f"({expression}) ? done(true) : Date.now() > end ? fail('never: ' + {expression!r}) : setTimeout(look, 10);"
            " look(); })"
        )
        assert await self.value(look) is True

    async def press(self, key: str, *, ctrl: bool = False) -> None:
        event = {
            "key": key,
            "code": key,
            "modifiers": 2 if ctrl else 0,
            "windowsVirtualKeyCode": _CODES.get(key, 0),
        }
        if len(key) == 1 and not ctrl:
            event["text"] = key
        await self.send("Input.dispatchKeyEvent", type="keyDown", **event)
        event.pop("text", None)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    async def write(self, text: str) -> None:
        await self.send("Input.insertText", text=text)

    async def picture(self, path: Path) -> None:
        found = await self.send("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(found["data"]))

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        number = len(self._waiting) + 1
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        return await asyncio.wait_for(self._waiting[number], 30)

    async def close(self) -> None:
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader

    async def _read(self) -> None:
        async for message in self._socket:
            event = message.json()
            params = event.get("params", {})
            match event.get("method"):
                case None:
                    if "error" in event:
                        self._waiting[event["id"]].set_exception(AssertionError(event["error"]))
                    else:
                        self._waiting[event["id"]].set_result(event["result"])
                case "Page.loadEventFired":
                    self._loaded.set()
                case "Network.requestWillBeSent":
                    self.requested.append(params["request"]["url"])
                case "Runtime.exceptionThrown":
                    self.complaints.append(str(params["exceptionDetails"]))
                case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                    self.complaints.append(str(params["args"]))
                case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                    self.complaints.append(str(params["entry"]))


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Page]:
    """Start a browser with a profile in the folder, and end it."""
    assert CHROMIUM is not None
    options = (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *(f"--user-data-dir={folder / 'profile'}", "--remote-debugging-port=0", "about:blank"),
    )
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        port = await asyncio.wait_for(_port(process), 30)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                target = next(each for each in await answer.json() if each["type"] == "page")
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                yield page
                await page.close()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    async for line in process.stderr:
        if found := re.search(rb"DevTools listening on ws://[^:]+:(\d+)/", line):
            return int(found[1])
    raise AssertionError("the browser ended before it listened")
