# SPDX-License-Identifier: LGPL-2.1-or-later
"""The description of a topology."""

import contextlib
import dataclasses
import time

import qemu
import qmp

TOPOLOGIES = {}  # by name


@dataclasses.dataclass
class Command:
    """A QMP command to send when QEMU runs."""
    name: str
    arguments: dict


@dataclasses.dataclass
class Event:
    """An event to wait for before the next step."""
    name: str
    data: dict


@dataclasses.dataclass
class Progress:
    """A job that must have made progress, which no event reports."""
    job: str


@dataclasses.dataclass
class Topology:
    arguments: list  # of the program
    steps: list = dataclasses.field(default_factory=list)  # Command, Event, Progress, in order
    services: list = dataclasses.field(default_factory=list)  # context managers that QEMU needs
    chains: dict = dataclasses.field(default_factory=dict)  # disk target: its files, top first
    daemon: bool = False  # qemu-storage-daemon, which has nodes and no devices
    since: tuple = (0, 0)  # the first version of QEMU that can run it
    # False if query-named-block-nodes would crash QEMU
    node_query_is_safe: bool = True

    @contextlib.contextmanager
    def run(self, directory, **options):
        """Run it; yields a qemu.Process, created with OPTIONS, after all steps."""
        if self.since > (0, 0) and qemu.version() < self.since:
            raise qemu.Unavailable('this graph needs QEMU %d.%d' % self.since)
        with contextlib.ExitStack() as stack:
            for service in self.services:
                stack.enter_context(service)
            process = stack.enter_context(
                qemu.Process(directory, self.arguments, self.daemon, **options))
            for step in self.steps:
                if isinstance(step, Command):
                    process.qmp.execute(step.name, step.arguments)
                elif isinstance(step, Event):
                    process.qmp.wait_event(step.name, step.data)
                else:
                    wait_progress(process.qmp, step.job)
            yield process


def wait_progress(client, job):
    """Query until the job has made progress."""
    deadline = time.monotonic() + qmp.TIMEOUT
    while time.monotonic() < deadline:
        for found in client.execute('query-jobs'):
            if found['id'] == job and found['current-progress'] > 0:
                return
    raise TimeoutError(f'job {job} does not move')


def topology(function):
    """Add a function that creates a Topology in a directory to the table."""
    TOPOLOGIES[function.__name__.replace('_', '-')] = function
    return function
