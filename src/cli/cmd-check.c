/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/exit-code.h"
#include "cli/print/output.h"
#include "cli/print/recover-report.h"
#include "cli/recovery.h"
#include "cli/vm.h"
#include "graph/check.h"
#include "image/image-file.h"
#include "recover/recover-image.h"

#include <string.h>

#define IMAGE "image:"

/* The header of @layer as it is now; NULL where its image is not at hand, or what is at hand there
 * is another one, as with a QEMU in another mount namespace. */
static QblkImageHeader *
read_header(const QblkLayer *layer)
{
    const QblkSource *source = layer->source;
    gboolean is_local =
        source != NULL && (source->type == QBLK_SOURCE_FILE || source->type == QBLK_SOURCE_BLOCK);
    if (!is_local || source->path == NULL || source->path[0] != '/' ||
        source->slice_offset != NULL || !qblk_image_header_has_backing(layer->format)) {
        return NULL;
    }
    g_autoptr(QblkImageFile) file = qblk_image_file_read(source->path, NULL);
    return file == NULL ? NULL
                        : qblk_image_header_read(layer->format, file->bytes, file->length, NULL);
}

static void
header_free(gpointer header)
{
    qblk_image_header_free(header);
}

static void
check_chain(const QblkVm *vm, const QblkInvocation *invocation, const QblkChain *chain,
            GPtrArray *differences)
{
    g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(header_free);
    for (guint i = 0; i < chain->layers->len; i++) {
        g_ptr_array_add(headers, vm->is_local ? read_header(chain->layers->pdata[i]) : NULL);
    }
    qblk_check_headers(chain, headers, differences);
    if (invocation->domain != NULL) {
        g_autoptr(QblkChain) believed = qblk_chain_find(invocation->domain, chain->target, NULL);
        qblk_check_domain(chain, believed, differences);
    }
}

/* Disks that the domain has and the VM has not. */
static void
check_missing(const QblkInvocation *invocation, const GPtrArray *chains, GPtrArray *differences)
{
    if (invocation->domain == NULL || invocation->count > 1) {
        return;
    }
    for (guint i = 0; i < invocation->domain->len; i++) {
        const QblkChain *believed = invocation->domain->pdata[i];
        g_autoptr(QblkChain) running = qblk_chain_find(chains, believed->target, NULL);
        if (running == NULL) {
            qblk_check_domain(NULL, believed, differences);
        }
    }
}

static QblkJson *
report(const QblkDifference *difference)
{
    QblkJson *object = qblk_json_new_object();
    qblk_json_set_string(object, "disk", difference->disk);
    qblk_json_set_string(object, "layer", difference->layer);
    qblk_json_set_string(object, "kind", qblk_check_kind_name(difference->kind));
    qblk_json_set_string(object, "expected", difference->expected);
    qblk_json_set_string(object, "found", difference->found);
    return object;
}

static void
add_json(QblkJson *result, const GPtrArray *differences)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < differences->len; i++) {
        qblk_json_append(list, report(differences->pdata[i]));
    }
    qblk_json_set(result, "differences", list);
}

static void
print_lines(QblkInvocation *invocation, const GPtrArray *differences)
{
    for (guint i = 0; i < differences->len; i++) {
        g_autofree char *text = qblk_check_text(differences->pdata[i]);
        g_autofree char *safe = qblk_output_escape(text);
        qblk_output_print(&invocation->output, "%s\n", safe);
    }
}

/* If the VM is an image, find out which image to boot from instead of it after a crash. */
static gboolean
check_image(const QblkInvocation *invocation, QblkImageVerdict **verdict, GError **error)
{
    const char *name = invocation->arguments[0];
    if (!g_str_has_prefix(name, IMAGE)) {
        return TRUE;
    }
    g_autofree char *directory = qblk_recovery_directory(invocation);
    return qblk_recover_image_check(directory, name + strlen(IMAGE), verdict, error);
}

static void
print_result(QblkInvocation *invocation, const GPtrArray *differences,
             const QblkImageVerdict *verdict)
{
    if (invocation->output.json) {
        QblkJson *result = qblk_json_new_object();
        add_json(result, differences);
        if (verdict != NULL) {
            qblk_recover_report_add_verdict(result, verdict);
        }
        qblk_output_json(&invocation->output, result);
        return;
    }
    print_lines(invocation, differences);
    if (verdict != NULL) {
        qblk_recover_report_print_verdict(&invocation->output, verdict);
    }
}

gboolean
qblk_cmd_check(QblkInvocation *invocation, GError **error)
{
    g_autoptr(GPtrArray) differences = qblk_check_new();
    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    g_autoptr(GPtrArray) chains = vm == NULL ? NULL : qblk_vm_chains(vm, invocation, error);
    if (chains == NULL) {
        return FALSE;
    }
    for (guint i = 0; i < chains->len; i++) {
        check_chain(vm, invocation, chains->pdata[i], differences);
    }
    check_missing(invocation, chains, differences);

    g_autoptr(QblkImageVerdict) verdict = NULL;
    if (!check_image(invocation, &verdict, error)) {
        return FALSE;
    }
    print_result(invocation, differences, verdict);
    gboolean is_fine = differences->len == 0 && verdict == NULL;
    invocation->exit_code = is_fine ? QBLK_EXIT_DONE : QBLK_EXIT_FAILED;
    return TRUE;
}
