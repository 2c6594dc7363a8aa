/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * How code waits for a descriptor and the time: by poll(), or by letting the caller do that.
 *
 * A call that blocks has no waiter (NULL).  Within an operation the waiter returns to the program,
 * which waits in its own main loop, and continues when it has done so.
 */
#pragma once

#include <glib.h>
#include <poll.h>

typedef struct {
    /** The contract of qblk_waiter_poll(). */
    int (*poll)(struct pollfd *item, int timeout_ms, gpointer user_data);
    /** The contract of qblk_waiter_turn(); NULL: nothing else has to be done in between. */
    int (*turn)(gpointer user_data);
    gpointer user_data;
} QblkWaiter;

/**
 * Wait like poll() for one descriptor.
 *
 * @waiter: (nullable)
 * @item: its descriptor may be -1, to wait for the time only; its revents are set
 * @timeout_ms: -1: no limit
 *
 * Returns: 1 if the descriptor is ready, 0 after the time; a negative errno on failure, which is
 * -EINTR if the caller may wait again, and -ECANCELED if it must not: no wait will succeed.  errno
 * itself is not used, because the caller may be continued in another thread, which has another one.
 */
int qblk_waiter_poll(const QblkWaiter *waiter, struct pollfd *item, int timeout_ms);

/**
 * Let the program continue its main loop once, without a wait.
 *
 * @waiter: (nullable)
 *
 * Returns: 0; -ECANCELED as qblk_waiter_poll()
 */
int qblk_waiter_turn(const QblkWaiter *waiter);
