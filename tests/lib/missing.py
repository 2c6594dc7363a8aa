# SPDX-License-Identifier: LGPL-2.1-or-later
"""In place of a test that needs what is not installed: skipped, and failed in CI.

Usage: missing.py NAME
"""

import sys

import live

print(f'{sys.argv[1]} is missing: run scripts/install-dependencies')
sys.exit(1 if live.IN_CI else live.SKIPPED)
