#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/json.md lists every field of --json over all fixtures, with its type, and no other field."""

import concurrent.futures
import glob
import json
import os
import re
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(TESTS, 'lib'))

import peer  # noqa: E402  pylint: disable=wrong-import-position
import qblk  # noqa: E402  pylint: disable=wrong-import-position

DOCUMENT = os.path.join(os.path.dirname(TESTS), 'docs', 'json.md')

TYPES = {dict: 'object', list: 'array', str: 'string', bool: 'boolean', int: 'integer',
         type(None): 'null'}

ENDS = {qblk.DONE, qblk.FAILED, qblk.REFUSED}  # some disks have no chain, no XML or no plan

ROW = re.compile(r'^\| `([^`]+)` \| (array of strings|\w+)( or null)?(, optional)? \|')

THOROUGHLY = '7.2'  # all commands run on the fixtures of this version

# File names for `qblk source`
NAMES = ('/a', 'rbd:pool/image:id=admin:key=secret:mon_host=a',
         'json:{"driver": "qcow2", "file": {"driver": "nbd", "host": "h", "export": "x"}}')


MACHINE = os.path.join(HERE, 'inputs', 'machine')


# A complete chain, an incomplete chain, and an empty drive
DOMAIN = b'''<domain><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/top' index='5'/>
<backingStore type='file' index='7'><format type='raw'/><source file='/base'/><backingStore/>
</backingStore><target dev='vda' bus='virtio'/></disk>
<disk type='block' device='disk'><source dev='/dev/a'/><target dev='vdb'/></disk>
<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
</devices></domain>'''


class Form:
    """One table: the fields of the objects at some paths."""

    def __init__(self, paths):
        self.paths = paths
        self.types = {}
        self.optional = set()
        self.seen = set()

    def faults(self, value):
        missing = set(self.types) - set(value) - self.optional
        yield from (f"'{name}' is missing" for name in missing)
        for name, content in value.items():
            kind = TYPES[type(content)]
            strings = isinstance(content, list) and all(isinstance(text, str) for text in content)
            if strings and 'array of strings' in self.types.get(name, ()):
                kind = 'array of strings'
            if name not in self.types:
                yield f"'{name}' is not documented"
            elif not self.types[name] & {kind, 'any'}:
                yield f"'{name}' is of type {kind}, not {' or '.join(sorted(self.types[name]))}"


def read_document():
    """The tables of the document; all tables of the top level of one command are one form."""
    with open(DOCUMENT, encoding='utf-8') as file:
        text = file.read()
    forms = {}
    for paths, rows in re.findall(r'^At: ((?:`.*\n)+)\n((?:\|.*\n)+)', text, re.M):
        paths = re.findall(r'`([^`]+)`', paths)
        form = Form(paths)
        for row in rows.splitlines()[2:]:
            name, kind, null, optional = ROW.match(row).groups()
            form.types[name] = {kind, 'null'} if null else {kind}
            if optional:
                form.optional.add(name)
        for path in paths:
            if '.' in path or path not in forms:
                forms.setdefault(path, []).append(form)
                continue
            whole = Form([path])
            whole.types = {**forms[path][0].types, **form.types}
            whole.optional = forms[path][0].optional | form.optional
            forms[path] = [whole]
    return forms


class Check:
    def __init__(self, forms):
        self.forms = forms
        self.faults = set()

    def walk(self, path, value):
        if isinstance(value, list):
            for element in value:
                self.walk(path + '[]', element)
        elif isinstance(value, dict):
            forms = self.forms.get(path) or self.forms.get('*.' + path.rpartition('.')[2], [])
            tries = [list(form.faults(value)) for form in forms]
            if [] not in tries:
                fewest = min(tries, key=len, default=['there is no table for this object'])
                self.faults.update(f'{path}: {fault}' for fault in fewest)
                return
            form = forms[tries.index([])]
            for name, content in value.items():
                form.seen.add(name)
                if form.types[name] != {'any'}:
                    self.walk(f'{path}.{name}', content)


def ask(*arguments, stdin=b''):
    """The JSON output of a command, None if it refuses."""
    result = qblk.run('--json', *arguments, stdin=stdin)
    if result.status not in ENDS:
        raise AssertionError(str(result))
    # `check` prints the differences and exits with 1
    return json.loads(result.stdout) if result.stdout else None


def plan_of_a_monitor(directory):
    """The plan of `open-monitor` for a QEMU 11.1 without chardevs."""
    with open(os.path.join(TESTS, 'qemu-fixtures', '11.1', 'query-qmp-schema.json'),
              encoding='utf-8') as file:
        answers = {'query-qmp-schema': {'return': json.load(file)},
                   'query-chardev': {'return': []}}

    def play(connection):
        connection.greet()
        connection.serve(lambda name, _: answers.get(name) or peer.refusal())

    vm = os.path.join(directory, 'vm.qmp')
    with peer.Peer(vm, play):
        return ask('open-monitor', vm, os.path.join(directory, 'watch'), '--dry-run')


def outputs(capture):
    """(command, output) for all commands on a capture. For one version each command runs on each
    disk and layer; for the others only commands whose output depends on the version. captures.py
    tests `capture`."""
    vm = f'capture:{capture}'
    listed = ask('list', vm)
    yield 'list', listed
    for command in ('chain', 'graph', 'jobs'):
        yield command, ask(command, vm)
    if f'/{THOROUGHLY}/' not in capture:
        with open(capture, encoding='utf-8') as file:
            yield 'capture', json.load(file)
        return
    yield 'capture', ask('capture', vm)
    for job in ('pull', 'commit'):
        yield job, ask(job, vm, '--all-disks', '--pivot' if job == 'commit' else '--dry-run',
                       '--dry-run', '--force-managed')
    yield 'snapshot', ask('snapshot', vm, '--all-disks', '--suffix', 'new', '--dry-run',
                          '--force-managed')
    yield 'mend', ask('mend', vm, '--dry-run', '--force-managed')
    disks = (listed or {'disks': []})['disks']
    for disk in disks:
        yield 'chain', ask('chain', vm, disk['target'])
        yield 'xml', ask('xml', vm, disk['target'])
        for job, *end in (('pull',), ('commit', '--pivot'), ('commit', '--active')):
            yield job, ask(job, vm, disk['target'], '--dry-run', '--force-managed', *end)
        yield 'copy', ask('copy', vm, disk['target'], '/nowhere/copy', '--dry-run',
                          '--force-managed', '--shallow', '--pivot')
        if disk.get('job'):
            yield 'job', ask('job', vm, disk['target'])
        for end in ('--pivot', '--wait', '--abort') if disk.get('job') else ():
            yield 'job', ask('job', vm, disk['target'], '--dry-run', '--force-managed', end)
        layers = disk.get('layers', [])
        if len(layers) > 2:
            yield 'rebase', ask('rebase', vm, disk['target'], layers[2]['spec'], '--dry-run')
            for job, option in (('pull', '--base'), ('commit', '--top')):
                yield job, ask(job, vm, disk['target'], '--dry-run', option,
                               layers[1 if job == 'commit' else 2]['spec'])
        for layer in layers[:3] + layers[-1:]:
            yield 'resolve', ask('resolve', vm, layer['spec'])


def recover_operation(directory):
    """The output of `recover` for an interrupted operation on a QEMU that was restarted."""
    capture = os.path.join(TESTS, 'qemu-fixtures', THOROUGHLY, 'virtio-5-deep', 'capture.json')
    plan, = ask('pull', f'capture:{capture}', 'vda', '--dry-run')['plans']
    with open(capture, encoding='utf-8') as file:
        replies = json.load(file)
    uuid, = [reply['return']['UUID'] for reply in replies['replies']
             if reply['execute'] == 'query-uuid']
    path = os.path.join(directory, 'vm.sock')
    with open(os.path.join(directory, 'left.journal'), 'w', encoding='utf-8') as file:
        json.dump({'qblk-journal': 3, 'plan': plan,
                   'vm': {'address': path, 'uuid': uuid, 'pid': 1, 'start': 1}}, file)
        file.write('\n{"stage":"started"}\n')

    def play(connection):
        connection.greet()
        connection.serve(peer.recorded(replies))

    with peer.Peer(path, play):
        printed = ask('recover', '--state-dir', directory, path)
    assert printed['operations'], printed
    return printed


def chain_of_a_relay(directory):
    """The output of `chain` for a monitor whose process has none of the images open."""
    capture = os.path.join(TESTS, 'qemu-fixtures', THOROUGHLY, 'virtio-5-deep', 'capture.json')
    with open(capture, encoding='utf-8') as file:
        replies = json.load(file)
    path = os.path.join(directory, 'relay.sock')

    def play(connection):
        connection.greet()
        connection.serve(peer.recorded(replies))

    with peer.Peer(path, play):
        return ask('chain', path)


def chain_with_internal_snapshots():
    capture = os.path.join(TESTS, 'qemu-fixtures', THOROUGHLY, 'virtio-5-deep', 'capture.json')
    with open(capture, encoding='utf-8') as file:
        replies = json.load(file)
    nodes, = [reply['return'] for reply in replies['replies']
              if reply['execute'] == 'query-named-block-nodes']
    for node in nodes:
        node['image']['snapshots'] = [{'id': '1', 'name': 'before-upgrade', 'vm-state-size': 0,
                                       'date-sec': 1795930353, 'date-nsec': 0}]
    return ask('chain', 'capture:-', stdin=json.dumps(replies).encode())


def walk_several(check):
    """Several VMs, one of which does not exist, for each command that takes them."""
    vms = [f'capture:{path}' for path in (
        os.path.join(TESTS, 'qemu-fixtures', THOROUGHLY, name, 'capture.json')
        for name in ('virtio-5-deep', 'nonexistent', 'libvirt-names'))]
    listed = [word for vm in vms for word in ('--vm', vm)]
    for command, *more in (('list', *vms), ('chain', *vms), ('xml', *vms), ('graph', *vms),
                           ('jobs', *vms), ('check', *vms), ('resolve', *listed, 'vda')):
        array = ask(command, *more)
        assert [each['vm'] for each in array] == vms
        assert ['error' in each for each in array] == [False, True, False]
        for each in array:
            check.walk('failed-vm' if 'error' in each else command, each)


def walk_messages(check, directory):
    """The lines on standard error."""
    capture = os.path.join(TESTS, 'qemu-fixtures', THOROUGHLY, 'exports', 'capture.json')
    vm = os.path.join(directory, 'silent.qmp')
    for status, *words in (
            (qblk.NO_CONNECTION, 'list', '/nonexistent/vm.qmp'),
            (qblk.FAILED, 'list', '/nonexistent/vm.qmp', f'capture:{capture}'),
            (qblk.DONE, 'recover', '--state-dir', '/nonexistent/state'),
            (qblk.USAGE, 'no-such-command'), (qblk.USAGE, 'list', '--no-such-option'),
            (qblk.USAGE, '--no-such-option'), (qblk.USAGE,),
            (qblk.USAGE, 'list', '--target', 'vda'),
            (qblk.NO_CONNECTION, 'list', vm, '--verbose')):
        with peer.Peer(vm, lambda connection: connection.greet()):
            result = qblk.run(*words, '--json')
        assert result.status == status, result
        for line in result.json_lines:
            check.walk('stderr', line)
            assert line.get('error', {}).get('exit-code') != 0, line
        errors = [line['error'] for line in result.json_lines if 'error' in line]
        assert len(errors) == (status != qblk.DONE), result


# A job needs a QEMU: unit/progress-test and live-terminal compare such a line with this form.
PROGRESS = {'schema': 'qblk/1', 'command': 'commit', 'progress': {
    'target': 'vda', 'job': 'job0', 'state': 'running', 'done': 1, 'total': 1000, 'speed': None,
    'seconds-left': None}}


def walk_watch(check, directory, topology):
    """All lines of `watch` for a VM with the disks of TOPOLOGY, and a job, that shuts down."""
    replies = {}
    for name in (topology, 'mirror-running'):
        path = os.path.join(TESTS, 'qemu-fixtures', THOROUGHLY, name, 'capture.json')
        with open(path, encoding='utf-8') as file:
            for reply in json.load(file)['replies']:
                if name == topology or reply['execute'] in ('query-jobs', 'query-block-jobs'):
                    key = reply['execute'], json.dumps(reply.get('arguments'))
                    replies[key] = reply
    answers = peer.recorded({'replies': list(replies.values())})

    def play(connection):
        connection.greet()
        asked = 0
        while asked < 2:
            number, name, arguments = connection.command()
            connection.send(peer.line({**answers(name, arguments), 'id': number}))
            asked += name == 'query-block-jobs'
        connection.send(peer.line({'event': 'SHUTDOWN', 'data': {'guest': True},
                                   'timestamp': {'seconds': 1, 'microseconds': 2}}))

    path = os.path.join(directory, topology)
    with peer.Peer(path, play):
        result = qblk.run('--json', 'watch', path)
    assert result.status == qblk.DONE, result
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    for kind in ('state', 'snapshot', 'progress', 'event'):
        assert any(kind in line for line in lines), (kind, result)
    for line in lines:
        check.walk('watch', line)


def check_of_a_stale_image(directory):
    """The output of `check` for a domain whose image has a mark, which is damaged."""
    image = os.path.join(directory, 'stale.qcow2')
    for path in (image, image + '.qblk-merged'):
        with open(path, 'wb'):
            pass
    disk = f"<disk type='file'><source file='{image}'/><target dev='vda'/></disk>"
    return ask('check', '--state-dir', directory, 'domain:-', stdin=disk.encode())


class Json(unittest.TestCase):
    def test_each_field_is_documented_and_each_documented_field_is_printed(self):
        captures = glob.glob(os.path.join(TESTS, 'qemu-fixtures', '*', '*', 'capture.json'))
        self.assertGreater(len(captures), 0)
        forms = read_document()
        check = Check(forms)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for all_outputs in pool.map(lambda capture: list(outputs(capture)), captures):
                for command, output in all_outputs:
                    if output is not None:
                        check.walk(command, output)
        for name in NAMES:
            check.walk('source', ask('source', name))
        for command, *more in (('list',), ('chain',), ('xml',), ('resolve', 'vda[7]')):
            check.walk(command, ask(command, 'domain:-', *more, stdin=DOMAIN))
        drift = ask('check', '--domain', '-', f'capture:{captures[0]}', stdin=DOMAIN)
        self.assertNotEqual(drift['differences'], [])
        check.walk('check', drift)
        used = os.path.join(TESTS, 'qemu-fixtures', '7.2', 'exports', 'capture.json')
        check.walk('check', ask('check', f'capture:{used}'))
        check.walk('chain', chain_with_internal_snapshots())
        walk_several(check)
        with tempfile.TemporaryDirectory() as directory:
            walk_messages(check, directory)
            check.walk('stderr', PROGRESS)
            walk_watch(check, directory, 'virtio-5-deep')
            walk_watch(check, directory, 'quorum')
            image = os.path.join(directory, 'image.raw')
            with open(image, 'wb') as file:
                file.write(bytes(512))
            check.walk('recover', ask('recover', '--state-dir', directory))
            check.walk('vms', ask('vms', '--root', MACHINE))
            stale = check_of_a_stale_image(directory)
            self.assertNotEqual(stale['stale'], [])
            check.walk('check', stale)
            check.walk('recover', ask('recover', '--state-dir', directory, f'image:{image}'))
            check.walk('recover', recover_operation(directory))
            check.walk('chain', chain_of_a_relay(directory))
            plan = plan_of_a_monitor(directory)
            self.assertIsNotNone(plan)
            check.walk('open-monitor', plan)
        self.assertEqual(sorted(check.faults), [])
        unseen = {f'{path}.{name}' for path, of_path in forms.items() for form in of_path
                  for name in set(form.types) - form.seen - form.optional}
        self.assertEqual(sorted(unseen), [], msg='documented and never printed')

    def test_all_fields_of_a_source_are_documented(self):
        """The fixtures have few of its fields, so this test reads the table that prints them."""
        members = []
        for path in glob.glob(os.path.join(os.path.dirname(TESTS), 'src', '**', '*.c'),
                              recursive=True):
            with open(path, encoding='utf-8') as file:
                members += re.findall(r'^    {"([\w-]+)", G_STRUCT_OFFSET\(QblkSource,',
                                      file.read(), re.M)
        self.assertIn('path', members)
        form, = read_document()['*.source']
        self.assertEqual(set(form.types) - {'type', 'hosts', 'data-store'}, set(members))


if __name__ == '__main__':
    unittest.main()
