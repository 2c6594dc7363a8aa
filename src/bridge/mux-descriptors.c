/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/mux-descriptors.h"

#include "base/limits.h"

#include <unistd.h>

typedef struct {
    int fd;
    guint64 end;
} Descriptor;

void
qblk_mux_descriptor_close(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* Returns: (transfer full): the first one */
static int
take_first(QblkMuxDescriptors *descriptors)
{
    int fd = g_array_index(descriptors->items, Descriptor, 0).fd;
    g_array_remove_index(descriptors->items, 0);
    if (descriptors->items->len == 0) {
        g_clear_pointer(&descriptors->items, g_array_unref);
    }
    return fd;
}

void
qblk_mux_descriptors_keep(QblkMuxDescriptors *descriptors, const int *fds, gsize fd_count,
                          guint64 end)
{
    if (fd_count == 0) {
        return;
    }
    for (gsize i = 1; i < fd_count; i++) {
        qblk_mux_descriptor_close(fds[i]);
    }

    const Descriptor kept = {fds[0], end};
    if (descriptors->items == NULL) {
        descriptors->items = g_array_new(FALSE, FALSE, sizeof(Descriptor));
    }
    g_array_append_val(descriptors->items, kept);
    /* Each command that waits takes one at most. */
    if (descriptors->items->len > QBLK_LIMIT_CLIENT_COMMANDS) {
        qblk_mux_descriptor_close(take_first(descriptors));
    }
}

int
qblk_mux_descriptors_take(QblkMuxDescriptors *descriptors, guint64 end)
{
    int taken = -1;
    while (descriptors->items != NULL &&
           g_array_index(descriptors->items, Descriptor, 0).end <= end) {
        qblk_mux_descriptor_close(taken);
        taken = take_first(descriptors);
    }
    return taken;
}

void
qblk_mux_descriptors_clear(QblkMuxDescriptors *descriptors)
{
    while (descriptors->items != NULL) {
        qblk_mux_descriptor_close(take_first(descriptors));
    }
}
