# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules of Debian's packages, which only Debian's own Python finds, for any Python."""

import sys

sys.path.append('/usr/lib/python3/dist-packages')
