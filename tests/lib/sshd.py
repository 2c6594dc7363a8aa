# SPDX-License-Identifier: LGPL-2.1-or-later
"""An SSH server of a test, with keys of its own, and the ssh that knows it."""

import os
import pwd
import shlex
import shutil
import socket
import subprocess
import threading

import qemu

# Outside the PATH of users
_PROGRAM = shutil.which('sshd', path=os.environ['PATH'] + ':/usr/sbin')
_SEPARATION = '/run/sshd'  # Debian's server wants this directory, which its service creates


def _make_key(path):
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path], check=True)
    with open(path + '.pub', encoding='ascii') as file:
        return ' '.join(file.read().split()[:2])


class Server:
    """Serves each connection to PORT of this machine with a process of its own, while the context
    is open: nothing has to be waited for. The files are in HOME, and `program` is an ssh that logs
    in with the key of the user and knows the key of the host. OPTIONS are of sshd_config(5)."""

    def __init__(self, home, *options):
        if _PROGRAM is None or shutil.which('ssh') is None:
            raise qemu.Missing('no sshd, or no ssh')
        self._home = home
        self._options = [word for option in options for word in ('-o', option)]
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self._thread = threading.Thread(target=self._accept)
        self._processes = []
        self.known_hosts = self._path('known_hosts')
        self.user_key = self._path('user_key')
        self.pid_file = self._path('ssh.pid')
        self.program = self._path('ssh')
        self._write_files()

    def _path(self, name):
        return os.path.join(self._home, name)

    def _write(self, name, text):
        with open(self._path(name), 'w', encoding='utf-8') as file:
            file.write(text)

    def _write_files(self):
        host_key = _make_key(self._path('host_key'))
        self._write('authorized_keys', _make_key(self.user_key) + '\n')
        self._write('known_hosts', f'[127.0.0.1]:{self.port} {host_key}\n')
        self._write('sshd_config', f'''\
HostKey {self._path('host_key')}
AuthorizedKeysFile {self._path('authorized_keys')}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
''')
        self._write('ssh_config', f'''\
IdentityFile {self.user_key}
IdentitiesOnly yes
IdentityAgent none
UserKnownHostsFile {self.known_hosts}
GlobalKnownHostsFile /dev/null
''')
        # The last process is remembered.
        self._write('ssh', f'''\
#!/bin/sh
echo $$ >{shlex.quote(self.pid_file)}
exec ssh -F {shlex.quote(self._path('ssh_config'))} "$@"
''')
        os.chmod(self.program, 0o700)

    def address(self, path, user=None):
        return f'ssh://{user or self.user}@127.0.0.1:{self.port}{path}'

    def pid(self):
        """The last ssh that was started."""
        with open(self.pid_file, encoding='ascii') as file:
            return int(file.read())

    def __enter__(self):
        if os.geteuid() == 0:
            os.makedirs(_SEPARATION, mode=0o755, exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for process in self._processes:
            process.wait(qemu.qmp.TIMEOUT)

    def _accept(self):
        with open(self._path('log'), 'ab') as log:
            while True:
                try:
                    client, _ = self._listener.accept()
                except OSError:
                    return
                with client:
                    self._processes.append(subprocess.Popen(  # pylint: disable=consider-using-with
                        [_PROGRAM, '-i', '-e', '-f', self._path('sshd_config'), *self._options],
                        stdin=client, stdout=client, stderr=log))
