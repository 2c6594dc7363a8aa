/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exit-code.h"

#include "cli/invocation.h"

#include <qblk/error.h>

int
qblk_exit_code(const GError *error)
{
    const struct {
        GQuark domain;
        int code;
        QblkExitCode exit_code;
    } codes[] = {
        {QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE, QBLK_EXIT_USAGE},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, QBLK_EXIT_USAGE},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, QBLK_EXIT_NO_CONNECTION},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY, QBLK_EXIT_NO_CONNECTION},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT, QBLK_EXIT_NO_CONNECTION},
        {QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, QBLK_EXIT_NO_CONNECTION},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, QBLK_EXIT_USAGE},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, QBLK_EXIT_NO_SUCH},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER, QBLK_EXIT_NO_SUCH},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS, QBLK_EXIT_NO_SUCH},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, QBLK_EXIT_REFUSED},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, QBLK_EXIT_REFUSED},
        {QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED, QBLK_EXIT_REFUSED},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (g_error_matches(error, codes[i].domain, codes[i].code)) {
            return (int)codes[i].exit_code;
        }
    }
    return QBLK_EXIT_FAILED;
}
