/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk recover`: resume or roll back interrupted operations. */
#include "cli/commands.h"
#include "cli/print/recover-report.h"
#include "cli/print/report.h"
#include "cli/recovery.h"
#include "cli/vm-argument.h"
#include "cli/vm.h"

#include <qblk/image-verdict.h>
#include <qblk/interrupted-list.h>

typedef struct {
    QblkRecoveryOptions recovery;
    gboolean dry_run;
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
         "Print what would be done, and change nothing", NULL},
        {NULL},
    };

    qblk_option_table_add(table, entries);
    qblk_recovery_options_add(&options->recovery, table);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    qblk_recovery_options_clear(&options->recovery);
}

/* A directory that does not exist has no journals, but its name may be a mistake. */
static void
warn_if_missing(const QblkOutput *output, const Options *options)
{
    g_autofree char *directory = qblk_recovery_directory(options->recovery.state_dir);
    if (options->recovery.state_dir != NULL && !g_file_test(directory, G_FILE_TEST_EXISTS)) {
        g_autofree char *warning =
            g_strdup_printf("the state directory '%s' does not exist", directory);
        qblk_output_warn(output, warning);
    }
}

static gboolean
recover_image(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    const char *state_dir = options->recovery.state_dir;
    const char *path = qblk_address_get_path(invocation->address);
    g_autoptr(QblkRecoverOptions) recover_options =
        qblk_recovery_make_options(invocation, state_dir);
    qblk_recover_options_set_dry_run(recover_options, options->dry_run);
    warn_if_missing(&invocation->output, options);
    if (!options->dry_run) {
        qblk_recovery_tidy_marks(&invocation->output, state_dir, path);
    }

    g_autoptr(QblkImageVerdict) verdict = qblk_recover_image(path, recover_options, error);
    if (verdict == NULL) {
        return FALSE;
    }

    qblk_recover_report_warnings(&invocation->output, verdict);
    if (invocation->output.json) {
        QblkJson *result = qblk_report_parse(qblk_image_verdict_to_json(verdict));
        qblk_output_json(&invocation->output, result);
    } else {
        g_autofree char *text = qblk_image_verdict_to_text(verdict);
        qblk_output_print(&invocation->output, "%s", text);
    }
    return TRUE;
}

/* The VM cannot be reached: its images show what became of its operations. */
static void
add_image_hints(QblkInvocation *invocation)
{
    const Options *options = invocation->options;
    g_autofree char *address = qblk_address_to_absolute(invocation->address);
    g_autoptr(QblkInterruptedList) list = qblk_recover_list(options->recovery.state_dir, NULL);
    guint count = list == NULL ? 0 : qblk_interrupted_list_get_n_operations(list);

    for (guint i = 0; i < count; i++) {
        const QblkInterrupted *operation = qblk_interrupted_list_get_operation(list, i);
        const char *top = qblk_interrupted_get_old_top(operation);
        if (top == NULL || g_strcmp0(qblk_interrupted_get_vm(operation), address) != 0) {
            continue;
        }

        g_autofree char *image = g_strconcat("image:", top, NULL);
        g_autofree char *word = qblk_output_shell_word(image);
        qblk_output_add_hint(&invocation->output, "if QEMU has ended: qblk recover %s", word);
    }
}

/* Recover all interrupted operations of one VM. */
static QblkRecovery *
recover_vm(QblkInvocation *invocation, QblkRecoverOptions *options, GError **error)
{
    g_autoptr(QblkClient) client = qblk_vm_connect(invocation, error);
    if (client == NULL) {
        add_image_hints(invocation);
        return NULL;
    }

    qblk_vm_log(client, invocation);
    return qblk_recovery_run(client, &invocation->output, options, error);
}

static void
print_results(QblkOutput *output, const QblkRecovery *recovery)
{
    guint count = qblk_recovery_get_n_results(recovery);

    for (guint i = 0; i < count; i++) {
        g_autofree char *text = qblk_recover_result_to_text(qblk_recovery_get_result(recovery, i));
        g_autofree char *safe = qblk_output_escape(text);
        qblk_output_print(output, "%s\n", safe);
    }
    if (count == 0) {
        qblk_output_print(output, "no operation was interrupted\n");
    }
}

static gboolean
recover_operations(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    const char *state_dir = options->recovery.state_dir;
    g_autoptr(QblkRecoverOptions) recover_options =
        qblk_recovery_make_options(invocation, state_dir);
    warn_if_missing(&invocation->output, options);
    qblk_recover_options_set_dry_run(recover_options, options->dry_run);
    if (!options->dry_run) {
        qblk_recovery_tidy_marks(&invocation->output, state_dir, NULL);
    }

    g_autoptr(QblkRecovery) recovery =
        invocation->address != NULL
            ? recover_vm(invocation, recover_options, error)
            : qblk_recovery_run(NULL, &invocation->output, recover_options, error);
    if (recovery == NULL) {
        return FALSE;
    }
    if (!qblk_recovery_propagate_error(recovery, error)) {
        /* The output of a command that fails is dropped, and the journals of these are gone. */
        qblk_recover_report_notices(&invocation->output, recovery);
        return FALSE;
    }

    if (invocation->output.json) {
        QblkJson *result = qblk_report_parse(qblk_recovery_to_json(recovery));
        qblk_output_json(&invocation->output, result);
    } else {
        print_results(&invocation->output, recovery);
    }
    return TRUE;
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    if (!qblk_vm_argument_check_machine(invocation, error) ||
        !qblk_recovery_check_state_dir(options->recovery.state_dir, error)) {
        return FALSE;
    }

    const QblkAddress *address = invocation->address;

    if (address != NULL && qblk_address_get_kind(address) == QBLK_ADDRESS_KIND_IMAGE) {
        return recover_image(invocation, error);
    }
    return recover_operations(invocation, error);
}

const QblkCommand qblk_cmd_recover = {
    .name = "recover",
    .arguments = "[VM]",
    .summary = "Resume or roll back interrupted operations",
    .description = "Without VM, those of all VMs that can be reached. With image:PATH, print which "
                   "image the guest has to boot from.",
    .example = "qblk recover --dry-run",
    .group = QBLK_COMMAND_REPAIRS,
    .max_arguments = 1,
    .ignores_image_format = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
