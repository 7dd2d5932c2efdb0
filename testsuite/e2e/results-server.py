#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTPS server that takes files by PUT, for results.bats: results-server.py FOLDER CERTIFICATE KEY

/ok/NAME is stored as FOLDER/got/NAME, /hold/NAME as well, but not before FOLDER/open is there. /redirect/ and /fail/
answer with 302 and 500. FOLDER/log has a line for each: path, Authorization, length. FOLDER/port has the port."""
import base64
import hashlib
import http.server
import os
import ssl
import sys
import time
import urllib.parse

folder, certificate, key = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind, name = urllib.parse.unquote(self.path)[1:].split("/", 1)
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        with open(folder + "/log", "a") as log:
            print(self.path, self.headers["Authorization"], len(body), file=log)
        while kind == "hold" and not os.path.exists(folder + "/open"):
            time.sleep(0.1)
        if self.headers["Content-Digest"] != f"sha-256=:{digest}:":
            self.answer(400)
        elif kind in ("ok", "hold"):
            path = folder + "/got/" + name
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(body)
            self.answer(201)
        else:
            self.answer(302 if kind == "redirect" else 500)

    def answer(self, status):
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/ok/redirected")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(folder + "/port.new", "w") as port:
    print(server.server_port, file=port)
os.rename(folder + "/port.new", folder + "/port")
server.serve_forever()
