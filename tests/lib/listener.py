# SPDX-License-Identifier: LGPL-2.1-or-later
"""A unix socket whose clients a test serves."""

import contextlib
import os
import socket
import threading


# A program that listens on an inherited socket, and becomes another one: to clients it is the
# process at the other end, whichever process serves them.
LISTEN = '''\
import os, socket, sys
with socket.socket(fileno=int(sys.argv[1])) as listener:
    listener.listen()
os.execvp(sys.argv[2], sys.argv[2:])
'''


def bound(path):
    """A socket with the name PATH, which does not listen yet."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    return listener


class Listener:
    """Listens on PATH, which must not exist, while the context is open. A thread calls serve() of
    the subclass with the socket of each client, one after another; it ends when the client has
    disconnected. LISTENER is a socket that listens there already."""

    def __init__(self, path, listener=None):
        self.path = path
        self._listener = listener or bound(path)
        if listener is None:
            self._listener.listen()
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        os.unlink(self.path)

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
