/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk capture`: the replies that all other commands need, as a file. */
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/vm.h"

#include <qblk/capture.h>

typedef struct {
    char *directory;
    gboolean force;
    GPtrArray *paths; /* owned, of char, NULL-terminated: of the files that were written */
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"directory", 'd', 0, G_OPTION_ARG_FILENAME, &options->directory,
         "Write a file for each VM into DIR, and print its path", "DIR"},
        {"force", 0, 0, G_OPTION_ARG_NONE, &options->force, "Replace existing files", NULL},
        {NULL},
    };

    options->paths = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(options->paths, NULL);
    qblk_option_table_add(table, entries);
}

static void
clear_options(gpointer data)
{
    Options *options = data;
    g_free(options->directory);
    g_clear_pointer(&options->paths, g_ptr_array_unref);
}

static gboolean
check_options(const QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    if (options->directory != NULL && invocation->output.json) {
        return qblk_usage_error(error, "options --directory and --json exclude each other: "
                                       "with --directory the paths of the files are printed");
    }
    if (options->force && options->directory == NULL) {
        return qblk_usage_error(error, "option --force needs --directory");
    }
    return TRUE;
}

static gboolean
begin_several(const QblkInvocation *invocation, QblkHeadingForm *form, GError **error)
{
    const Options *options = invocation->options;
    *form = options->directory == NULL ? QBLK_HEADING_JSON : QBLK_HEADING_NONE;
    return check_options(invocation, error);
}

static gboolean
save(QblkInvocation *invocation, const QblkCapture *capture, GError **error)
{
    Options *options = invocation->options;
    const char *vm = qblk_address_get_text(invocation->address);
    char *path =
        qblk_capture_save(capture, options->directory, vm,
                          (const char *const *)options->paths->pdata, options->force, error);
    if (path == NULL) {
        return FALSE;
    }

    g_autofree char *safe = qblk_output_escape(path);
    qblk_output_print(&invocation->output, "%s\n", safe);
    g_ptr_array_insert(options->paths, 0, path);
    return TRUE;
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    if (!check_options(invocation, error)) {
        return FALSE;
    }

    g_autoptr(QblkCapture) capture = qblk_vm_capture(invocation, error);
    if (capture == NULL) {
        return FALSE;
    }
    if (options->directory != NULL) {
        return save(invocation, capture, error);
    }

    g_autofree char *text = qblk_capture_to_text_of_vm(capture, invocation->output.vm);
    qblk_output_json_text(&invocation->output, text);
    return TRUE;
}

const QblkCommand qblk_cmd_capture = {
    .name = "capture",
    .arguments = "VM...",
    .summary = "Record the replies of QEMU",
    .description =
        "Secrets are left out. Other commands read the recording as the VM capture:FILE.",
    .example = "qblk capture /run/vm1.qmp > vm1.json",
    .group = QBLK_COMMAND_LOOKS,
    .prints_plain = TRUE,
    .names_no_disk = TRUE,
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .vms = QBLK_COMMAND_ALL_VMS,
    .only_reads = TRUE,
    .needs_replies = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .begin_several = begin_several,
    .run = run,
};
