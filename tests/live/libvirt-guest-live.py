# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests of a real libvirtd. qblk, on a second monitor, prints for each disk what `virsh dumpxml`
prints; `vda[N]` is the same image for both; and qblk changes nothing."""

import hashlib
import json
import os
import socket
import xml.etree.ElementTree

import images
import libvirt
import live
import qblk
import qemu
from libvirt import SCSI, disk, disk_on

DAEMON = libvirt.Daemon()

SLOW = ('--bandwidth', '65536', '--bytes')
MORE_THAN_A_CHUNK = '4M'  # of data: with SLOW a job does not end during a test

# What libvirt prints of a disk and qblk does not, as (path of the element, attribute or None for
# all of it). It belongs to the device or to libvirt's own settings, and not to the chain.
ONLY_IN_LIBVIRT = (
    ('address', None),  # where the device is on its bus
    ('driver', 'copy_on_read'),  # how the device was started; `qblk chain` shows the filter
    # libvirt stores its default for NBD. QEMU's name of an NBD image is the same with and without
    # TLS.
    ('.//source[@protocol="nbd"][@tls="no"]', 'tls'),
)


def canonical(element):
    return xml.etree.ElementTree.canonicalize(
        xml.etree.ElementTree.tostring(element, encoding='unicode'), strip_text=True)


def without(element, left_out):
    """Remove what LEFT_OUT lists from ELEMENT."""
    for path, attribute in left_out:
        for found in element.findall(path):
            if attribute is None:
                element.remove(found)
            else:
                found.attrib.pop(attribute, None)
    return element


def close_chains(element):
    """End chains as qblk does: libvirt does not examine the layers below a network image; QEMU has
    it open without a backing file."""
    for layer in (element, *element.iter('backingStore')):
        if layer.get('type') == 'network' and layer.find('backingStore') is None:
            position = list(layer).index(layer.find('source')) + 1
            layer.insert(position, xml.etree.ElementTree.Element('backingStore'))
    return element


class TestCase(live.TestCase):
    guest = None

    def chain(self, stem, depth=4):
        return images.empty_chain(self.directory, stem, depth)

    def full_chain(self, stem, depth=4):
        return images.chain(self.directory, stem, depth, data=MORE_THAN_A_CHUNK)

    def image(self, name, **options):
        """One more image that the guest can use."""
        path = images.create(os.path.join(self.directory, name), **options)
        DAEMON.give(self.directory)
        return path

    def path(self, name):
        return os.path.join(self.directory, name)

    def boot(self, *devices):
        self.guest = self.enterContext(DAEMON.guest(self.directory, *devices))
        return self.guest

    def virsh(self, *arguments):
        return self.guest.virsh(*arguments)

    def virsh_refuses(self, *arguments, message):
        with self.assertRaises(libvirt.Refused) as caught:
            self.virsh(*arguments)
        self.assertIn(message, str(caught.exception))

    def job_on(self, target):
        """The kind and state of the job that qblk reports on a disk."""
        jobs = json.loads(self.qblk('--json', 'jobs', self.guest.socket).stdout)['jobs']
        found = [job for job in jobs if job['target'] == target]
        self.assertEqual(len(found), 1, msg=str(jobs))
        return found[0]['kind'], found[0]['state']

    def layers(self, target):
        return json.loads(self.qblk('--json', 'chain', self.guest.socket, target).stdout)[
            'chains'][0]['layers']

    def assert_files(self, target, *files):
        self.assertEqual([layer['file'] for layer in self.layers(target)], list(files))

    def assert_same(self, *mirrors):
        """qblk and virsh print the same XML for all disks; those of MIRRORS have a <mirror>."""
        libvirts = self.guest.disks()
        listing = xml.etree.ElementTree.fromstring(self.qblk('xml', self.guest.socket).stdout)
        ours = {disk.find('target').get('dev'): disk for disk in listing}
        self.assertEqual(sorted(ours), sorted(libvirts))
        for target, expected in libvirts.items():
            expected = close_chains(without(expected, ONLY_IN_LIBVIRT))
            self.assertEqual(canonical(ours[target]), canonical(expected), msg=target)
            self.assertEqual(expected.find('mirror') is not None, target in mirrors, msg=target)


class Disks(TestCase):
    def test_of_each_bus_kind_and_depth(self):
        raw = iter(images.raw(self.directory, f'raw-{number}.raw', 8 << 20) for number in range(9))
        on_raw = self.image('on-raw.qcow2', backing=next(raw), backing_format='raw')
        on_json = self.image('on-json.qcow2', backing='json:' + json.dumps(
            {'driver': 'file', 'filename': self.chain('below-json', 1)[0]}), extra=['-u'])
        part = (f"<source file='{next(raw)}'><slices><slice type='storage' offset='1048576' "
                "size='2097152'/></slices></source>")
        self.boot(
            SCSI, disk('vda', self.chain('vda')[0]), disk('vdb', self.chain('vdb', 2)[0]),
            disk('vdc', on_raw), disk('vdd', on_json), disk_on('vde', part, 'raw'),
            disk('vdaa', self.chain('vdaa', 1)[0]),
            disk('sda', self.chain('sda', 3)[0]), disk('sdb', next(raw), 'raw', more='<readonly/>'),
            disk('sdc', next(raw), 'raw', bus='sata'), disk('sdd', next(raw), 'raw', bus='usb'),
            disk('hda', next(raw), 'raw'), disk('hdb', next(raw), 'raw', device='cdrom'),
            disk('hdc', fmt='raw', device='cdrom'), disk('fda', next(raw), 'raw', device='floppy'))
        self.assert_same()
        with open(self.path('domain.xml'), 'w', encoding='utf-8') as file:
            file.write(self.virsh('dumpxml'))
        self.qblk('check', self.guest.socket, '--domain', file.name)

    def test_on_a_network(self):
        served = [self.path('served-0.sock'), self.path('served-1.sock')]
        for path in served:
            self.enterContext(qemu.nbd_server(path, images.create(path + '.qcow2'), export='x',
                                              fmt='raw'))
        over = self.image('over.qcow2', backing=f'nbd+unix:///x?socket={served[1]}', extra=['-u'])
        source = (f"<source protocol='nbd' name='x'><host transport='unix' socket='{served[0]}'/>"
                  '</source>')
        self.boot(disk_on('vda', source, kind='network', more='<readonly/>'), disk('vdb', over))
        self.assertNotIn('<backingStore/>', canonical(self.guest.disks()['vda']))
        self.assert_same()

    def test_a_data_file_which_libvirt_shows_since_10_10(self):
        top = self.image('top.qcow2', options=['data_file=' + self.path('data.raw')])
        self.boot(disk('vda', top))
        ours = self.disk_xml(self.guest.socket, 'vda')
        theirs = without(self.guest.disks()['vda'], ONLY_IN_LIBVIRT)
        self.assertEqual(ours.find('source/dataStore/source').get('file'), self.path('data.raw'))
        for source in (ours.find('source'), theirs.find('source')):
            for store in source.findall('dataStore'):
                source.remove(store)
        self.assertEqual(canonical(ours), canonical(theirs))

    def test_under_copy_on_read(self):
        files = self.chain('vda', 3)
        self.boot(disk('vda', files[0], driver="copy_on_read='on'"))
        self.assertEqual([item['node'] for item in self.layers('vda')[0]['filters']],
                         ['libvirt-CoR-vda'])
        self.assert_same()
        self.virsh('blockcommit', 'vda', '--top', files[1], '--wait')
        self.assert_files('vda', files[0], files[2])
        self.assert_same()

    def test_attached_and_detached(self):
        self.boot(SCSI, disk('vda', self.chain('vda', 2)[0]))
        files = self.chain('sda', 3)
        DAEMON.give(self.directory)
        for _ in range(2):  # the second time with other numbers
            self.virsh('attach-disk', files[0], 'sda', '--targetbus', 'scsi',
                       '--subdriver', 'qcow2')
            self.assert_files('sda', *files)
            self.assert_same()
            self.virsh('detach-disk', 'sda')
            self.qblk('chain', self.guest.socket, 'sda', status=qblk.NOT_FOUND)
            self.assert_same()

    def test_a_medium_is_inserted_and_ejected(self):
        path = images.raw(self.directory, 'cd.iso')
        self.boot(disk('hda', fmt='raw', device='cdrom'))
        self.virsh('change-media', 'hda', path, '--insert')
        self.assert_files('hda', path)
        self.assert_same()
        # libvirt remembers format and index of an ejected image; QEMU does not
        self.virsh('change-media', 'hda', '--eject')
        expected = without(self.guest.disks()['hda'],
                           (*ONLY_IN_LIBVIRT, ('driver', 'type'), ('source', None)))
        self.assertEqual(canonical(self.disk_xml(self.guest.socket, 'hda')), canonical(expected))


class Snapshots(TestCase):
    def test_at_run_time(self):
        self.boot(SCSI, disk('vda', self.chain('vda', 3)[0]), disk('sda', self.chain('sda', 2)[0]),
                  disk('vdb', images.raw(self.directory, 'vdb.raw'), 'raw'))
        before = {target: [layer['file'] for layer in self.layers(target)]
                  for target in ('vda', 'sda', 'vdb')}
        self.snapshot('first', 'vda', 'sda', 'vdb')
        self.assert_same()
        self.snapshot('second', 'vda', 'vdb')
        self.assert_same()
        for target, names in {'vda': ('second', 'first'), 'sda': ('first',),
                              'vdb': ('second', 'first')}.items():
            self.assert_files(target, *[self.path(f'{name}-{target}') for name in names],
                              *before[target])

    def snapshot(self, name, *targets):
        specs = [f'{target},file={self.path(name)}-{target}' if target in targets
                 else f'{target},snapshot=no' for target in self.guest.disks()]
        self.virsh('snapshot-create-as', '--disk-only', '--no-metadata',
                   *[word for spec in specs for word in ('--diskspec', spec)])


class Jobs(TestCase):
    """In each state of a job, and after each way to end it."""

    def abort(self, target='vda'):
        self.virsh('blockjob', target, '--abort')
        self.assert_same()

    def pivot(self, target='vda'):
        self.virsh('blockjob', target, '--pivot')
        self.assert_same()

    def test_a_commit_within_the_chain(self):
        files = self.full_chain('vda', 5)
        self.boot(disk('vda', files[0]), disk('vdb', self.chain('vdb', 1)[0]))
        self.virsh('blockcommit', 'vda', '--top', files[1], '--base', files[3], *SLOW)
        self.assertEqual(self.job_on('vda'), ('commit', 'running'))
        self.assert_same()
        self.abort()
        self.virsh('blockcommit', 'vda', '--top', files[1], '--base', files[3], '--wait')
        self.assert_files('vda', files[0], *files[3:])
        self.assert_same()

    def test_an_active_commit(self):
        files = self.full_chain('vda')
        self.boot(disk('vda', files[0]), disk('vdb', self.chain('vdb', 1)[0]))
        self.virsh('blockcommit', 'vda', '--active', *SLOW)
        self.assertEqual(self.job_on('vda'), ('active-commit', 'running'))
        self.assert_same('vda')
        self.abort()
        for base in (files[2], files[3]):
            self.virsh('blockcommit', 'vda', '--active', '--base', base, '--wait')
            self.assertEqual(self.job_on('vda'), ('active-commit', 'ready'))
            self.assert_same('vda')
            self.pivot()
            self.assertEqual(self.layers('vda')[0]['file'], base)

    def test_a_full_copy(self):
        self.boot(disk('vda', self.full_chain('vda')[0]), disk('vdb', self.chain('vdb', 1)[0]))
        self.virsh('blockcopy', 'vda', '--dest', self.path('copy-0'), *SLOW)
        self.assertEqual(self.job_on('vda'), ('copy', 'running'))
        self.assert_same('vda')
        self.abort()
        for number, fmt in enumerate(('raw', 'qcow2')):
            copy = self.path(f'copy-{number + 1}')
            self.virsh('blockcopy', 'vda', '--dest', copy, '--format', fmt, '--wait')
            self.assertEqual(self.job_on('vda'), ('copy', 'ready'))
            self.assert_same('vda')
            self.pivot()
            self.assert_files('vda', copy)

    def test_a_shallow_copy(self):
        files = self.chain('vda')
        self.boot(disk('vda', files[0]))
        self.virsh('blockcopy', 'vda', '--dest', self.path('copy'), '--shallow', '--wait')
        self.assert_same('vda')
        self.pivot()
        self.assert_files('vda', self.path('copy'), *files[1:])

    def test_a_shallow_copy_into_an_image_with_a_chain_of_its_own(self):
        files = self.chain('vda')
        copy = self.image('copy', size='1M', backing=files[1])
        self.boot(disk('vda', files[0]))
        self.virsh('blockcopy', 'vda', '--dest', copy, '--shallow', '--reuse-external', '--wait')
        # libvirt lists the layers below the copy; QEMU does not open them before the pivot
        mirror = self.guest.disks()['vda'].find('mirror')
        ours = self.disk_xml(self.guest.socket, 'vda').find('mirror')
        self.assertIsNotNone(mirror.find('backingStore/source'))
        mirror.remove(mirror.find('backingStore'))
        self.assertEqual(canonical(ours), canonical(mirror))
        self.pivot()
        self.assert_files('vda', copy, *files[1:])

    def test_a_pull(self):
        # qblk does not query nodes if that could crash the guest, until libvirt dismisses the job.
        # The guest stays alive, and virsh can continue.
        files = self.full_chain('vda')
        self.boot(disk('vda', files[0]), disk('vdb', self.chain('vdb', 1)[0]))
        self.virsh('blockpull', 'vda', '--base', files[2], *SLOW)
        self.assertEqual(self.job_on('vda'), ('pull', 'running'))
        if qemu.dies_of_node_queries(self.guest.qmp('query-version')):
            result = self.qblk('xml', self.guest.socket, status=qblk.REFUSED)
            self.assertIn('could crash the guest', result.errors)
        else:
            self.assert_same()
        self.abort()
        self.virsh('blockpull', 'vda', '--base', files[2], '--wait')
        self.assert_files('vda', files[0], *files[2:])
        self.assert_same()

    def test_a_backup(self):
        self.boot(disk('vda', self.chain('vda', 2)[0]), disk('vdb', self.chain('vdb', 1)[0]))
        with open(self.path('backup.xml'), 'w', encoding='utf-8') as file:
            file.write(f"<domainbackup mode='pull'><server transport='unix' "
                       f"socket='{self.path('backup.sock')}'/><disks><disk name='vda' type='file'>"
                       f"<driver type='qcow2'/><scratch file='{self.path('scratch')}'/></disk>"
                       "<disk name='vdb' backup='no'/></disks></domainbackup>")
        self.virsh('backup-begin', file.name)
        self.assertEqual([item['driver'] for item in self.layers('vda')[0]['filters']],
                         ['copy-before-write'])
        self.assert_same()
        self.virsh('domjobabort')
        self.assert_same()


class Indexes(TestCase):
    def node_by_virsh(self, spec, number):
        """The node that virsh means. virsh sets a write threshold on it; NUMBER is the threshold,
        which differs for each image."""
        place = 4096 + int(number)
        self.virsh('domblkthreshold', spec, str(place))
        found, = [node['node-name'] for node in
                  self.guest.qmp('query-named-block-nodes', flat=True)
                  if node['write_threshold'] == place]
        return found

    def test_each_means_the_same_image_to_both(self):
        self.boot(SCSI, disk('vda', self.chain('vda')[0]), disk('vdb', self.chain('vdb', 2)[0]),
                  disk('sda', self.chain('sda', 3)[0]))
        self.virsh('snapshot-create-as', '--disk-only', '--no-metadata', '--diskspec',
                   f"vda,file={self.path('overlay')}", '--diskspec', 'vdb,snapshot=no',
                   '--diskspec', 'sda,snapshot=no')
        seen = set()
        for target, found in self.guest.disks().items():
            numbers = [found.find('source').get('index')]
            numbers += [layer.get('index') for layer in found.iter('backingStore')
                        if layer.get('index')]
            for number, layer in zip(numbers, self.layers(target), strict=True):
                spec = f'{target}[{number}]'
                resolved = json.loads(self.qblk('--json', 'resolve', self.guest.socket,
                                                spec).stdout)['layer']
                self.assertEqual(resolved, layer)
                self.assertEqual(layer['node'], f'libvirt-{number}-format')
                self.assertEqual(layer['index'], int(number))
                self.assertEqual(self.node_by_virsh(spec, number), f'libvirt-{number}-storage')
                seen.add(number)
        self.assertEqual(len(seen), 10)

    def test_a_commit_takes_the_same_numbers(self):
        files = self.chain('vda', 6)
        self.boot(disk('vda', files[0]), disk('vdb', self.chain('vdb', 2)[0]))
        for top, base in ((1, 3), (1, 2)):
            numbers = [layer['index'] for layer in self.layers('vda')]
            arguments = ['vda', '--top', f'vda[{numbers[top]}]', '--base', f'vda[{numbers[base]}]']
            self.virsh('blockcommit', *arguments, '--wait')
            del files[top:base]
            del numbers[top:base]
            self.assert_files('vda', *files)
            self.assertEqual([layer['index'] for layer in self.layers('vda')], numbers)
            self.assert_same()

    def test_differences_of_the_syntax(self):
        """0 is always the active layer for qblk; for virsh it depends on the command. qblk accepts
        plain decimal numbers only."""
        self.boot(disk('vda', self.chain('vda', 3)[0]))
        top, second = [layer['index'] for layer in self.layers('vda')][:2]
        self.assertEqual(self.node_by_virsh('vda[0]', top), f'libvirt-{top}-storage')
        self.assertEqual(self.qblk('resolve', self.guest.socket, 'vda[0]').text,
                         f'libvirt-{top}-format\n')
        self.virsh_refuses('blockcommit', 'vda', '--base', 'vda[0]', '--active', message='vda[0]')
        for number in (f' {second}', f'+{second}', f'0{second}'):
            self.assertEqual(self.node_by_virsh(f'vda[{number}]', second),
                             f'libvirt-{second}-storage')
            self.qblk('resolve', self.guest.socket, f'vda[{number}]', status=qblk.USAGE)

    def test_a_bandwidth_with_a_unit(self):
        self.boot(disk('vda', self.full_chain('vda', 2)[0]))
        self.virsh('blockcommit', 'vda', '--active', *SLOW)
        for speed in ('70000', '70000b', '70k', '70KB', '70KiB', '3M', '3mib', '3MB', '1G', '0'):
            found = []
            for set_speed in (
                    lambda: self.virsh('blockjob', 'vda', '--bytes', '--bandwidth', speed),
                    lambda: self.qblk('job', self.guest.socket, 'vda', '--force-managed', '--bytes',
                                      '--bandwidth', speed)):
                set_speed()
                found.append(self.guest.qmp('query-block-jobs')[0]['speed'])
                self.virsh('blockjob', 'vda', '--bytes', '--bandwidth', '65536')
            self.assertEqual(found[0], found[1], msg=speed)
        for speed in ('1.5G', '5X', '5Mi', '5 M'):
            self.virsh_refuses('blockjob', 'vda', '--bytes', '--bandwidth', speed, message=speed)
            self.qblk('job', self.guest.socket, 'vda', '--force-managed', '--bandwidth', speed,
                      status=qblk.USAGE)
        self.virsh('blockjob', 'vda', '--abort')

    def test_an_index_that_does_not_exist_is_refused_by_both(self):
        self.boot(disk('vda', self.chain('vda', 3)[0]), disk('vdb', self.chain('vdb', 2)[0]))
        others = [layer['index'] for layer in self.layers('vdb')]
        for number in (99, *others):
            spec = f'vda[{number}]'
            self.qblk('resolve', self.guest.socket, spec, status=qblk.NOT_FOUND)
            self.virsh_refuses('blockcommit', 'vda', '--base', spec, '--active',
                               message=str(number))
            self.virsh_refuses('domblkthreshold', spec, '4096', message=spec)
        self.assertEqual(self.guest.qmp('query-jobs'), [])


class Managed(TestCase):
    def state(self):
        """All that must not change: XML, nodes, jobs, images."""
        contents = []
        for name in sorted(os.listdir(self.directory)):
            if name.endswith('.qcow2'):
                with open(self.path(name), 'rb') as file:
                    contents.append((name, hashlib.sha256(file.read()).digest()))
        nodes = self.guest.qmp('query-named-block-nodes', flat=True)
        return (self.virsh('dumpxml'), self.guest.qmp('query-jobs'),
                [(node['node-name'], node['file'], node['ro']) for node in nodes],
                self.guest.qmp('x-debug-query-block-graph')['edges'], contents)

    def test_changing_commands_are_refused(self):
        self.boot(disk('vda', self.chain('vda', 3)[0]),
                  disk('vdb', images.raw(self.directory, 'vdb.raw'), 'raw'))
        first = self.layers('vda')[1]['index']
        before = self.state()
        for arguments in (('commit', 'vda', '--top', f'vda[{first}]'), ('commit', 'vda', '--pivot'),
                          ('commit', 'vda', '--active'), ('pull', 'vda'),
                          ('pull', 'vda', '--base', f'vda[{first}]'),
                          ('rebase', 'vda', f'vda[{first}]'),
                          ('copy', 'vda', self.path('copy'), '--pivot'),
                          ('copy', 'vdb', self.path('copy'), '--finish')):
            command, *rest = arguments
            result = self.qblk(command, self.guest.socket, *rest, status=qblk.REFUSED)
            self.assertIn('--force-managed', result.errors)
            self.assertIn('virsh', result.errors)
        printed = self.qblk('pull', self.guest.socket, 'vda', '--dry-run')
        self.assertIn('use virsh, or --force-managed', printed.errors)
        self.assertEqual(self.state(), before)
        self.assertFalse(os.path.exists(self.path('copy')))
        self.virsh('blockpull', 'vda', '--wait')
        self.assert_same()

    def test_a_guest_of_libvirt_is_recognised_by_its_own_monitor(self):
        self.boot(disk('vda', images.raw(self.directory, 'vda.raw'), 'raw'))
        chardevs = self.guest.qmp('query-chardev')
        self.assertIn('charmonitor', [chardev['label'] for chardev in chardevs])

    def refuse_job(self, target, *ends):
        """qblk refuses each of ENDS for the job on TARGET, and the job continues."""
        before = self.job_on(target)
        for end in ends:
            result = self.qblk('job', self.guest.socket, target, *end, status=qblk.REFUSED)
            self.assertIn('--force-managed', result.errors)
        self.assertEqual(self.job_on(target), before)
        self.virsh('blockjob', target, '--abort')

    def test_jobs_of_libvirt_are_not_changed(self):
        self.boot(disk('vda', self.full_chain('vda', 3)[0]))
        ends = [('--abort',), ('--wait',), ('--pause',), ('--bandwidth', '1')]
        self.virsh('blockpull', 'vda', *SLOW)
        self.refuse_job('vda', *ends)
        self.virsh('blockcopy', 'vda', '--dest', self.path('copy'), '--wait')
        self.refuse_job('vda', *ends[:-1], ('--pivot',), ('--finish',))
        self.assert_same()

    def test_reading_changes_nothing(self):
        self.boot(SCSI, disk('vda', self.chain('vda', 3)[0]), disk('sda', self.chain('sda', 2)[0]))
        self.virsh('blockcopy', 'vda', '--dest', self.path('copy'), '--wait')
        before = self.state()
        for command in ('list', 'chain', 'xml', 'graph', 'jobs', 'capture', 'check'):
            self.qblk(command, self.guest.socket)
        self.qblk('resolve', self.guest.socket, 'vda')
        self.assertEqual(self.state(), before)
        self.virsh('blockjob', 'vda', '--pivot')
        self.assert_same()


class LibvirtsMonitor(TestCase):
    """qblk on the monitor that libvirt uses."""

    def setUp(self):
        super().setUp()
        self.files = self.chain('vda', 3)
        self.boot(disk('vda', self.files[0]))

    def restart_libvirtd(self):
        DAEMON.kill()
        DAEMON.start()

    def assert_libvirt_works(self):
        self.assert_same()
        self.virsh('domblkinfo', 'vda')  # this queries QEMU
        self.virsh('blockcommit', 'vda', '--top', self.files[1], '--wait')
        self.assert_files('vda', self.files[0], self.files[2])
        self.assert_same()

    def test_is_busy(self):
        # more clients than may wait there: libvirt lets QEMU queue two
        for _ in range(4):
            result = self.qblk('-t', '0.2', 'list', self.guest.libvirts_socket,
                               status=qblk.NO_CONNECTION)
            self.assertIn(self.guest.libvirts_socket, result.errors)
            self.assertIn(f"no greeting from '{self.guest.libvirts_socket}': libvirt holds this "
                          'monitor as long as the guest runs: give the guest a second monitor',
                          result.errors)
        self.assert_libvirt_works()

    def test_is_seen_without_connecting(self):
        vm, = (vm for vm in json.loads(self.qblk('--json', 'vms').stdout)['vms']
               if self.guest.socket in [monitor['address'] for monitor in vm['monitors']])
        self.assertEqual((vm['name'], vm['manager'], vm['manager-id']),
                         (libvirt.NAME, 'libvirt', libvirt.NAME))
        self.assertEqual({monitor['address']: monitor['state'] for monitor in vm['monitors']},
                         {self.guest.libvirts_socket: 'busy', self.guest.socket: 'free'})
        self.assertEqual(self.qblk('list', vm['pid']).text,
                         self.qblk('list', self.guest.socket).text)
        self.assert_libvirt_works()

    def test_is_free_for_a_libvirtd_that_restarts(self):
        # closed connections are still queued before that of the new libvirtd
        for _ in range(3):
            self.qblk('-t', '0.2', 'list', self.guest.libvirts_socket,
                      status=qblk.NO_CONNECTION)
        self.restart_libvirtd()
        self.assert_libvirt_works()

    def test_is_free_for_a_waiting_qblk_when_libvirtd_ends(self):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.guest.libvirts_socket)
            DAEMON.kill()
            number = connection.fileno()
            self.qblk('list', f'fd:{number}', pass_fds=[number])
        DAEMON.start()
        self.assert_libvirt_works()


if __name__ == '__main__':
    live.main(DAEMON)
