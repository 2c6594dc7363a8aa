/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/started-process.h"

#include "lib/check.h"

#include <sys/wait.h>

void
started_process_wait(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)pid);
    gsize length = 0;

    while (length == 0) {
        g_autofree char *arguments = NULL;
        assert_true(g_file_get_contents(path, &arguments, &length, NULL));
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* it has not ended */
    }
}
