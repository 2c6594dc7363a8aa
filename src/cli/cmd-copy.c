/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk copy`: copy a disk to another image. */
#include "cli/change.h"
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "plan/copy-destination.h"
#include "plan/plan-copy.h"

#include <qblk/client-async.h>
#include <qblk/image.h>

/* QEMU's bounds (blockdev_mirror_common()). */
#define MIN_GRANULARITY 512
#define MAX_GRANULARITY (64 * 1024 * 1024)

typedef struct {
    QblkChangeOptions change;
    char *format;
    gboolean shallow, reuse_external, blockdev, pivot, finish, synchronous_writes;
    gint64 granularity, buffer_size; /* bytes; 0: QEMU's default */
} Options;

static void
add_options(gpointer data, GOptionContext *context)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &options->format,
         "Specify the format of the copy (default: that of the active layer)", "FORMAT"},
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

    g_option_context_add_main_entries(context, entries, NULL);
    qblk_change_options_add(&options->change, context, TRUE);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    qblk_change_options_clear(&options->change);
    g_free(options->format);
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

/* ---- the destination ---- */

/* A relative path is relative to this process, not to QEMU: only valid on the same machine. */
static char *
absolute_destination(const QblkInvocation *invocation, GError **error)
{
    const char *destination = invocation->arguments[2];
    gboolean is_local = qblk_address_is_local(invocation->address);

    g_autoptr(QblkCopyOptions) options = qblk_copy_options_new();
    if (!qblk_copy_options_set_destination(options, destination, error)) {
        return NULL;
    }
    if (destination[0] == '\0' || (!is_local && !g_path_is_absolute(destination))) {
        (void)qblk_usage_error(error, "invalid destination '%s': use an absolute path",
                               destination);
        return NULL;
    }
    return g_canonicalize_filename(destination, NULL);
}

/* blockdev-create truncates an existing file, and files of another machine cannot be seen. */
static gboolean
check_remote_file(const QblkInvocation *invocation, const QblkCopyOptions *copy, GError **error)
{
    gboolean is_remote = invocation->address->kind == QBLK_ADDRESS_KIND_TCP;

    if (!is_remote || copy->reuse || copy->is_block) {
        return TRUE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "cannot check over the network whether '%s' exists, and QEMU would overwrite it: "
                "create the image there with qemu-img, and use --reuse-external",
                copy->destination);
    return FALSE;
}

static QblkChain *
open_image(const char *path, const char *format, int timeout_ms, GError **error)
{
    g_autoptr(QblkImage) image = qblk_image_open(path, format, timeout_ms, error);
    if (image == NULL) {
        return NULL;
    }

    g_autoptr(QblkClient) client =
        qblk_client_start_fd(qblk_image_take_fd(image), timeout_ms, error);
    if (client == NULL) {
        return NULL;
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, NULL, error);
    return snapshot == NULL ? NULL : qblk_snapshot_chain(snapshot, "vda", error);
}

/* Check the destination, and open an image there that is reused.
 * @found: (out) (nullable): its chain */
static gboolean
open_destination(const QblkChange *change, const QblkCopyOptions *copy, QblkChain **found,
                 GError **error)
{
    const QblkInvocation *invocation = change->invocation;
    g_autoptr(QblkChain) chain =
        qblk_snapshot_chain(change->snapshot, invocation->arguments[1], error);
    if (chain == NULL) {
        return FALSE;
    }

    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    const char *format = copy->format != NULL || top == NULL ? copy->format : top->format;
    if (format == NULL) { /* an empty drive, which cannot be copied */
        return TRUE;
    }
    if (!qblk_copy_destination_check(copy, format, error)) {
        return FALSE;
    }
    if (qblk_copy_destination_is_created(copy, format)) {
        return TRUE;
    }

    *found = open_image(copy->destination, format, invocation->timeout_ms, error);
    if (*found == NULL) {
        g_prefix_error(error, "cannot read the destination '%s': ", copy->destination);
    }
    return *found != NULL;
}

/* ---- the command ---- */

static QblkPlan *
plan_copy(const QblkPlanContext *context, gconstpointer options, GError **error)
{
    return qblk_plan_make_copy(context, options, error);
}

static QblkCopyEnd
end_of(const Options *options)
{
    if (options->pivot) {
        return QBLK_COPY_PIVOT;
    }
    return options->finish ? QBLK_COPY_FINISH : QBLK_COPY_STAY;
}

static gboolean
run_copy(QblkInvocation *invocation, QblkCopyOptions *copy, GError **error)
{
    const Options *options = invocation->options;
    g_autoptr(QblkDestination) place = NULL;
    g_autoptr(QblkChain) found = NULL;

    if (!check_remote_file(invocation, copy, error)) {
        return FALSE;
    }

    g_autoptr(QblkChange) change =
        qblk_change_open(invocation, &options->change, QBLK_RECOVER_FOR_NEW_JOB, error);
    if (change == NULL) {
        return FALSE;
    }

    if (qblk_address_is_local(invocation->address)) {
        place = qblk_destination_look_up(copy->destination);
        copy->place = place;
        if (!open_destination(change, copy, &found, error)) {
            return FALSE;
        }
        copy->found = found;
    }

    g_autoptr(GPtrArray) plans = qblk_change_plan(change, plan_copy, copy, error);
    if (plans == NULL) {
        return FALSE;
    }

    return qblk_change_finish(change, plans, error);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    if (!check_options(options, error) || !check_detach(invocation, options, error)) {
        return FALSE;
    }

    g_autofree char *destination = absolute_destination(invocation, error);
    if (destination == NULL) {
        return FALSE;
    }

    QblkCopyOptions copy = {
        .destination = destination,
        .format = options->format,
        .is_block = options->blockdev,
        .reuse = options->reuse_external,
        .shallow = options->shallow,
        .end = end_of(options),
        .synchronous = options->synchronous_writes,
        .granularity = options->granularity,
        .buffer_size = options->buffer_size,
    };
    return run_copy(invocation, &copy, error);
}

const QblkCommand qblk_cmd_copy = {
    .name = "copy",
    .virsh_name = "blockcopy",
    .arguments = "VM DISK DEST",
    .summary = "Copy a disk to another image",
    .min_arguments = 3,
    .max_arguments = 3,
    .changes = TRUE,
    .one_disk = TRUE,
    .own_format = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
