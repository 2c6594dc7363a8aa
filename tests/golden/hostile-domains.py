#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hostile domain XML: `qblk xml domain:-` ends within bounds of processor time and memory, with a
result or an error, and opens no other file."""

import os
import resource
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import qblk  # noqa: E402  pylint: disable=wrong-import-position
import qemu  # noqa: E402  pylint: disable=wrong-import-position

SECONDS = 2
BYTES = 300 << 20  # of address space, which is more than memory
LARGE = 15 << 20


def entities(fifo):
    return {
        'external entity': f"<!DOCTYPE a [<!ENTITY b SYSTEM '{fifo}'>]><domain>&b;</domain>",
        'parameter entity': f"<!DOCTYPE a [<!ENTITY % b SYSTEM '{fifo}'> %b;]><domain/>",
        'external subset': f"<!DOCTYPE a SYSTEM '{fifo}'><domain/>",
        'entity bomb': '<!DOCTYPE a [<!ENTITY e0 "ha">' + ''.join(
            f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(30)) + ']><a>&e30;</a>',
        'inclusion': "<disk xmlns:xi='http://www.w3.org/2001/XInclude'><target dev='vda'/>"
                     f"<xi:include href='{fifo}'/></disk>",
        'style sheet': f"<?xml-stylesheet href='{fifo}'?><domain/>",
        'schema': "<domain xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
                  f"xsi:schemaLocation='urn:x {fifo}'/>",
    }


def floods():
    """Documents of about 15 MiB."""
    disk = "<disk><target dev='vda'/>"
    wide = ''.join(f" a{i}=''" for i in range(200))
    scope = ''.join(f" xmlns:n{i}='u{i}'" for i in range(99))
    return {
        'attributes': '<disk' + ''.join(f" a{i}=''" for i in range(1000000)) + '/>',
        'namespaces': '<disk' + ''.join(f" xmlns:a{i}='u'" for i in range(600000)) + '/>',
        'wide elements': disk + f'<a{wide}/>' * 1200 + '</disk>',
        'many elements': disk + '<a/>' * 249000 + 'x' * 9000000 + '</disk>',
        'too many elements': disk + '<a/>' * (LARGE // 4) + '</disk>',
        'names in scope': f'<disk{scope}>' + '<n0:a/>' * 240000 + "<target dev='vda'/></disk>",
        'most disks': '<devices>' + ''.join(
            f"<disk><target dev='d{i}'/></disk>" for i in range(10000)) + '</devices>',
        'too many disks': '<devices>' + ''.join(
            f"<disk><target dev='d{i}'/></disk>" for i in range(60000)) + '</devices>',
        'nesting': '<a>' * 10000,
        'hyphens in a comment': '<disk><!--' + '- - -' * (LARGE // 5) + '--></disk>',
        'references': disk + '&#10;' * (LARGE // 5) + '</disk>',
        'references in an attribute': "<disk a='" + '&amp;' * (LARGE // 5) + "'/>",
        'a long attribute': f"<disk a='{'x' * 9000000}'><target dev='vda'/></disk>",
        'one byte too many': ' ' * (16 << 20) + ' ',
        'much too large': ' ' * (64 << 20),
        'encoded tags': "<?xml version='1.0' encoding='UTF-7'?><disk" +
                        ''.join(f' a{i}+AD0-""' for i in range(900000)) + '/>',
    }


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))


def run(text):
    """(status, processor seconds, messages) of qblk with TEXT; it aborts if it runs out of
    memory."""
    with subprocess.Popen(qblk.command(['xml', 'domain:-']), stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          preexec_fn=limit, env=qblk.environment()) as process:
        try:
            process.stdin.write(text.encode())
            process.stdin.close()
        except BrokenPipeError:
            pass  # qblk stopped reading
        messages = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime, messages


def fault(name, text):
    """The fault of the run, or an empty text."""
    status, seconds, messages = run(text)
    print(f'{name}: exit {status}, {seconds:.2f} s {messages.strip()[:120]}')
    if status not in (qblk.DONE, qblk.FAILED) or (status == qblk.FAILED) != bool(messages):
        return f'{name}: exit {status}, {messages}'
    if seconds > SECONDS:
        return f'{name}: {seconds} s'
    return None


def main():
    with qemu.directory() as directory:
        fifo = os.path.join(directory, 'never-opened')
        os.mkfifo(fifo)  # opening it blocks forever
        faults = [fault(*item) for item in {**entities(fifo), **floods()}.items()]
    faults = list(filter(None, faults))
    print('\n'.join(faults))
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
