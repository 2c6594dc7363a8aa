/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk copy`: copy a disk to another image. */
#include "cli/change.h"
#include "cli/commands.h"
#include "cli/exit-code.h"

/* QEMU's bounds (blockdev_mirror_common()). */
#define MIN_GRANULARITY 512
#define MAX_GRANULARITY (64 * 1024 * 1024)

typedef struct {
    QblkChangeOptions change;
    char *format, *encrypt;
    gboolean shallow, reuse_external, blockdev, pivot, finish, synchronous_writes;
    gint64 granularity, buffer_size; /* bytes; 0: QEMU's default */
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &options->format,
         "Specify the format of the copy (default: that of the active layer)", "FORMAT"},
        {"encrypt", 0, 0, G_OPTION_ARG_STRING, &options->encrypt,
         "Encrypt the copy with LUKS; its key is the secret ID", "ID"},
        {"shallow", 0, 0, G_OPTION_ARG_NONE, &options->shallow,
         "Copy only the active layer, and share the images below it", NULL},
        {"reuse-external", 0, 0, G_OPTION_ARG_NONE, &options->reuse_external,
         "Write into the existing image or block device DEST", NULL},
        {"blockdev", 0, 0, G_OPTION_ARG_NONE, &options->blockdev, "Write to the block device DEST",
         NULL},
        {"pivot", 0, 0, G_OPTION_ARG_NONE, &options->pivot, "Switch the guest to the copy", NULL},
        {"finish", 0, 0, G_OPTION_ARG_NONE, &options->finish,
         "Keep the guest on the source, and end the job when the copy is in sync", NULL},
        {"synchronous-writes", 0, 0, G_OPTION_ARG_NONE, &options->synchronous_writes,
         "Complete writes of the guest only after they have reached the copy", NULL},
        {"granularity", 0, 0, G_OPTION_ARG_INT64, &options->granularity,
         "Copy changed data in units of this size, a power of 2", "BYTES"},
        {"buf-size", 0, 0, G_OPTION_ARG_INT64, &options->buffer_size,
         "Keep at most this many bytes in flight", "BYTES"},
        {NULL},
    };

    qblk_option_table_add(table, entries);
    qblk_change_options_add(&options->change, table, QBLK_CHANGE_NEW_JOB);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    qblk_change_options_clear(&options->change);
    g_free(options->format);
    g_free(options->encrypt);
}

static gboolean
is_valid_granularity(gint64 granularity)
{
    gboolean is_power_of_2 = (granularity & (granularity - 1)) == 0;

    return is_power_of_2 && granularity >= MIN_GRANULARITY && granularity <= MAX_GRANULARITY;
}

/* A job that is left alone waits when it is ready. */
static gboolean
check_detach(const QblkInvocation *invocation, const Options *options, GError **error)
{
    const char *end = options->pivot ? "--pivot" : "--finish";
    gboolean names_end = options->pivot || options->finish;
    if (!options->change.detach || !names_end) {
        return TRUE;
    }

    g_autofree char *command = qblk_change_end_command(invocation, end);
    return qblk_usage_error(error,
                            "options --detach and %s exclude each other: omit %s, and end the job "
                            "with '%s'",
                            end, end, command);
}

static gboolean
check_options(const Options *options, GError **error)
{
    if (options->pivot && options->finish) {
        return qblk_usage_error(error, "options --pivot and --finish exclude each other");
    }
    if (options->granularity != 0 && !is_valid_granularity(options->granularity)) {
        return qblk_usage_error(error,
                                "invalid --granularity: use a power of 2 from %d to %d bytes",
                                MIN_GRANULARITY, MAX_GRANULARITY);
    }
    if (options->buffer_size < 0) {
        return qblk_usage_error(error, "invalid --buf-size: use 0 or more bytes");
    }

    return TRUE;
}

/* ---- the command ---- */

static QblkCopyEnd
end_of(const Options *options)
{
    if (options->pivot) {
        return QBLK_COPY_PIVOT;
    }
    return options->finish ? QBLK_COPY_FINISH : QBLK_COPY_STAY;
}

static QblkPlans *
plan_copy(const QblkChange *change, gconstpointer data, GError **error)
{
    return qblk_plans_new_one(qblk_plan_copy(change->client, change->snapshot,
                                             qblk_change_get_disk(change), data,
                                             change->plan_options, error));
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    g_autoptr(QblkCopyOptions) copy = qblk_copy_options_new();

    if (!check_options(options, error) || !check_detach(invocation, options, error)) {
        return FALSE;
    }
    if (!qblk_copy_options_set_destination(copy, invocation->arguments[2], error)) {
        return FALSE;
    }

    qblk_copy_options_set_format(copy, options->format);
    qblk_copy_options_set_encryption(copy, options->encrypt);
    qblk_copy_options_set_block_device(copy, options->blockdev);
    qblk_copy_options_set_reuse(copy, options->reuse_external);
    qblk_copy_options_set_shallow(copy, options->shallow);
    qblk_copy_options_set_end(copy, end_of(options));
    qblk_copy_options_set_synchronous_writes(copy, options->synchronous_writes);
    qblk_copy_options_set_granularity(copy, options->granularity);
    qblk_copy_options_set_buffer_size(copy, options->buffer_size);
    return qblk_change_run(invocation, &options->change, QBLK_RECOVER_FOR_NEW_JOB, plan_copy, copy,
                           error);
}

const QblkCommand qblk_cmd_copy = {
    .name = "copy",
    .virsh_name = "blockcopy",
    .arguments = "VM DISK DEST",
    .summary = "Copy a disk to another image",
    .description = "DEST is a path or a URL. When the copy is in sync, --pivot switches the guest "
                   "to it, and --finish keeps the guest on the source.",
    .example = "qblk copy /run/vm1.qmp vda /images/copy.qcow2 --finish",
    .group = QBLK_COMMAND_CHANGES,
    .min_arguments = 3,
    .max_arguments = 3,
    .changes = TRUE,
    .is_offline = TRUE,
    .one_disk = TRUE,
    .own_format = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
