# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program in Python drives a client from GLib's main loop."""

import json

import bindings
from bindings import GLib, Qblk


class MainLoop(bindings.TestCase):
    def setUp(self):
        super().setUp()
        self.loop = GLib.MainLoop()

    def test_a_command_is_answered_in_the_loop(self):
        _, process = self.share('virtio-5-deep')
        client = Qblk.Client.start(process.socket, bindings.TIMEOUT_MS)
        number = client.submit('query-name', None, 0)
        replies = []

        def received(same):
            self.assertEqual(same.get_fd(), client.get_fd())
            is_taken, is_done, reply = same.take_reply(number)
            self.assertTrue(is_taken)
            if is_done:
                replies.append(json.loads(reply))
                self.loop.quit()
            return GLib.SOURCE_REMOVE if is_done else GLib.SOURCE_CONTINUE

        client.add_watch(received)
        self.run_loop(self.loop)
        self.assertEqual(replies, [{'name': 'qblk-test'}])

    def test_an_event_is_received_in_the_loop(self):
        _, process = self.start('empty-vm')
        client = self.connect(process)
        events = []

        def received(same):
            event = same.take_event()
            if event is not None:
                events.append(json.loads(event)['event'])
                self.loop.quit()
            return GLib.SOURCE_CONTINUE

        source = client.add_watch(received)
        process.qmp.execute('cont')
        self.run_loop(self.loop)
        GLib.source_remove(source)
        self.assertEqual(events[0], 'RESUME')


if __name__ == '__main__':
    bindings.main()
