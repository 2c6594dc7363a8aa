/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/waiter.h"

#include <errno.h>

int
qblk_waiter_poll(const QblkWaiter *waiter, struct pollfd *item, int timeout_ms)
{
    item->revents = 0;
    if (waiter != NULL) {
        return waiter->poll(item, timeout_ms, waiter->user_data);
    }

    int ready = poll(item, 1, timeout_ms);
    return ready < 0 ? -errno : ready;
}

int
qblk_waiter_turn(const QblkWaiter *waiter)
{
    return waiter == NULL || waiter->turn == NULL ? 0 : waiter->turn(waiter->user_data);
}
