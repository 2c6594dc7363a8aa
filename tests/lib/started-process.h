/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A process that a test has started.
 */
#pragma once

#include <sys/types.h>

/**
 * Wait until the arguments of the child @pid can be read.  The kernel closes the descriptors of a
 * process that executes a program before it sets them.
 */
void started_process_wait(pid_t pid);
