"""Another site on this machine, and a page of it that tries all that a browser lets a page try."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PAGE = b"<!doctype html><title>foreign</title><body></body>"
# Each try tells what it came to. What fires no event is seen by the answers that the browser got.
ATTACK = """async ({ reads, writes, sockets, patience }) => {
  const outcomes = [];
  const silent = () => new Promise((resolve) => setTimeout(() => resolve("silent"), patience));
  const UNHEARD = new RegExp("^(object|embed|shared worker|video poster" +
    "|link (icon|manifest|prefetch|prerender|dns-prefetch|preconnect))");
  let tries = [];
  const attempt = (name, step) => {
    const tried = Promise.resolve().then(step).then((answer) => `${answer}`, () => "refused");
    // Some fire no event whatever becomes of them.
    const heard = UNHEARD.test(name) ? tried : Promise.race([tried, silent()]);
    const noted = heard.then((outcome) => outcomes.push([name, outcome]));
    if (!UNHEARD.test(name)) tries.push(noted);
  };
  // No two are the same to the browser's cache, which would let one wait for the other.
  let count = 0;
  const fresh = (url) => `${url}${url.includes("?") ? "&" : "?"}foreign${count++}`;
  // A browser has few connections to a host: one group after the other.
  const settled = async () => {
    await Promise.all(tries);
    tries = [];
  };
  const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
  const text = async (answer) => (answer.type === "opaque" ? `blind ${await answer.text()}` : `read ${answer.status}`);
  const bodied = (method, body) => (method === "GET" || method === "HEAD" ? {} : { body });
  const element = (name, fields, parent = document.body) => new Promise((resolve) => {
    const made = Object.assign(document.createElement(name), fields);
    // A frame loads the refusal itself, too: the status of the answer tells.
    made.onload = () => resolve(["iframe", "object", "embed"].includes(name) ? "framed" : "loaded");
    made.onloadeddata = () => resolve("loaded");
    made.onerror = () => resolve("refused");
    parent.append(made);
  });
  const worker = (source) => new Promise((resolve) => {
    const made = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    made.onmessage = (message) => resolve(message.data);
    made.onerror = () => resolve("refused");
  });
  const form = (url, fields) => {
    const frame = Object.assign(document.createElement("iframe"), { name: `frame${Math.random()}` });
    const made = Object.assign(document.createElement("form"), { action: url, target: frame.name, ...fields });
    made.append(Object.assign(document.createElement("input"), { name: '{"displayName": "foreign', value: '"}' }));
    document.body.append(frame, made);
    return new Promise((resolve) => {
      frame.onload = () => resolve("framed");
      made.submit();
    });
  };

  const READING = ["GET", "HEAD", "OPTIONS"];
  const aims = [...reads.map((url) => [url, "{}", READING]), ...writes.map((aim) => [...aim, METHODS])];
  for (const [url, body, methods] of aims) {
    for (const method of methods) {
      for (const mode of ["cors", "no-cors"]) {
        for (const type of method === "POST" ? ["text/plain", "application/json"] : ["text/plain"]) {
          attempt(`fetch ${mode} ${method} ${url}`, async () => text(await fetch(fresh(url), {
            method, mode, credentials: "include", headers: { "content-type": type }, ...bodied(method, body),
          })));
        }
      }
      attempt(`xhr ${method} ${url}`, () => new Promise((resolve) => {
        const request = new XMLHttpRequest();
        request.open(method, fresh(url));
        request.onload = () => resolve(`read ${request.status}`);
        request.onerror = () => resolve("refused");
        request.send(bodied(method, body).body);
      }));
    }
    await settled();
  }
  for (const [url, body] of writes) {
    navigator.sendBeacon(url, body);
    navigator.sendBeacon(url, new Blob([body], { type: "text/plain" }));
    attempt(`keepalive ${url}`, async () => text(await fetch(url, {
      method: "POST", mode: "no-cors", keepalive: true, body,
    })));
    for (const enctype of ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]) {
      attempt(`form ${enctype} ${url}`, () => form(url, { method: "post", enctype }));
    }
    const link = Object.assign(document.createElement("a"), { href: "#", ping: url, text: "ping" });
    document.body.append(link);
    link.click();
    await settled();
  }
  for (const url of sockets) {
    attempt(`websocket ${url}`, () => new Promise((resolve) => {
      const opened = new WebSocket(url);
      opened.onopen = () => resolve("read websocket");
      opened.onerror = () => resolve("refused");
    }));
  }
  for (const url of reads) {
    attempt(`get form ${url}`, () => form(url, { method: "get" }));
    attempt(`eventsource ${url}`, () => new Promise((resolve) => {
      const source = new EventSource(fresh(url), { withCredentials: true });
      source.onopen = () => resolve("read events");
      source.onerror = () => { source.close(); resolve("refused"); };
    }));
    attempt(`worker ${url}`, () => new Promise((resolve, reject) => {
      const made = new Worker(fresh(url));
      made.onerror = () => reject();
    }));
    attempt(`shared worker ${url}`, () => new Promise((resolve, reject) => {
      const made = new SharedWorker(fresh(url));
      made.onerror = () => reject();
    }));
    attempt(`importScripts ${url}`, () => worker(`
      try { importScripts(${JSON.stringify(fresh(url))}); postMessage("loaded"); } catch { postMessage("refused"); }`));
    attempt(`worker fetch ${url}`, () => worker(`
      fetch(${JSON.stringify(fresh(url))}).then(
        (answer) => postMessage("read " + answer.status), () => postMessage("refused"))`));
    attempt(`import ${url}`, async () => { await import(fresh(url)); return "loaded"; });
    attempt(`service worker ${url}`, async () => {
      await navigator.serviceWorker.register(fresh(url));
      return "loaded";
    });
    attempt(`font ${url}`, async () => {
      await new FontFace("foreign", `url(${fresh(url)})`).load();
      return "loaded";
    });
    for (const [name, fields] of [
      ["img", { src: fresh(url) }], ["img", { src: fresh(url), crossOrigin: "anonymous" }],
      ["img", { srcset: `${fresh(url)} 2x` }],
      ["script", { src: fresh(url) }], ["script", { src: fresh(url), type: "module" }],
      ["script", { src: fresh(url), crossOrigin: "use-credentials" }],
      ["iframe", { src: fresh(url) }], ["iframe", { src: fresh(url), sandbox: "allow-scripts" }],
      ["object", { data: fresh(url) }],
      ["embed", { src: fresh(url) }], ["audio", { src: fresh(url) }], ["video", { src: fresh(url), preload: "auto" }],
      ["video", { poster: fresh(url) }], ["input", { type: "image", src: fresh(url) }],
    ]) {
      attempt(`${name} ${fields.poster ? "poster " : ""}${url}`, () => element(name, fields));
    }
    for (const fields of [
      { rel: "stylesheet" }, { rel: "icon" }, { rel: "manifest" }, { rel: "modulepreload" }, { rel: "prefetch" },
      { rel: "preload", as: "script" }, { rel: "preload", as: "style" }, { rel: "preload", as: "image" },
      { rel: "preload", as: "fetch", crossOrigin: "anonymous" },
      { rel: "preload", as: "font", crossOrigin: "anonymous" },
      { rel: "preload", as: "track" }, { rel: "prerender" }, { rel: "dns-prefetch" }, { rel: "preconnect" },
    ]) {
      const name = `link ${fields.rel} ${fields.as ?? ""} ${url}`;
      attempt(name, () => element("link", { href: fresh(url), ...fields }, document.head));
    }
    attempt(`track ${url}`, async () => {
      const video = document.createElement("video");
      document.body.append(video);
      const track = Object.assign(document.createElement("track"), { src: fresh(url), default: true });
      const loaded = new Promise((resolve) => {
        track.onload = () => resolve("loaded");
        track.onerror = () => resolve("refused");
      });
      video.append(track);
      track.track.mode = "showing";
      return loaded;
    });
    const style = document.createElement("style");
    style.textContent = `@import "${fresh(url)}";
      body { background: url(${fresh(url)}); cursor: url(${fresh(url)}), auto; mask-image: url(${fresh(url)}); }`;
    document.head.append(style);
    document.body.insertAdjacentHTML("beforeend", `<svg><image href="${fresh(url)}"/></svg>`);
    document.body.insertAdjacentHTML("beforeend", `<svg><use href="${fresh(url)}#x"/></svg>`);
    const rules = document.createElement("script");
    rules.type = "speculationrules";
    rules.textContent = JSON.stringify({ prefetch: [{ source: "list", urls: [fresh(url)] }] });
    document.head.append(rules);
    await settled();
  }
  await settled();
  return outcomes;
}"""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def foreign_site() -> Iterator[int]:
    """Serves the page at every path of a port, which it gives."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
