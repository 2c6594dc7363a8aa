# SPDX-License-Identifier: LGPL-2.1-or-later
"""Block graphs as they occur: each function makes its images in a folder and says how to start QEMU
over them. The same graphs are recorded (scripts/record-fixtures) and run live (tests/live).

A new topology is a function with @topology: its name, with dashes, is the fixture's. File names and
node names are the same each time; nodes without a name get a random one (#blockNNN) from QEMU.
"""

import contextlib
import dataclasses
import json
import os
import time

import images
import qemu
import qmp

TOPOLOGIES = {}


@dataclasses.dataclass
class Command:
    """A QMP command to send once QEMU runs."""
    name: str
    arguments: dict


@dataclasses.dataclass
class Event:
    """An event to wait for before going on."""
    name: str
    data: dict


@dataclasses.dataclass
class Progress:
    """A job that has to have done something, which no event tells."""
    job: str


@dataclasses.dataclass
class Topology:
    arguments: list  # of the program
    steps: list = dataclasses.field(default_factory=list)  # Command, Event or Progress, in this order
    services: list = dataclasses.field(default_factory=list)  # context managers that QEMU needs
    chains: dict = dataclasses.field(default_factory=dict)  # disk target: its files, top first
    daemon: bool = False  # qemu-storage-daemon, which has nodes and no devices
    since: tuple = (0, 0)  # the first version of QEMU that can run it
    # False where query-named-block-nodes would kill QEMU
    node_query_is_safe: bool = True

    @contextlib.contextmanager
    def run(self, folder, **options):
        """Run it; what is yielded is a qemu.Process, made with OPTIONS, with all steps done."""
        if self.since > (0, 0) and qemu.version() < self.since:
            raise qemu.Unavailable('this graph needs QEMU %d.%d' % self.since)
        with contextlib.ExitStack() as stack:
            for service in self.services:
                stack.enter_context(service)
            process = stack.enter_context(
                qemu.Process(folder, self.arguments, self.daemon, **options))
            for step in self.steps:
                if isinstance(step, Command):
                    process.qmp.execute(step.name, step.arguments)
                elif isinstance(step, Event):
                    process.qmp.wait_event(step.name, step.data)
                else:
                    wait_progress(process.qmp, step.job)
            yield process


def wait_progress(client, job):
    """Ask until the job has moved."""
    deadline = time.monotonic() + qmp.TIMEOUT
    while time.monotonic() < deadline:
        for found in client.execute('query-jobs'):
            if found['id'] == job and found['current-progress'] > 0:
                return
    raise TimeoutError(f'job {job} does not move')


def topology(function):
    TOPOLOGIES[function.__name__.replace('_', '-')] = function
    return function


# Options


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def blockdev(**options):
    """--blockdev with a JSON argument; `_` stands for `-` in the names of options. The two dashes
    are for the storage daemon."""
    return ['--blockdev', json.dumps({key.replace('_', '-'): value
                                      for key, value in options.items()})]


def local(path, **more):
    return {'driver': 'file', 'filename': path, **more}


def qcow2(path, **more):
    """A qcow2 layer with two named nodes: the stem of the file, and that with -file."""
    return blockdev(driver='qcow2', node_name=stem(path),
                    file=local(path, **{'node-name': stem(path) + '-file'}), **more)


def named_chain(files):
    """Every layer by its own -blockdev, as management programs do it; base first."""
    arguments = qcow2(files[-1], backing=None, read_only=len(files) > 1)
    for number in range(len(files) - 2, -1, -1):
        arguments += qcow2(files[number], backing=stem(files[number + 1]), read_only=number > 0)
    return arguments


def virtio(drive, **properties):
    return device('virtio-blk-pci', drive=drive, **properties)


def device(driver, **properties):
    return ['-device', ','.join([driver] + [f'{key}={value}'
                                            for key, value in properties.items()])]


def drive(path, **options):
    """-drive if=none; commas in PATH are doubled, which is how QEMU's options escape them."""
    options = {key.replace('_', '-'): value for key, value in options.items()}
    pairs = {'if': 'none', 'file': path.replace(',', ',,'), **options}
    return ['-drive', ','.join(f'{key}={value}' for key, value in pairs.items())]


def status(job, value):
    return Event('JOB_STATUS_CHANGE', {'id': job, 'status': value})


# One disk


@topology
def empty_vm(_folder):
    return Topology([])


@topology
def virtio_5_deep(folder):
    """Only the top is named, and only its format node; QEMU opens and names the rest."""
    files = images.chain(folder, 'disk', 5)
    return Topology(blockdev(driver='qcow2', node_name='top', file=local(files[0]))
                    + virtio('top', id='disk0'), chains={'vda': files})


@topology
def drive_5_deep(folder):
    files = images.chain(folder, 'disk', 5)
    return Topology(drive(files[0], id='vda') + virtio('vda'), chains={'vda': files})


@topology
def deep_200(folder):
    files = images.empty_chain(folder, 'disk', 200)
    return Topology(drive(files[0], id='drive0') + virtio('drive0', id='vda'),
                    chains={'vda': files})


@topology
def throttle_blockdev(folder):
    files = images.chain(folder, 'disk', 3)
    return Topology(['-object', 'throttle-group,id=limits,x-bps-total=1048576']
                    + named_chain(files)
                    + blockdev(driver='throttle', node_name='limited', throttle_group='limits',
                               file=stem(files[0]))
                    + virtio('limited', id='vda'), chains={'vda': files})


@topology
def throttle_drive(folder):
    """Limits of -drive live in the BlockBackend and make no node."""
    files = images.chain(folder, 'disk', 3)
    return Topology(drive(files[0], id='drive0', **{'throttling.bps-total': 1048576})
                    + virtio('drive0', id='vda'), chains={'vda': files})


@topology
def cor_blockdev(folder):
    files = images.chain(folder, 'disk', 3)
    return Topology(named_chain(files)
                    + blockdev(driver='copy-on-read', node_name='cor', file=stem(files[0]))
                    + virtio('cor', id='vda'), chains={'vda': files})


@topology
def cor_drive(folder):
    files = images.chain(folder, 'disk', 3)
    return Topology(drive(files[0], id='drive0', copy_on_read='on')
                    + virtio('drive0', id='vda'), chains={'vda': files})


@topology
def copy_before_write(folder):
    """Three filters on one disk: throttle over copy-on-read over copy-before-write."""
    files = images.chain(folder, 'disk', 3)
    scratch = images.create(os.path.join(folder, 'scratch.qcow2'))
    return Topology(['-object', 'throttle-group,id=limits,x-iops-total=1000']
                    + named_chain(files) + qcow2(scratch)
                    + blockdev(driver='copy-before-write', node_name='cbw', file=stem(files[0]),
                               target='scratch')
                    + blockdev(driver='copy-on-read', node_name='cor', file='cbw')
                    + blockdev(driver='throttle', node_name='limited', throttle_group='limits',
                               file='cor')
                    + virtio('limited', id='vda'), chains={'vda': files}, since=(6, 2))


@topology
def snapshot_on(folder):
    """The top is a nameless temporary file, already removed from its folder."""
    files = images.chain(folder, 'disk', 2)
    return Topology(drive(files[0], id='drive0', snapshot='on') + virtio('drive0', id='vda'))


@topology
def quorum(folder):
    """Three children of equal rank: more than one chain."""
    copies = [images.create(os.path.join(folder, f'copy-{number}.qcow2')) for number in range(3)]
    arguments = []
    for path in copies:
        arguments += qcow2(path)
    return Topology(arguments
                    + blockdev(driver='quorum', node_name='votes', vote_threshold=2,
                               children=[stem(path) for path in copies])
                    + virtio('votes', id='vda'))


@topology
def luks(folder):
    """vda: qcow2 encrypted with LUKS; vdb: a bare LUKS container."""
    secret = ['--object', 'secret,id=key0,data=secret']
    image = images.create_encrypted(os.path.join(folder, 'disk.qcow2'), extra=secret, options=[
        'encrypt.format=luks', 'encrypt.key-secret=key0', 'encrypt.iter-time=10'])
    bare = images.create_encrypted(os.path.join(folder, 'disk.luks'), size='1M', fmt='luks',
                                   extra=secret, options=['key-secret=key0', 'iter-time=10'])
    return Topology(['-object', 'secret,id=key0,data=secret']
                    + qcow2(image, encrypt={'format': 'luks', 'key-secret': 'key0'})
                    + blockdev(driver='luks', node_name='bare', key_secret='key0',
                               file=local(bare))
                    + virtio('disk', id='vda') + virtio('bare', id='vdb'),
                    chains={'vda': [image], 'vdb': [bare]})


@topology
def data_file(folder):
    """qcow2 with its data in a raw file of its own."""
    data = os.path.join(folder, 'disk.raw')
    image = images.create(os.path.join(folder, 'disk.qcow2'),
                          options=[f'data_file={data}', 'data_file_raw=on'])
    overlay = images.create(os.path.join(folder, 'overlay.qcow2'), backing='disk.qcow2')
    return Topology(drive(overlay, id='drive0') + virtio('drive0', id='vda'),
                    chains={'vda': [overlay, image]})


@topology
def nbd_base(folder):
    """An overlay on an export of qemu-nbd, by URI in its header."""
    export = images.create(os.path.join(folder, 'export.qcow2'))
    images.write(export)
    socket = os.path.join(folder, 'nbd.sock')
    overlay = images.create(os.path.join(folder, 'overlay.qcow2'), size='64M', extra=['-u'],
                            backing=f'nbd+unix:///?socket={socket}', backing_format='raw')
    return Topology(drive(overlay, id='drive0') + virtio('drive0', id='vda'),
                    services=[qemu.nbd_server(socket, export)])


# Several disks


@topology
def raw_block_device(folder):
    """vda: raw on a block device; vdb: an overlay whose base is qcow2 on a block device."""
    plain = images.raw(folder, 'plain.raw')
    holder = images.raw(folder, 'holder.raw', 16 << 20)
    images.create(holder, '8M')
    links = [os.path.join(folder, name) for name in ('block-raw', 'block-qcow2')]
    overlay = images.create(os.path.join(folder, 'overlay.qcow2'), '8M', extra=['-u'],
                            backing='block-qcow2')
    return Topology(blockdev(driver='raw', node_name='plain',
                             file={'driver': 'host_device', 'filename': links[0]})
                    + drive(overlay, id='drive0')
                    + virtio('plain', id='vda') + virtio('drive0', id='vdb'),
                    services=[qemu.loop_device(links[0], plain),
                              qemu.loop_device(links[1], holder)],
                    chains={'vda': links[:1], 'vdb': [overlay, links[1]]})


@topology
def shared_base(folder):
    """Two overlays on one node."""
    base = images.create(os.path.join(folder, 'base.qcow2'))
    images.write(base)
    arguments = qcow2(base, read_only=True)
    chains = {}
    for target in ('vda', 'vdb'):
        top = images.create(os.path.join(folder, f'top-{target}.qcow2'), backing='base.qcow2')
        arguments += qcow2(top, backing='base') + virtio(stem(top), id=target)
        chains[target] = [top, base]
    return Topology(arguments, chains=chains)


@topology
def shared_base_file(folder):
    """Two overlays on one file, opened twice."""
    base = images.create(os.path.join(folder, 'base.qcow2'))
    images.write(base)
    arguments = []
    chains = {}
    for target in ('vda', 'vdb'):
        top = images.create(os.path.join(folder, f'top-{target}.qcow2'), backing='base.qcow2')
        arguments += drive(top, id='drive-' + target) + virtio('drive-' + target, id=target)
        chains[target] = [top, base]
    return Topology(arguments, chains=chains)


@topology
def read_only(folder):
    """vda by -drive, vdb by -blockdev, vdc writable, and a CD."""
    paths = [images.chain(folder, name, 2) for name in ('a', 'b', 'c')]
    medium = images.raw(folder, 'medium.iso')
    return Topology(drive(paths[0][0], id='drive-a', readonly='on')
                    + blockdev(driver='qcow2', node_name='b', read_only=True,
                               file=local(paths[1][0]))
                    + drive(paths[2][0], id='drive-c')
                    + drive(medium, id='drive-cd', format='raw', media='cdrom', readonly='on')
                    + virtio('drive-a', id='vda') + virtio('b', id='vdb')
                    + virtio('drive-c', id='vdc')
                    + device('ide-cd', drive='drive-cd', id='hda', bus='ide.0'),
                    chains={'vda': paths[0], 'vdb': paths[1], 'vdc': paths[2], 'hda': [medium]})


@topology
def serials(folder):
    """Devices with a serial number, which is how a guest or a domain XML recognises its disk."""
    arguments = ['-device', 'virtio-scsi-pci,id=scsi', '-device', 'piix3-usb-uhci,id=usb']
    for number, (driver, more) in enumerate([
            ('virtio-blk-pci', {}), ('scsi-hd', {'bus': 'scsi.0'}),
            ('ide-hd', {'bus': 'ide.0'}), ('usb-storage', {'bus': 'usb.0'}), ('nvme', {})]):
        path = images.raw(folder, f'disk-{number}.raw')
        arguments += drive(path, id=f'drive{number}', format='raw')
        arguments += device(driver, drive=f'drive{number}', serial=f'SERIAL-{number}', **more)
    return Topology(arguments)


@topology
def many_buses(folder):
    """All buses of a pc machine, with ids and without, on the root bus and behind a bridge."""
    raw = 0

    def new_drive(**options):
        nonlocal raw
        raw += 1
        return f'drive{raw}', drive(images.raw(folder, f'disk-{raw}.raw'), id=f'drive{raw}',
                                    format='raw', **options)

    arguments = []
    for controller in (('pci-bridge', {'id': 'bridge', 'chassis_nr': 1, 'addr': '0x10'}),
                       ('virtio-scsi-pci', {'id': 'hba', 'addr': '0x6'}),
                       ('virtio-scsi-pci', {'addr': '0x5'}),
                       ('ahci', {'id': 'sata'}),
                       ('piix3-usb-uhci', {'id': 'usb'})):
        arguments += device(controller[0], **controller[1])
    for driver, properties in (
            ('virtio-blk-pci', {'id': 'alpha', 'bus': 'bridge', 'addr': '0x3'}),
            ('virtio-blk-pci', {'id': 'beta', 'addr': '0x9'}),
            ('virtio-blk-pci', {'addr': '0x8'}),
            ('scsi-hd', {'id': 'gamma', 'bus': 'hba.0', 'scsi-id': 2, 'lun': 1}),
            ('scsi-hd', {'bus': 'hba.0', 'scsi-id': 2, 'lun': 0}),
            ('scsi-hd', {'bus': 'scsi.0', 'scsi-id': 1}),
            ('scsi-cd', {'id': 'delta', 'bus': 'scsi.0', 'scsi-id': 0}),
            ('ide-hd', {'id': 'epsilon', 'bus': 'sata.0'}),
            ('ide-hd', {'bus': 'sata.3'}),
            ('ide-hd', {'id': 'zeta', 'bus': 'ide.0', 'unit': 1}),
            ('ide-cd', {'bus': 'ide.1', 'unit': 0}),
            ('usb-storage', {'id': 'eta', 'bus': 'usb.0', 'port': 2}),
            ('usb-storage', {'bus': 'usb.0', 'port': 1}),
            ('floppy', {'id': 'theta', 'unit': 1}),
            ('nvme', {'id': 'iota', 'serial': 'nvme-iota'})):
        media = {'media': 'cdrom', 'readonly': 'on'} if driver.endswith('-cd') else {}
        name, option = new_drive(**media)
        arguments += option + device(driver, drive=name, **properties)
    arguments += device('ide-cd', id='empty-cd', bus='sata.1')
    arguments += device('scsi-cd', bus='scsi.0', **{'scsi-id': 5})
    arguments += device('floppy', unit=0)
    arguments += device('nvme', id='kappa', serial='nvme-kappa')
    for number in (2, 1):
        name, option = new_drive()
        arguments += option + device('nvme-ns', drive=name, bus='kappa', nsid=number)
    return Topology(arguments)


@topology
def many_buses_q35(folder):
    """A q35 machine: the built-in SATA ports, and PCI Express root ports."""
    arguments = ['-machine', 'q35']
    arguments += device('pcie-root-port', id='port1', chassis=1, slot=1, addr='0x8')
    arguments += device('pcie-root-port', id='port2', chassis=2, slot=2, addr='0x5')
    arguments += device('pcie-root-port', id='port3', chassis=3, slot=3, addr='0x6')
    arguments += device('virtio-scsi-pci', id='scsi', bus='port2')
    arguments += device('qemu-xhci', id='usb', bus='port3')
    for number, (driver, properties) in enumerate((
            ('virtio-blk-pci', {'id': 'alpha', 'bus': 'port1'}),
            ('virtio-blk-pci', {'addr': '0x7'}),
            ('scsi-hd', {'bus': 'scsi.0', 'scsi-id': 1}),
            ('ide-hd', {'bus': 'ide.0'}),
            ('ide-hd', {'id': 'beta', 'bus': 'ide.2'}),
            ('usb-storage', {'id': 'gamma', 'bus': 'usb.0'}))):
        path = images.raw(folder, f'disk-{number}.raw')
        arguments += blockdev(driver='raw', node_name=f'disk-{number}', file=local(path))
        arguments += device(driver, drive=f'disk-{number}', **properties)
    arguments += device('ide-cd', bus='ide.1')
    return Topology(arguments)


@topology
def odd_names(folder):
    """File names with every kind of byte; QEMU runs in FOLDER, so relative ones work."""
    arguments = []
    chains = {}

    def disk(target, name, filename=None):
        path = os.path.join(folder, name)
        images.create(path)
        filename = (filename or path).replace(',', ',,')
        arguments.extend(['-blockdev', f'driver=qcow2,node-name=node-{target},'
                          f'file.driver=file,file.filename={filename}'])
        arguments.extend(virtio(f'node-{target}', id=target))
        chains[target] = [filename.replace(',,', ',')]

    disk('vda', 'with space.qcow2')
    disk('vdb', '&<>"\'.qcow2')
    disk('vdc', 'line\nbreak\ttab.qcow2')
    disk('vdd', 'größe-日本語-💾.qcow2')
    disk('vde', os.fsdecode(b'latin1-gr\xf6\xdfe.qcow2'))
    disk('vdf', '-dash.qcow2', '-dash.qcow2')
    disk('vdg', 'co:lon.qcow2', 'co:lon.qcow2')
    disk('vdh', 'a,comma,b.qcow2')
    disk('vdi', 'control-\x01-\x7f.qcow2')
    disk('vdj', '%41?query#fragment.qcow2')
    disk('vdk', '\u200b\ufffe.qcow2')
    images.create(os.path.join(folder, 'base:colon.qcow2'))
    overlay = images.create(os.path.join(folder, 'over:lay.qcow2'), backing='./base:colon.qcow2')
    arguments.extend(drive('file:over:lay.qcow2', id='drive-colon') +
                     virtio('drive-colon', id='vdl'))
    chains['vdl'] = [overlay, os.path.join(folder, 'base:colon.qcow2')]
    return Topology(arguments, chains=chains)


@topology
def json_names(folder):
    """File names that are json:{...} or pseudo-protocols."""
    base = images.create(os.path.join(folder, 'base.qcow2'))
    arguments = []
    for number, backing in enumerate([
            {'driver': 'qcow2', 'file': {'driver': 'file', 'filename': base}},
            {'driver': 'raw', 'offset': 65536, 'size': 65536,
             'file': {'driver': 'file', 'filename': base}}]):
        path = images.create(os.path.join(folder, f'json-{number}.qcow2'), extra=['-u'],
                             backing='json:' + json.dumps(backing),
                             backing_format=backing['driver'])
        arguments += drive(path, id=f'drive-json-{number}')
        arguments += virtio(f'drive-json-{number}', id=f'json{number}')
    top = images.create(os.path.join(folder, 'json-top.qcow2'))
    arguments += drive('json:' + json.dumps(
        {'driver': 'qcow2', 'lazy-refcounts': True, 'file': {'driver': 'file', 'filename': top}}),
        id='drive-top') + virtio('drive-top', id='jsontop')
    debug = images.create(os.path.join(folder, 'blkdebug.qcow2'))
    arguments += drive('blkdebug::' + debug, id='drive-debug', format='qcow2')
    arguments += virtio('drive-debug', id='debug')
    named = images.create(os.path.join(folder, 'blkdebug-node.qcow2'))
    arguments += blockdev(driver='qcow2', node_name='debugged',
                          file={'driver': 'blkdebug', 'image': local(named)})
    arguments += virtio('debugged', id='debugnode')
    return Topology(arguments)


# What libvirt starts


@topology
def libvirt_aliases(folder):
    """Device ids as libvirt's aliases for vda, vdz, sda (scsi), sdb (sata), sdc (usb), hda, fda, and
    one alias of the user's own."""
    arguments = ['-device', 'virtio-scsi-pci,id=scsi0', '-device', 'ahci,id=sata0',
                 '-device', 'piix3-usb-uhci,id=usb']
    chains = {}
    for target, driver, properties in (
            ('vda', 'virtio-blk-pci', {'id': 'virtio-disk0'}),
            ('vdz', 'virtio-blk-pci', {'id': 'virtio-disk25'}),
            ('sda', 'scsi-hd', {'id': 'scsi0-0-0-0', 'bus': 'scsi0.0', 'scsi-id': 0, 'lun': 0}),
            ('sdb', 'ide-hd', {'id': 'sata0-0-1', 'bus': 'sata0.1'}),
            ('sdc', 'usb-storage', {'id': 'usb-disk2', 'bus': 'usb.0'}),
            ('hda', 'ide-hd', {'id': 'ide0-0-0', 'bus': 'ide.0', 'unit': 0}),
            ('fda', 'floppy', {'id': 'fdc0-0-0', 'unit': 0}),
            (None, 'virtio-blk-pci', {'id': 'ua-system'})):
        path = images.raw(folder, f'{properties["id"]}.raw')
        arguments += blockdev(driver='raw', node_name=properties['id'], file=local(path))
        arguments += device(driver, drive=properties['id'], **properties)
        if target:
            chains[target] = [path]
    return Topology(arguments, chains=chains)


@topology
def libvirt_aliases_clash(folder):
    """Two aliases that both mean sda, which libvirt would not have given to one guest."""
    arguments = ['-device', 'virtio-scsi-pci,id=scsi0', '-device', 'piix3-usb-uhci,id=usb']
    for driver, properties in (('scsi-hd', {'id': 'scsi0-0-0-0', 'bus': 'scsi0.0'}),
                               ('usb-storage', {'id': 'usb-disk0', 'bus': 'usb.0'})):
        path = images.raw(folder, f'{properties["id"]}.raw')
        arguments += blockdev(driver='raw', node_name=properties['id'], file=local(path))
        arguments += device(driver, drive=properties['id'], **properties)
    return Topology(arguments)


def libvirt_layer(path, number, backing=None, top=False):
    """The two -blockdev that libvirt 9 writes for a qcow2 image."""
    return (blockdev(driver='file', filename=path, node_name=f'libvirt-{number}-storage',
                     auto_read_only=True, discard='unmap')
            + blockdev(driver='qcow2', node_name=f'libvirt-{number}-format', read_only=not top,
                       file=f'libvirt-{number}-storage',
                       backing=backing and f'libvirt-{backing}-format'))


@topology
def libvirt_names(folder):
    """Node names as libvirt numbers them: active images first, last disk to first, then the images
    below, also last to first; then what was attached later. 5, 6 and 11 were detached again."""
    vda = images.chain(folder, 'vda', 3)
    vdb = images.chain(folder, 'vdb', 2)
    vdc = images.raw(folder, 'vdc.raw')
    sliced = images.raw(folder, 'vdd.raw', 3 << 20)
    limited = images.chain(folder, 'vde', 2)
    arguments = ['-object', 'throttle-group,id=throttle-limit0,x-bps-total=1048576']
    # vdd: a slice of a raw file; vdc: raw without a format node, as newer libvirt has it
    arguments += blockdev(driver='file', filename=sliced, node_name='libvirt-1-storage',
                          auto_read_only=True)
    arguments += blockdev(driver='raw', offset=1 << 20, size=1 << 20, file='libvirt-1-storage',
                          node_name='libvirt-1-slice-sto')
    arguments += blockdev(driver='raw', file='libvirt-1-slice-sto', node_name='libvirt-1-format')
    arguments += blockdev(driver='file', filename=vdc, node_name='libvirt-2-storage')
    # vdb: copy-on-read
    arguments += libvirt_layer(vdb[1], 7)
    arguments += libvirt_layer(vdb[0], 3, backing=7, top=True)
    arguments += blockdev(driver='copy-on-read', file='libvirt-3-format',
                          node_name='libvirt-CoR-vdb', discard='unmap')
    # vda
    arguments += libvirt_layer(vda[2], 9)
    arguments += libvirt_layer(vda[1], 8, backing=9)
    arguments += libvirt_layer(vda[0], 4, backing=8, top=True)
    # vde: attached later, with a throttle filter
    arguments += libvirt_layer(limited[1], 12)
    arguments += libvirt_layer(limited[0], 10, backing=12, top=True)
    arguments += blockdev(driver='throttle', throttle_group='throttle-limit0',
                          file='libvirt-10-format', node_name='libvirt-13-filter')
    for number, node in enumerate(['libvirt-4-format', 'libvirt-CoR-vdb', 'libvirt-2-storage',
                                   'libvirt-1-format', 'libvirt-13-filter']):
        arguments += virtio(node, id=f'virtio-disk{number}', addr=hex(4 + number))
    return Topology(arguments, chains={'vda': vda, 'vdb': vdb, 'vdc': [vdc], 'vdd': [sliced],
                                       'vde': limited})


# Jobs


def commit_steps(top, base, **options):
    return [Command('block-commit', {'job-id': 'commit0', 'device': stem(top),
                                     'top-node': stem(options.pop('upper', top)),
                                     'base-node': stem(base), 'auto-dismiss': False, **options})]


def mirror_steps(top, target, sync, **options):
    return [Command('blockdev-mirror', {'job-id': 'mirror0', 'device': stem(top),
                                        'target': stem(target), 'sync': sync,
                                        'auto-dismiss': False, **options})]


READY_COMMIT = Event('BLOCK_JOB_READY', {'device': 'commit0'})
READY_MIRROR = Event('BLOCK_JOB_READY', {'device': 'mirror0'})
SLOW = 1  # bytes a second: never done while somebody looks
MORE_THAN_A_CHUNK = '4M'  # so that a job with a speed limit stops half way


@topology
def commit_running(folder):
    """The active layer into the base, not ready yet."""
    files = images.chain(folder, 'disk', 3, data=MORE_THAN_A_CHUNK)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=commit_steps(files[0], files[2], speed=SLOW)
                    + [Progress('commit0')], chains={'vda': files})


@topology
def commit_ready(folder):
    files = images.chain(folder, 'disk', 3)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=commit_steps(files[0], files[2]) + [READY_COMMIT],
                    chains={'vda': files})


@topology
def commit_ready_drive(folder):
    """The same where QEMU opened and named the nodes: an implicit filter hides in query-block."""
    files = images.chain(folder, 'disk', 2)
    return Topology(drive(files[0], id='drive0') + virtio('drive0', id='vda'),
                    steps=[Command('block-commit', {'job-id': 'commit0', 'device': 'drive0'}),
                           READY_COMMIT], chains={'vda': files})


@topology
def commit_middle_running(folder):
    """Inner layers, below the active one; the job has no READY."""
    files = images.chain(folder, 'disk', 4, data=MORE_THAN_A_CHUNK)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=commit_steps(files[0], files[3], upper=files[1], speed=SLOW)
                    + [Progress('commit0')], chains={'vda': files})


@topology
def mirror_running(folder):
    files = images.chain(folder, 'disk', 2, data=MORE_THAN_A_CHUNK)
    copy = images.create(os.path.join(folder, 'copy.qcow2'))
    return Topology(named_chain(files) + qcow2(copy) + virtio(stem(files[0]), id='vda'),
                    steps=mirror_steps(files[0], copy, 'full', speed=SLOW)
                    + [Progress('mirror0')], chains={'vda': files})


@topology
def mirror_ready(folder):
    files = images.chain(folder, 'disk', 3)
    copy = images.create(os.path.join(folder, 'copy.qcow2'))
    return Topology(named_chain(files) + qcow2(copy) + virtio(stem(files[0]), id='vda'),
                    steps=mirror_steps(files[0], copy, 'full') + [READY_MIRROR],
                    chains={'vda': files})


@topology
def mirror_ready_top(folder):
    """A shallow copy: the target stands on the same backing node."""
    files = images.chain(folder, 'disk', 3)
    copy = images.create(os.path.join(folder, 'copy.qcow2'), backing=os.path.basename(files[1]))
    return Topology(named_chain(files) + qcow2(copy, backing=stem(files[1]))
                    + virtio(stem(files[0]), id='vda'),
                    steps=mirror_steps(files[0], copy, 'top') + [READY_MIRROR],
                    chains={'vda': files})


def stream_steps(files, *statuses, **options):
    return [Command('block-stream', {'job-id': 'stream0', 'device': stem(files[0]),
                                     'base-node': stem(files[-1]), 'auto-dismiss': False,
                                     **options})] + [status('stream0', value)
                                                     for value in statuses]


@topology
def stream_running(folder):
    files = images.chain(folder, 'disk', 3, data=MORE_THAN_A_CHUNK)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=stream_steps(files, speed=SLOW) + [Progress('stream0')], chains={'vda': files})


@topology
def stream_pending(folder):
    """Before the graph changes, which is still safe to look at."""
    files = images.chain(folder, 'disk', 3)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=stream_steps(files, 'pending', **{'auto-finalize': False}),
                    chains={'vda': files})


@topology
def stream_concluded(folder):
    """After the graph has changed and before job-dismiss: query-named-block-nodes kills QEMU 7.2."""
    files = images.chain(folder, 'disk', 3)
    return Topology(named_chain(files) + virtio(stem(files[0]), id='vda'),
                    steps=stream_steps(files, 'concluded'), node_query_is_safe=False)


# No machine


@topology
def storage_daemon(folder):
    files = images.chain(folder, 'disk', 3)
    return Topology(named_chain(files), daemon=True)
