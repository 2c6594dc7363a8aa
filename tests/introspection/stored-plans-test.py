# SPDX-License-Identifier: LGPL-2.1-or-later
"""A plan that the command has printed is run later by a program, after it is checked again."""

import json
import os

import bindings
import block_jobs
import images
from bindings import Qblk


class StoredPlans(bindings.Methods, block_jobs.TestCase):
    def plan_options(self, dry_run=False):
        options = Qblk.PlanOptions.new()
        options.set_state_directory(self.directory)
        options.set_dry_run(dry_run)
        return options

    def printed(self, *arguments):
        return self.qblk('--json', arguments[0], self.process.socket, *arguments[1:], '--dry-run',
                         '--state-dir', self.directory).text

    def start(self, text, **options):
        plans = Qblk.Plans.from_json(text, self.plan_options(**options))
        return Qblk.Operation.start(self.connect(self.process), plans, None)

    def run_stored(self, text):
        return self.start(text).run()

    def test_a_printed_plan_is_run_later(self):
        self.boot()
        text = self.printed('commit', 'vda', '--top', 'vda[1]', '--shallow', '--delete')
        self.assert_files(*self.files)
        self.assertTrue(self.run_stored(text))
        self.assert_files(self.files[0], *self.files[2:])
        self.assertFalse(os.path.exists(self.files[1]))
        self.assert_no_jobs()
        self.assert_same_content()

    def test_a_plan_is_run_once(self):
        self.boot()
        text = self.printed('pull', '--all-disks')
        self.assertTrue(self.run_stored(text))
        message = self.fails(Qblk.graph_error_quark(), Qblk.GraphError.STALE, self.run_stored, text)
        self.assertIn('plan again', message)
        self.assert_same_content()

    def test_a_printed_mend_is_run_later(self):
        """One that would write another name is not."""
        self.boot()
        self.own_socket = True
        images.rebase(self.files[1], 'gone.qcow2')
        text = json.loads(self.qblk('--json', 'mend', self.process.socket, 'vda', '--dry-run',
                                    '--state-dir', self.directory).stdout)
        other = json.loads(json.dumps(text))
        other['plans'][0]['steps'][0]['arguments']['backing-file'] = self.files[3]
        self.fails(Qblk.graph_error_quark(), Qblk.GraphError.STALE, self.run_stored,
                   json.dumps(other))
        self.assertEqual(block_jobs.header(self.files[1])[0], 'gone.qcow2')
        self.assertTrue(self.run_stored(json.dumps(text)))
        self.assertEqual(block_jobs.header(self.files[1]),
                         (os.path.basename(self.files[2]), 'qcow2'))
        self.assert_no_jobs()
        self.assert_same_content()

    def test_a_printed_removal_is_run_later(self):
        """One of another node, or of one that is gone, is not."""
        self.own_socket = True
        self.boot()
        self.process.qmp.execute('blockdev-add', {'driver': 'null-co', 'node-name': 'qblk-vda-1'})
        text = self.printed('mend', 'vda', '--leftovers')
        before = self.nodes()
        self.fails(Qblk.blockjob_error_quark(), Qblk.BlockjobError.REFUSED, self.run_stored,
                   text.replace('qblk-vda-1', 'qblk-vdb-1'))
        self.assertEqual(self.nodes(), before)
        operation = self.start(text)
        self.assertTrue(operation.run())
        self.assertEqual(self.nodes(), before - {'qblk-vda-1'})
        self.assertFalse(operation.get_plan(0).has_remaining())
        self.assertIsNone(operation.get_plan(1))
        del operation  # with its connection
        self.fails(Qblk.graph_error_quark(), Qblk.GraphError.STALE, self.run_stored, text)

    def test_a_plan_that_is_only_shown_is_not_run(self):
        self.boot()
        text = self.printed('commit', 'vda', '--top', 'vda[1]', '--shallow')
        with self.assertRaises(bindings.GLib.Error) as caught:
            self.start(text, dry_run=True).run()
        self.assertTrue(caught.exception.matches(Qblk.blockjob_error_quark(),
                                                 Qblk.BlockjobError.REFUSED))
        self.assert_files(*self.files)
        self.assert_no_jobs()

    def test_no_other_file_is_deleted(self):
        """The file has to be one that QEMU has open, whatever the plan says of it."""
        self.boot()
        victim = self.own_file('victim')
        with open(victim, 'w', encoding='ascii') as file:
            file.write('precious')
        status = os.stat(victim)
        plans = json.loads(self.printed('commit', 'vda', '--top', 'vda[1]', '--shallow',
                                        '--delete'))
        removed = plans['plans'][0]['removed'][0]
        removed.update(path=victim, file=victim, device=status.st_dev, inode=status.st_ino)
        message = self.fails(Qblk.blockjob_error_quark(), Qblk.BlockjobError.REFUSED,
                             self.run_stored, json.dumps(plans))
        self.assertIn(victim, message)
        self.assertTrue(os.path.exists(victim))
        self.assert_files(*self.files)
        self.assert_no_jobs()

    def test_no_other_file_is_marked(self):
        """The paths are those of the images that QEMU has open, whatever the plan has."""
        self.boot()
        victim = self.own_file('victim')
        with open(victim, 'w', encoding='ascii') as file:
            file.write('precious')
        plans = json.loads(self.printed('commit', 'vda', '--pivot'))
        plan = plans['plans'][0]
        merged = plan['merged-path']
        plan.update({'merged-path': victim, 'merged-into-path': victim})
        for layer in plan['before'] + plan['after']:
            layer['path'] = victim
        self.assertTrue(self.run_stored(json.dumps(plans)))
        self.assertEqual(self.files_beside(victim), [])
        self.assertNotEqual(self.files_beside(merged), [])

    def files_beside(self, image):
        directory, name = os.path.split(image)
        return [file for file in os.listdir(directory) if name in file and file != name]

    def test_a_plan_of_another_chain_is_refused(self):
        """Also if it has the fingerprint of this one."""
        self.boot()
        plans = json.loads(self.printed('commit', 'vda', '--top', 'vda[1]', '--shallow'))
        plans['plans'][0]['before'][1]['file'] = '/nowhere/image'
        self.fails(Qblk.graph_error_quark(), Qblk.GraphError.STALE, self.run_stored,
                   json.dumps(plans))
        self.assert_files(*self.files)

    def test_a_plan_with_another_command_is_refused(self):
        self.boot()
        plans = json.loads(self.printed('commit', 'vda', '--top', 'vda[1]', '--shallow'))
        plans['plans'][0]['steps'][-1].update(execute='quit', arguments={})
        self.fails(Qblk.blockjob_error_quark(), Qblk.BlockjobError.REFUSED, self.run_stored,
                   json.dumps(plans))
        self.assert_files(*self.files)


if __name__ == '__main__':
    bindings.main()
