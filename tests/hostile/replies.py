#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Replies that are valid QMP with invalid values: wrong types, control characters, secrets. Each
command ends with a result or an error."""

import concurrent.futures
import copy
import itertools
import json
import os
import unittest

import brief
import hostile
import peer
import qblk

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                        'qemu-fixtures', '7.2')

READING = (('list',), ('chain',), ('xml',), ('resolve', 'vda'), ('resolve', 'vda[1]'),
           ('graph',), ('graph', '--format', 'dot'), ('graph', '--format', 'json'), ('jobs',),
           ('check',), ('metrics',), ('capture',))
PLANNING = tuple((*command, '--dry-run') for command in (
    ('commit', 'vda', '--pivot'), ('commit', 'vda', '--top', 'vda[1]'),
    ('pull', 'vda'), ('rebase', 'vda', 'vda[2]'),
    ('copy', 'vda', '/d/copy', '--format', 'qcow2', '--pivot'),
    ('mend', 'vda')))
WRITE_A_HEADER = (PLANNING[1], PLANNING[3])
ENDS = (qblk.DONE, qblk.FAILED, qblk.NOT_FOUND, qblk.REFUSED)


def load(topology):
    with open(os.path.join(FIXTURES, topology, 'capture.json'), encoding='utf-8') as file:
        return json.load(file)


def dump(capture):
    return json.dumps(capture, ensure_ascii=False).encode()


def call(command, vm, *options):
    return [*options, command[0], vm, *command[1:]]


def places(value):
    """The path to each value within VALUE, and to VALUE itself."""
    yield ()
    if isinstance(value, (dict, list)):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            for rest in places(member):
                yield (key, *rest)


def changed(value, place, change):
    """A copy of VALUE after CHANGE, a function of the object or list around the value and its
    key."""
    value = copy.deepcopy(value)
    inner = value
    for key in place[:-1]:
        inner = inner[key]
    change(inner, place[-1])
    return value


def put(other):
    return lambda inner, key: inner.__setitem__(key, other)


CHANGES = [lambda inner, key: inner.pop(key)] + [put(other) for other in (
    None, True, False, 0, -1, 1.5, 9223372036854775807, -9223372036854775808, '', 'x', [], [[]],
    {}, [{}])]


class Replies(hostile.TestCase):
    def assert_end(self, result):
        """A result, or one error message and nothing on stdout."""
        self.assertIn(result.status, ENDS, msg=str(result))
        # These report what they find on stdout.
        has_report = b'  remains: ' in result.stdout or \
            not {'check', 'metrics'}.isdisjoint(result.arguments)
        if result.status != qblk.DONE and not has_report:
            self.assert_failure(result, result.status)
        self.assert_shown(result)


class WrongValues(Replies):
    def walk(self, topology):
        capture = load(topology)
        cases = []
        for number, reply in enumerate(capture['replies']):
            answer = 'return' if 'return' in reply else 'error'
            cases += [('replies', number, answer, *place) for place in places(reply[answer])
                      if 'stats' not in place]
        cases = list(itertools.product(cases, CHANGES))
        # each place and each change in turn, with each command in turn
        self.assertGreater(len(cases), 1000)
        cases = brief.each(cases, 101)
        commands = itertools.cycle(READING + PLANNING)

        def run(case, command):
            (place, change) = case
            text = dump(changed(capture, place, change))
            self.assert_end(qblk.run(*call(command, 'capture:-'), stdin=text))
            return 1

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            self.assertEqual(sum(pool.map(run, cases, commands)), len(cases))

    def test_in_a_chain_with_a_commit(self):
        self.walk('commit-ready')

    def test_in_devices(self):
        self.walk('libvirt-aliases-clash')

    def test_in_exports_and_readers(self):
        self.walk('fleecing')

    def test_in_bitmaps(self):
        self.walk('bitmaps')

    def test_of_a_storage_daemon(self):
        self.walk('storage-daemon')


class OverASocket(Replies):
    def test_a_wrong_reply_is_the_same_failure_as_in_a_capture(self):
        capture = load('virtio-5-deep')
        path = os.path.join(self.directory, 'peer.sock')
        for number, reply in enumerate(capture['replies']):
            for wrong in (None, 7, 'x', [7], {'a': 7}):
                bad = copy.deepcopy(capture)
                bad['replies'][number] = {**reply, 'return': wrong}
                bad['replies'][number].pop('error', None)

                asked = set()

                def play(connection, bad=bad, asked=asked):
                    answers = peer.recorded(bad)

                    def answer(name, arguments):
                        asked.add(name)
                        return answers(name, arguments)
                    connection.greet()
                    connection.serve(answer)
                with self.subTest(reply=reply['execute'], wrong=wrong):
                    with peer.Peer(path, play):
                        result = qblk.run('xml', path)
                    self.assert_end(result)
                    # A reply that is not needed is not asked for.
                    is_asked = reply['execute'] in asked
                    same = qblk.run('xml', 'capture:-', stdin=dump(bad if is_asked else capture))
                    self.assertEqual((result.status, result.stdout),
                                     (same.status, same.stdout), msg=f'{result}\n{same}')


# A new title of the window, in two ways, reversed text, and line breaks
EVIL = '\x1b]0;x\x07\x9b31m\x7f\u202e\u2028\r\n\u2066\U000e0041'

# Members that hold names, in QEMU's replies and in the arguments of our commands
NAMES = ('node-name', 'name', 'file', 'filename', 'backing_file', 'backing-filename',
         'full-backing-filename', 'device', 'qdev', 'id', 'child', 'error', 'desc', 'path',
         'backing-filename-format', 'drv', 'driver', 'type', 'status', 'package', 'edge')


def only(value, keys, change, key=None):
    """VALUE with CHANGE applied to every text that is a member with one of KEYS."""
    if isinstance(value, dict):
        return {name: only(member, keys, change, name) for name, member in value.items()}
    if isinstance(value, list):
        return [only(item, keys, change, key) for item in value]
    return change(value) if isinstance(value, str) and key in keys else value


class Everywhere(Replies):
    """The same change in all names: the graph is still valid."""

    def outputs(self, capture, check):
        """Run all commands on CAPTURE, as a file and over a socket with a log."""
        path = os.path.join(self.directory, 'peer.sock')
        text = dump(capture)

        def play(connection):
            connection.greet()
            connection.serve(peer.recorded(capture))
        with peer.Peer(path, play):
            for command in READING:
                for options in ((), ('--json',)):
                    if options and command[0] in ('capture', 'metrics'):
                        continue
                    with self.subTest(command, options=options):
                        check(qblk.run(*call(command, 'capture:-', *options), stdin=text))
                        check(qblk.run(*call(command, path, '-v', *options)))


class Controls(Everywhere):
    def check(self, result):
        self.assertIn(result.status, ENDS, msg=str(result))
        if result.status not in (qblk.DONE, qblk.FAILED):
            self.assertEqual(result.stdout, b'', msg=str(result))
        self.assert_shown(result)

    def test_in_all_names_of_nodes_and_files(self):
        topologies = ('commit-ready-drive', 'libvirt-aliases-clash', 'fleecing', 'bitmaps',
                      'quorum')
        for topology in brief.some(topologies):
            capture = load(topology)
            for keys in brief.some((('file', 'filename'), ('node-name', 'name'),
                                    ('id', 'device', 'qdev'), ('drv', 'driver'), NAMES)):
                def change(value):
                    return value + EVIL
                evil = copy.deepcopy(capture)
                for reply in evil['replies']:
                    for part in ('return', 'error'):
                        if part in reply:
                            reply[part] = only(reply[part], keys, change)
                with self.subTest(topology, keys=keys):
                    self.outputs(evil, self.check)

    def plans(self, capture, commands):
        for command in commands:
            with self.subTest(command):
                self.check(qblk.run(*call(command, 'capture:-'), stdin=dump(capture)))

    def test_in_an_unknown_driver(self):
        """An unknown driver with a storage child is a format, or between a format and its file."""
        for topology in ('virtio-5-deep', 'libvirt-names'):
            capture = load(topology)
            for driver in ('qcow2', 'raw'):
                def change(value, driver=driver):
                    return value + EVIL if value == driver else value
                evil = {**capture, 'replies': only(capture['replies'], ('drv', 'driver'), change)}
                with self.subTest(topology, driver=driver):
                    self.outputs(evil, self.check)
                    self.plans(evil, PLANNING)

    def test_in_a_job_of_a_plan(self):
        commands = [('job', 'vda', *how, '--dry-run') for how in (
            ('--wait',), ('--abort',), ('--pivot', '--wait'), ('--pause',))]
        for topology in ('commit-running', 'mirror-ready', 'commit-middle-running'):
            capture = load(topology)
            jobs, = [reply['return'] for reply in capture['replies']
                     if reply['execute'] == 'query-jobs']
            for key in ('id', 'type'):
                def change(value, old=jobs[0][key]):
                    return value + EVIL if value == old else value
                evil = {**capture, 'replies': only(capture['replies'],
                                                   ('id', 'device', 'name', 'type'), change)}
                with self.subTest(topology, key=key):
                    self.plans(evil, commands)

    def test_a_file_name_is_exact_in_json_and_refused_in_xml(self):
        capture = load('virtio-5-deep')
        for reply in capture['replies']:
            if 'return' in reply:
                reply['return'] = only(reply['return'], ('file', 'filename'),
                                       lambda value: value + EVIL)
        text = dump(capture)
        for command in ('chain', 'graph', 'list'):
            output = self.strings(json.loads(qblk.run('--json', command, 'capture:-',
                                                      stdin=text).stdout))
            self.assertTrue(any(string.endswith(EVIL) for string in output), msg=command)
        self.assert_failure(qblk.run('xml', 'capture:-', stdin=text), qblk.FAILED)

    def strings(self, value):
        members = value.values() if isinstance(value, dict) else value
        for member in members:
            if isinstance(member, str):
                yield member
            elif isinstance(member, (dict, list)):
                yield from self.strings(member)

    def test_in_an_error_of_qemu(self):
        path = os.path.join(self.directory, 'peer.sock')

        def play(connection):
            connection.greet()
            connection.serve(lambda *_: peer.refusal(EVIL, 'GenericError' + EVIL))
        with peer.Peer(path, play):
            for command in READING:
                with self.subTest(command):
                    self.assert_end(qblk.run(*call(command, path, '-v')))

    def test_in_arguments(self):
        for arguments in (('source', EVIL), ('source', 'nbd://h/' + EVIL), ('list', '/' + EVIL),
                          ('resolve', 'capture:-', EVIL), ('chain', 'capture:-', EVIL),
                          (EVIL,), ('--' + EVIL,), ('list', 'capture:' + EVIL),
                          ('list', 'image:' + EVIL), ('list', 'domain:' + EVIL)):
            with self.subTest(arguments):
                result = qblk.run(*arguments, stdin=dump(load('virtio-5-deep')))
                self.assertNotEqual(result.status, qblk.DONE)
                self.assertEqual(result.stdout, b'', msg=str(result))
                self.assert_shown(result)

    def test_in_a_domain(self):
        notes = ''.join(character for character in EVIL if character not in '\x1b\x07')
        text = (f"<disk><!--{notes}--><?a {notes}?><description>{notes}</description>"
                f"<source file='/a{notes}'/><target dev='vda'/><x y='{notes}'/></disk>").encode()
        for command in (('xml',), ('list',), ('chain',), ('check',), ('resolve', 'vda')):
            for options in ((), ('--json',)):
                with self.subTest(command, options=options):
                    self.check(qblk.run(*call(command, 'domain:-', *options), stdin=text))


SECRET = 's3cret'

# Every form of a file name with a secret
FORMS = (
    'http://me:{}@host/x', 'https://me:{}@host:1/x?y=1', 'ftp://me:{}@host/x',
    'ssh://me:{}@host/x', 'nbd://me:{}@host/x', 'nfs://me:{}@host/x', 'iscsi://me%{}@host/t/1',
    'gluster://me:{}@host/v/x', 'vxhs://me:{}@host/x', 'sheepdog://me:{}@host/x',
    'https://host/x?password={}', 'https://host/x?a=1&key={}&b=2', 'http://host/x?cookie={}',
    'https://host/x?a=1&X-Amz-Signature={}&token={}', 'https://host/x?b=1&sig={}',
    'rbd:pool/image:id=me:key={}', 'rbd:pool/image:key={}:id=me',
    'rbd:pool/image:conf=a\\://b:key={}', 'blkdebug:a:http://me:{}@host/x',
    'json:{{"driver":"http","url":"http://me:{}@host/x"}}',
    'json:{{"driver":"http","url":"http://host/x","cookie":"{}"}}',
    'json:{{"driver":"http","url":"http://host/x","password":"{}","proxy-password":"{}"}}',
    "json:{{'driver':'rbd','pool':'p','image':'i','=keyvalue-pairs':'[\\'key\\',\\'{}\\']'}}",
    'json:{{"driver":"luks","key":"{}","file":{{"driver":"file","filename":"/a"}}}}',
    'json:{{"file.driver":"http","file.password":"{}","file.url":"http://host/x"}}',
    'json:{{"driver":"qcow2","file":"http://me:{}@host/x"}}',
    'json:{{"driver":"raw","file":{{"filename":"rbd:p/i:key={}"}}',
)
SENTENCES = ("Could not open '{}': No such file", "/images/a: cannot read '{}'", '{}')


class Secrets(Everywhere):
    def check(self, result):
        self.assertNotIn(SECRET.encode(), result.stdout + result.stderr, msg=str(result))

    def test_in_file_names_and_backing_strings(self):
        capture = load('commit-ready')
        files = ('file', 'filename', 'backing_file', 'backing-filename', 'full-backing-filename')
        for form in brief.some(FORMS):
            name = form.replace('{}', SECRET).replace('{{', '{').replace('}}', '}')
            bad = copy.deepcopy(capture)
            for reply in bad['replies']:
                if 'return' in reply:
                    reply['return'] = only(reply['return'], files, lambda _, name=name: name)
            bad['replies'].insert(0, {'execute': 'query-name', 'return': {'name': name}})
            for reply in bad['replies']:
                if reply['execute'] == 'query-jobs':
                    reply['return'][0]['error'] = SENTENCES[0].format(name)
            with self.subTest(form):
                self.outputs(bad, self.check)

    def test_in_plans_and_so_in_journals(self):
        capture = load('virtio-5-deep')
        files = ('file', 'filename', 'backing_file', 'backing-filename', 'full-backing-filename')
        printed = set()
        for number, form in enumerate(brief.some(FORMS)):
            name = form.replace('{}', SECRET).replace('{{', '{').replace('}}', '}')
            bad = copy.deepcopy(capture)
            for reply in bad['replies']:
                if 'return' in reply:
                    reply['return'] = only(reply['return'], files, lambda _, name=name: name)
            options = ('--json',) if number % 2 else ()
            for command in PLANNING:
                result = qblk.run(*call(command, 'capture:-', *options), stdin=dump(bad))
                with self.subTest(form, command=command):
                    self.check(result)
                if result.status == qblk.DONE:
                    printed.add((command, options))
        # A job that writes a header would have to name what is not known completely.
        self.assertEqual(printed, {(command, options) for command in PLANNING
                                   if command not in WRITE_A_HEADER
                                   for options in ((), ('--json',))})

    def test_in_errors_of_qemu(self):
        path = os.path.join(self.directory, 'peer.sock')
        for form, sentence in itertools.product(brief.some(FORMS), SENTENCES):
            name = form.replace('{}', SECRET).replace('{{', '{').replace('}}', '}')
            text = sentence.format(name)

            def play(connection, text=text):
                connection.greet()
                connection.serve(lambda *_: peer.refusal(text, 'GenericError'))
            with self.subTest(text), peer.Peer(path, play):
                result = qblk.run('-v', 'list', path)
                self.assertEqual(result.status, qblk.FAILED, msg=str(result))
                self.check(result)

    def test_in_arguments(self):
        for form in brief.some(FORMS):
            name = form.replace('{}', SECRET).replace('{{', '{').replace('}}', '}')
            with self.subTest(form):
                self.check(qblk.run('-v', 'source', name))
                self.check(qblk.run('-v', '--json', 'source', name))
                self.check(qblk.run('resolve', 'capture:-', name, stdin=dump(load('commit-ready'))))


if __name__ == '__main__':
    unittest.main(verbosity=2)
