# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk check`: compare the running chain with image headers and with a domain."""

import json
import os

import images
import live
import qblk
import qemu


class Check(live.TestCase):
    def check(self, process, *options):
        """The differences, with exit status 1, or '' with exit status 0."""
        result = qblk.run('check', *options, process.socket)
        self.assertEqual(result.stderr, b'', msg=str(result))
        is_clean = result.text == 'no differences\n'
        self.assertEqual(result.status, qblk.DONE if is_clean else qblk.FAILED)
        return '' if is_clean else result.text

    def test_a_chain_that_matches_its_headers_has_no_differences(self):
        for name in ('virtio-5-deep', 'drive-5-deep', 'libvirt-names', 'json-names', 'data-file',
                     'commit-ready', 'mirror-ready', 'throttle-blockdev', 'raw-block-device'):
            with self.subTest(name), self.running(name) as (_, process):
                self.assertEqual(self.check(process), '')

    def test_a_changed_header_is_reported(self):
        topology, process = self.start('virtio-5-deep')
        files = topology.chains['vda']
        images.rebase(files[1], '/elsewhere.qcow2', 'raw')
        self.assertEqual(self.check(process), (
            "vda[1]: backing file: header has '/elsewhere.qcow2', running chain has "
            f"'{files[2]}'\n"
            "vda[1]: backing format: header has 'raw', running chain has 'qcow2'\n"
            f'to mend it: qblk mend {process.socket}\n'))
        report = json.loads(qblk.run('--json', 'check', process.socket).stdout)
        self.assertEqual([found['kind'] for found in report['differences']],
                         ['backing-file', 'backing-format'])
        self.assertEqual(report['differences'][0], {
            'disk': 'vda', 'layer': 'vda[1]', 'kind': 'backing-file',
            'expected': '/elsewhere.qcow2', 'found': files[2],
            'text': "vda[1]: backing file: header has '/elsewhere.qcow2', running chain has "
                    f"'{files[2]}'"})

    def test_a_header_without_its_backing_file_is_reported(self):
        topology, process = self.start('virtio-5-deep')
        files = topology.chains['vda']
        images.rebase(files[2], '')
        self.assertEqual(self.check(process), "vda[2]: backing file: header has none, running "
                                              f"chain has '{files[3]}'\n"
                                              f'to mend it: qblk mend {process.socket}\n')

    def test_a_link_to_the_same_file_is_not_a_difference(self):
        topology, process = self.start('virtio-5-deep')
        files = topology.chains['vda']
        os.symlink(files[2], os.path.join(self.directory, 'link'))
        images.rebase(files[1], os.path.join(self.directory, 'link'))
        self.assertEqual(self.check(process), '')

    def test_a_job_of_qemu_changes_the_header_and_is_not_a_difference(self):
        topology, process = self.start('virtio-5-deep')
        files = topology.chains['vda']
        nodes = [self.resolve(process.socket, f'vda[{number}]') for number in range(5)]
        process.qmp.execute('block-commit', {
            'job-id': 'commit', 'device': nodes[0], 'top-node': nodes[2], 'base-node': nodes[3]})
        process.qmp.wait_event('BLOCK_JOB_COMPLETED', {'device': 'commit'})
        self.assertEqual(self.check(process), '')
        process.qmp.execute('block-stream', {
            'job-id': 'stream', 'device': nodes[0], 'base-node': nodes[4]})
        process.qmp.wait_event('BLOCK_JOB_COMPLETED', {'device': 'stream'})
        self.assertEqual(self.check(process), '')
        self.assertEqual(self.resolve(process.socket, files[4]), nodes[4])

    def test_a_domain_differs_after_a_job_changed_the_chain(self):
        topology, process = self.start('virtio-5-deep')
        files = topology.chains['vda']
        domain = os.path.join(self.directory, 'domain.xml')
        with open(domain, 'wb') as file:
            file.write(self.qblk('xml', process.socket).stdout)
        self.assertEqual(self.check(process, '--domain', domain), '')
        node = self.resolve(process.socket, 'vda')
        base = self.resolve(process.socket, 'vda[2]')
        process.qmp.execute('block-stream', {'job-id': 'stream', 'device': node,
                                             'base-node': base})
        process.qmp.wait_event('BLOCK_JOB_COMPLETED', {'device': 'stream'})
        lines = self.check(process, '--domain', domain).splitlines()
        self.assertEqual(lines[:2], [
            "vda: number of layers: domain has '5', running chain has '4'",
            f"vda[1]: source: domain has '{files[1]}', running chain has '{files[2]}'"])

    def test_an_image_is_checked_without_qemu(self):
        if not os.environ.get('QBLK_QEMU_STORAGE_DAEMON', 'qemu-storage-daemon'):
            self.skipTest('this version of QEMU has no storage daemon')
        qemu.program('qemu-storage-daemon')
        files = images.chain(self.directory, 'disk', 3)
        domain = os.path.join(self.directory, 'domain.xml')
        with open(domain, 'wb') as file:
            file.write(self.qblk('xml', f'image:{files[0]}').stdout)
        result = self.qblk('check', '--domain', domain, f'image:{files[0]}')
        self.assertEqual(result.text, 'no differences\n')
        result = qblk.run('check', '--domain', domain, f'image:{files[1]}')
        self.assertEqual(result.status, qblk.FAILED)
        self.assertIn('number of layers', result.text)

    def test_a_domain_is_compared_with_images(self):
        files = images.chain(self.directory, 'disk', 3)
        domain = os.path.join(self.directory, 'domain.xml')
        text = (f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
                f"<source file='{files[0]}'/><backingStore type='file'><format type='qcow2'/>"
                f"<source file='%s'/></backingStore><target dev='vda'/></disk>")
        for second, status in ((files[1], qblk.DONE), (files[2], qblk.FAILED)):
            with open(domain, 'w', encoding='utf-8') as file:
                file.write(text % second)
            result = qblk.run('check', f'domain:{domain}')
            self.assertEqual(result.status, status, msg=str(result))
            self.assertEqual(result.text == 'no differences\n', status == qblk.DONE)


if __name__ == '__main__':
    live.main()
