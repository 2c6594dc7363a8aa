# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program in Python plans changes, and lists interrupted operations."""

import json

import bindings
from bindings import Qblk


class Plans(bindings.TestCase):
    def plan_options(self):
        options = Qblk.PlanOptions.new()
        options.set_state_directory(self.directory)
        return options

    def commit_options(self):
        options = Qblk.CommitOptions.new()
        options.set_top('vda[1]')
        options.set_shallow(True)
        return options

    def test_a_commit_is_planned_as_the_command_plans_it(self):
        _, process = self.share('virtio-5-deep')
        printed = self.qblk('commit', process.socket, 'vda', '--top', 'vda[1]', '--shallow',
                            '--dry-run', '--state-dir', self.directory).text
        client = self.connect(process)
        plan = Qblk.Plan.commit(client, Qblk.Snapshot.fetch(client, None), 'vda',
                                self.commit_options(), self.plan_options())
        self.assertEqual(plan.to_text(), printed)
        self.assertEqual((plan.get_kind(), plan.get_target()), ('commit', 'vda'))
        self.assertGreater(plan.get_n_steps(), 3)

    def test_a_plan_is_written_and_read(self):
        _, process = self.share('virtio-5-deep')
        client = self.connect(process)
        snapshot = Qblk.Snapshot.fetch(client, None)
        plan = Qblk.Plan.pull(client, snapshot, 'vda', None, self.plan_options())
        again = Qblk.Plan.from_json(plan.to_json(), self.plan_options())
        self.assertEqual(json.loads(again.to_json()), json.loads(plan.to_json()))
        self.fails(Qblk.json_error_quark(), Qblk.JsonError.SYNTAX, Qblk.Plan.from_json, '{', None)

    def test_all_disks_are_planned_at_once(self):
        _, process = self.share('shared-base')
        client = self.connect(process)
        plans = Qblk.Plans.new_pull_all(client, Qblk.Snapshot.fetch(client, None), None,
                                        self.plan_options())
        targets = {plans.get_plan(index).get_target() for index in range(plans.get_n_plans())}
        skipped = {plans.get_skipped_target(index) for index in range(plans.get_n_skipped())}
        self.assertEqual(targets | skipped, set(client_targets(client)))
        self.assertTrue(targets)

    def test_a_refused_plan_has_a_reason(self):
        _, process = self.share('virtio-5-deep')
        client = self.connect(process)
        options = Qblk.CommitOptions.new()
        options.set_top('vda[4]')
        message = self.fails(Qblk.blockjob_error_quark(), Qblk.BlockjobError.REFUSED,
                             Qblk.Plan.commit, client, Qblk.Snapshot.fetch(client, None), 'vda',
                             options, self.plan_options())
        self.assertIn('no layer below', message)

    def test_the_refusal_of_qemu_has_a_class_and_a_description(self):
        _, process = self.share('virtio-5-deep')
        client = self.connect(process)
        self.fails(Qblk.qmp_error_quark(), Qblk.QmpError.REFUSED, client.execute, 'block_resize',
                   '{"node-name": "missing", "size": 512}', 0)
        refused, name, description = client.get_refusal()
        self.assertEqual((refused, name), (True, 'GenericError'))
        self.assertIn('missing', description)


class Recovery(bindings.TestCase):
    def test_a_state_directory_without_journals_has_no_interrupted_operation(self):
        interrupted = Qblk.recover_list(self.directory)
        self.assertEqual(interrupted.get_n_operations(), 0)
        self.assertEqual(json.loads(interrupted.to_json()), {'operations': []})

    def test_a_recovery_without_journals_has_no_result(self):
        _, process = self.share('virtio-5-deep')
        options = Qblk.RecoverOptions.new()
        options.set_state_directory(self.directory)
        recovery = Qblk.recover_vm(self.connect(process), options)
        self.assertEqual(recovery.get_n_results(), 0)
        self.assertTrue(recovery.propagate_error())


def client_targets(client):
    return Qblk.Snapshot.fetch(client, None).get_targets()


if __name__ == '__main__':
    bindings.main()
