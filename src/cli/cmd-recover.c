/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk recover`: resume or roll back interrupted operations. */
#include "cli/commands.h"
#include "cli/print/recover-report.h"
#include "cli/recovery.h"
#include "cli/vm.h"
#include "qmp/client.h"
#include "recover/chain-files.h"
#include "recover/recover-image.h"

typedef struct {
    QblkRecoveryOptions recovery;
    gboolean dry_run;
} Options;

static void
add_options(gpointer data, GOptionContext *context)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
         "Print what would be done, and change nothing", NULL},
        {NULL},
    };

    g_option_context_add_main_entries(context, entries, NULL);
    qblk_recovery_options_add(&options->recovery, context);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    qblk_recovery_options_clear(&options->recovery);
}

/* A directory that does not exist has no journals, but its name may be a mistake. */
static void
warn_if_missing(const char *directory, const Options *options)
{
    if (options->recovery.state_dir != NULL && !g_file_test(directory, G_FILE_TEST_EXISTS)) {
        g_autofree char *warning =
            g_strdup_printf("the state directory '%s' does not exist", directory);
        qblk_output_warn(warning);
    }
}

static QblkImageVerdict *
settle_image(const char *directory, const char *path, GError **error)
{
    qblk_recovery_tidy_marks(directory, path);
    return qblk_recover_image(directory, path, error);
}

static gboolean
recover_image(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    g_autofree char *directory = qblk_recovery_directory(options->recovery.state_dir);
    warn_if_missing(directory, options);
    g_autoptr(QblkImageVerdict) verdict =
        options->dry_run ? qblk_recover_image_preview(directory, invocation->address->path, error)
                         : settle_image(directory, invocation->address->path, error);
    if (verdict == NULL) {
        return FALSE;
    }

    qblk_recover_report_warnings(verdict);
    if (invocation->output.json) {
        QblkJson *result = qblk_json_new_object();
        qblk_recover_report_add_verdict(result, verdict);
        qblk_output_json(&invocation->output, result);
    } else {
        qblk_recover_report_print_verdict(&invocation->output, verdict);
    }
    return TRUE;
}

/* The VM cannot be reached: its images show what became of its operations. */
static void
add_image_hints(QblkInvocation *invocation, const QblkRecovery *recovery)
{
    g_autofree char *address = qblk_address_to_absolute(invocation->address);
    g_autoptr(GPtrArray) records = qblk_journal_list(recovery->directory, NULL);

    for (guint i = 0; records != NULL && i < records->len; i++) {
        const QblkJournalRecord *record = records->pdata[i];
        gboolean is_of_vm = record->error == NULL && g_strcmp0(record->vm.address, address) == 0;
        const char *top = is_of_vm ? qblk_chain_files_active(record->plan->before) : NULL;
        if (top == NULL) {
            continue;
        }

        g_autofree char *image = g_strconcat("image:", top, NULL);
        g_autofree char *word = qblk_output_shell_word(image);
        qblk_output_add_hint(&invocation->output, "if QEMU has ended: qblk recover %s", word);
    }
}

/* Recover all interrupted operations of one VM. */
static gboolean
recover_vm(QblkInvocation *invocation, QblkRecovery *recovery, GError **error)
{
    g_autoptr(QblkClient) client = qblk_vm_connect(invocation, error);
    QblkJournalVm vm = {0};
    if (client == NULL) {
        add_image_hints(invocation, recovery);
        return FALSE;
    }

    qblk_vm_log(client, invocation);
    gboolean done = qblk_recover_identify(client, invocation->address, &vm, error);
    if (done) {
        done = qblk_recover_vm(client, &vm, &recovery->options, recovery->results, error);
    }
    qblk_journal_vm_clear(&vm);
    return done;
}

static void
print_results(QblkOutput *output, const GPtrArray *results)
{
    for (guint i = 0; i < results->len; i++) {
        g_autofree char *text = qblk_recover_report_text(results->pdata[i]);
        g_autofree char *safe = qblk_output_escape(text);
        qblk_output_print(output, "%s\n", safe);
    }
    if (results->len == 0) {
        qblk_output_print(output, "no operation was interrupted\n");
    }
}

static void
print_results_json(QblkOutput *output, const GPtrArray *results)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < results->len; i++) {
        qblk_json_append(list, qblk_recover_report_json(results->pdata[i]));
    }

    QblkJson *object = qblk_json_new_object();
    qblk_json_set(object, "operations", list);
    qblk_output_json(output, object);
}

static gboolean
recover_operations(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    g_auto(QblkRecovery) recovery = {0};
    qblk_recovery_init(&recovery, invocation, options->recovery.state_dir);
    warn_if_missing(recovery.directory, options);
    recovery.options.dry_run = options->dry_run;
    if (!options->dry_run) {
        qblk_recovery_tidy_marks(recovery.directory, NULL);
    }

    gboolean done = invocation->address != NULL
                        ? recover_vm(invocation, &recovery, error)
                        : qblk_recover_all(&recovery.options, recovery.results, error);
    if (!done) {
        /* The output of a command that fails is dropped, and the journals of these are gone. */
        qblk_recover_report_notices(recovery.results);
        return FALSE;
    }

    if (invocation->output.json) {
        print_results_json(&invocation->output, recovery.results);
    } else {
        print_results(&invocation->output, recovery.results);
    }
    return TRUE;
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    if (!qblk_recovery_check_state_dir(options->recovery.state_dir, error)) {
        return FALSE;
    }

    const QblkAddress *address = invocation->address;

    if (address != NULL && address->kind == QBLK_ADDRESS_IMAGE) {
        return recover_image(invocation, error);
    }
    return recover_operations(invocation, error);
}

const QblkCommand qblk_cmd_recover = {
    .name = "recover",
    .arguments = "[VM]",
    .summary = "Resume or roll back interrupted operations",
    .max_arguments = 1,
    .ignores_image_format = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
