"""Pages that no browser has joined yet. Programs read pages, too, and never join them: each would be kept a minute."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from nicegui import Client, app, ui
from starlette.types import ASGIApp, Receive, Scope, Send

# A page takes some 0.2 MiB. A browser whose page is gone before it joins loads it again.
MOST_WAITING = 50
# The parts of a page refer to each other, and this process searches for garbage seldom: after so many pages it does.
PAGES_A_SEARCH = 100


class WaitingPages:
    """Keeps the newest pages that wait for their browser, and deletes the others."""

    def __init__(self) -> None:
        self._joined: set[str] = set()
        self._being_built: set[str] = set()
        self._deleted = 0
        app.on_connect(lambda client: self._joined.add(client.id))
        app.on_delete(lambda client: self._joined.discard(client.id))

    def spared(self, build: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """The function that builds a page, such that the page is not deleted meanwhile."""

        @wraps(build)
        async def build_undisturbed(*args: Any, **kwargs: Any) -> None:
            page = ui.context.client.id
            self._being_built.add(page)
            try:
                await build(*args, **kwargs)
            finally:
                self._being_built.discard(page)

        return build_undisturbed

    def drop_surplus(self) -> None:
        """Deletes all waiting pages but the newest."""
        others = self._joined | self._being_built
        waiting = [page for page in Client.instances.values() if page.id not in others]
        for page in waiting[:-MOST_WAITING]:
            page.delete()
            self._deleted += 1
        if self._deleted >= PAGES_A_SEARCH:
            self._deleted = 0
            gc.collect()

    def after_each(self, site: ASGIApp) -> ASGIApp:
        """The application, with an end to surplus pages after each request."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await site(scope, receive, send)
            finally:
                if scope["type"] == "http":
                    self.drop_surplus()

        return answer
