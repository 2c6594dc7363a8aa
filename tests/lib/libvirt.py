# SPDX-License-Identifier: LGPL-2.1-or-later
"""Start a libvirtd for a test, and always end it and its guests.

It is a session daemon: its state, sockets, logs and caches are in directories that XDG_* name, so
that it is separate from any other libvirtd. A session daemon never runs as root; a test that runs
as root gives it another user, and makes that user the owner of the directories of its guests."""

import contextlib
import glob
import json
import os
import pwd
import select
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import xml.etree.ElementTree
from xml.sax.saxutils import quoteattr

import qemu

LIBVIRTD = 'QBLK_LIBVIRTD'  # the variable that names another one, as a command prefix
TIMEOUT = 60  # seconds; a working machine needs less
NAME = 'guest'  # a daemon has one guest at a time

_USER = 65534  # the unprivileged user, if started by root

# No security labels, namespaces and control groups, which need privileges; no virtlogd either.
_CONFIGURATION = '''\
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
'''

_DOMAIN = '''\
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>{emulator}</emulator>
{devices}
    <memballoon model='none'/>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-chardev'/>
    <qemu:arg value='socket,id=qblk,path={socket},server=on,wait=off'/>
    <qemu:arg value='-mon'/>
    <qemu:arg value='chardev=qblk,mode=control'/>
  </qemu:commandline>
</domain>
'''


class Refused(Exception):
    """virsh failed; the message is its output."""


class Daemon:
    """A libvirtd, and virsh on it."""

    def __init__(self):
        self.home = None
        self._stack = contextlib.ExitStack()
        self._process = None
        self._command = None
        self._emulator = None
        self._environment = None
        self._user = {}

    # ---- start and end ----

    def __enter__(self):
        # libvirtd is not in the PATH of every user
        self._command = shlex.split(os.environ.get(LIBVIRTD, '/usr/sbin/libvirtd'))
        for name in (self._command[0], 'virsh'):
            if shutil.which(name) is None:
                raise qemu.Missing(f'no {name}')
        with contextlib.ExitStack() as stack:
            self.home = stack.enter_context(qemu.directory())
            self._prepare()
            stack.callback(self.stop)
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _prepare(self):
        self._environment = {**os.environ, 'HOME': self.home, 'LC_ALL': 'C.UTF-8'}
        for variable in ('XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME'):
            self._environment[variable] = os.path.join(self.home, variable)
            os.mkdir(self._environment[variable], mode=0o700)
        os.mkdir(os.path.join(self._environment['XDG_CONFIG_HOME'], 'libvirt'))
        path = os.path.join(self._environment['XDG_CONFIG_HOME'], 'libvirt', 'qemu.conf')
        with open(path, 'w', encoding='ascii') as file:
            file.write(_CONFIGURATION)
        self._emulator = self._make_emulator()
        if os.geteuid() == 0:
            user = pwd.getpwuid(_USER)
            self._user = {'user': user.pw_uid, 'group': user.pw_gid, 'extra_groups': []}
        self.give(self.home)

    def _make_emulator(self):
        """Return the program for <emulator>, which cannot have arguments: a script if it needs
        some."""
        command = qemu.program('qemu-system-x86_64')
        if len(command) == 1:
            return shutil.which(command[0])
        path = os.path.join(self.home, 'qemu')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        os.chmod(path, 0o755)
        return path

    def give(self, path):
        """Make the user of the guests the owner of PATH and its content."""
        if not self._user:
            return
        for directory, directories, files in os.walk(path):
            for name in ('.', *directories, *files):
                os.chown(os.path.join(directory, name), self._user['user'], self._user['group'],
                         follow_symlinks=False)

    def start(self):
        """Start libvirtd, and wait until it reports that it is ready, as to systemd."""
        with contextlib.ExitStack() as stack:
            ready = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            path = os.path.join(self.home, 'ready.sock')
            ready.bind(path)
            stack.callback(os.unlink, path)
            os.chmod(path, 0o777)
            log = stack.enter_context(open(self._log, 'ab'))
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                self._command, env={**self._environment, 'NOTIFY_SOCKET': path}, cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._user)
            ended = os.pidfd_open(self._process.pid)
            stack.callback(os.close, ended)
            found, _, _ = select.select([ready, ended], [], [], TIMEOUT)
            if ready not in found:
                raise qemu.Unavailable(f'libvirtd does not start:\n{self.log()}')

    @property
    def _log(self):
        return os.path.join(self.home, 'libvirtd.log')

    def log(self):
        with open(self._log, encoding='utf-8', errors='replace') as file:
            return file.read()

    def kill(self):
        """End libvirtd as a crash would; its guest continues."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        """End the guest, if it still runs, and libvirtd."""
        if self._process.poll() is None:
            with contextlib.suppress(Refused):
                self.virsh('destroy', NAME)
            self._process.terminate()
        with contextlib.suppress(OSError, ValueError):
            os.kill(self._guest_pid(), signal.SIGKILL)
        self._process.wait()

    def _guest_pid(self):
        path = os.path.join(self._environment['XDG_RUNTIME_DIR'], 'libvirt', 'qemu', 'run',
                            NAME + '.pid')
        with open(path, encoding='ascii') as file:
            return int(file.read())

    # ---- its client ----

    def uri(self):
        """The address of libvirtd, and the environment of its clients."""
        path = os.path.join(self._environment['XDG_RUNTIME_DIR'], 'libvirt', 'libvirt-sock')
        return f'qemu+unix:///session?socket={path}', self._environment

    def command(self, *arguments):
        """`virsh ARGUMENTS` as the arguments of a program, and its environment."""
        uri, environment = self.uri()
        return ['virsh', '--quiet', '--connect', uri, *arguments], environment

    def virsh(self, *arguments):
        """The output of `virsh ARGUMENTS`; Refused if it fails."""
        command, environment = self.command(*arguments)
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=TIMEOUT, check=False)
        if done.returncode != 0:
            raise Refused(os.fsdecode(done.stdout + done.stderr))  # "Copy failed" is in stdout
        return os.fsdecode(done.stdout)

    @contextlib.contextmanager
    def guest(self, home, *devices):
        """A paused guest with DEVICES, each the text of an element; its images are in HOME."""
        guest = Guest(self, home)
        self.give(home)
        with tempfile.NamedTemporaryFile('w', encoding='utf-8', suffix='.xml') as file:
            file.write(_DOMAIN.format(name=NAME, emulator=self._emulator, socket=guest.socket,
                                      devices='\n'.join(devices)))
            file.flush()
            self.virsh('create', '--paused', file.name)
        try:
            yield guest
        finally:
            self.virsh('destroy', NAME)


class Guest:
    """The one guest. `socket` is a monitor for the program under test; libvirt has its own."""

    def __init__(self, daemon, home):
        self._daemon = daemon
        self.socket = os.path.join(home, 'qmp.sock')

    def virsh(self, command, *arguments):
        return self._daemon.virsh(command, NAME, *arguments)

    def qmp(self, command, **arguments):
        """The result of a QEMU command that libvirt sends."""
        message = {'execute': command, 'arguments': arguments}
        return json.loads(self.virsh('qemu-monitor-command', json.dumps(message)))['return']

    def disks(self):
        """The <disk> elements of the running guest by their targets."""
        domain = xml.etree.ElementTree.fromstring(self.virsh('dumpxml'))
        return {disk.find('target').get('dev'): disk for disk in domain.iter('disk')}

    @property
    def libvirts_socket(self):
        """The path of the socket of libvirt's own monitor."""
        path, = glob.glob(os.path.join(self._daemon.home, 'XDG_CONFIG_HOME', 'libvirt', 'qemu',
                                       'lib', 'domain-*-' + NAME, 'monitor.sock'))
        return path


_BUSES = {'vd': 'virtio', 'sd': 'scsi', 'hd': 'ide', 'fd': 'fdc'}


def disk(target, path=None, fmt='qcow2', **options):
    """A <disk> on a file, or an empty drive."""
    place = None if path is None else f'<source file={quoteattr(path)}/>'
    return disk_on(target, place, fmt, **options)


def disk_on(target, source, fmt='qcow2', *, kind='file', device='disk', bus=None, driver='',
            more=''):
    """A <disk> of the type KIND with the element SOURCE; DRIVER has more attributes of <driver>."""
    bus = bus or _BUSES[target[:2]]
    return (f"<disk type='{kind}' device='{device}'><driver name='qemu' type='{fmt}' {driver}/>"
            f"{source or ''}<target dev='{target}' bus='{bus}'/>{more}</disk>")


SCSI = "<controller type='scsi' model='virtio-scsi'/>"
