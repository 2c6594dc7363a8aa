# SPDX-License-Identifier: LGPL-2.1-or-later
"""Start the programs of QEMU for a test, and always end them.

The environment selects the programs, each variable a command prefix, so that another version can be
run: QBLK_QEMU_SYSTEM, QBLK_QEMU_STORAGE_DAEMON, QBLK_QEMU_IMG, QBLK_QEMU_IO, QBLK_QEMU_NBD.
`scripts/qemu-matrix with VERSION` sets them."""

import contextlib
import functools
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid

import qmp

FIXED_UUID = None  # of all guests, when their replies are recorded

_VARIABLES = {
    'qemu-system-x86_64': 'QBLK_QEMU_SYSTEM',
    'qemu-storage-daemon': 'QBLK_QEMU_STORAGE_DAEMON',
    'qemu-img': 'QBLK_QEMU_IMG',
    'qemu-io': 'QBLK_QEMU_IO',
    'qemu-nbd': 'QBLK_QEMU_NBD',
}
_MATRIX = os.path.join(os.path.dirname(__file__), '..', '..', 'scripts', 'qemu-matrix')


class Unavailable(Exception):
    """This machine or this version of QEMU lacks something that the test needs."""


class Missing(Unavailable):
    """What a machine for tests should have, such as a program or loop devices, does not exist."""


def program(tool):
    """The command prefix that runs TOOL. An empty variable means that this version does not have
    it."""
    command = shlex.split(os.environ.get(_VARIABLES[tool], tool))
    if not command:
        raise Unavailable(f'{_VARIABLES[tool]} is empty: this version has no {tool}')
    if shutil.which(command[0]) is None:
        raise Missing(f'no {command[0]} (set {_VARIABLES[tool]})')
    return command


def use(wanted):
    """Use the programs of version WANTED of scripts/qemu-matrix from now on."""
    done = subprocess.run([_MATRIX, 'with', wanted, 'env', '--null'], check=True,
                          stdout=subprocess.PIPE)
    told = dict(line.split('=', 1) for line in os.fsdecode(done.stdout).split('\0') if line)
    for variable in _VARIABLES.values():
        os.environ.pop(variable, None)
        if variable in told:
            os.environ[variable] = told[variable]
    version.cache_clear()


@functools.cache
def version():
    """(MAJOR, MINOR) of qemu-system-x86_64."""
    text = subprocess.run(program('qemu-system-x86_64') + ['--version'], check=True,
                          capture_output=True, text=True).stdout
    major, minor = re.search(r'version (\d+)\.(\d+)', text).groups()
    return int(major), int(minor)


def dies_of_node_queries(version):
    """TRUE if query-named-block-nodes can crash the QEMU with this reply to query-version while a
    stream job ends. 7.2 was seen to crash; 5.2, 10.0.13 and 11.1 were not."""
    number = tuple(version['qemu'][part] for part in ('major', 'minor', 'micro'))
    return (6, 0) <= number < (10, 0, 13) or (10, 1) <= number < (10, 2)


@contextlib.contextmanager
def directory():
    """A private directory with a name short enough for the sockets in it (108 bytes on Linux)."""
    path = tempfile.mkdtemp(prefix='qblk-')
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Process:
    """A QEMU or storage daemon with two monitors: `socket` for the program under test and `qmp`,
    connected, for the test. With TCP it has a third, `tcp`, as HOST:PORT, on that port or on a free
    one if it is True. The listening sockets are created here and inherited, so that no polling is
    needed: a connection waits in the queue until QEMU accepts it, and ends when QEMU ends. With
    OWN_SOCKET QEMU creates `socket`, which exists when the other monitor answers: the default for
    5.2, because the peer of an inherited socket is the process that created it there. PREFIX is a
    command that executes QEMU, and PASS_FDS are descriptors that QEMU inherits."""

    def __init__(self, home, arguments, daemon=False, tcp=False, own_socket=None, prefix=(),
                 pass_fds=()):
        self.home = home
        self.socket = os.path.join(home, 'qmp.sock')
        self.tcp = None
        self.qmp = None
        self._want_tcp = tcp
        if own_socket is None:
            own_socket = not daemon and version() <= (5, 2)
        self._own_socket = own_socket
        self._prefix = list(prefix)
        self._pass_fds = list(pass_fds)
        self._process = None
        self._stderr = None
        self._killed = False
        self._tool = 'qemu-storage-daemon' if daemon else 'qemu-system-x86_64'
        self._arguments = arguments

    def _command(self, listeners):
        if self._tool == 'qemu-storage-daemon':
            command = [*program(self._tool)]
            chardev, monitor = '--chardev', '--monitor'
        else:
            command = [*program(self._tool), '-S', '-nodefaults', '-display', 'none',
                       '-accel', 'tcg', '-m', '32', '-name', 'qblk-test',
                       '-uuid', str(FIXED_UUID or uuid.uuid4())]
            chardev, monitor = '-chardev', '-mon'
        mode = ',mode=control' if monitor == '-mon' else ''
        places = [f'path={self.socket}'] if self._own_socket else []
        places += [f'fd={listener.fileno()}' for listener in listeners]
        for number, place in enumerate(places):
            command += [chardev, f'socket,id=mon{number},{place},server=on,wait=off',
                        monitor, f'chardev=mon{number}{mode}']
        return command + list(self._arguments)

    def __enter__(self):
        control = os.path.join(self.home, 'control.sock')
        with contextlib.ExitStack() as stack:
            paths = (control,) if self._own_socket else (self.socket, control)
            listeners = [stack.enter_context(_listen(path)) for path in paths]
            if self._want_tcp:
                port = 0 if self._want_tcp is True else self._want_tcp
                listeners.append(stack.enter_context(socket.create_server(('127.0.0.1', port))))
                self.tcp = '%s:%d' % listeners[-1].getsockname()
            self._stderr = tempfile.TemporaryFile()  # pylint: disable=consider-using-with
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                self._prefix + self._command(listeners), cwd=self.home, stdin=subprocess.DEVNULL,
                stdout=self._stderr, stderr=self._stderr,
                pass_fds=self._pass_fds + [listener.fileno() for listener in listeners])
        try:
            self.qmp = qmp.Qmp.connect(control)
        except BaseException as error:
            report = self.stop()
            raise RuntimeError(f'{self._tool} did not start:\n{report}') from error
        return self

    def __exit__(self, kind, *_):
        died = not self._killed and not self._answers()
        report = self.stop()
        if died:
            message = f'{self._tool} died with {self._process.returncode}:\n{report}'
            if kind is None:
                raise RuntimeError(message)
            print(message, file=sys.stderr)

    def _answers(self):
        """TRUE if QEMU still runs. A QEMU that is about to die does not answer, although its
        process may exist for a moment."""
        try:
            self.qmp.ask('query-version')
            return True
        except ConnectionError:
            self._process.wait()
            return False

    def quit(self):
        """End QEMU as its user would: it writes all pending data."""
        self._killed = True
        self.qmp.execute('quit')
        self._process.wait(qmp.TIMEOUT)

    def kill(self):
        """End QEMU as a crash would."""
        self._killed = True
        self._process.kill()
        self._process.wait()

    @property
    def running(self):
        return self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def printed(self):
        """What QEMU has printed so far, for example the result of a command of qemu-io."""
        file = self._stderr.fileno()
        return os.fsdecode(os.pread(file, os.fstat(file).st_size, 0))

    def stop(self):
        """End QEMU and return its stderr."""
        if self.qmp is not None:
            self.qmp.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._stderr.closed:
            return ''
        self._stderr.seek(0)
        with self._stderr:
            return os.fsdecode(self._stderr.read())


def _listen(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    return listener


@contextlib.contextmanager
def nbd_server(path, image, fmt='qcow2', export=None, address=None):
    """Serve IMAGE read-only to one client, on the unix socket PATH or, with ADDRESS, on a free TCP
    port of that address, which is yielded. --fork returns when the socket listens, and without
    --persistent the server ends with its client."""
    pid_file = path + '.pid'
    command = program('qemu-nbd') + ['--fork', '--pid-file', pid_file, '--read-only',
                                     '--format', fmt]
    command += ['--export-name', export] if export is not None else []
    port = _free_port(address) if address else None
    command += ['--bind', address, '--port', str(port)] if address else ['--socket', path]
    subprocess.run(command + [image], check=True)
    try:
        yield port
    finally:
        with contextlib.suppress(OSError, ValueError), open(pid_file, encoding='ascii') as file:
            os.kill(int(file.read()), 15)


def _free_port(address):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    try:
        with socket.create_server((address, 0), family=family) as listener:
            return listener.getsockname()[1]
    except OSError as error:
        raise Unavailable(f'no {address}: {error}') from error


@contextlib.contextmanager
def loop_device(link, image):
    """A block device over IMAGE, which needs root. Its number is any free one, so it is used
    through a symbolic LINK, which has the same name in each run."""
    try:
        done = subprocess.run(['losetup', '--find', '--show', image], check=True,
                              capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f'no loop device: {error}') from error
    device = done.stdout.strip()
    try:
        os.symlink(device, link)
        yield
    finally:
        subprocess.run(['losetup', '--detach', device], check=False)
