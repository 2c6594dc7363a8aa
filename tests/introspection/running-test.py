# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program in Python runs plans in GLib's main loop, cancels them, and recovers."""

import gc
import select
import weakref

import bindings
import block_jobs
from bindings import GLib, Qblk


class Running(bindings.Methods, block_jobs.TestCase):
    def setUp(self):
        super().setUp()
        self.loop = GLib.MainLoop()
        self.states = []
        self.progress = []
        self.functions = []

    def plan_options(self, speed=0):
        options = Qblk.PlanOptions.new()
        options.set_state_directory(self.directory)
        options.set_speed(speed)
        return options

    def start_commit(self, client, speed=0, watched=True):
        """Start to commit the layer below the active one; the loop ends with the operation."""
        options = Qblk.CommitOptions.new()
        options.set_top('vda[1]')
        options.set_shallow(True)
        plans = Qblk.Plans.new()
        plans.add(Qblk.Plan.commit(client, Qblk.Snapshot.fetch(client, None), 'vda', options,
                                   self.plan_options(speed)))
        how = Qblk.OperationOptions.new()
        how.set_progress_interval(10)
        operation = Qblk.Operation.start(client, plans, how)

        def state_changed(_, target, state):
            self.states.append((target, Qblk.plan_state_name(state)))

        def progress(_, target, job_state, done, total):
            self.progress.append((target, job_state, done, total))

        def ended(_):
            self.loop.quit()

        operation.set_state_changed(state_changed)
        operation.set_progress(progress)
        if watched:
            operation.add_watch(ended)
        self.functions = [weakref.ref(function) for function in (state_changed, progress, ended)]
        return operation

    def process_once(self, operation):
        """What a program with a loop of its own does."""
        poll = select.poll()
        if operation.get_fd() >= 0:
            poll.register(operation.get_fd(), operation.get_events())
        happened = poll.poll(operation.get_timeout())
        self.assertTrue(operation.process(happened[0][1] if happened else 0))

    def assert_result(self, operation, code):
        self.fails(Qblk.blockjob_error_quark(), code, operation.get_result)

    def test_a_commit_runs_in_the_loop(self):
        self.boot()
        operation = self.start_commit(self.connect(self.process))
        self.assert_result(operation, Qblk.BlockjobError.RUNNING)
        self.run_loop(self.loop)
        self.assertTrue(operation.is_done())
        self.assertTrue(operation.get_result())
        self.assertFalse(operation.has_journal())
        self.assertEqual({target for target, _ in self.states}, {'vda'})
        states = [state for _, state in self.states]
        self.assertEqual((states[0], states[-1]), ('starting', 'completed'))
        self.assertIn('changing', states)
        del operation
        gc.collect()
        self.assertEqual([function() for function in self.functions], [None] * 3)
        self.assert_files(self.files[0], *self.files[2:])
        self.assert_no_jobs()
        self.assert_same_content()

    def test_two_guests_are_changed_in_one_loop(self):
        _, other = self.start('virtio-5-deep')
        self.boot()
        waiting = [self.start_commit(self.connect(process), watched=False)
                   for process in (self.process, other)]
        ended = []

        def end(operation):
            ended.append(operation.get_result())
            if len(ended) == len(waiting):
                self.loop.quit()

        for operation in waiting:
            operation.add_watch(end)
        self.run_loop(self.loop)
        self.assertEqual(ended, [True, True])

    def test_a_commit_is_cancelled_by_its_progress(self):
        self.boot(data='8M')
        operation = self.start_commit(self.connect(self.process), speed=65536)
        operation.set_progress(lambda same, target, job, done, total: same.cancel())
        self.run_loop(self.loop)
        self.assert_result(operation, Qblk.BlockjobError.CANCELLED)
        self.assertEqual(self.states[-1], ('vda', 'rolled-back'))
        del operation
        gc.collect()
        self.assert_files(*self.files)
        self.assert_no_jobs()

    def test_an_operation_that_is_dropped_is_recovered(self):
        self.boot(data='8M')
        client = self.connect(self.process)
        operation = self.start_commit(client, speed=65536, watched=False)
        while not self.progress:
            self.process_once(operation)
        del operation
        gc.collect()

        interrupted = Qblk.recover_list(self.directory)
        self.assertEqual(interrupted.get_n_operations(), 1)
        journal = interrupted.get_operation(0)
        self.assertEqual((journal.get_target(), journal.get_stage()), ('vda', Qblk.Stage.STARTED))

        client.execute('block-job-set-speed', '{"device": "qblk-commit-vda", "speed": 0}', 0)
        options = Qblk.RecoverOptions.new()
        options.set_state_directory(self.directory)
        operation = Qblk.Operation.start_recovery(client, options)
        operation.add_watch(lambda _: self.loop.quit())
        self.run_loop(self.loop)
        self.assertTrue(operation.get_result())
        recovery = operation.get_recovery()
        del operation
        self.assertTrue(recovery.propagate_error())
        self.assertEqual(recovery.get_result(0).get_outcome(), Qblk.RecoverOutcome.COMPLETED)
        self.assertEqual(Qblk.recover_list(self.directory).get_n_operations(), 0)
        del client
        gc.collect()
        self.assert_files(self.files[0], *self.files[2:])

    def test_a_plan_of_an_earlier_chain_is_refused(self):
        self.boot()
        client = self.connect(self.process)
        earlier = self.start_commit(client, watched=False)
        del earlier
        plan = Qblk.Plan.pull(client, Qblk.Snapshot.fetch(client, None), 'vda', None,
                              self.plan_options())
        self.assertTrue(Qblk.run(client, plan, None))
        plans = Qblk.Plans.new()
        plans.add(plan)
        operation = Qblk.Operation.start(client, plans, None)
        self.fails(Qblk.graph_error_quark(), Qblk.GraphError.STALE, operation.run)


if __name__ == '__main__':
    bindings.main()
