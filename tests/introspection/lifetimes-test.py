# SPDX-License-Identifier: LGPL-2.1-or-later
"""An object stays valid after the object that it was got from was dropped.

A getter in C returns a child that belongs to its chain or snapshot. A binding copies a boxed type
that it does not own, and a copy is a reference, which keeps chain or snapshot. The test finds all
getters of objects by introspection.
"""

import gc
import os

import bindings
from bindings import Qblk

MACHINE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'golden',
                       'inputs', 'machine')

DOMAIN = '''<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/>
  <source file='/images/top.qcow2'/>
  <backingStore type='file'>
    <format type='raw'/>
    <source file='/images/base.raw'/>
  </backingStore>
  <target dev='vda' bus='virtio'/>
</disk>
'''


def getters(kind):
    """The methods of a class without side effects, by name."""
    for name in dir(kind):
        method = getattr(kind, name)
        if name.startswith(('get_', 'is_', 'has_')) and hasattr(method, 'get_return_type'):
            yield name, method


def returns_object(method):
    returned = method.get_return_type()
    return returned.get_tag_as_string() == 'interface' and \
        hasattr(getattr(Qblk, returned.get_interface().get_name(), None), 'unref')


def arguments_of(method):
    return [argument.get_type().get_tag_as_string() for argument in method.get_arguments()]


def describe(thing):
    """The values of an object, which are copies."""
    return {name: getattr(thing, name)() for name, method in getters(type(thing))
            if not returns_object(method) and not arguments_of(method)}


def children(thing):
    """The steps to the objects that an object has, as pairs of a getter and its arguments."""
    for name, method in getters(type(thing)):
        arguments = arguments_of(method)
        if returns_object(method) and not arguments:
            yield name, ()
        elif returns_object(method) and arguments == ['guint32']:
            yield from ((name, (index,)) for index in range(2))


def follow(thing, path):
    for name, arguments in path:
        thing = getattr(thing, name)(*arguments)
    return thing


def paths(root):
    """A path to one object for each getter that is reached from ROOT."""
    seen, found, waiting = set(), [], [()]
    while waiting:
        path = waiting.pop(0)
        thing = follow(root, path)
        for step in children(thing):
            way = (*path, step)
            if (type(thing), step) not in seen and follow(root, way) is not None:
                seen.add((type(thing), step))
                found.append(way)
                waiting.append(way)
    return found


class Lifetimes(bindings.TestCase):
    def check(self, make_root, *expected):
        """Each object below a root has the same values after the root was dropped."""
        root = make_root()
        known = {path: describe(follow(root, path)) for path in paths(root)}
        del root
        for path, values in known.items():
            thing = follow(make_root(), path)
            gc.collect()
            self.assertEqual(describe(thing), values, msg=path)
        self.assertLessEqual(set(expected), {path[-1][0] for path in known})

    def test_a_chain_outlives_its_snapshot_and_client(self):
        _, process = self.share('virtio-5-deep')
        chain = self.fetch(process).chain('vda')
        gc.collect()
        self.assertEqual(chain.get_target(), 'vda')

    def test_a_resolved_layer_outlives_its_chain(self):
        topology, process = self.share('virtio-5-deep')
        layer = self.fetch(process).chain('vda').resolve('vda[3]')
        gc.collect()
        self.assertEqual(layer.get_filename(), topology.chains['vda'][3])

    def test_what_a_chain_has_outlives_it(self):
        for name, expected in (('bitmaps', 'get_bitmap'), ('shared-base', 'get_user'),
                               ('throttle-blockdev', 'get_filter'), ('mirror-ready', 'get_mirror')):
            _, process = self.share(name)
            snapshot = self.fetch(process)
            target = snapshot.get_targets()[0]
            self.check(lambda: snapshot.chain(target),  # pylint: disable=cell-var-from-loop
                       'get_layer', 'get_chain', expected)

    def test_what_a_snapshot_has_outlives_it(self):
        _, process = self.share('mirror-ready')
        client = self.connect(process)
        options = Qblk.SnapshotOptions.new()
        options.set_statistics(True)
        self.check(lambda: Qblk.Snapshot.fetch(client, options), 'get_statistics')

    def test_what_a_plan_and_a_domain_have_outlives_them(self):
        _, process = self.share('shared-base')
        client = self.connect(process)
        snapshot = Qblk.Snapshot.fetch(client, None)
        options = Qblk.PlanOptions.new()
        options.set_state_directory(self.directory)
        self.check(lambda: Qblk.Plans.new_pull_all(client, snapshot, None, options), 'get_plan')
        self.check(lambda: Qblk.Domain.read(DOMAIN, -1), 'get_disk', 'get_layer', 'get_chain')

    def test_what_a_check_found_outlives_it(self):
        _, process = self.share('snapshot-on')
        snapshot = self.fetch(process)
        options = Qblk.CheckOptions.new()
        options.set_state_directory(self.directory)
        self.check(lambda: Qblk.Check.snapshot(snapshot, None, options), 'get_chain')

    def test_what_a_list_of_vms_has_outlives_it(self):
        options = Qblk.VmsOptions.new()
        options.set_root(MACHINE)
        self.check(lambda: Qblk.Vms.find(options), 'get_vm', 'get_monitor')


if __name__ == '__main__':
    bindings.main()
