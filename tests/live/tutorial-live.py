# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands of docs/tutorial.md and docs/from-qemu-img.md, in one shell and in order, print what
is shown there."""

import contextlib
import os
import signal

import document
import live

# Pids, times, the version of QEMU, the state of a job whose limit was just lifted, and an argument
# that QEMU has since 9.0
VARIABLE = (
    (r'(its job is )(running|ready)$', r'\1under way'),
    (r'^\d\d:\d\d:\d\d ', 'TIME '),
    (r'QEMU \d+\.\d+\.\d+', 'QEMU VERSION'),
    (r'^(web1 +\S+ +|.*\(pid )\d+', r'\1PID'),
    (r',"backing-mask-protocol":true', ''),
)


class Documents(live.TestCase):
    def end_qemu(self, pid_file):
        """A test that fails has not come to the line that ends QEMU."""
        if os.path.exists(pid_file):
            with open(pid_file, encoding='ascii') as file:
                with contextlib.suppress(ProcessLookupError):  # QEMU 5.2 does not remove the file
                    os.kill(int(file.read()), signal.SIGKILL)

    def run_document(self, name, directory, guest):
        """Run it in another DIRECTORY with another name of the GUEST, and return the number of
        commands. To print tables as they will be shown, use that directory, and a name of four
        characters as well."""
        real = directory
        if not document.REGENERATE:
            real = os.path.join(self.directory, os.path.basename(directory))
        self.addCleanup(self.end_qemu, os.path.join(real, 'vm.pid'))
        shell = document.Shell(self, self.directory)
        names = ((directory, real), (guest, f'w{os.getpid() % 1000:03}'))
        count = document.Document(self, name, names, VARIABLE).run(shell)
        self.assertFalse(os.path.exists(real), msg=f'{name} has not removed its files')
        return count

    def test_the_tutorial_prints_what_it_shows(self):
        count = self.run_document('docs/tutorial.md', '/tmp/qblk-tutorial', 'web1')
        self.assertGreater(count, 30)

    def test_what_goes_wrong_by_hand_is_as_shown(self):
        count = self.run_document('docs/from-qemu-img.md', '/tmp/qblk-by-hand', 'web2')
        self.assertGreater(count, 30)


if __name__ == '__main__':
    live.main()
