"""What lies in the object store: folders listed, text shown, everything to be had as a file."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from emulator.console.addresses import download_of, object_page
from emulator.console.frame import framed, refused
from emulator.console.markup import cell, empty, head_cell, link, row, table, tag, text_fact, time
from emulator.console.objects import ObjectReader, StoredObject, split_uri
from emulator.console.previews import readable_text, size_text
from emulator.console.reader import ReadError
from emulator.console.services import Services
from emulator.console.times import parse_time

PREVIEW_BYTES = 128 * 1024
LARGEST_REPORT = 16 * 1024 * 1024
MOST_LISTED = 500
# A report may look as it likes, and can do nothing: no scripts, no network, no origin.
REPORT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"
)


async def show_object(services: Services, uri: str) -> None:
    """Builds the page of an object, or of the objects below a name.

    Args:
        services: What it reads from.
        uri: gs://BUCKET/NAME.
    """
    title = uri.rstrip("/").rpartition("/")[2] or uri
    with framed(title, services.home, ""):
        tag("h1", title)
        tag("p", uri, "mono soft wrap-anywhere")
        try:
            held = await services.objects.below(uri)
            content = await _preview(services.objects, uri, held)
        except ReadError as error:
            refused(error, "object")
            return
        if content is not None:
            _show_file(held[0], content)
        elif held:
            _show_folder(uri, held)
        else:
            refused(ReadError(f"Nothing lies at {uri}.", 404), "object")


async def _preview(objects: ObjectReader, uri: str, held: Sequence[StoredObject]) -> bytes | None:
    if [one.uri for one in held] != [uri]:
        return None
    return await objects.read(uri, PREVIEW_BYTES)


def _show_file(one: StoredObject, content: bytes) -> None:
    with tag("section", classes="card", attributes={"aria-label": "Object"}):
        with tag("dl", classes="facts across"):
            text_fact("Size", size_text(one.size))
            with tag("div"):
                tag("dt", "Written")
                with tag("dd"):
                    time(parse_time(one.updated))
        tag("a", "Download", "button compact", {"href": download_of(one.uri)})
    text = readable_text(content, is_whole=len(content) == one.size)
    with tag("section", classes="card", attributes={"aria-label": "Content"}):
        if text is None:
            tag("p", "This is no text: download it to look into it.", "soft")
        else:
            tag("pre", text or "(empty)", "text-block", {"tabindex": "0", "role": "region", "aria-label": "Content"})
            if len(content) < one.size:
                tag("p", f"The first {size_text(len(content))} of it. Download it for the rest.", "soft small")


def _show_folder(uri: str, held: Sequence[StoredObject]) -> None:
    with tag("section", classes="card flush", attributes={"aria-label": "Objects"}):
        with table("Objects", ["Name", "Size", "Written"], ["Size"]):
            for one in held[:MOST_LISTED]:
                with row():
                    with head_cell():
                        link(one.uri.removeprefix(uri).lstrip("/") or one.name, object_page(one.uri))
                    cell("Size", size_text(one.size), "number")
                    with cell("Written", classes="when"):
                        time(parse_time(one.updated))
        if len(held) > MOST_LISTED:
            empty("There are more", f"The first {MOST_LISTED:,} of {len(held):,} objects are listed.")


async def send_object(objects: ObjectReader, uri: str) -> Response:
    """An object as a file. A browser stores it, and never shows it as a page of this server.

    Args:
        objects: The object store.
        uri: gs://BUCKET/NAME.
    """
    try:
        name = split_uri(uri)[1].rstrip("/").rpartition("/")[2]
        held = await objects.below(uri)
    except ReadError as error:
        return Response(str(error), error.status, media_type="text/plain")
    if uri not in [one.uri for one in held]:
        return Response(f'There is no object "{uri}".', 404, media_type="text/plain")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return StreamingResponse(objects.stream(uri), headers=headers, media_type="application/octet-stream")


async def send_report(objects: ObjectReader, uri: str) -> Response:
    """An HTML artifact as a page that can do nothing, for a frame of the console.

    Args:
        objects: The object store.
        uri: gs://BUCKET/NAME.
    """
    try:
        content = await objects.read(uri, LARGEST_REPORT)
    except ReadError as error:
        return Response(str(error), error.status, media_type="text/plain")
    headers = {"content-security-policy": REPORT_POLICY, "x-frame-options": "SAMEORIGIN"}
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)
