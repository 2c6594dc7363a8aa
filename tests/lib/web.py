# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small HTTP server with range requests, which QEMU sends."""

import contextlib
import http.server
import os
import re
import threading
import urllib.parse


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def _find(self):
        """(path, first, last byte) of the request; None if the file does not exist."""
        name = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).lstrip('/')
        path = os.path.join(self.server.directory, name)
        if not os.path.isfile(path):
            return None
        size = os.path.getsize(path)
        wanted = re.fullmatch(r'bytes=(\d+)-(\d*)', self.headers.get('Range', ''))
        if not wanted:
            return path, 0, size - 1
        return path, int(wanted[1]), min(int(wanted[2] or size), size - 1)

    def _answer(self, has_body):
        found = self._find()
        if found is None:
            self.send_error(404)
            return
        path, first, last = found
        is_part = 'Range' in self.headers
        self.send_response(206 if is_part else 200)
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('Content-Length', str(last - first + 1))
        if is_part:
            self.send_header('Content-Range', f'bytes {first}-{last}/{os.path.getsize(path)}')
        self.end_headers()
        if has_body:
            with open(path, 'rb') as file:
                file.seek(first)
                self.wfile.write(file.read(last - first + 1))

    def do_HEAD(self):  # pylint: disable=invalid-name
        self._answer(False)

    def do_GET(self):  # pylint: disable=invalid-name
        self._answer(True)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@contextlib.contextmanager
def server(directory):
    """Serve the files of DIRECTORY; yields the port on 127.0.0.1."""
    listener = http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Handler)
    listener.daemon_threads = True
    listener.directory = directory
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    try:
        yield listener.server_address[1]
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
