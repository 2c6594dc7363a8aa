# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sources other than plain files, on real servers: the XML has the location of the data and matches
libvirt's schema, and `qblk source` prints the same for each name that QEMU reports."""

import json
import os
import subprocess
import xml.etree.ElementTree

import images
import live
import qblk
import qemu
import rng
import web
from topologies.options import blockdev, local, virtio

SECRET = 's3cret'

# Only json: can contain this, since it belongs to the image and not to its location
OF_THE_IMAGE = ('slices', 'dataStore', 'encryption')


def tidy(source, without=()):
    """A <source> as text to compare: without its index and the children named in WITHOUT."""
    copy = xml.etree.ElementTree.fromstring(xml.etree.ElementTree.tostring(source))
    copy.attrib.pop('index', None)
    copy.tail = None
    for child in list(copy):
        if child.tag in without:
            copy.remove(child)
    for element in copy.iter():
        element.text = element.tail = None
    return xml.etree.ElementTree.tostring(copy).decode()


def sources(disk):
    """The <source> elements of a <disk>, top to bottom."""
    found = []
    while disk is not None and disk.find('source') is not None:
        found.append(disk.find('source'))
        disk = disk.find('backingStore')
    return found


class Sources(live.TestCase):
    def path(self, name):
        return os.path.join(self.directory, name)

    def start_disk(self, *arguments, node='top'):
        """A guest with ARGUMENTS and the disk vda on NODE."""
        try:
            return self.enterContext(qemu.Process(
                self.enterContext(qemu.directory()),
                sum(arguments, []) + virtio(node, id='vda')))
        except RuntimeError as error:
            if 'Unknown driver' in str(error):
                self.skipTest(f'this QEMU lacks a driver: {error}')
            raise

    def open_http(self, name):
        port = self.enterContext(web.server(self.directory))
        return port, f'127.0.0.1:{port}/{name}'

    def layers(self, process):
        """The layers in the output of `qblk --json chain`."""
        answer = json.loads(self.qblk('--json', 'chain', process.socket, 'vda').stdout)
        return answer['chains'][0]['layers']

    def source_of(self, name):
        return xml.etree.ElementTree.fromstring(self.qblk('source', '--', name).stdout)

    def check_names(self, process, disk, missing):
        """For the names that QEMU reports, `qblk source` prints the same as the XML, but for what a
        name does not contain (MISSING)."""
        names = {node['node-name']: node['file'] for node in
                 process.qmp.execute('query-named-block-nodes', {'flat': True})}
        layers = self.layers(process)
        self.assertEqual(len(layers), len(sources(disk)))
        for layer, source in zip(layers, sources(disk)):
            name = names[layer['node']]
            without = missing if name.startswith('json:') else OF_THE_IMAGE
            self.assertEqual(tidy(self.source_of(name)), tidy(source, without), msg=name)
            name = names[layer['storage-node']]
            self.assertEqual(tidy(self.source_of(name)), tidy(source, OF_THE_IMAGE), msg=name)

    def check(self, process, *expected, in_schema=True, has_names=True, missing=()):
        """The disk has the EXPECTED sources, each its XML in one line."""
        text = self.qblk('xml', process.socket, 'vda').stdout
        disk = xml.etree.ElementTree.fromstring(text)
        self.assertEqual([tidy(source) for source in sources(disk)],
                         [tidy(xml.etree.ElementTree.fromstring(text)) for text in expected])
        if has_names:
            self.check_names(process, disk, missing)
        if in_schema and rng.available():
            self.assertEqual(rng.check({'vda': text}), {}, msg=text.decode())
        return disk


class Nbd(Sources):
    def serve(self, **options):
        image = images.raw(self.directory, 'export.img')
        socket = self.path('nbd.sock')
        return socket, self.enterContext(qemu.nbd_server(socket, image, 'raw', **options))

    def start_nbd(self, server, **options):
        return self.start_disk(blockdev(driver='raw', node_name='top', read_only=True,
                                        file={'driver': 'nbd', 'server': server, **options}))

    def test_a_unix_socket(self):
        socket, _ = self.serve()
        process = self.start_nbd({'type': 'unix', 'path': socket})
        self.check(process, f"<source protocol='nbd'><host transport='unix' socket='{socket}'/>"
                            "</source>")

    def test_an_export_on_a_unix_socket(self):
        socket, _ = self.serve(export='a/b')
        process = self.start_nbd({'type': 'unix', 'path': socket}, export='a/b')
        self.check(process, "<source protocol='nbd' name='a/b'>"
                            f"<host transport='unix' socket='{socket}'/></source>")

    def test_an_export_on_tcp(self):
        _, port = self.serve(export='disk', address='127.0.0.1')
        process = self.start_nbd({'type': 'inet', 'host': '127.0.0.1', 'port': str(port)},
                                 export='disk')
        self.check(process, "<source protocol='nbd' name='disk'>"
                            f"<host name='127.0.0.1' port='{port}'/></source>")

    def test_an_address_of_ipv6(self):
        with self.needing():
            _, port = self.serve(export='disk', address='::1')
        process = self.start_nbd({'type': 'inet', 'host': '::1', 'port': str(port)},
                                 export='disk')
        self.check(process, "<source protocol='nbd' name='disk'>"
                            f"<host name='::1' port='{port}'/></source>")

    def test_names_that_a_url_would_have_to_escape(self):
        for export in ('100%', 'a%20b', 'a?b', 'a#b', 'a b', 'a:b@c'):
            with self.subTest(export):
                self.directory = self.enterContext(qemu.directory())
                socket, _ = self.serve(export=export)
                process = self.start_nbd({'type': 'unix', 'path': socket}, export=export)
                # QEMU reports a string that can have another meaning
                self.check(process, f"<source protocol='nbd' name='{export}'>"
                                    f"<host transport='unix' socket='{socket}'/></source>",
                           has_names=False)


class Http(Sources):
    def test_a_raw_image(self):
        images.raw(self.directory, 'disk.img')
        port, rest = self.open_http('disk.img')
        process = self.start_disk(blockdev(driver='raw', node_name='top', read_only=True,
                                           file={'driver': 'http', 'url': 'http://' + rest}))
        self.check(process, "<source protocol='http' name='disk.img'>"
                            f"<host name='127.0.0.1' port='{port}'/></source>")

    def test_a_path_with_codes_and_a_query(self):
        images.raw(self.directory, 'with space.img')
        port, rest = self.open_http('with%20space.img?a=1&b=2')
        process = self.start_disk(blockdev(driver='raw', node_name='top', read_only=True,
                                           file={'driver': 'http', 'url': 'http://' + rest}))
        self.check(process, "<source protocol='http' name='with space.img' query='a=1&amp;b=2'>"
                            f"<host name='127.0.0.1' port='{port}'/></source>")

    def test_an_overlay_on_a_url_and_a_slice_of_it(self):
        images.raw(self.directory, 'base.img', 2 << 20)
        port, rest = self.open_http('base.img')
        top = images.create(self.path('top.qcow2'), '1M')
        process = self.start_disk(
            blockdev(driver='raw', node_name='base', read_only=True, offset=65536, size=1048576,
                     file={'driver': 'http', 'url': 'http://' + rest, 'timeout': 30}),
            blockdev(driver='qcow2', node_name='top', file=local(top), backing='base'))
        self.check(process, f"<source file='{top}'/>",
                   "<source protocol='http' name='base.img'>"
                   f"<host name='127.0.0.1' port='{port}'/><slices>"
                   "<slice type='storage' offset='65536' size='1048576'/></slices></source>",
                   has_names=False)

    def test_no_command_shows_a_secret(self):
        images.raw(self.directory, 'base.img')
        _, rest = self.open_http(f'base.img?password={SECRET}')
        top = images.create(self.path('top.qcow2'), '1M',
                            backing=f'http://me:{SECRET}@{rest}', backing_format='raw')
        process = self.start_disk(
            ['-object', f'secret,id=sec0,data={SECRET}'],
            blockdev(driver='qcow2', node_name='top', file=local(top),
                     backing={'driver': 'raw', 'file': {
                         'driver': 'http', 'url': f'http://me:{SECRET}@{rest}',
                         'cookie': f'session={SECRET}'}}))
        vm = process.socket
        commands = [['list', vm], ['chain', vm], ['chain', vm, 'vda'], ['xml', vm],
                    ['resolve', vm, 'vda[1]'], ['graph', vm], ['graph', vm, '--format', 'dot'],
                    ['graph', vm, '--format', 'json'], ['jobs', vm], ['capture', vm],
                    ['pull', vm, 'vda', '--dry-run'],
                    ['copy', vm, 'vda', self.path('copy'), '--dry-run', '--finish']]
        for command in commands + [['--json', *command] for command in commands]:
            with self.subTest(command):
                result = self.qblk('-v', *command)
                self.assertNotIn(SECRET.encode(), result.stdout + result.stderr, msg=str(result))
        captured = self.path('capture.json')
        with open(captured, 'wb') as file:
            file.write(self.qblk('capture', vm).stdout)
        self.assertEqual(self.qblk('xml', 'capture:' + captured, 'vda').stdout,
                         self.qblk('xml', vm, 'vda').stdout)
        self.check_journal(process)

    def check_journal(self, process):
        """A journal contains no secret either; qblk is killed during its job."""
        state = self.path('state')
        words = ['pull', process.socket, 'vda', '--bandwidth', '1', '--bytes', '--state-dir', state]
        with subprocess.Popen(qblk.command(words), stderr=subprocess.DEVNULL,
                              env=qblk.environment()) as running:
            while not process.qmp.execute('query-jobs'):
                self.assertIsNone(running.poll())
            running.kill()
        process.qmp.execute('job-cancel', {'id': 'qblk-pull-vda'})
        journal, = os.listdir(state)
        with open(os.path.join(state, journal), encoding='utf-8') as file:
            text = file.read()
        self.assertIn('block-stream', text)
        self.assertIn('http://me:***@', text)
        self.assertNotIn(SECRET, text)


class Local(Sources):
    def test_a_slice(self):
        path = images.raw(self.directory, 'disk.img', 4 << 20)
        process = self.start_disk(blockdev(driver='raw', node_name='top', offset=1 << 20,
                                           size=2 << 20, file=local(path)))
        self.check(process, f"<source file='{path}'><slices><slice type='storage' "
                            "offset='1048576' size='2097152'/></slices></source>")

    def test_an_image_inside_a_slice(self):
        image = images.create(self.path('inner.qcow2'), '1M')
        path = self.path('archive')
        with open(path, 'wb') as file, open(image, 'rb') as inner:
            file.write(bytes(65536) + inner.read().ljust(1 << 20, b'\0'))
        process = self.start_disk(blockdev(
            driver='qcow2', node_name='top',
            file={'driver': 'raw', 'offset': 65536, 'size': 1 << 20, 'file': local(path)}))
        self.check(process, f"<source file='{path}'><slices><slice type='storage' "
                            "offset='65536' size='1048576'/></slices></source>")

    def test_a_data_file_of_the_header(self):
        data = self.path('disk.data')
        image = images.create(self.path('disk.qcow2'), '1M', options=[f'data_file={data}'])
        process = self.start_disk(blockdev(driver='qcow2', node_name='top', file=local(image)))
        self.check(process, f"<source file='{image}'><dataStore type='file'><format type='raw'/>"
                            f"<source file='{data}'/></dataStore></source>", in_schema=False)

    def test_a_data_file_in_a_slice(self):
        data = self.path('disk.data')
        image = images.create(self.path('disk.qcow2'), '1M', options=[f'data_file={data}'])
        archive = images.raw(self.directory, 'archive', 4 << 20)
        process = self.start_disk(blockdev(
            driver='qcow2', node_name='top', file=local(image),
            data_file={'driver': 'raw', 'offset': 65536, 'size': 1 << 20,
                       'file': local(archive)}))
        self.check(process, f"<source file='{image}'><dataStore type='file'><format type='raw'/>"
                            f"<source file='{archive}'><slices><slice type='storage' "
                            "offset='65536' size='1048576'/></slices></source></dataStore>"
                            "</source>", in_schema=False)

    def test_luks(self):
        key = ['-object', 'secret,id=key0,data=secret']
        image = images.create_encrypted(
            self.path('disk.luks'), size='1M', fmt='luks', extra=['--object', key[1]],
            options=['key-secret=key0', 'iter-time=10'])
        process = self.start_disk(key, blockdev(driver='luks', node_name='top',
                                                key_secret='key0', file=local(image)))
        self.check(process, f"<source file='{image}'><encryption format='luks'/></source>")

    def test_luks_in_qcow2(self):
        key = ['-object', 'secret,id=key0,data=secret']
        image = images.create_encrypted(
            self.path('disk.qcow2'), extra=['--object', key[1]],
            options=['encrypt.format=luks', 'encrypt.key-secret=key0', 'encrypt.iter-time=10'])
        process = self.start_disk(key, blockdev(
            driver='qcow2', node_name='top', file=local(image),
            encrypt={'format': 'luks', 'key-secret': 'key0'}))
        # QEMU reports the secret of an encryption and not its format
        self.check(process, f"<source file='{image}'><encryption format='luks'/></source>",
                   missing=['encryption'])

    def test_a_directory(self):
        directory = self.path('share')
        os.mkdir(directory)
        process = self.start_disk(blockdev(
            driver='raw', node_name='top', read_only=True,
            file={'driver': 'vvfat', 'dir': directory, 'fat-type': 16}))
        self.check(process, f"<source dir='{directory}'/>")

    def test_a_device(self):
        device = self.path('device')
        self.enterContext(qemu.loop_device(device, images.raw(self.directory, 'disk.img')))
        process = self.start_disk(blockdev(driver='raw', node_name='top', offset=512, size=1024,
                                           file={'driver': 'host_device', 'filename': device}))
        # a path alone does not tell a device from a file
        self.check(process, f"<source dev='{device}'><slices><slice type='storage' "
                            "offset='512' size='1024'/></slices></source>", has_names=False)

    def test_a_backing_string_in_single_quotes(self):
        base = images.raw(self.directory, 'base.img')
        top = images.create(self.path('top.qcow2'), '1M', backing_format='raw', backing=(
            "json:{'driver':'raw','file':{'driver':'file','filename':'" + base + "'}}"))
        process = self.start_disk(blockdev(driver='qcow2', node_name='top', file=local(top)))
        self.check(process, f"<source file='{top}'/>", f"<source file='{base}'/>")
        layer = self.layers(process)[0]
        self.assertIn("'", layer['backing-string'])
        self.assertEqual(tidy(self.source_of(layer['backing-string'])), f'<source file="{base}" />')


class Mixed(Sources):
    def test_a_chain_on_a_file_a_slice_an_export_and_a_url(self):
        images.raw(self.directory, 'base.img')
        port, rest = self.open_http('base.img')
        middle = images.create(self.path('middle.qcow2'), '1M')
        upper = images.create(self.path('upper.qcow2'), '1M')
        top = images.create(self.path('top.qcow2'), '1M')
        socket = self.path('nbd.sock')
        self.enterContext(qemu.nbd_server(socket, middle, 'raw', export='middle'))
        process = self.start_disk(
            ['-object', 'throttle-group,id=limits,x-iops-total=1000'],
            blockdev(driver='raw', node_name='base', read_only=True,
                     file={'driver': 'http', 'url': 'http://' + rest}),
            blockdev(driver='qcow2', node_name='middle', read_only=True, backing='base',
                     file={'driver': 'nbd', 'export': 'middle',
                           'server': {'type': 'unix', 'path': socket}}),
            blockdev(driver='qcow2', node_name='upper', read_only=True, backing='middle',
                     file={'driver': 'throttle', 'throttle-group': 'limits',
                           'file': local(upper)}),
            blockdev(driver='qcow2', node_name='top', backing='upper', file=local(top)))
        disk = self.check(
            process, f"<source file='{top}'/>", f"<source file='{upper}'/>",
            "<source protocol='nbd' name='middle'>"
            f"<host transport='unix' socket='{socket}'/></source>",
            "<source protocol='http' name='base.img'>"
            f"<host name='127.0.0.1' port='{port}'/></source>", has_names=False)
        self.assertEqual([layer.get('type') for layer in disk.iter('backingStore')],
                         ['file', 'network', 'network', None])


if __name__ == '__main__':
    live.main()
