/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk mend`: put right what `qblk check` finds.
 *
 * It exits with 1 if something remains, which is not an error, as `qblk check` does. */
#include "cli/change.h"
#include "cli/commands.h"
#include "cli/exit-code.h"

#include <qblk/planner.h>

typedef struct {
    QblkChangeOptions change;
    char **backings; /* owned, or NULL: [LAYER=]PATH */
    gboolean leftovers;
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"backing", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->backings,
         "Name this file in the header of LAYER (default: the only wrong one)", "[LAYER=]PATH"},
        {"leftovers", 0, 0, G_OPTION_ARG_NONE, &options->leftovers,
         "Remove unused nodes and concluded jobs with names of qblk", NULL},
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
    g_strfreev(options->backings);
}

static QblkPlans *
plan_mend(const QblkChange *change, gconstpointer data, GError **error)
{
    const Options *options = data;
    const char *disk = change->invocation->count > 1 ? qblk_change_get_disk(change) : NULL;
    g_autoptr(QblkMendOptions) mend = qblk_mend_options_new();

    for (guint i = 0; options->backings != NULL && options->backings[i] != NULL; i++) {
        qblk_mend_options_add_backing(mend, options->backings[i]);
    }
    qblk_mend_options_set_leftovers(mend, options->leftovers);
    return qblk_plans_new_mend(change->client, change->snapshot, disk, mend, change->plan_options,
                               error);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    Options *options = invocation->options;

    if (invocation->count == 1 && options->backings != NULL) {
        return qblk_usage_error(error, "option --backing needs a DISK");
    }
    if (options->leftovers &&
        qblk_address_get_kind(invocation->address) == QBLK_ADDRESS_KIND_IMAGE) {
        return qblk_usage_error(error,
                                "option --leftovers needs a running QEMU: no operation can "
                                "leave nodes or jobs in the process that opens '%s'",
                                invocation->arguments[0]);
    }
    options->change.all_disks = invocation->count == 1;
    invocation->image_backings = options->backings;
    return qblk_change_run(invocation, &options->change, QBLK_RECOVER_FOR_NEW_JOB, plan_mend,
                           options, error);
}

const QblkCommand qblk_cmd_mend = {
    .name = "mend",
    .arguments = "VM [DISK]",
    .summary = "Put right what 'qblk check' finds",
    .description = "That is a wrong name or format of a backing file in the header of an image, or "
                   "a node or job that an earlier operation has left over.",
    .example = "qblk mend /run/vm1.qmp --dry-run",
    .group = QBLK_COMMAND_REPAIRS,
    .min_arguments = 1,
    .max_arguments = 2,
    .changes = TRUE,
    .is_offline = TRUE,
    .one_disk = TRUE,
    .takes_wrong_formats = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
