/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk check`: differences between the chains, the image headers and --domain.
 *
 * As cmp(1), it exits with 1 if there are differences, which is not an error. */
#include "blockjob/merged-mark-plan.h"
#include "chain/chain-number.h"
#include "chain/check.h"
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/print/chain-text.h"
#include "cli/print/recover-report.h"
#include "cli/recovery.h"
#include "cli/vm.h"
#include "graph/content-json.h"
#include "image/image-file.h"
#include "recover/recover-image.h"

/* ---- checking ---- */

/* A path of this process, which leads to the file that QEMU has open if that is known. */
static const char *
get_path(const QblkLayer *layer, const QblkSource *source)
{
    return qblk_layer_file_is_known(layer->file) ? layer->file->here : source->path;
}

/* The header of the image of @layer, or NULL if it cannot be read here. */
static QblkImageHeader *
read_header(const QblkLayer *layer)
{
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, NULL);
    if (source == NULL || source->slice_offset != NULL ||
        !qblk_image_header_has_backing(layer->format)) {
        return NULL;
    }

    gboolean is_file = source->type == QBLK_SOURCE_FILE || source->type == QBLK_SOURCE_BLOCK;
    const char *path = get_path(layer, source);
    if (!is_file || path == NULL || !g_path_is_absolute(path)) {
        return NULL;
    }

    /* If the file is not known, a QEMU in another mount namespace may name an image that does not
     * exist here, or that is another one and has another format. */
    g_autoptr(QblkImageFile) file = qblk_image_file_read(path, NULL);
    if (file == NULL) {
        return NULL;
    }
    return qblk_image_header_read(layer->format, file->bytes, file->length, NULL);
}

static void
header_free(gpointer header)
{
    qblk_image_header_free(header);
}

static void
check_chain(const QblkVm *vm, const QblkChain *chain, GPtrArray *differences)
{
    const QblkInvocation *invocation = vm->invocation;
    QblkOpenedFiles *opened = vm->snapshot == NULL ? NULL : vm->snapshot->opened;
    gboolean is_local = qblk_address_is_local(invocation->address);
    g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(header_free);

    for (guint i = 0; i < chain->layers->len; i++) {
        g_ptr_array_add(headers, is_local ? read_header(chain->layers->pdata[i]) : NULL);
    }
    qblk_check_files(chain, differences);
    qblk_check_content(chain, differences);
    qblk_check_headers(chain, opened, headers, differences);

    if (invocation->domain != NULL) {
        g_autoptr(QblkChain) expected = qblk_chain_find(invocation->domain, chain->target, NULL);
        qblk_check_domain(chain, expected, differences);
    }
}

/* TRUE if @expected, of a domain, and the disk with its name in @vm have no block node. */
static gboolean
is_vhost_user(const QblkVm *vm, const QblkChain *expected)
{
    const QblkLayer *top = qblk_chain_get_layer(expected, 0);
    g_autoptr(QblkSource) source = top == NULL ? NULL : qblk_layer_decode_source(top, NULL);
    return source != NULL && source->type == QBLK_SOURCE_VHOST_USER &&
           qblk_vm_is_vhost_user(vm, expected->target);
}

/* Report the jobs of the named disks, or all. */
static void
check_jobs(const QblkVm *vm, const GPtrArray *chains, GPtrArray *differences)
{
    if (vm->snapshot == NULL) {
        return;
    }
    if (vm->invocation->count == 1) {
        qblk_check_jobs(vm->snapshot, NULL, differences);
        return;
    }

    for (guint i = 0; i < chains->len; i++) {
        const QblkChain *chain = chains->pdata[i];
        qblk_check_jobs(vm->snapshot, chain->target, differences);
    }
}

/* Report the disks without a block node that the VM has and --domain does not have. */
static void
check_vhost_user(const QblkVm *vm, GPtrArray *differences)
{
    g_autofree const char **targets = qblk_vm_get_targets(vm);
    for (guint i = 0; targets[i] != NULL; i++) {
        g_autoptr(QblkChain) expected = qblk_chain_find(vm->invocation->domain, targets[i], NULL);
        if (expected == NULL && qblk_vm_is_vhost_user(vm, targets[i])) {
            g_autoptr(QblkChain) running = qblk_chain_new(targets[i]);
            qblk_check_domain(running, NULL, differences);
        }
    }
}

/* Report the disks that only one of --domain and the VM has. */
static void
check_missing(const QblkVm *vm, const GPtrArray *chains, GPtrArray *differences)
{
    const QblkInvocation *invocation = vm->invocation;
    if (invocation->domain == NULL || invocation->count > 1) {
        return;
    }

    for (guint i = 0; i < invocation->domain->len; i++) {
        const QblkChain *expected = invocation->domain->pdata[i];
        g_autoptr(QblkChain) running = qblk_chain_find(chains, expected->target, NULL);

        if (running == NULL && !is_vhost_user(vm, expected)) {
            qblk_check_domain(NULL, expected, differences);
        }
    }
    check_vhost_user(vm, differences);
}

/* Returns: (transfer full): of QblkStaleImage: the images of @chains that were merged. */
static GPtrArray *
find_stale(const QblkInvocation *invocation, const GPtrArray *chains)
{
    const QblkRecoveryOptions *options = invocation->options;
    g_autofree char *directory = qblk_recovery_directory(options->state_dir);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(directory);
    GPtrArray *stale = qblk_merged_mark_stale_new();

    for (guint i = 0; i < chains->len && qblk_address_is_local(invocation->address); i++) {
        qblk_merged_mark_find_stale(chains->pdata[i], marks, stale);
    }
    return stale;
}

/* If the VM is an image, check if the guest has to boot from another image after a crash. */
static gboolean
check_image(const QblkInvocation *invocation, QblkImageVerdict **verdict, GError **error)
{
    const QblkRecoveryOptions *options = invocation->options;
    const QblkAddress *address = invocation->address;

    if (address->kind != QBLK_ADDRESS_IMAGE) {
        return TRUE;
    }

    g_autofree char *directory = qblk_recovery_directory(options->state_dir);
    return qblk_recover_image_check(directory, address->path, verdict, error);
}

/* ---- output ---- */

static QblkJson *
difference_json(const QblkDifference *difference)
{
    QblkJson *object = qblk_json_new_object();
    g_autofree char *text = qblk_difference_text(difference);

    qblk_json_set_string(object, "disk", difference->disk);
    qblk_json_set_string(object, "layer", difference->layer);
    qblk_json_set_string(object, "kind", qblk_difference_kind_name(difference->kind));
    qblk_json_set_string(object, "expected", difference->expected);
    qblk_json_set_string(object, "found", difference->found);
    qblk_json_set_string(object, "text", text);
    return object;
}

static void
add_json(QblkJson *result, const GPtrArray *differences)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; i < differences->len; i++) {
        qblk_json_append(list, difference_json(differences->pdata[i]));
    }
    qblk_json_set(result, "differences", list);
}

static void
add_stale_json(QblkJson *result, const GPtrArray *stale)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; i < stale->len; i++) {
        const QblkStaleImage *image = stale->pdata[i];
        QblkJson *object = qblk_json_new_object();
        qblk_json_set_string(object, "disk", image->disk);
        qblk_json_set_string(object, "file", image->image);
        gboolean is_copy = image->mark->is_copy;
        qblk_json_set_string(object, "merged-into", is_copy ? NULL : image->mark->into);
        qblk_json_set_string(object, "copy-of", is_copy ? image->mark->into : NULL);
        qblk_json_set_string(object, "mark", image->mark->place);
        qblk_json_append(list, object);
    }
    qblk_json_set(result, "stale", list);
}

/* The verdict tells the same of the image that it is on. */
static void
print_stale(QblkOutput *output, const GPtrArray *stale, const QblkImageVerdict *verdict)
{
    for (guint i = 0; i < stale->len; i++) {
        const QblkStaleImage *image = stale->pdata[i];
        if (verdict == NULL || image->position > 0) {
            g_autofree char *text = qblk_output_escape(image->text);
            qblk_output_print(output, "%s: %s\n", image->disk, text);
        }
    }
}

static void
print_lines(QblkOutput *output, const GPtrArray *differences)
{
    for (guint i = 0; i < differences->len; i++) {
        g_autofree char *text = qblk_difference_text(differences->pdata[i]);
        g_autofree char *safe = qblk_output_escape(text);
        qblk_output_print(output, "%s\n", safe);
    }
}

/* Users are no difference: they are listed because a job would harm them. */
static void
add_users_json(QblkJson *result, const GPtrArray *chains)
{
    QblkJson *list = qblk_json_new_array();

    for (guint i = 0; i < chains->len; i++) {
        const QblkChain *chain = chains->pdata[i];
        for (guint j = 0; j < chain->layers->len; j++) {
            const QblkLayer *layer = chain->layers->pdata[j];
            if (layer->users == NULL && !layer->is_inactive) {
                continue;
            }
            QblkJson *object = qblk_json_new_object();
            g_autofree char *spec = qblk_chain_layer_spec(chain, layer);
            qblk_json_set_string(object, "disk", chain->target);
            qblk_json_set_string(object, "layer", spec);
            qblk_json_set_boolean(object, "active", !layer->is_inactive);
            qblk_json_set(object, "users", qblk_users_json_new(layer->users));
            qblk_json_append(list, object);
        }
    }
    qblk_json_set(result, "used-layers", list);
}

static void
print_result(QblkOutput *output, const GPtrArray *chains, const GPtrArray *differences,
             const GPtrArray *stale, const QblkImageVerdict *verdict)
{
    if (output->json) {
        QblkJson *result = qblk_json_new_object();
        add_json(result, differences);
        add_stale_json(result, stale);
        add_users_json(result, chains);
        if (verdict != NULL) {
            qblk_image_verdict_add_json(verdict, result);
        }
        qblk_output_json(output, result);
        return;
    }

    print_lines(output, differences);
    print_stale(output, stale, verdict);
    for (guint i = 0; i < chains->len; i++) {
        qblk_chain_text_print_users(chains->pdata[i], "", output);
    }
    if (verdict != NULL) {
        g_autofree char *text = qblk_image_verdict_to_text(verdict);
        qblk_output_print(output, "%s", text);
    }
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const QblkRecoveryOptions *options = invocation->options;
    if (!qblk_recovery_check_state_dir(options->state_dir, error)) {
        return FALSE;
    }

    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL) {
        return FALSE;
    }

    g_autoptr(GPtrArray) chains = qblk_vm_find_chains(vm, error);
    if (chains == NULL) {
        return FALSE;
    }

    g_autoptr(GPtrArray) differences = qblk_differences_new();
    for (guint i = 0; i < chains->len; i++) {
        check_chain(vm, chains->pdata[i], differences);
    }
    check_jobs(vm, chains, differences);
    check_missing(vm, chains, differences);

    g_autoptr(QblkImageVerdict) verdict = NULL;
    if (!check_image(invocation, &verdict, error)) {
        return FALSE;
    }

    g_autoptr(GPtrArray) stale = find_stale(invocation, chains);
    gboolean is_consistent = differences->len == 0 && stale->len == 0 && verdict == NULL;
    invocation->exit_code = is_consistent ? QBLK_EXIT_DONE : QBLK_EXIT_FAILED;
    print_result(&invocation->output, chains, differences, stale, verdict);
    return TRUE;
}

const QblkCommand qblk_cmd_check = {
    .name = "check",
    .arguments = "VM [DISK...]",
    .summary = "Compare chains with image headers and --domain",
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .one_disk = TRUE,
    .prints_stale = TRUE,
    .options_size = sizeof(QblkRecoveryOptions),
    .add_options = qblk_recovery_options_add,
    .clear_options = qblk_recovery_options_clear,
    .run = run,
};
