"""The list of endpoints, and the page of one."""

from __future__ import annotations

from collections.abc import Mapping

from nicegui.element import Element

from emulator.console.addresses import location_of, page_of
from emulator.console.endpoints import DeployedView, EndpointView, parse_endpoint
from emulator.console.frame import framed, refused
from emulator.console.instances import example_instances
from emulator.console.markup import banner, cell, chips, crumbs, empty, fact, head_cell, link, row, table, tag, time
from emulator.console.polling import Poll
from emulator.console.prediction_form import PredictionForm
from emulator.console.reader import ReadError
from emulator.console.services import Services
from emulator.console.versions import parse_version

POLL_S = 2.0
COLOURS = 4


async def show_endpoints(services: Services, location: str, _query: Mapping[str, str]) -> None:
    """Builds the list.

    Args:
        services: What it reads from.
        location: Whose endpoints.
    """
    with framed("Endpoints", location, "Endpoints"):
        try:
            endpoints = [parse_endpoint(one) for one in await services.reader.list_all(location, "endpoints")]
        except ReadError as error:
            banner(str(error), "bad")
            return
        with tag("div", classes="heading"):
            tag("h1", "Endpoints")
            tag("span", f"{len(endpoints):,} in all", "soft")
        with tag("div", classes="card flush"):
            if not endpoints:
                empty("No endpoints yet", "A run whose gate opens deploys to one.", "python -m pipeline run")
                return
            with table("Endpoints", ["Endpoint", "Traffic", "Updated", "Labels"]):
                for endpoint in endpoints:
                    with row():
                        with head_cell(), tag("div"):
                            link(endpoint.title, page_of(endpoint.name))
                            tag("div", endpoint.name.rpartition("/")[2], "soft small")
                        with cell("Traffic"), tag("div"):
                            _traffic_text(endpoint)
                        with cell("Updated", classes="when"):
                            time(endpoint.updated)
                        with cell("", classes="labels"):
                            chips(endpoint.labels, 4)


def _traffic_text(endpoint: EndpointView) -> None:
    if not endpoint.deployed:
        tag("span", "nothing deployed", "soft")
    for deployed in endpoint.deployed:
        tag("div", f"{deployed.traffic} % version {deployed.version} of {deployed.title or deployed.model}")


async def show_endpoint(services: Services, name: str, _query: Mapping[str, str]) -> None:
    """Builds the page of an endpoint.

    Args:
        services: What it reads from.
        name: Its resource name.
    """
    location = location_of(name)
    try:
        endpoint = parse_endpoint(await services.reader.get(name))
    except ReadError as error:
        with framed("Endpoint", location, "Endpoints"):
            refused(error, "endpoint")
        return
    with framed(endpoint.title, location, "Endpoints") as frame:
        crumbs("Endpoints", page_of(f"{location}/endpoints"), name.rpartition("/")[2])
        tag("h1", endpoint.title)
        deployed = _Deployed(services, endpoint)
        PredictionForm(services.reader, name, await _examples(services, endpoint), frame)
        Poll(POLL_S, deployed.look)


async def _examples(services: Services, endpoint: EndpointView) -> list[object]:
    """Instances that the version with most of the traffic can answer."""
    for deployed in endpoint.deployed[:1]:
        try:
            version = parse_version(await services.reader.get(deployed.name))
        except ReadError:
            return []
        return await example_instances(services.objects, version)
    return []


class _Deployed:
    """The part of the page that tells what is deployed, kept up to date while a rollout moves the traffic.

    Args:
        services: What it reads from.
        endpoint: The endpoint.
    """

    def __init__(self, services: Services, endpoint: EndpointView) -> None:
        self._services = services
        self._endpoint = endpoint
        with tag("section", classes="card", attributes={"aria-label": "Deployed versions"}):
            self._place = tag("div", classes="stack")
        self._show(endpoint)

    async def look(self) -> bool:
        """Reads the endpoint again."""
        try:
            endpoint = parse_endpoint(await self._services.reader.get(self._endpoint.name))
        except ReadError as error:
            self._place.clear()
            with self._place:
                banner(str(error), "bad")
            return True
        if endpoint != self._endpoint:
            self._endpoint = endpoint
            self._show(endpoint)
        return True

    def _show(self, endpoint: EndpointView) -> None:
        self._place.clear()
        with self._place:
            tag("h2", "Traffic")
            if not endpoint.deployed:
                tag("p", "No version is deployed here: predictions are refused.", "soft")
            else:
                _split(endpoint)
                _table(endpoint)
            with tag("dl", classes="facts across"):
                with fact("Created"):
                    time(endpoint.created)
                with fact("Updated"):
                    time(endpoint.updated)
                if endpoint.labels:
                    with fact("Labels"):
                        chips(endpoint.labels)


def _split(endpoint: EndpointView) -> None:
    words = ", ".join(f"version {one.version}: {one.traffic} %" for one in endpoint.deployed)
    with tag("div", classes="split", attributes={"role": "img", "aria-label": f"Traffic split. {words}"}):
        for place, deployed in enumerate(endpoint.deployed):
            if deployed.traffic:
                share = tag("div", f"{deployed.traffic} %", f"share-{place % COLOURS + 1}")
                share.style(f"width: {deployed.traffic}%")


def _table(endpoint: EndpointView) -> None:
    with table("Deployed versions", ["Version", "Traffic", "Machine", "Deployed", "Deployed model"], ["Traffic"]):
        for place, deployed in enumerate(endpoint.deployed):
            with row():
                with head_cell(), tag("div"):
                    _swatch(place, deployed)
                    link(f"{deployed.title or 'Model'}, version {deployed.version}", page_of(deployed.name))
                cell("Traffic", f"{deployed.traffic} %", "number")
                cell("Machine", deployed.machine)
                with cell("Deployed", classes="when"):
                    time(deployed.created)
                cell("Id", deployed.id, "mono")


def _swatch(place: int, deployed: DeployedView) -> Element:
    return tag("span", classes=f"swatch {f'share-{place % COLOURS + 1}' if deployed.traffic else ''}")
