# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands of docs/tutorial.md, in one shell and in order, print what is shown there."""

import contextlib
import os
import signal

import document
import live

NAME = 'docs/tutorial.md'
DIRECTORY = '/tmp/qblk-tutorial'
GUEST = 'web1'


# Pids, and an argument that QEMU has since 9.0
VARIABLE = (
    (r'^(web1 +\S+ +|.*\(pid )\d+', r'\1PID'),
    (r',"backing-mask-protocol":true', ''),
)


class Tutorial(live.TestCase):
    def end_qemu(self, pid_file):
        """A test that fails has not come to the line that ends QEMU."""
        if os.path.exists(pid_file):
            with open(pid_file, encoding='ascii') as file:
                with contextlib.suppress(ProcessLookupError):  # QEMU 5.2 does not remove the file
                    os.kill(int(file.read()), signal.SIGKILL)

    def test_it_prints_what_is_shown(self):
        real = DIRECTORY
        if not document.REGENERATE:
            real = os.path.join(self.directory, 'qblk-tutorial')
        self.addCleanup(self.end_qemu, os.path.join(real, 'vm.pid'))
        shell = document.Shell(self, self.directory)
        names = ((DIRECTORY, real), (GUEST, f'{GUEST}-{os.getpid()}'))
        count = document.Document(self, NAME, names, VARIABLE).run(shell)
        self.assertGreater(count, 30)
        self.assertFalse(os.path.exists(real), msg='the tutorial has not removed its files')


if __name__ == '__main__':
    live.main()
