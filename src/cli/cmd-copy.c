/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/change.h"
#include "cli/vm.h"
#include "graph/chain.h"
#include "plan/plan-copy.h"

#include <errno.h>
#include <qblk/image.h>
#include <sys/stat.h>

void
qblk_cmd_copy_options(QblkInvocation *invocation, GOptionContext *context)
{
    QblkJobOptions *options = &invocation->job;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &options->format,
         "The format of the copy (default: that of the active layer)", "FORMAT"},
        {"shallow", 0, 0, G_OPTION_ARG_NONE, &options->shallow,
         "Copy the active layer only, and share what is below it", NULL},
        {"reuse-external", 0, 0, G_OPTION_ARG_NONE, &options->reuse_external,
         "Write into the image DEST, which is there already", NULL},
        {"blockdev", 0, 0, G_OPTION_ARG_NONE, &options->blockdev, "DEST is a block device", NULL},
        {"pivot", 0, 0, G_OPTION_ARG_NONE, &options->pivot, "Go on with the copy", NULL},
        {"finish", 0, 0, G_OPTION_ARG_NONE, &options->finish,
         "Go on with the source; the copy is as the disk was at the end", NULL},
        {"synchronous-writes", 0, 0, G_OPTION_ARG_NONE, &options->synchronous_writes,
         "The guest's writes wait until they are in the copy too", NULL},
        {"granularity", 0, 0, G_OPTION_ARG_INT64, &options->granularity,
         "Copy what has changed in pieces of so much, a power of 2", "BYTES"},
        {"buf-size", 0, 0, G_OPTION_ARG_INT64, &options->buffer_size,
         "Have so much under way at most", "BYTES"},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
    qblk_change_options(invocation, context, TRUE);
}

static gboolean
check_options(const QblkJobOptions *options, GError **error)
{
    gint64 granularity = options->granularity;
    if (options->pivot && options->finish) {
        return qblk_invocation_usage(error, "--pivot and --finish exclude each other");
    }
    /* QEMU's own bounds (blockdev_mirror_common). */
    if (granularity != 0 && (granularity < 512 || granularity > 64 * 1024 * 1024 ||
                             (granularity & (granularity - 1)) != 0)) {
        return qblk_invocation_usage(error,
                                     "--granularity takes a power of 2 from 512 to 67108864");
    }
    if (options->buffer_size < 0) {
        return qblk_invocation_usage(error, "--buf-size takes bytes");
    }
    return TRUE;
}

static gboolean
refuse(GError **error, const char *destination, const char *why)
{
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "'%s' %s", destination,
                why);
    return FALSE;
}

/* QEMU has a working directory of its own. */
static char *
absolute(const char *destination, gboolean is_local, GError **error)
{
    if (destination[0] == '\0' || (!is_local && destination[0] != '/')) {
        (void)qblk_invocation_usage(error, "'%s' is no place for a copy: say an absolute path",
                                    destination);
        return NULL;
    }
    return g_canonicalize_filename(destination, NULL);
}

/* What there is under the name, as far as this machine can tell. */
static gboolean
look_at_place(const QblkJobOptions *options, QblkCopyOptions *copy, GError **error)
{
    struct stat status;
    const char *name = copy->destination;
    gboolean is_there = stat(name, &status) == 0;
    if (!is_there && errno != ENOENT) {
        return refuse(error, name, g_strerror(errno));
    }
    gboolean is_block = is_there && S_ISBLK(status.st_mode);
    if (options->blockdev && !is_block) {
        return refuse(error, name, is_there ? "is no block device" : "is not there");
    }
    if (options->reuse_external && !is_there) {
        return refuse(error, name, "is not there to be reused");
    }
    if (is_there && !is_block && !S_ISREG(status.st_mode)) {
        return refuse(error, name, "is neither a file nor a block device");
    }
    if (is_there && !is_block && !options->reuse_external) {
        return refuse(error, name,
                      "is there already: choose another name, or say --reuse-external to write "
                      "over what is in it");
    }
    copy->is_block = is_block;
    return TRUE;
}

/* Over the network nobody sees what is there, and blockdev-create makes it empty. */
static gboolean
look_far_away(const QblkInvocation *invocation, const QblkCopyOptions *copy, GError **error)
{
    gboolean is_far = g_str_has_prefix(invocation->arguments[0], "tcp:");
    return !is_far || copy->reuse || copy->is_block ||
           refuse(error, copy->destination,
                  "cannot be looked for over the network, and QEMU would write over what is there: "
                  "make it on its machine, with qemu-img create, and say --reuse-external");
}

static QblkChain *
open_image(const char *path, const char *format, int timeout_ms, GError **error)
{
    g_autoptr(QblkImage) image = qblk_image_open(path, format, timeout_ms, error);
    g_autofree char *address = image == NULL ? NULL : qblk_image_take_address(image);
    g_autoptr(QblkClient) client =
        address == NULL ? NULL : qblk_client_connect(address, timeout_ms, error);
    g_autoptr(QblkSnapshot) snapshot =
        client == NULL ? NULL : qblk_snapshot_fetch(client, NULL, error);
    return snapshot == NULL ? NULL : qblk_snapshot_chain(snapshot, "vda", error);
}

/* An image that is reused, or a device that becomes the raw image as it is. */
static gboolean
look_at_image(const QblkInvocation *invocation, const QblkLive *live, const QblkCopyOptions *copy,
              QblkChain **found, GError **error)
{
    g_autoptr(QblkChain) chain =
        qblk_snapshot_chain(live->snapshot, invocation->arguments[1], error);
    if (chain == NULL) {
        return FALSE;
    }
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    const char *format = copy->format != NULL || top == NULL ? copy->format : top->format;
    if (!copy->reuse && !(copy->is_block && g_strcmp0(format, "raw") == 0)) {
        return TRUE;
    }
    *found = open_image(copy->destination, format, invocation->timeout_ms, error);
    if (*found == NULL) {
        g_prefix_error(error, "'%s' cannot be looked at: ", copy->destination);
    }
    return *found != NULL;
}

static QblkPlan *
plan_copy(const QblkPlanContext *context, gconstpointer options, GError **error)
{
    return qblk_plan_copy(context, options, error);
}

static QblkCopyEnd
end_of(const QblkJobOptions *options)
{
    return options->pivot ? QBLK_COPY_PIVOT : options->finish ? QBLK_COPY_FINISH : QBLK_COPY_STAY;
}

gboolean
qblk_cmd_copy(QblkInvocation *invocation, GError **error)
{
    const QblkJobOptions *options = &invocation->job;
    gboolean is_local = qblk_vm_is_local(invocation->arguments[0]);
    g_autoptr(QblkChain) found = NULL;
    g_autofree char *destination =
        check_options(options, error) ? absolute(invocation->arguments[2], is_local, error) : NULL;
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
    g_autoptr(QblkLive) live =
        look_far_away(invocation, &copy, error) ? qblk_change_open(invocation, error) : NULL;
    if (live == NULL || (is_local && (!look_at_place(options, &copy, error) ||
                                      !look_at_image(invocation, live, &copy, &found, error)))) {
        return FALSE;
    }
    copy.found = found;
    g_autoptr(GPtrArray) plans = qblk_change_plan(live, invocation, plan_copy, &copy, error);
    return plans != NULL && qblk_change_finish(live, invocation, plans, error);
}
