# SPDX-License-Identifier: LGPL-2.1-or-later
"""`qblk metrics`: the numbers are those that QEMU reports, and other programs can read them."""

import os
import re
import socket
import subprocess
import urllib.request

import brief
import images
import live
import prometheus
import qblk
import qemu

LIBVIRT = 'libvirt_domain_block_stats_'


class Metrics(live.TestCase):
    def read(self, *vms, status=qblk.DONE):
        """The metrics of VMS by name."""
        result = qblk.run('metrics', *vms)
        self.assertEqual(result.status, status, msg=str(result))
        return prometheus.parse(result.text)

    def of_disk(self, found, name, **labels):
        """The value of the only series of NAME that has all LABELS."""
        values = [value for series, value in found[name].items()
                  if set(labels.items()) <= set(series)]
        self.assertEqual(len(values), 1, msg=f'{name} {labels}: {found[name]}')
        return values[0]

    def request(self, process, command):
        """Send a request as the guest does: only asynchronous ones are counted."""
        qdev = process.qmp.execute('query-block')[0]['qdev']
        for line in command, 'aio_flush':
            process.qmp.execute('human-monitor-command',
                                {'command-line': f'qemu-io -d {qdev} "{line}"'})

    def assert_requests(self, process):
        """The counters are those of the device."""
        stats = process.qmp.execute('query-blockstats')[0]['stats']
        found = self.read(process.socket)
        for ours, theirs in (('read', 'rd'), ('write', 'wr')):
            for name, field, unit in (('bytes', 'bytes', 1), ('requests', 'operations', 1),
                                      ('time_seconds', 'total_time_ns', 1e9)):
                self.assertEqual(self.of_disk(found, f'{LIBVIRT}{ours}_{name}_total'),
                                 stats[f'{theirs}_{field}'] / unit, msg=f'{ours} {name}')
            for kind in 'failed', 'invalid':
                self.assertEqual(
                    self.of_disk(found, f'qblk_disk_{kind}_requests_total', operation=ours),
                    stats[f'{kind}_{theirs}_operations'])
        return found

    def test_requests_are_those_of_the_guest(self):
        for topology in 'virtio-5-deep', 'drive-5-deep':
            with self.subTest(topology):
                _, process = self.start(topology)
                self.request(process, 'aio_write 1M 192k')
                self.request(process, 'aio_read 0 4k')
                found = self.assert_requests(process)
                self.assertEqual(self.of_disk(found, f'{LIBVIRT}write_bytes_total'), 192 * 1024)
                self.assertEqual(self.of_disk(found, f'{LIBVIRT}read_requests_total'), 1)
                self.assertEqual(self.of_disk(found, 'qblk_chain_depth'), 5)
                self.assert_sizes(process, found)

    def assert_sizes(self, process, found):
        nodes = {node['node-name']: node for node in
                 process.qmp.execute('query-named-block-nodes', {'flat': True})}
        ends = {node['node-name']: node['stats']['wr_highest_offset'] for node in
                process.qmp.execute('query-blockstats', {'query-nodes': True})}
        graph = live.Graph(process.qmp)
        self.assertEqual(len(found['qblk_layer_info']), 5)
        for series in found['qblk_layer_info']:
            name = dict(series)['node_name']
            [file] = [child for parent, edge, child in graph.edges
                      if (parent, edge) == (name, 'file')]
            image = nodes[name]['image']
            self.assertEqual(dict(series)['file'], nodes[file]['file'])
            for metric, value in (('virtual_size', image['virtual-size']),
                                  ('allocation', image['actual-size']),
                                  ('written_end', ends[file])):
                self.assertEqual(
                    self.of_disk(found, f'qblk_layer_{metric}_bytes', node_name=name), value)

    def test_a_failed_read_is_counted(self):
        path = os.path.join(self.directory, 'disk.raw')
        images.create(path, fmt='raw')
        process = self.enterContext(qemu.Process(self.directory, [
            '-blockdev', f'file,node-name=file,filename={path}',
            '-blockdev', 'blkdebug,node-name=faulty,image=file,inject-error.0.event=read_aio,'
            'inject-error.0.sector=8',
            '-blockdev', 'raw,node-name=top,file=faulty',
            '-device', 'virtio-blk-pci,drive=top,id=vda']))
        self.request(process, 'aio_write 64k 4k')
        self.request(process, 'aio_read 4k 4k')
        self.request(process, 'aio_read 8k 4k')
        found = self.assert_requests(process)
        self.assertEqual(
            self.of_disk(found, 'qblk_disk_failed_requests_total', operation='read'), 1)
        self.assertEqual(self.of_disk(found, f'{LIBVIRT}read_requests_total'), 1)
        self.assertEqual(self.of_disk(found, 'qblk_layer_written_end_bytes'), 68 * 1024)

    def test_progress_is_that_of_the_job(self):
        for topology, ready in ('commit-middle-running', 0), ('mirror-ready', 1):
            with self.subTest(topology):
                _, process = self.share(topology)
                before = process.qmp.execute('query-jobs')[0]
                found = self.read(process.socket)
                after = process.qmp.execute('query-jobs')[0]
                for name in 'current', 'total':
                    value = self.of_disk(found, f'qblk_job_{name}_progress', job_id=before['id'])
                    self.assertLessEqual(before[f'{name}-progress'], value)
                    self.assertLessEqual(value, after[f'{name}-progress'])
                self.assertEqual(self.of_disk(found, 'qblk_job_ready', target_device='vda'), ready)
                self.assertEqual(self.of_disk(found, 'qblk_job_failed'), 0)
                self.assertEqual(self.of_disk(found, 'qblk_job_info', state=before['status']), 1)

    def test_bitmaps_are_those_of_the_node(self):
        _, process = self.share('bitmaps')
        found = self.read(process.socket)
        count = 0
        for node in process.qmp.execute('query-named-block-nodes', {'flat': True}):
            for bitmap in node.get('dirty-bitmaps', []):
                labels = {'node_name': node['node-name'], 'bitmap': bitmap.get('name', '')}
                for name, value in (('dirty_bytes', bitmap['count']),
                                    ('granularity_bytes', bitmap['granularity']),
                                    ('recording', bitmap['recording']),
                                    ('persistent', bitmap['persistent']),
                                    ('inconsistent', bitmap.get('inconsistent', False))):
                    self.assertEqual(self.of_disk(found, f'qblk_bitmap_{name}', **labels), value)
                count += 1
        self.assertGreater(count, 1)
        self.assertEqual(len(found['qblk_bitmap_busy']), count)

    def test_a_vm_that_cannot_be_read_is_down_and_the_others_are_printed(self):
        _, process = self.share('virtio-5-deep')
        dead = os.path.join(self.directory, 'dead.sock')
        file = os.path.join(self.directory, 'qblk.prom')
        result = qblk.run('metrics', dead, process.socket, '--output', file)
        self.assertEqual((result.status, result.stdout), (qblk.FAILED, b''), msg=str(result))
        self.assertIn(f"{dead}: cannot connect to '{dead}'", result.errors)
        with open(file, encoding='utf-8') as stream:
            found = prometheus.parse(stream.read())
        self.assertEqual(found['qblk_up'], {(('domain', dead),): 0, (('domain', 'qblk-test'),): 1})
        self.assertEqual(self.of_disk(found, 'qblk_vms'), 2)
        self.assertEqual(self.of_disk(found, 'qblk_chain_depth', domain='qblk-test'), 5)
        self.assertEqual(sorted(os.listdir(self.directory)), ['qblk.prom'])
        self.assertEqual(self.read(dead, status=qblk.FAILED)['qblk_up'],
                         {(('domain', dead),): 0})

    def test_vms_with_one_name_have_series_of_their_own(self):
        vms = [self.share(name)[1].socket for name in ('virtio-5-deep', 'bitmaps')]
        found = self.read(*vms, vms[0])
        self.assertEqual(found['qblk_up'], {(('domain', vm),): 1 for vm in vms})


@brief.leave_out
class Readers(live.TestCase):
    TOPOLOGIES = ('many-buses', 'bitmaps', 'mirror-ready', 'odd-names', 'shared-base')

    def text(self, form):
        vms = [self.share(name)[1].socket for name in self.TOPOLOGIES]
        return qblk.run('metrics', '--format', form, *vms)

    def test_prometheus_reads_both_forms(self):
        result = self.text('prometheus')
        self.assertEqual(prometheus.promtool('check', 'metrics', stdin=result.stdout), (0, ''))
        file = os.path.join(self.directory, 'metrics')
        timed = re.sub(r'^([^#].*)$', r'\1 1700000000', self.text('openmetrics').text, flags=re.M)
        with open(file, 'w', encoding='utf-8') as stream:
            stream.write(timed)
        status, output = prometheus.promtool('tsdb', 'create-blocks-from', 'openmetrics', file,
                                             os.path.join(self.directory, 'blocks'))
        self.assertEqual(status, 0, msg=output)

    def test_node_exporter_serves_them(self):
        directory = os.path.join(self.directory, 'textfiles')
        os.mkdir(directory)
        vms = [self.share(name)[1].socket for name in self.TOPOLOGIES]
        result = qblk.run('metrics', '--format', 'prometheus', *vms, '--output',
                          os.path.join(directory, 'qblk.prom'))
        self.assertEqual(result.status, qblk.DONE, msg=str(result))
        with open(os.path.join(directory, 'qblk.prom'), encoding='utf-8') as stream:
            expected = {line.split()[0] for line in stream if not line.startswith('#')}

        served = self.serve(directory).splitlines()
        self.assertIn('node_textfile_scrape_error 0', served)
        names = {re.sub(r'[{ ].*', '', name) for name in expected}
        counts = {name: len([line for line in served if re.match(rf'{name}[{{ ]', line)])
                  for name in names}
        self.assertEqual(counts, {name: len([line for line in expected
                                             if re.match(rf'{name}($|{{)', line)])
                                  for name in names})

    def serve(self, directory):
        """What node_exporter serves of the files in DIRECTORY."""
        command = [prometheus.program('prometheus-node-exporter'), '--web.systemd-socket',
                   '--collector.disable-defaults', '--collector.textfile',
                   f'--collector.textfile.directory={directory}']
        with socket.create_server(('127.0.0.1', 0)) as listener:
            fd = listener.fileno()
            shell = f'exec 3<&{fd}; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'
            with subprocess.Popen(['bash', '-c', shell, 'bash', *command], pass_fds=[fd],
                                  stderr=subprocess.DEVNULL) as exporter:
                try:
                    port = listener.getsockname()[1]
                    with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics',
                                                timeout=30) as page:
                        return page.read().decode()
                finally:
                    exporter.kill()


if __name__ == '__main__':
    live.main()
