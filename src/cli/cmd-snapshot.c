/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk snapshot`: put a new overlay over disks. */
#include "cli/change.h"
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/scaled-integer.h"

#include <string.h>

typedef struct {
    QblkChangeOptions change;
    char *suffix, *format, *cluster_size, *encrypt;
    char **files; /* DISK=PATH each */
    gboolean reuse_external, relative;
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"all-disks", 0, 0, G_OPTION_ARG_NONE, &options->change.all_disks,
         "Take a snapshot of all disks that can be written, at one moment", NULL},
        {"file", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->files,
         "Specify the file of the overlay of DISK", "DISK=PATH"},
        {"suffix", 0, 0, G_OPTION_ARG_STRING, &options->suffix,
         "Name overlays like the images, with this extension (default: the time)", "NAME"},
        {"reuse-external", 0, 0, G_OPTION_ARG_NONE, &options->reuse_external,
         "Use existing overlays, which have no data", NULL},
        {"format", 0, 0, G_OPTION_ARG_STRING, &options->format,
         "Specify the format of the overlays (default: qcow2)", "FORMAT"},
        {"cluster-size", 0, 0, G_OPTION_ARG_STRING, &options->cluster_size,
         "Specify the cluster size of new overlays in bytes, or as in 4k, 2M", "SIZE"},
        {"encrypt", 0, 0, G_OPTION_ARG_STRING, &options->encrypt,
         "Encrypt the overlays with LUKS; their key is the secret ID", "ID"},
        {"relative", 0, 0, G_OPTION_ARG_NONE, &options->relative,
         "Refuse unless the backing strings can be relative", NULL},
        {"bitmaps", 0, 0, G_OPTION_ARG_STRING, &options->change.bitmaps,
         "Continue the dirty bitmaps in the overlays, or lose them", "merge|drop"},
        {"allow-plaintext", 0, 0, G_OPTION_ARG_NONE, &options->change.allow_plaintext,
         "Allow a plain overlay of an encrypted image", NULL},
        {NULL},
    };

    qblk_option_table_add(table, entries);
    qblk_change_options_add(&options->change, table, QBLK_CHANGE_NO_JOB);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    qblk_change_options_clear(&options->change);
    g_free(options->suffix);
    g_free(options->format);
    g_free(options->cluster_size);
    g_free(options->encrypt);
    g_strfreev(options->files);
}

/* Add the file of one disk, "vda=/images/overlay". */
static gboolean
add_file(QblkOverlayOptions *overlay, const char *text, GError **error)
{
    const char *sign = strchr(text, '=');
    if (sign == NULL || sign == text || sign[1] == '\0') {
        return qblk_usage_error(error, "invalid --file '%s': use DISK=PATH", text);
    }

    g_autofree char *disk = g_strndup(text, (gsize)(sign - text));
    return qblk_overlay_options_set_file(overlay, disk, sign + 1, error);
}

static gboolean
add_files(QblkOverlayOptions *overlay, const QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;

    for (guint i = 0; options->files != NULL && options->files[i] != NULL; i++) {
        if (!add_file(overlay, options->files[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
set_cluster_size(QblkOverlayOptions *overlay, const char *text, GError **error)
{
    gint64 bytes = 0;
    if (text != NULL && (!qblk_scaled_integer_parse(text, 1, &bytes) || bytes == 0)) {
        return qblk_usage_error(error,
                                "invalid --cluster-size '%s': use a number of bytes, or one with a "
                                "unit, such as 4k or 2M",
                                text);
    }

    qblk_overlay_options_set_cluster_size(overlay, bytes);
    return TRUE;
}

static QblkPlans *
plan_overlay(const QblkChange *change, gconstpointer data, GError **error)
{
    const char *const *disks = (const char *const *)change->invocation->arguments + 1;

    return qblk_plans_new_overlay(change->client, change->snapshot,
                                  change->options->all_disks ? NULL : disks, data,
                                  change->plan_options, error);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    g_autoptr(QblkOverlayOptions) overlay = qblk_overlay_options_new();

    if (!qblk_overlay_options_set_suffix(overlay, options->suffix, error) ||
        !add_files(overlay, invocation, error) ||
        !set_cluster_size(overlay, options->cluster_size, error)) {
        return FALSE;
    }
    qblk_overlay_options_set_reuse(overlay, options->reuse_external);
    qblk_overlay_options_set_format(overlay, options->format);
    qblk_overlay_options_set_relative(overlay, options->relative);
    qblk_overlay_options_set_encryption(overlay, options->encrypt);
    return qblk_change_run(invocation, &options->change, QBLK_RECOVER_FOR_NEW_JOB, plan_overlay,
                           overlay, error);
}

const QblkCommand qblk_cmd_snapshot = {
    .name = "snapshot",
    .virsh_name = "snapshot-create-as",
    .arguments = "VM [DISK...]",
    .summary = "Put a new overlay over disks",
    .description = "With --all-disks over all disks that can be written. All overlays are created "
                   "at the same moment.",
    .example = "qblk snapshot /run/vm1.qmp vda",
    .group = QBLK_COMMAND_CHANGES,
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .changes = TRUE,
    .is_offline = TRUE,
    .one_disk = TRUE,
    .own_format = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
