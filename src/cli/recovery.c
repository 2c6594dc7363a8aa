/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/recovery.h"

#include "blockjob/merged-mark.h"
#include "cli/exit-code.h"
#include "cli/print/output.h"
#include "cli/print/recover-report.h"

#include <unistd.h>

void
qblk_recovery_options_add(gpointer data, GOptionContext *context)
{
    QblkRecoveryOptions *options = data;
    const GOptionEntry entries[] = {
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir,
         "Read the journals and marks in this directory", "DIRECTORY"},
        {NULL},
    };

    g_option_context_add_main_entries(context, entries, NULL);
}

void
qblk_recovery_options_clear(gpointer data)
{
    QblkRecoveryOptions *options = data;

    g_free(options->state_dir);
}

/* "" would be the working directory, which a later `qblk recover` does not search. */
gboolean
qblk_recovery_check_state_dir(const char *state_dir, GError **error)
{
    if (state_dir != NULL && state_dir[0] == '\0') {
        return qblk_usage_error(error, "invalid --state-dir '': use the path of a directory");
    }
    return TRUE;
}

char *
qblk_recovery_directory(const char *state_dir)
{
    if (state_dir != NULL) {
        return g_canonicalize_filename(state_dir, NULL);
    }

    const char *state_home = g_getenv("XDG_STATE_HOME");
    if (state_home != NULL && g_path_is_absolute(state_home)) {
        return g_build_filename(state_home, "qblk", NULL);
    }
    if (geteuid() == 0) {
        return g_strdup("/var/lib/qblk");
    }
    return g_build_filename(g_get_home_dir(), ".local", "state", "qblk", NULL);
}

void
qblk_recovery_tidy_marks(const char *state_dir, const char *image)
{
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(state_dir);
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);

    qblk_merged_marks_tidy(marks, removed);
    qblk_merged_mark_tidy_beside(image, removed);
    qblk_recover_report_removed(removed);
}

/* Ctrl-C ends the process while no job is waited for. */
static int
watch_stop(gpointer user_data)
{
    QblkRecovery *recovery = user_data;
    recovery->interrupt = qblk_interrupt_new();
    return qblk_interrupt_get_fd(recovery->interrupt);
}

static void
unwatch_stop(gpointer user_data)
{
    QblkRecovery *recovery = user_data;
    g_clear_pointer(&recovery->interrupt, qblk_interrupt_free);
}

void
qblk_recovery_init(QblkRecovery *recovery, const QblkInvocation *invocation, const char *state_dir)
{
    *recovery = (QblkRecovery){
        .results = qblk_recover_results_new(),
        .directory = qblk_recovery_directory(state_dir),
    };
    recovery->options = (QblkRecoverOptions){
        .directory = recovery->directory,
        .snapshot = invocation->snapshot_options,
        .timeout_ms = invocation->timeout_ms,
        .watch_stop = watch_stop,
        .unwatch_stop = unwatch_stop,
        .user_data = recovery,
    };
}

void
qblk_recovery_clear(QblkRecovery *recovery)
{
    g_clear_pointer(&recovery->results, g_ptr_array_unref);
    g_clear_pointer(&recovery->directory, g_free);
    g_clear_pointer(&recovery->interrupt, qblk_interrupt_free);
}

gboolean
qblk_recovery_before_change(QblkClient *client, const QblkInvocation *invocation,
                            const char *state_dir, const QblkJournalVm *vm,
                            QblkRecoverPurpose purpose, GPtrArray *handed_over, GError **error)
{
    const char *disk = invocation->count > 1 ? invocation->arguments[1] : NULL;
    g_auto(QblkRecovery) recovery = {0};
    qblk_recovery_init(&recovery, invocation, state_dir);

    gboolean done = qblk_recover_before(client, vm, disk, purpose, &recovery.options,
                                        recovery.results, handed_over, error);
    qblk_recover_report_notices(recovery.results);

    const GError *other = qblk_recover_results_error(recovery.results);
    if (done && other != NULL) {
        qblk_output_warn(other->message);
    }
    return done;
}
