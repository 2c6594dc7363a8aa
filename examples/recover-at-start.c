/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Complete or roll back all operations that were interrupted, of all VMs, as a service does when it
 * starts.  The exit status is 1 if one of them could not be recovered; its journal is kept.
 *
 *     cc recover-at-start.c -o recover-at-start $(pkg-config --cflags --libs qblk)
 *     ./recover-at-start [STATE-DIRECTORY]
 */
#include <qblk/qblk.h>

static gboolean
show_interrupted(const char *state_directory, GError **error)
{
    g_autoptr(QblkInterruptedList) list = qblk_recover_list(state_directory, error);
    if (list == NULL) {
        return FALSE;
    }

    for (guint i = 0; i < qblk_interrupted_list_get_n_operations(list); i++) {
        const QblkInterrupted *operation = qblk_interrupted_list_get_operation(list, i);
        if (qblk_interrupted_get_error(operation) == NULL) {
            g_print("%s: %s of %s: to be recovered\n", qblk_interrupted_get_vm(operation),
                    qblk_interrupted_get_kind(operation), qblk_interrupted_get_target(operation));
        }
    }

    return TRUE;
}

/* Returns FALSE if one of the operations has failed. */
static gboolean
show_results(const QblkRecovery *recovery)
{
    gboolean is_complete = TRUE;
    for (guint i = 0; i < qblk_recovery_get_n_results(recovery); i++) {
        const QblkRecoverResult *result = qblk_recovery_get_result(recovery, i);
        const GError *error = qblk_recover_result_get_error(result);
        if (error != NULL) {
            g_printerr("recover-at-start: %s\n", error->message);
            is_complete = FALSE;
            continue;
        }

        g_autofree char *text = qblk_recover_result_to_text(result);
        g_print("%s: %s\n", qblk_recover_result_get_vm(result), text);
    }

    return is_complete;
}

static QblkRecovery *
recover(const char *state_directory, GError **error)
{
    if (!show_interrupted(state_directory, error)) {
        return NULL;
    }

    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, state_directory);
    return qblk_recover_all(options, error);
}

int
main(int argc, char **argv)
{
    if (argc > 2) {
        g_printerr("usage: recover-at-start [STATE-DIRECTORY]\n");
        return 2;
    }

    const char *state_directory = argv[1]; /* NULL: that of the command qblk */
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkRecovery) recovery = recover(state_directory, &error);
    if (recovery == NULL) {
        g_printerr("recover-at-start: %s\n", error->message);
        return 1;
    }

    return show_results(recovery) ? 0 : 1;
}
