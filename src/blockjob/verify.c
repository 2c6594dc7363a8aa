/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/verify.h"

#include "blockjob/relative-name.h"

/* What the job wrote into a header has to lead to the image that is open below. */
static gboolean
names_next(const QblkLayer *layer, const QblkLayer *next)
{
    const char *name = layer->backing_name;
    if (next == NULL || name == NULL || name[0] == '\0') {
        return next == NULL && (name == NULL || name[0] == '\0');
    }
    return qblk_relative_name_leads(layer->filename, name, next->filename);
}

static gboolean
is_as_expected(const QblkLayer *layer, const QblkExpectation *expected)
{
    return g_strcmp0(layer->node_name, expected->node_name) == 0 &&
           g_strcmp0(layer->format, expected->format) == 0 &&
           g_strcmp0(layer->filename, expected->filename) == 0 &&
           (expected->backing_name == NULL ||
            g_strcmp0(layer->backing_name, expected->backing_name) == 0);
}

static void
append(GString *text, const char *node_name, const char *filename, const char *backing_name)
{
    g_string_append_printf(text, "%s%s (%s", text->len == 0 ? "" : " -> ", filename, node_name);
    if (backing_name != NULL) {
        g_string_append_printf(text, ", header says '%s'", backing_name);
    }
    g_string_append_c(text, ')');
}

static void
fail(const QblkChain *chain, const char *target, const GPtrArray *expected, GError **error)
{
    g_autoptr(GString) wanted = g_string_new(NULL);
    g_autoptr(GString) found = g_string_new(NULL);
    for (guint i = 0; i < expected->len; i++) {
        const QblkExpectation *layer = expected->pdata[i];
        append(wanted, layer->node_name, layer->filename, layer->backing_name);
    }
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        append(found, layer->node_name, layer->filename, layer->backing_name);
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "the job ended well, but the chain of '%s' is not the one expected: it is %s, and "
                "should be %s",
                target, found->str, wanted->str);
}

gboolean
qblk_verify_chain(const QblkChain *chain, const char *target, const GPtrArray *expected,
                  GError **error)
{
    gboolean is_same = chain->layers->len == expected->len;
    for (guint i = 0; is_same && i < expected->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        const QblkExpectation *wanted = expected->pdata[i];
        const QblkLayer *next = i + 1 < expected->len ? chain->layers->pdata[i + 1] : NULL;
        is_same = is_as_expected(layer, wanted) && (!wanted->names_next || names_next(layer, next));
    }
    if (!is_same) {
        fail(chain, target, expected, error);
    }
    return is_same;
}

static gboolean
is_disk_of(const QblkPlan *plan, const QblkDevice *device)
{
    if (plan->qdev != NULL) {
        return g_strcmp0(device->qdev, plan->qdev) == 0;
    }
    if (plan->backend != NULL) {
        return g_strcmp0(device->backend, plan->backend) == 0;
    }
    const QblkExpectation *top = plan->after->len == 0 ? NULL : plan->after->pdata[0];
    return top != NULL && g_strcmp0(device->node_name, top->node_name) == 0;
}

const char *
qblk_verify_find(const QblkPlan *plan, const QblkSnapshot *snapshot)
{
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (is_disk_of(plan, device)) {
            return device->target;
        }
    }
    return plan->target;
}
