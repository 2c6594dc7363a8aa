# SPDX-License-Identifier: LGPL-2.1-or-later
"""A unix socket whose clients a test serves."""

import contextlib
import os
import socket
import threading


class Listener:
    """Listens on PATH, which must not exist, while the context is open. A thread calls serve() of
    the subclass with the socket of each client, one after another; it ends when the client has
    disconnected."""

    def __init__(self, path):
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        os.unlink(self._path)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                self.serve(client)

    def serve(self, client):
        raise NotImplementedError
