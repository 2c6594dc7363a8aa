# SPDX-License-Identifier: LGPL-2.1-or-later
"""image:PATH of encrypted images without their key: what their headers show is what a QEMU with the
key reports, and what `qemu-img info` reports."""

import json
import os
import subprocess

import brief
import images
import live
import qblk
import qemu
from topologies.options import blockdev, local

KEY = ['--object', 'secret,id=key0,data=secret']
SECRET = {'format': 'luks', 'key-secret': 'key0'}
LUKS = ['encrypt.format=luks', 'encrypt.key-secret=key0', 'encrypt.iter-time=10']


def info(path, fmt):
    done = subprocess.run([*qemu.program('qemu-img'), 'info', '-U', '--output=json', '-f', fmt,
                           path], check=True, capture_output=True)
    return json.loads(done.stdout)


def run(tool, path, *arguments, after=()):
    """Run a program of QEMU, as `qemu-img snapshot`, on the encrypted qcow2 image PATH."""
    subprocess.run([*qemu.program(tool), *arguments, *KEY, '--image-opts',
                    f'driver=qcow2,file.filename={path},encrypt.format=luks,'
                    'encrypt.key-secret=key0', *after], check=True, capture_output=True)


def set_in_use(path, name):
    """Set the flag of a bitmap that a QEMU had open when it was killed."""
    with open(path, 'r+b') as file:
        data = file.read()
        at = data.rindex(name.encode()) - 24 + 15  # the last byte of the flags of its entry
        file.seek(at)
        file.write(bytes([data[at] | 1]))


def nodes(layers):
    """What opens LAYERS, (path, format, options), from the top, with the names of the private
    daemon."""
    arguments = []
    for number in reversed(range(len(layers))):
        path, fmt, options = layers[number]
        name = f'qblk-image-{number}' if number else 'qblk-image'
        if number + 1 < len(layers):
            options = {'backing': f'qblk-image-{number + 1}', **options}
        arguments += blockdev(driver=fmt, node_name=name, read_only=True, force_share=True,
                              file=local(path, **{'node-name': name + '-file', 'read-only': True,
                                                  'force-share': True}), **options)
    return arguments


class Encrypted(live.TestCase):
    def setUp(self):
        super().setUp()
        if not os.environ.get('QBLK_QEMU_STORAGE_DAEMON', 'qemu-storage-daemon'):
            self.skipTest('this version of QEMU has no storage daemon')

    def path(self, name):
        return os.path.join(self.directory, name)

    def encrypted(self, name, *options, **more):
        extra = [*KEY, '-u'] if 'backing' in more else KEY
        return images.create_encrypted(self.path(name), extra=extra, options=[*LUKS, *options],
                                       **more)

    def report(self, command, vm, *options):
        """The JSON of COMMAND without what depends on how the image was opened: names of nodes in a
        QEMU that is not the private daemon, what this QEMU has open, and its version."""
        report = json.loads(qblk.run('--json', command, *options, vm).stdout)
        for item in objects(report):
            for key in ('name-source', 'node', 'storage-node', 'open-file', 'qemu', 'written-end',
                        'fingerprint', 'edges', 'file', 'users', 'stale'):
                item.pop(key, None)
            if 'children' in item:
                item['children'].sort(key=lambda child: child['child'])  # newest first on 11.1
        return report

    def compare(self, layers):
        """What each reading command prints is the same with and without the key."""
        vm = f'image:{layers[0][0]}'
        with qemu.Process(self.path('.'), [*KEY, *nodes(layers)], daemon=True,
                          own_socket=True) as process:
            for command in ('list', 'chain', 'graph', 'check'):
                with self.subTest(command):
                    options = ['--format', 'json'] if command == 'graph' else []
                    self.assertEqual(self.report(command, vm, *options),
                                     self.report(command, process.socket, *options))
            self.assertEqual(self.qblk('xml', vm).text, self.qblk('xml', process.socket).text)

    def compare_with_qemu_img(self, layers):
        chain, = json.loads(self.qblk('chain', '--json', f'image:{layers[0][0]}').stdout)['chains']
        self.assertEqual([layer['file'] for layer in chain['layers']],
                         [path for path, *_ in layers])
        for layer, (path, fmt, _) in zip(chain['layers'], layers):
            expected = info(path, fmt)
            self.assertEqual(layer['virtual-size'], expected['virtual-size'])
            self.assertEqual(layer['actual-size'], expected['actual-size'])
            self.assertEqual(layer['backing-string'], expected.get('backing-filename'))
            self.assertEqual(layer['backing-format'], expected.get('backing-filename-format'))
            self.assertEqual(layer['encryption'] is not None, expected.get('encrypted', False))

    def test_luks_in_the_middle_of_a_chain(self):
        base = images.raw(self.directory, 'base.raw', (1 << 20) + 512)
        images.create(self.path('low.qcow2'), '2M', backing='base.raw', backing_format='raw')
        self.encrypted('enc.qcow2', 'cluster_size=4k', size='3M', backing='low.qcow2')
        top = images.create(self.path('top.qcow2'), '4M', backing='enc.qcow2', extra=['-u'])
        images.write(self.path('low.qcow2'), length='300k')
        layers = [(top, 'qcow2', {}), (self.path('enc.qcow2'), 'qcow2', {'encrypt': SECRET}),
                  (self.path('low.qcow2'), 'qcow2', {}), (base, 'raw', {})]
        self.compare(layers)
        self.compare_with_qemu_img(layers)
        text = self.qblk('chain', f'image:{top}').text
        self.assertIn('vda[1]: encrypted (luks)\n', text)

    def test_a_luks_image_without_another_format(self):
        base = images.create_encrypted(self.path('disk.luks'), fmt='luks', size='3M', extra=KEY,
                                       options=['key-secret=key0', 'iter-time=10'])
        top = images.create(self.path('top.qcow2'), '3M', backing=base, backing_format='luks',
                            extra=['-u'])
        layers = [(top, 'qcow2', {}), (base, 'luks', {'key-secret': 'key0'})]
        self.compare(layers)
        self.compare_with_qemu_img(layers)
        self.compare(layers[1:])

    def test_the_encryption_of_old_images(self):
        path = images.create_encrypted(self.path('old.qcow2'), size='1M', extra=KEY, options=[
            'encrypt.format=aes', 'encrypt.key-secret=key0', 'compat=0.10'])
        layers = [(path, 'qcow2', {'encrypt': {'format': 'aes', 'key-secret': 'key0'}})]
        self.compare(layers)
        self.compare_with_qemu_img(layers)
        self.assertIn('vda: encrypted (qcow: AES of old images)\n',
                      self.qblk('chain', f'image:{path}').text)

    def test_bitmaps_and_snapshots(self):
        path = self.encrypted('disk.qcow2', size='100M')
        for number, options in enumerate((['-g', '64k'], ['-g', '4k'], ['--disable'],
                                          ['-g', '512'])):
            run('qemu-img', path, 'bitmap', '--add', *options, after=[f'bitmap{number}'])
        run('qemu-io', path, '-c', 'write -P 1 1M 5M', '-c', 'write -P 1 99M 1M')
        with qemu.Process(self.path('.'), [*KEY, *nodes([(path, 'qcow2', {'encrypt': SECRET})])],
                          daemon=True) as process:
            first, = json.loads(self.qblk('chain', '--json', process.socket).stdout)['chains']
        self.assertEqual([bitmap['dirty'] for bitmap in first['layers'][0]['bitmaps']],
                         [6 << 20, 0, 6 << 20, 6 << 20])
        run('qemu-img', path, 'snapshot', '-c', 'one')
        layers = [(path, 'qcow2', {'encrypt': SECRET})]
        self.compare(layers)
        set_in_use(path, 'bitmap1')
        self.compare(layers)
        chain, = json.loads(self.qblk('chain', '--json', f'image:{path}').stdout)['chains']
        self.assertEqual([(bitmap['name'], bitmap['inconsistent'])
                          for bitmap in chain['layers'][0]['bitmaps']],
                         [('bitmap3', False), ('bitmap2', False), ('bitmap1', True),
                          ('bitmap0', False)])

    def test_it_is_found_as_other_images_are(self):
        path = self.encrypted('enc.qcow2', size='1M')
        top = images.create(self.path('top.qcow2'), '1M', backing='enc.qcow2', extra=['-u'])
        vm = f'image:{top}'
        self.assertEqual(self.resolve(vm, 'vda[1]'), path)
        capture = self.path('capture.json')
        with open(capture, 'wb') as file:
            file.write(self.qblk('capture', vm).stdout)
        self.assertEqual(self.qblk('chain', f'capture:{capture}').text,
                         self.qblk('chain', vm).text)
        self.assertEqual(self.qblk('jobs', vm).text.count('\n'), 1)

    @brief.leave_out
    def test_what_headers_do_not_show_is_named(self):
        base = images.create(self.path('base.vmdk'), '1M', fmt='vmdk')
        top = self.encrypted('top.qcow2', size='1M', backing='base.vmdk', backing_format='vmdk')
        errors = self.qblk('chain', f'image:{top}', status=qblk.FAILED).errors
        self.assertEqual(errors, f"qblk: image '{base}': the size of an image in format vmdk is "
                         'not known without opening it\n')

    def test_a_damaged_list_is_reported(self):
        path = self.encrypted('enc.qcow2', size='1M')
        with open(path, 'r+b') as file:
            file.seek(60)
            file.write((7).to_bytes(4, 'big') + (1 << 40).to_bytes(8, 'big'))
        self.assertIn(f"image '{path}': the list of its snapshots is damaged",
                      self.qblk('chain', f'image:{path}', status=qblk.FAILED).errors)


def objects(value):
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from objects(item)


if __name__ == '__main__':
    live.main()
