# SPDX-License-Identifier: LGPL-2.1-or-later
"""What hangs on a chain is shown: exports, readers and bitmaps, in chain, graph, list and check."""

import json
import os

import images
import live
import qblk
import qemu
from topologies.options import named_chain, stem, virtio


class Seen(live.TestCase):
    def lines(self, *command):
        return self.qblk(*command).text.splitlines()

    def layers(self, command, process):
        """The layers of the first disk by position, from `list --json` or `chain --json`."""
        report = json.loads(self.qblk('--json', command, process.socket).stdout)
        return report['disks' if command == 'list' else 'chains'][0]['layers']

    def check(self, process, status):
        result = qblk.run('check', process.socket)
        self.assertEqual((result.status, result.stderr), (status, b''), msg=str(result))
        lines = result.text.splitlines()
        if status == qblk.DONE:
            self.assertEqual(lines.pop(0), 'no differences')
        return lines

    def test_exports(self):
        _, process = self.share('exports')
        line = "vda[2]: used by export 'backup' (nbd, read-only)"
        self.assertIn(f'  {line}', self.lines('chain', process.socket))
        self.assertEqual(self.check(process, qblk.DONE), [line])
        graph = self.lines('graph', process.socket)
        self.assertIn("   └─ export 'backup' (nbd, read-only)", graph)
        self.assertIn("export 'shared' (nbd, writable)", graph)
        for command in ('list', 'chain'):
            users = [layer['users'] for layer in self.layers(command, process)]
            self.assertEqual(users, [[], [], [
                {'kind': 'export', 'name': 'backup', 'type': 'nbd', 'role': None,
                 'node': 'disk-base', 'direct': True, 'access': 'ro', 'state': None}]])

    def test_exports_of_a_storage_daemon(self):
        _, process = self.start('storage-daemon')
        process.qmp.execute('nbd-server-start', {'addr': {
            'type': 'unix', 'data': {'path': os.path.join(self.directory, 'nbd.sock')}}})
        for node, writable in (('disk-2', True), ('disk-base', False)):
            process.qmp.execute('block-export-add', {'type': 'nbd', 'id': f'of-{node}',
                                                     'node-name': node, 'writable': writable})
        shown = [line for line in self.lines('chain', process.socket) if 'used by' in line]
        self.assertEqual([line.partition(': ')[2] for line in shown],
                         ["used by export 'of-disk-2' (nbd, writable)",
                          "used by export 'of-disk-base' (nbd, read-only)"])

    def test_readers_of_a_disk(self):
        _, process = self.share('fleecing')
        shown = self.lines('chain', process.socket)
        self.assertIn("  above vda: copy-before-write 'cbw' (target 'scratch')", shown)
        lines = ["vda: used by filter 'frozen' (snapshot-access)",
                 "vda: used by export 'backup' (nbd, read-only) of node 'frozen'"]
        self.assertEqual([line.strip() for line in shown if 'used by' in line], lines)
        self.assertEqual(self.check(process, qblk.DONE), lines)

    def test_an_overlay_of_no_disk(self):
        _, process = self.share('second-overlay')
        line = "vda[1]: used by node 'fleece' (qcow2)"
        self.assertIn(f'  {line}', self.lines('chain', process.socket))
        self.assertEqual(self.check(process, qblk.DONE), [line])

    def test_a_running_backup(self):
        files = images.chain(self.directory, 'disk', 2, data='4M')
        target = images.create(os.path.join(self.directory, 'backup.qcow2'))
        process = self.enterContext(qemu.Process(
            self.directory, named_chain(files) + virtio(stem(files[0]), id='vda')))
        process.qmp.execute('blockdev-add', {
            'driver': 'qcow2', 'node-name': 'backup',
            'file': {'driver': 'file', 'filename': target}})
        process.qmp.execute('blockdev-backup', {
            'job-id': 'nightly', 'device': stem(files[0]), 'target': 'backup', 'sync': 'full',
            'speed': 1})
        line = "used by job 'nightly' (backup, running)"
        self.assertIn(f'  vda: {line}', self.lines('chain', process.socket))
        self.assertIn("─ job 'nightly': backup, running", self.qblk('graph', process.socket).text)

    def test_bitmaps(self):
        _, process = self.share('bitmaps')
        shown = self.lines('chain', process.socket)
        self.assertIn("  vda: bitmap 'stopped': disabled, persistent, 64 KiB a bit, 0 B dirty",
                      shown)
        self.assertIn("  vda: bitmap 'transient': recording, not persistent, 32 KiB a bit, 0 B "
                      'dirty', shown)
        self.assertIn("  vda[1]: bitmap 'backup-0': recording, persistent, 128 KiB a bit, 0 B "
                      'dirty', shown)
        self.assertIn("   └─ bitmap 'backup-0' (recording, persistent)",
                      self.lines('graph', process.socket))
        for command in ('list', 'chain'):
            bitmaps = [layer['bitmaps'] for layer in self.layers(command, process)]
            self.assertEqual({bitmap['name'] for bitmap in bitmaps[0]},
                             {'backup-1', 'stopped', 'transient'})
            self.assertEqual(bitmaps[1], [
                {'name': 'backup-0', 'granularity': 131072, 'dirty': 0, 'persistent': True,
                 'recording': True, 'busy': False, 'inconsistent': False}])
        self.assertEqual(self.check(process, qblk.DONE), [])

    def test_an_inconsistent_bitmap(self):
        """QEMU marks a bitmap in the image while it has the image open."""
        files = images.chain(self.directory, 'disk', 2)
        images.add_bitmap(files[0], 'nightly')
        arguments = named_chain(files) + virtio(stem(files[0]), id='vda')
        with qemu.Process(self.directory, arguments) as process:
            self.assertEqual(self.check(process, qblk.DONE), [])
            process.kill()
        process = self.enterContext(qemu.Process(self.directory, arguments))
        self.assertIn("  vda: bitmap 'nightly': inconsistent, QEMU ended without saving it",
                      self.lines('chain', process.socket))
        self.assertEqual(self.check(process, qblk.FAILED), [
            "vda: bitmap 'nightly' is inconsistent, because a QEMU ended without saving it: it can "
            "only be removed, with 'qblk mend'", f'to mend it: qblk mend {process.socket}'])

    def test_a_job_that_was_not_dismissed(self):
        files = images.chain(self.directory, 'disk', 3)
        process = self.enterContext(qemu.Process(
            self.directory, named_chain(files) + virtio(stem(files[0]), id='vda')))
        process.qmp.execute('block-commit', {
            'job-id': 'left', 'device': stem(files[0]), 'top-node': stem(files[1]),
            'base-node': stem(files[2]), 'auto-dismiss': False})
        process.qmp.wait_event('JOB_STATUS_CHANGE', {'id': 'left', 'status': 'concluded'})
        self.assertIn("job 'left' (commit) has concluded and was not dismissed: use 'qblk job' "
                      'with this id', '\n'.join(self.check(process, qblk.FAILED)))


if __name__ == '__main__':
    live.main()
