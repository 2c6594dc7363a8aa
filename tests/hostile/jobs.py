#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands that change a VM, against a peer that plays their job, with one message missing or one
value changed. Each command ends with a result or an error, and reports success only for a completed
operation."""

import concurrent.futures
import fcntl
import itertools
import json
import os
import struct
import subprocess
import unittest

import brief
import hostile
import peer
import qblk
import replies

TIMEOUT = '0.2'  # seconds, of qblk; it disconnects from a silent QEMU after six of them, or sixty
LIMIT = 60  # seconds, for a whole command
EACH = 47  # of the values; coprime with the number of kinds of changes, to try them all

AT_FIRST = ('created', 'running')
TO_THE_END = ('waiting', 'pending', 'concluded')

# The effect of a command on its job: states before and after its reply
STATES = {
    'blockdev-create': (AT_FIRST + TO_THE_END, ()),
    'blockdev-mirror': (AT_FIRST, ('ready',)),
    'block-stream': (AT_FIRST, ('waiting', 'pending')),
    'block-job-cancel': ((), TO_THE_END),
    'job-cancel': ((), ('aborting', 'concluded')),
    'job-finalize': ((), ('concluded',)),
    'job-dismiss': (('null',), ()),
}
TYPES = {'blockdev-create': 'create', 'blockdev-mirror': 'mirror', 'block-stream': 'stream'}
ANSWERS = {'blockdev-add': {}, 'blockdev-del': {}, 'human-monitor-command': ''}


class Jobs:
    """A QEMU that supports what a job needs, and has the replies of CAPTURE for all else. DISTORT,
    a function of a message and its number, returns the message to send in its place, or None."""

    def __init__(self, capture, distort):
        self.commands = []
        self.messages = []
        self._recorded = peer.recorded(capture)
        self._distort = distort
        self._jobs = {}

    def play(self, connection):
        connection.greet()
        while True:
            number, name, arguments = connection.command()
            if name in STATES or name in ANSWERS or name == 'query-jobs':
                # the command has been carried out, even if no client receives the reply
                for message in list(self._carry_out(name, arguments or {})):
                    if 'event' not in message:
                        message['id'] = number
                    self._send(connection, message)
            else:
                connection.send(peer.line({**self._recorded(name, arguments), 'id': number}))

    def _send(self, connection, message):
        self.messages.append(message)
        sent = self._distort(message, len(self.messages) - 1)
        if sent is not None:
            connection.send(peer.line(sent))

    def _carry_out(self, name, arguments):
        self.commands.append(name)
        if name == 'query-jobs':
            yield {'return': [dict(job) for job in self._jobs.values()]}
        elif name in ANSWERS:
            yield {'return': ANSWERS[name]}
        else:
            job = arguments.get('job-id') or arguments.get('id') or arguments.get('device')
            if name not in TYPES and job not in self._jobs:
                yield peer.refusal('Job not found', 'GenericError')
                return
            self._jobs.setdefault(job, {'id': job, 'type': TYPES.get(name), 'status': 'created',
                                        'current-progress': 1, 'total-progress': 2})
            before, after = STATES[name]
            yield from (self._enter(job, state) for state in before)
            yield {'return': {}}
            yield from (self._enter(job, state) for state in after)

    def _enter(self, job, state):
        self._jobs[job]['status'] = state
        if state == 'null':
            del self._jobs[job]
        return {'timestamp': {'seconds': 1, 'microseconds': 2}, 'event': 'JOB_STATUS_CHANGE',
                'data': {'id': job, 'status': state}}


RECORDED_IN = '/tmp/qblk-fixture/virtio-5-deep'  # the images of the capture
F_OFD_SETLK = 37  # of Linux; as QEMU locks its images


def load():
    with open(os.path.join(replies.FIXTURES, 'query-qmp-schema.json'), encoding='utf-8') as file:
        schema = json.load(file)
    capture = replies.load('virtio-5-deep')
    capture['replies'].append({'execute': 'query-qmp-schema', 'return': schema})
    return capture


CAPTURE = load()
COPY = ('copy', 'vda', '/d/copy', '--finish')
PULL = ('pull', 'vda')


def as_it_is(message, _):
    return message


class TestCase(hostile.TestCase):
    def setUp(self):
        """A process of this machine has the active image of the capture locked: without it, no
        file would be created through a peer that has none of the images open."""
        super().setUp()
        self.capture = json.loads(json.dumps(CAPTURE).replace(RECORDED_IN, self.directory))
        top, = [reply['return'][0]['inserted']['file'] for reply in self.capture['replies']
                if reply['execute'] == 'query-block']
        image = open(top, 'wb')  # pylint: disable=consider-using-with
        self.addCleanup(image.close)
        fcntl.fcntl(image, F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 100, 1, 0))

    def run_job(self, name, command, distort, timeout):
        """Run COMMAND on a peer that sends the messages that DISTORT returns."""
        path = os.path.join(self.directory, name)
        jobs = Jobs(self.capture, distort)
        words = ['-t', timeout, command[0], path + '.sock', *command[1:],
                 '--state-dir', path]
        with peer.Peer(path + '.sock', jobs.play):
            done = subprocess.run(qblk.command(words), stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=LIMIT, env=qblk.environment(),
                                  check=False)
        return jobs, qblk.Result(tuple(words), done.returncode, done.stdout, done.stderr)


class Distorted(TestCase):
    def judge(self, jobs, result, last):
        self.assertIn(result.status, range(7), msg=str(result))
        if result.status == qblk.DONE:
            self.assertIn(last, jobs.commands, msg=str(result))
            self.assert_shown(result)
        else:
            self.assert_failure(result, result.status)

    def walk(self, command, last, status):
        jobs, result = self.run_job('whole', command, as_it_is, '60')
        self.assertEqual(result.status, status, msg=str(result))
        self.assertIn(last, jobs.commands)
        cases = [(number, place, change)
                 for number, message in enumerate(jobs.messages)
                 for place in replies.places(message) if place
                 for change in replies.CHANGES]
        self.assertGreater(len(cases), 1000)
        cases = brief.each(cases, EACH)
        cases += [(number, None, None) for number in range(len(jobs.messages))]
        names = itertools.count()

        def run(case):
            wanted, place, change = case

            def distort(message, number):
                if number != wanted:
                    return message
                return None if place is None else replies.changed(message, place, change)
            self.judge(*self.run_job(str(next(names)), command, distort, TIMEOUT), last)
            return 1

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            self.assertEqual(sum(pool.map(run, cases)), len(cases))

    def test_in_a_copy(self):
        self.walk(COPY, 'block-job-cancel', qblk.DONE)

    def test_in_a_pull(self):
        # the chain of the peer does not change, which is not a success
        self.walk(PULL, 'job-finalize', qblk.FAILED)


class Silence(TestCase):
    def test_from_any_message_on(self):
        # more time if the last command keeps QEMU busy, see unit/run-silent-test.c
        jobs, _ = self.run_job('whole', PULL, as_it_is, '60')
        starts = [number for number, message in enumerate(jobs.messages) if 'event' in message][0]
        flushed = [message.get('return') for message in jobs.messages].index('')

        def run(first):
            _, result = self.run_job(
                str(first), PULL, lambda message, number: message if number < first else None, '1')
            self.assert_failure(result, qblk.NO_CONNECTION)
            self.assertIn('qblk recover', result.errors)
            return first

        cases = range(starts, flushed)
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            self.assertEqual(list(pool.map(run, cases)), list(cases))


if __name__ == '__main__':
    unittest.main(verbosity=2)
