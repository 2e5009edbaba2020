"""The pages put together as an application: which page is at which address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from nicegui import app, ui

from emulator.console.addresses import PREFIX, page_of
from emulator.console.compare_page import show_comparison
from emulator.console.endpoints_page import show_endpoint, show_endpoints
from emulator.console.frame import framed, refused
from emulator.console.models_page import show_model, show_models
from emulator.console.objects import ObjectReader
from emulator.console.objects_page import send_object, send_report, show_object
from emulator.console.reader import Reader, ReadError
from emulator.console.run_index import RunIndex
from emulator.console.run_page import show_run
from emulator.console.runs_page import show_runs
from emulator.console.schedule_page import show_schedule
from emulator.console.schedules_page import show_schedules
from emulator.console.services import Services
from emulator.console.waiting_pages import WaitingPages

ASSETS = Path(__file__).parent / "assets"
# A browser whose connection broke, a phone that slept, finds its page again for so long.
RECONNECT_S = 30.0
# A page waits for the API for so long before it is given up.
RESPONSE_S = 60.0
# NiceGUI's own start of a page, and then the colours that the reader chose before.
CHOSEN_COLOURS = """
const chosenColours = localStorage.getItem("console-colours");
if (chosenColours) setDark(chosenColours === "dark");
"""

LISTS = {
    "pipelineJobs": show_runs,
    "models": show_models,
    "endpoints": show_endpoints,
    "schedules": show_schedules,
}
RESOURCES = {
    "pipelineJobs": show_run,
    "models": show_model,
    "endpoints": show_endpoint,
    "schedules": show_schedule,
}


def make_website(reader: Reader, objects: ObjectReader, home: str) -> FastAPI:
    """The application with all pages.

    Args:
        reader: The REST API.
        objects: The object store.
        home: The location whose runs are shown first: projects/P/locations/L.
    """
    pages = _Pages(Services(reader, objects, RunIndex(reader), home))
    waiting = WaitingPages()
    for path, build in pages.by_path().items():
        ui.page(path, response_timeout=RESPONSE_S)(waiting.spared(build))
    ui.add_head_html(f"<style>{(ASSETS / 'theme.css').read_text(encoding='utf-8')}</style>", shared=True)
    app.config.vue_config_script += CHOSEN_COLOURS
    app.config.quasar_config["loadingBar"] = {"skipHijack": True}
    app.config.socket_io_js_transports = ["websocket"]
    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    site.add_middleware(waiting.after_each)
    site.add_api_route(f"{PREFIX}/download", pages.download, response_class=Response)
    site.add_api_route(f"{PREFIX}/report", pages.report, response_class=Response)
    ui.run_with(
        site,
        mount_path=PREFIX,
        title="Vertex emulator",
        favicon=ASSETS / "icon.svg",
        dark=None,
        language="en-US",
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_S,
        gzip_middleware_factory=None,
        show_welcome_message=False,
    )
    return site


class _Pages:
    """What stands at each address.

    Args:
        services: What the pages read from.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def by_path(self) -> dict[str, Any]:
        """The function that builds each page, by its path below /console."""
        location = "/projects/{project}/locations/{region}"
        return {
            "/": self.home,
            "/compare": self.comparison,
            "/objects": self.object,
            f"{location}/{{collection}}": self.collection,
            f"{location}/{{collection}}/{{name}}": self.resource,
        }

    async def home(self, request: Request) -> None:
        """The runs of the emulator's own location."""
        await show_runs(self._services, self._services.home, request.query_params)

    async def comparison(self, request: Request) -> None:
        """Runs side by side."""
        await show_comparison(self._services, request.query_params.getlist("run"))

    async def object(self, request: Request) -> None:
        """What lies in the object store."""
        await show_object(self._services, request.query_params.get("uri", ""))

    async def download(self, uri: str = "") -> Response:
        """An object as a file."""
        return await send_object(self._services.objects, uri)

    async def report(self, uri: str = "") -> Response:
        """An HTML artifact, for a frame that runs nothing."""
        return await send_report(self._services.objects, uri)

    async def collection(self, request: Request, project: str, region: str, collection: str) -> None:
        """A list."""
        location = f"projects/{project}/locations/{region}"
        if collection in LISTS:
            await LISTS[collection](self._services, location, request.query_params)
        else:
            _not_found(location, f"{location}/{collection}")

    async def resource(self, request: Request, project: str, region: str, collection: str, name: str) -> None:
        """A resource."""
        location = f"projects/{project}/locations/{region}"
        full_name = f"{location}/{collection}/{name}"
        if collection in RESOURCES:
            await RESOURCES[collection](self._services, full_name, request.query_params)
        else:
            _not_found(location, full_name)


def _not_found(location: str, name: str) -> None:
    with framed("Not found", location, ""):
        refused(ReadError(f"The console has no page {page_of(name)}.", 404), "page")
