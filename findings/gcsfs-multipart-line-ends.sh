#!/usr/bin/env bash
# Two clients of Cloud Storage, one upload method, two dialects of multipart/related.
#
# Versions: gcsfs 2026.10.1, google-cloud-storage 3.17.1, requests-toolbelt 1.0.0, Python 3.11.
#
# A good guess: RFC 2046 ends the lines around a boundary with CR LF, so whatever reads the uploads of one client with
# uploadType=multipart reads those of the other.
#
# What happens: google-cloud-storage writes CR LF, gcsfs writes LF alone and puts no line end behind the closing
# boundary. requests-toolbelt's MultipartDecoder, which goes by the RFC, takes the first apart and finds no header in the
# second. A stand-in of Cloud Storage has to take both, and must not strip a CR that belongs to the last line of the data.
#
# Seen:
#   google-cloud-storage: line ends CR LF; decoded: ['application/json; charset=UTF-8', 'text/plain']
#   gcsfs: line ends LF; not decoded: ImproperBodyPartContentException
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check \
    gcsfs==2026.10.1 google-cloud-storage==3.17.1 requests-toolbelt==1.0.0
cat > program.py <<'PYTHON'
import http.server
import json
import os
import threading

from requests_toolbelt.multipart.decoder import ImproperBodyPartContentException, MultipartDecoder

TAKEN = []


class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        TAKEN.append((self.headers["content-type"], self.rfile.read(int(self.headers["content-length"]))))
        answer = json.dumps({"name": "x", "bucket": "b", "size": "2", "generation": "1", "crc32c": "+kJjuQ=="}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_address[1]}"
os.environ.update(GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT="false", no_proxy="127.0.0.1")

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

client = Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": address})
client.bucket("b").blob("x").upload_from_string(b"hi", content_type="text/plain", checksum=None)

import gcsfs

gcsfs.GCSFileSystem(token="anon", project="p", endpoint_url=address, consistency="none").pipe_file("b/x", b"hi")

for name, (content_type, body) in zip(("google-cloud-storage", "gcsfs"), TAKEN, strict=True):
    ends = "CR LF" if b"\r\n" in body else "LF"
    try:
        parts = MultipartDecoder(body, content_type).parts
        told = f"decoded: {[part.headers[b'content-type'].decode() for part in parts]}"
    except ImproperBodyPartContentException as error:
        told = f"not decoded: {type(error).__name__}"
    print(f"{name}: line ends {ends}; {told}")
PYTHON
env/bin/python program.py | tee seen
diff seen - <<'SEEN'
google-cloud-storage: line ends CR LF; decoded: ['application/json; charset=UTF-8', 'text/plain']
gcsfs: line ends LF; not decoded: ImproperBodyPartContentException
SEEN
