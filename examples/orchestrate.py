#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keep the chains of running guests short: while a disk has more than --layers layers, commit its
oldest overlay into the base.

    ./orchestrate.py [--layers N] [--speed BYTES] [--state-dir DIRECTORY] VM...

A VM is the address of its QMP monitor: a path, or tcp:HOST:PORT. All VMs are served at once.

The program may be killed at any moment, with SIGKILL too. Start it again with the same state
directory: it completes or rolls back what was interrupted, reads the chains, and continues. Its
goal is a number of layers, so that a second start does not commit one overlay more.

It needs python3-gi and the typelib of libqblk. From the directory of a build:

    export GI_TYPELIB_PATH=build/src/gobject LD_LIBRARY_PATH=build/src:build/src/gobject
"""

import argparse
import os
import sys

import gi
gi.require_version('Qblk', '0')
from gi.repository import GLib, Qblk  # pylint: disable=wrong-import-position


def keep_short(guest, options):
    """Yield each operation that the main loop has to drive; continue when it has ended."""
    client = Qblk.Client.connect(guest.address, 0)
    recover_options = Qblk.RecoverOptions.new()
    recover_options.set_state_directory(options.state_dir)
    operation = Qblk.Operation.start_recovery(client, recover_options)
    yield operation
    operation.get_result()  # an error is an exception
    show_recovery(guest, operation.get_recovery())

    while True:
        plans = plan_commits(guest, client, options)
        if plans.get_n_plans() == 0:
            return
        operation = Qblk.Operation.start(client, plans, None)
        yield operation
        operation.get_result()
        for number in range(plans.get_n_plans()):
            guest.print(plans.get_plan(number).result_to_text(False))


def show_recovery(guest, recovery):
    for number in range(recovery.get_n_results()):
        result = recovery.get_result(number)
        if result.get_error() is None:
            guest.print(result.to_text())
    recovery.propagate_error()


def plan_commits(guest, client, options):
    """A commit for each disk with too many layers."""
    plan_options = Qblk.PlanOptions.new()
    plan_options.set_state_directory(options.state_dir)
    plan_options.set_speed(options.speed)
    snapshot = Qblk.Snapshot.fetch(client, None)
    plans = Qblk.Plans.new()
    for target in snapshot.get_targets():
        chain = snapshot.chain(target)
        layers = [chain.get_layer(position) for position in range(chain.get_depth())]
        names = [os.path.basename(layer.get_filename()) for layer in layers]
        guest.print(f"{target}: {' -> '.join(names)}")
        if len(layers) > options.layers:
            commit_options = Qblk.CommitOptions.new()
            commit_options.set_top(layers[-2].get_spec())
            commit_options.set_base(layers[-1].get_spec())
            plan = Qblk.Plan.commit(client, snapshot, target, commit_options, plan_options)
            for number in range(plan.get_n_warnings()):
                guest.warn(f'warning: {plan.get_warning(number)}')
            plans.add(plan)
    return plans


class Guest:
    def __init__(self, address, options, ended):
        self.address = address
        self.has_failed = False
        self._steps = keep_short(self, options)
        self._ended = ended

    def print(self, text):
        for line in text.splitlines():
            print(f'{self.address}: {line}', flush=True)

    def warn(self, text):
        print(f'{self.address}: {text}', file=sys.stderr, flush=True)

    def advance(self, *_):
        """Run until the next operation, which calls this method when it has ended."""
        try:
            operation = next(self._steps)
        except StopIteration:
            self.print('done')
        except GLib.Error as error:
            self.warn(error.message)
            self.has_failed = True
        else:
            operation.set_progress(self._show_progress)
            operation.set_warning(self._show_warning)
            operation.add_watch(self.advance)
            return
        self._ended(self)

    def _show_progress(self, _operation, target, state, done, total, *_):
        if state is not None:
            self.print(f'{target}: {state}, {done} of {total} bytes')

    def _show_warning(self, _operation, message, *_):
        self.warn(f'warning: {message}')


def parse_arguments():
    parser = argparse.ArgumentParser(description='Keep the chains of running guests short.')
    parser.add_argument('--layers', type=int, default=2, metavar='N',
                        help='of each disk, at least 2 (default: 2)')
    parser.add_argument('--speed', type=int, default=0, metavar='BYTES',
                        help='limit of each job per second')
    parser.add_argument('--state-dir', metavar='DIRECTORY',
                        help='of the journals (default: that of qblk)')
    parser.add_argument('vms', nargs='+', metavar='VM', help='address of a QMP monitor')
    options = parser.parse_args()
    if options.layers < 2:
        parser.error('--layers: the active layer and the base cannot be committed')
    return options


def main():
    options = parse_arguments()
    loop = GLib.MainLoop()
    running = set()

    def ended(guest):
        running.discard(guest)
        if not running:
            loop.quit()

    guests = [Guest(address, options, ended) for address in options.vms]
    running.update(guests)
    for guest in guests:
        GLib.idle_add(guest.advance)
    loop.run()
    return 1 if any(guest.has_failed for guest in guests) else 0


if __name__ == '__main__':
    sys.exit(main())
