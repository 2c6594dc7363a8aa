# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several qblk on one monitor, by `qblk bridge`: they work at once, a VM that is given by its name
is reached through it, and an operation by one way is recovered by the other one."""

import json
import os
import subprocess
import uuid

import block_jobs
import bridge
import live
import qblk
from topologies.options import drive, virtio

READS = (('list',), ('chain', 'vda'), ('xml', 'vdb'), ('graph',), ('jobs',), ('resolve', 'vda[1]'),
         ('check',))


class TestCase(block_jobs.TestCase):
    own_socket = True  # so that the process behind the monitor is QEMU 5.2

    def setUp(self):
        super().setUp()
        self.name = f'web-{uuid.uuid4().hex[:12]}'
        self.path = os.path.join(self.directory, 'bridge.sock')
        self.read_only = os.path.join(self.directory, 'read-only.sock')
        self.state_dir = os.path.join(self.directory, 'journals')

    def boot_named(self, data='256k', more=()):
        """A guest with a name that no other VM of this machine has."""
        self.make(data=data)
        self.reference = block_jobs.copy_reference(4, self.directory, data)
        self.run_qemu([*self.disk('blockdev'), '-name', f'guest={self.name}', *more])

    def boot_two(self):
        """self.others are the files of vdb."""
        other = os.path.join(self.directory, 'other')
        os.mkdir(other)
        self.others = self.make(directory=other)
        self.boot_named(more=drive(self.others[0], id='drive1') + virtio('drive1', id='vdb'))

    def bridge(self, vm=None, *arguments, **options):
        options = {'listen': self.path, **options}
        return self.enterContext(bridge.Bridge(vm or self.process.socket, *arguments, **options))

    def spawn(self, *arguments):
        running = subprocess.Popen(qblk.command(arguments), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=qblk.environment())
        self.addCleanup(block_jobs.end, running)
        return running

    def outputs(self, all_arguments):
        """What qblk prints for each of ALL_ARGUMENTS, all at once."""
        found = []
        for running in [self.spawn(*arguments) for arguments in all_arguments]:
            stdout, stderr = running.communicate(timeout=60)
            self.assertEqual(running.returncode, 0, msg=stderr)
            found.append(stdout)
        return found

    def hurry(self):
        for job in self.process.qmp.execute('query-block-jobs'):
            self.process.qmp.execute('block-job-set-speed', {'device': job['device'], 'speed': 0})


class AtOnce(TestCase):
    def test_commands_that_read(self):
        self.boot_two()
        expected = [self.qblk(name, self.process.socket, *rest).stdout for name, *rest in READS]
        self.bridge(read_only=self.read_only)
        calls = [[name, vm, *rest] for vm in (self.path, self.read_only) for name, *rest in READS]
        self.assertEqual(self.outputs(calls), expected * 2)

    def test_a_job_on_each_disk_while_others_read(self):
        self.boot_two()
        process = self.bridge(read_only=self.read_only)
        options = ['--pivot', '--delete', '--state-dir', self.state_dir, *block_jobs.SLOW]
        jobs = [self.begin('commit', self.path, 'vda', *options),
                self.spawn('commit', self.path, 'vdb', *options)]
        self.wait_for(lambda: len(self.process.qmp.execute('query-block-jobs')) == 2)
        calls = [[name, self.read_only, *rest] for name, *rest in READS if name != 'check']
        texts = self.outputs(calls)
        self.assertEqual(texts[0].count(b'active-commit'), 2)
        self.hurry()
        for job in jobs:
            self.finish(job, qblk.DONE)
        self.assertEqual(process.stop(), 0)
        self.assert_no_jobs()
        self.assert_files(self.files[-1])
        for path in self.files[:-1] + self.others[:-1]:
            self.assertFalse(os.path.exists(path), msg=path)
        self.assert_same_content(self.files[-1])


class Found(TestCase):
    """A bridge is found by its command line."""

    def monitors(self):
        vm, = json.loads(self.qblk('--json', 'vms', self.name).stdout)['vms']
        return {(each['address'], each['state'], each['bridge'], each['read-only'])
                for each in vm['monitors']}

    def test_a_vm_is_reached_by_its_name(self):
        """Whichever way it was given to the bridge, whose socket has a relative path."""
        self.boot_named()
        control = os.path.join(self.process.home, 'control.sock')
        ways = [self.name, str(self.process.pid), self.process.socket,
                os.path.relpath(self.process.socket, os.path.dirname(self.directory))]
        for vm in ways:
            with self.subTest(vm=vm), bridge.Bridge(
                    vm, listen=os.path.relpath(self.path, os.path.dirname(self.directory)),
                    read_only=self.read_only, cwd=os.path.dirname(self.directory)) as process:
                pid = process.process.pid
                self.assertEqual(self.monitors(), {
                    (self.process.socket, 'busy', None, False), (control, 'busy', None, False),
                    (self.path, 'free', pid, False), (self.read_only, 'free', pid, True)})
                self.assertEqual(self.resolve(self.name, 'vda[1]'), 'disk-2')
                plan = self.qblk('commit', self.name, 'vda', '--pivot', '--dry-run').text
                self.assertIn('block-commit', plan)

    def test_a_busy_monitor_names_the_bridge(self):
        self.boot_named()
        process = self.bridge(read_only=self.read_only)
        for command in (['list', self.process.socket], ['chain', self.process.socket, 'vda'],
                        ['commit', self.process.socket, 'vda', '--pivot'],
                        ['recover', self.process.socket]):
            errors = self.qblk('-t', '0.3', *command, status=qblk.NO_CONNECTION).errors
            self.assertIn(f"no greeting from '{self.process.socket}': a bridge "
                          f"(pid {process.process.pid}) holds this monitor: use '{self.path}'",
                          errors)
        result = qblk.run('-t', '0.3', 'list', '--vm', self.process.socket, '--vm', self.path)
        self.assertEqual(result.status, qblk.FAILED, msg=str(result))
        self.assertIn(f"use '{self.path}'", result.errors)

    def test_a_second_bridge_of_a_vm_names_the_first_one(self):
        self.boot_named()
        with bridge.Bridge(self.name, listen=self.path, read_only=self.read_only) as first:
            second = os.path.join(self.directory, 'second.sock')
            for vm in (self.name, str(self.process.pid)):
                errors = self.qblk('bridge', vm, '--listen', second,
                                   status=qblk.NO_CONNECTION).errors
                self.assertIn(f'a bridge (pid {first.process.pid}) holds it: use '
                              f"'{self.path}'", errors)
            errors = self.qblk('-t', '0.3', 'bridge', self.process.socket, '--listen', second,
                               status=qblk.NO_CONNECTION).errors
            self.assertIn(f"a bridge (pid {first.process.pid}) holds this monitor: use "
                          f"'{self.path}'", errors)
            with bridge.Bridge(self.path, listen=second):
                self.assertEqual(self.resolve(second, 'vda[1]'), 'disk-2')

    def test_a_read_only_socket_is_for_commands_that_read(self):
        self.boot_named()
        process = self.bridge(listen=None, read_only=self.read_only)
        self.assertEqual(self.resolve(self.name, 'vda'), 'disk-3')
        self.assertIn('vda', self.qblk('list', self.name).text)
        errors = self.qblk('commit', self.name, 'vda', '--pivot', status=qblk.NO_CONNECTION).errors
        self.assertIn(f'a bridge (pid {process.process.pid}) holds it', errors)
        self.assertIn(f"'{self.read_only}' is read-only", errors)
        self.refuse_on_bridge("'" + self.read_only + "' is a read-only socket of a bridge: let")

    def refuse_on_bridge(self, message):
        before = self.qblk('--json', 'graph', self.read_only).stdout
        result = self.qblk('commit', self.read_only, 'vda', '--pivot', status=qblk.REFUSED)
        self.assertIn(message, result.errors)
        self.assertEqual(self.qblk('--json', 'graph', self.read_only).stdout, before)

    def test_a_read_only_socket_names_the_other_one(self):
        self.boot_named()
        self.bridge(read_only=self.read_only)
        self.refuse_on_bridge(f"'{self.read_only}' is a read-only socket of a bridge: use "
                              f"'{self.path}'")


class Recover(TestCase):
    def begin_commit(self, vm):
        return self.begin('commit', vm, 'vda', '--pivot', '--state-dir', self.state_dir,
                          *block_jobs.SLOW)

    def assert_recovered(self, result):
        self.assertIn('completed', result.text)
        self.assert_no_jobs()
        self.assert_files(self.files[-1])
        self.assert_same_content(self.files[-1])

    def test_the_bridge_is_killed_during_a_job(self):
        self.boot_named(data='4M')
        process = self.bridge()
        running = self.begin_commit(self.path)
        process.kill()
        text = self.finish(running, qblk.NO_CONNECTION)
        self.assertIn('to resume the operation: qblk recover', text)
        self.hurry()
        self.assert_recovered(self.qblk('recover', '--state-dir', self.state_dir))

    def test_a_bridge_holds_the_monitor_of_an_operation(self):
        """`recover` without a VM goes through it."""
        self.boot_named(data='4M')
        block_jobs.end(self.begin_commit(self.process.socket))
        self.hurry()
        with bridge.Bridge(self.process.socket, listen=self.path):
            result = self.qblk('-t', '0.3', 'recover', '--state-dir', self.state_dir)
        self.assert_recovered(result)

    def test_the_end_of_qemu_is_noticed(self):
        self.boot_named(data='4M')
        self.bridge()
        running = self.begin_commit(self.path)
        self.process.kill()
        text = self.finish(running, qblk.NO_CONNECTION)
        self.assertIn('has ended', text)


if __name__ == '__main__':
    live.main()
