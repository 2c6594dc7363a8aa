# SPDX-License-Identifier: LGPL-2.1-or-later
"""Block graphs: each function creates its images in a directory and starts QEMU on them. The same
graphs are recorded (scripts/record-fixtures) and run live (tests/live).

A new topology is a function with @topology: its name, with dashes, is that of the fixture. File
names and node names are always the same; nodes without a name get a random one (#blockNNN) from
QEMU."""

from topologies import disks, jobs, libvirt, one_disk, users  # noqa: F401  # each fills the table
from topologies.model import TOPOLOGIES

__all__ = ['TOPOLOGIES']
