/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/several.h"

#include "cli/command.h"
#include "cli/exit-code.h"
#include "cli/print/heading.h"
#include "cli/vm-argument.h"
#include "cli/vm.h"

#include <qblk/error.h>
#include <qblk/redact.h>
#include <qblk/snapshots-fetch.h>
#include <string.h>

/* The time in which QEMU notices the end of a client. */
#define BUSY_PAUSE_US 200000

/* ---- setting up ---- */

static QblkInvocation *
new_part(const QblkInvocation *whole, const char *name)
{
    QblkInvocation *part = g_new0(QblkInvocation, 1);
    part->command = whole->command;
    part->options = whole->options;
    part->arguments = g_strdupv(whole->arguments);
    part->count = whole->count;
    g_free(part->arguments[0]);
    part->arguments[0] = g_strdup(name);
    part->vms = whole->vms == NULL ? NULL : qblk_vms_ref(whole->vms);
    part->snapshot_options = qblk_snapshot_options_new();

    qblk_output_init(&part->output);
    part->output.command = whole->output.command;
    part->output.vm = name;
    part->output.terminal = whole->output.terminal;
    part->output.error_terminal = whole->output.error_terminal;
    part->output.json = whole->output.json;
    return part;
}

void
qblk_several_free(gpointer data)
{
    QblkInvocation *part = data;

    /* The whole has the options, too. */
    part->command = NULL;
    part->options = NULL;
    qblk_invocation_clear(part);
    g_free(part);
}

static void
resolve(QblkInvocation *part, const QblkGlobalOptions *options)
{
    if (!qblk_vm_argument_resolve(part, FALSE, &part->failure) ||
        !qblk_global_options_apply(options, part, &part->failure)) {
        g_assert(part->failure != NULL);
    }
}

static gboolean
is_busy(const QblkInvocation *part)
{
    return g_error_matches(part->failure, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY);
}

/* Clients that have ended may still seem to hold monitors: look at all of these again, once. */
static void
resolve_busy(const QblkInvocation *whole, const QblkGlobalOptions *options)
{
    gboolean has_busy = FALSE;
    for (guint i = 0; i < whole->each->len; i++) {
        has_busy |= is_busy(whole->each->pdata[i]);
    }
    if (!has_busy) {
        return;
    }

    g_usleep(BUSY_PAUSE_US);
    g_autoptr(QblkVms) vms = qblk_vms_find(NULL, NULL);
    for (guint i = 0; vms != NULL && i < whole->each->len; i++) {
        QblkInvocation *part = whole->each->pdata[i];
        if (is_busy(part)) {
            qblk_vms_unref(part->vms);
            part->vms = qblk_vms_ref(vms);
            g_clear_error(&part->failure);
            resolve(part, options);
        }
    }
}

gboolean
qblk_several_set_up(QblkInvocation *invocation, const QblkGlobalOptions *options, GError **error)
{
    const GPtrArray *names = invocation->vm_names;
    gboolean has_names = FALSE;
    for (guint i = 0; i < names->len; i++) {
        has_names |= !qblk_address_has_form(names->pdata[i]);
    }
    if (has_names && qblk_vm_argument_find_vms(invocation, error) == NULL) {
        return FALSE;
    }

    invocation->each = g_ptr_array_new_with_free_func(qblk_several_free);
    for (guint i = 0; i < names->len; i++) {
        QblkInvocation *part = new_part(invocation, names->pdata[i]);
        g_ptr_array_add(invocation->each, part);
        resolve(part, options);
    }
    resolve_busy(invocation, options);
    return TRUE;
}

/* ---- output ---- */

typedef struct {
    QblkInvocation *whole;
    QblkHeadingForm form;
    GArray *fetched; /* of guint: the indexes of the VMs that are fetched */
    guint next;      /* the index of the VM whose turn it is */
    int exit_code;   /* of the last one that failed */
    GError *error;   /* owned: of the output */
} Run;

static gboolean
has_headings(const Run *run)
{
    const QblkInvocation *whole = run->whole;
    return whole->has_vm_list || whole->each->len > 1;
}

/* Append an element to the array.  @text: an object and its line end */
static void
append_json(Run *run, const char *text)
{
    GString *array = run->whole->output.text;
    if (array->len == 0) {
        g_string_append(array, "[\n");
    } else {
        g_string_truncate(array, array->len - 1);
        g_string_append(array, ",\n");
    }
    g_string_append(array, text);
}

static void
append_error(Run *run, QblkInvocation *part, const GError *cause)
{
    QblkJson *reason = qblk_json_new_object();
    QblkJson *object = qblk_json_new_object();
    g_autofree char *message = qblk_redact_text(cause->message);

    qblk_json_set_string(reason, "message", message);
    qblk_json_set_integer(reason, "exit-code", qblk_exit_code(cause));
    qblk_json_set(object, "error", reason);
    g_string_truncate(part->output.text, 0);
    qblk_output_json(&part->output, object);
    append_json(run, part->output.text->str);
}

/* Warnings of the command are after its heading, also on a terminal. */
static gboolean
print_heading(Run *run, QblkInvocation *part)
{
    QblkOutput *output = &part->output;
    gboolean is_apart = run->form != QBLK_HEADING_LINE && run->form != QBLK_HEADING_JSON &&
                        run->form != QBLK_HEADING_NONE;
    if (!has_headings(run) || !is_apart) {
        return TRUE;
    }

    qblk_heading_print(run->form, run->next == 0, output);
    return qblk_output_flush(output, &run->error);
}

static gboolean
print_result(Run *run, QblkInvocation *part)
{
    QblkOutput *output = &part->output;
    if (run->form == QBLK_HEADING_JSON) {
        append_json(run, output->text->str);
        return TRUE;
    }
    if (has_headings(run) && run->form == QBLK_HEADING_LINE) {
        g_autoptr(GString) result = g_steal_pointer(&output->text);
        output->text = g_string_new(NULL);
        qblk_heading_print(run->form, run->next == 0, output);
        g_string_append_len(output->text, result->str, (gssize)result->len);
    }
    return qblk_output_flush(output, &run->error);
}

/* The next VM, which was read, if that was not to be done in its turn.  Returns: FALSE if the
 * output cannot be written. */
static gboolean
run_next(Run *run)
{
    QblkInvocation *part = run->whole->each->pdata[run->next];
    if (!print_heading(run, part)) {
        return FALSE;
    }

    part->is_early = FALSE;
    if (part->early_warning != NULL) {
        qblk_output_warn(&part->output, part->early_warning);
    }

    if (part->failure == NULL) {
        (void)!part->command->run(part, &part->failure);
    }
    gboolean done = part->failure == NULL;
    if (!done) {
        qblk_vm_argument_explain(part, &part->failure);
    }
    gboolean is_written = TRUE;
    if (done) {
        is_written = print_result(run, part);
    } else {
        qblk_report_error(&part->output, part->failure);
    }
    if (!done && run->form == QBLK_HEADING_JSON) {
        append_error(run, part, part->failure);
    }

    int exit_code = done ? part->exit_code : qblk_exit_code(part->failure);
    run->exit_code = exit_code == 0 ? run->exit_code : exit_code;
    run->next++;
    qblk_output_clear(&part->output);
    return is_written;
}

/* ---- running ---- */

/* All VMs before it were read, or are read in their turn. */
static gboolean
take_snapshot(guint index, const QblkSnapshot *snapshot, const GError *error, gpointer user_data)
{
    Run *run = user_data;
    guint number = g_array_index(run->fetched, guint, index);
    QblkInvocation *part = run->whole->each->pdata[number];
    if (snapshot != NULL) {
        part->fetched = qblk_snapshot_ref(snapshot);
    } else {
        part->failure = g_error_copy(error);
    }

    while (run->next <= number) {
        if (!run_next(run)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
run_all(Run *run, GError **error)
{
    GPtrArray *each = run->whole->each;
    g_autoptr(QblkSnapshotsFetch) fetch = qblk_snapshots_fetch_new();

    for (guint i = 0; i < each->len; i++) {
        QblkInvocation *part = each->pdata[i];
        if (part->failure == NULL && qblk_address_has_monitor(part->address) &&
            !part->command->needs_replies) {
            part->is_early = TRUE;
            qblk_vm_set_up_options(part);
            qblk_snapshots_fetch_add(fetch, qblk_address_get_text(part->address),
                                     part->snapshot_options, part->timeout_ms);
            g_array_append_val(run->fetched, i);
        }
    }

    if (!qblk_snapshots_fetch_run(fetch, take_snapshot, run, error)) {
        return FALSE;
    }
    while (run->error == NULL && run->next < each->len) {
        (void)run_next(run);
    }
    if (run->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&run->error));
        return FALSE;
    }
    return TRUE;
}

gboolean
qblk_several_run(QblkInvocation *invocation, GError **error)
{
    const QblkCommand *command = invocation->command;
    Run run = {.whole = invocation,
               .form = invocation->output.json ? QBLK_HEADING_JSON : QBLK_HEADING_TEXT};
    if (command->begin_several != NULL && !command->begin_several(invocation, &run.form, error)) {
        return FALSE;
    }

    run.fetched = g_array_new(FALSE, FALSE, sizeof(guint));
    gboolean done = run_all(&run, error);
    g_array_unref(run.fetched);
    if (!done) {
        return FALSE;
    }

    if (command->end_several != NULL && !command->end_several(invocation, error)) {
        return FALSE;
    }
    if (run.form == QBLK_HEADING_JSON) {
        invocation->output.is_data = TRUE;
        GString *array = invocation->output.text;
        g_string_append(array, array->len == 0 ? "[]\n" : "]\n");
    } else if (run.form == QBLK_HEADING_TEXT && invocation->each->len == 0) {
        qblk_output_print(&invocation->output, "no VMs\n");
    }
    gboolean is_one = invocation->each->len <= 1 && command->end_several == NULL;
    gboolean has_failed_of_several = run.exit_code != 0 && !is_one;
    invocation->exit_code = has_failed_of_several ? QBLK_EXIT_FAILED : run.exit_code;
    return TRUE;
}
