/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-copy.h"

#include "plan/backing-string.h"
#include "plan/plan-check.h"

#define ID_PART_LONGEST 12 /* a node-name has 31 bytes at most */

/* The formats that are made here: those in which the copy can have the very size of the disk. */
static const struct {
    const char *name;
    gboolean has_backing;
} formats[] = {{"raw", FALSE}, {"qcow2", TRUE}, {"qed", TRUE}};

typedef struct {
    const QblkPlanContext *context;
    const QblkCopyOptions *options;
    const QblkChain *chain;
    const QblkLayer *top;
    const QblkLayer *base; /* what a shallow copy has below it; NULL for a full one */
    const char *format;
    char *node;         /* of the copy */
    char *storage;      /* of its file */
    char *backing_name; /* for its header, or NULL */
    gboolean opens_own; /* the header of the copy leads to other images than those that are open */
} Copy;

static void
copy_clear(Copy *copy)
{
    g_free(copy->node);
    g_free(copy->storage);
    g_free(copy->backing_name);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Copy, copy_clear)

/* ---- checks ---- */

static gboolean
has_backing(const char *format)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(formats[i].name, format)) {
            return formats[i].has_backing;
        }
    }
    return FALSE;
}

static gboolean
check_format(const Copy *copy, GError **error)
{
    gboolean is_made = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        is_made = is_made || g_str_equal(formats[i].name, copy->format);
    }
    const QblkNode *top = qblk_snapshot_node(copy->context->snapshot, copy->top->node_name);
    gboolean is_encrypted = top != NULL && top->encryption != NULL;
    if (is_encrypted && !copy->options->reuse && copy->options->format == NULL) {
        return qblk_plan_check_refuse(
            error,
            "'%s' is encrypted, and a copy that is made here would not be: say --format "
            "to have it so, or make the image and say --reuse-external",
            copy->chain->target);
    }
    if (!is_made && !copy->options->reuse) {
        return qblk_plan_check_refuse(
            error,
            "no copy is made in format '%s': say --format raw, qcow2 or qed, or make the "
            "image and say --reuse-external",
            copy->format);
    }
    if (copy->base != NULL && !has_backing(copy->format)) {
        return qblk_plan_check_refuse(
            error,
            "a shallow copy needs a format with backing images (qcow2, qed), and '%s' "
            "has none",
            copy->format);
    }
    return TRUE;
}

/* Whatever QEMU has open by that name is no place for a copy. */
static gboolean
check_place(const Copy *copy, GError **error)
{
    const char *destination = copy->options->destination;
    const GPtrArray *nodes = copy->context->snapshot->nodes;
    for (guint i = 0; i < nodes->len; i++) {
        const QblkNode *node = nodes->pdata[i];
        if (node->filename[0] == '/' &&
            qblk_backing_string_leads_to(destination, destination, node->filename)) {
            return qblk_plan_check_refuse(error, "QEMU has '%s' open already, as node '%s'",
                                          destination, node->name);
        }
    }
    return TRUE;
}

/* QEMU mirrors to an image of the same size only. */
static gboolean
check_size(const Copy *copy, GError **error)
{
    const QblkChain *found = copy->options->found;
    const QblkLayer *layer = found == NULL ? NULL : qblk_chain_get_layer(found, 0);
    if (layer == NULL || layer->virtual_size == copy->top->virtual_size) {
        return TRUE;
    }
    return qblk_plan_check_refuse(error,
                                  "'%s' has %" G_GINT64_FORMAT
                                  " bytes, and '%s' has %" G_GINT64_FORMAT
                                  ": a copy has to have the same size",
                                  copy->options->destination, layer->virtual_size,
                                  copy->chain->target, copy->top->virtual_size);
}

/* What the header of an image that is reused says is below it. */
static gboolean
check_backing(Copy *copy, GError **error)
{
    const QblkChain *found = copy->options->found;
    const char *destination = copy->options->destination;
    if (!copy->options->reuse || found == NULL) {
        return TRUE;
    }
    const QblkLayer *below = qblk_chain_get_layer(found, 1);
    if (copy->base == NULL && below != NULL) {
        return qblk_plan_check_refuse(
            error,
            "the backing image '%s' of '%s' would be seen below the copy at the next "
            "start: say --shallow, or use an image without one",
            below->filename, destination);
    }
    if (copy->base != NULL && below == NULL) {
        return qblk_plan_check_refuse(
            error, "'%s' has no backing image, and a shallow copy would lack what is in '%s'",
            destination, copy->base->filename);
    }
    copy->opens_own = below != NULL && !qblk_backing_string_leads_to(destination, below->filename,
                                                                     copy->base->filename);
    return TRUE;
}

static gboolean
choose_backing_name(Copy *copy, GError **error)
{
    if (copy->base == NULL || copy->options->reuse) {
        return TRUE;
    }
    const char *name = qblk_backing_string_absolute(copy->base);
    gboolean is_sayable = !copy->base->had_secrets && copy->base->filename[0] != '\0' &&
                          copy->base->storage_filters->len == 0;
    if (name == NULL && !is_sayable) {
        return qblk_plan_check_refuse(error,
                                      "the header of '%s' could not say that '%s' is below it",
                                      copy->options->destination, copy->base->filename);
    }
    copy->backing_name = g_strdup(name == NULL ? copy->base->filename : name);
    return TRUE;
}

static gboolean
check(Copy *copy, GError **error)
{
    return check_format(copy, error) && check_place(copy, error) && check_size(copy, error) &&
           check_backing(copy, error) && choose_backing_name(copy, error);
}

/* ---- the steps ---- */

/* Names that no node has yet: the copy before this one may be the active layer now. */
static void
choose_names(Copy *copy)
{
    const QblkSnapshot *snapshot = copy->context->snapshot;
    g_autofree char *id = qblk_plan_id_part(copy->chain->target);
    for (guint i = 1;; i++) {
        g_autofree char *node = g_strdup_printf("qblk-%.*s-%u", ID_PART_LONGEST, id, i);
        g_autofree char *storage = g_strconcat(node, "-file", NULL);
        if (qblk_snapshot_node(snapshot, node) == NULL &&
            qblk_snapshot_node(snapshot, storage) == NULL) {
            copy->node = g_steal_pointer(&node);
            copy->storage = g_steal_pointer(&storage);
            return;
        }
    }
}

static QblkJson *
new_options(const char *driver)
{
    QblkJson *options = qblk_json_new_object();
    qblk_json_set_string(options, "driver", driver);
    return options;
}

/* A job that makes something, and is forgotten at once. */
static void
add_creation(QblkPlan *plan, const char *purpose, QblkJson *options)
{
    g_autofree char *id = g_strconcat(plan->job, "-create", NULL);
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "job-id", id);
    qblk_json_set(arguments, "options", options);
    (void)qblk_plan_add_job(plan, purpose, "blockdev-create", arguments, id, "concluded");
    QblkStep *dismiss =
        qblk_plan_add_for_job(plan, "forget the job that made it", "job-dismiss", id, NULL);
    dismiss->may_fail = TRUE;
}

static void
add_create_file(QblkPlan *plan, const Copy *copy)
{
    gboolean is_raw = g_str_equal(copy->format, "raw");
    QblkJson *options = new_options("file");
    qblk_json_set_string(options, "filename", copy->options->destination);
    qblk_json_set_integer(options, "size", is_raw ? copy->top->virtual_size : 0);
    add_creation(plan, "make the file of the copy", options);
}

static void
add_create_image(QblkPlan *plan, const Copy *copy)
{
    QblkJson *options = new_options(copy->format);
    qblk_json_set_string(options, "file", copy->storage);
    qblk_json_set_integer(options, "size", copy->top->virtual_size);
    if (copy->backing_name != NULL) {
        qblk_json_set_string(options, "backing-file", copy->backing_name);
        qblk_json_set_string(options, "backing-fmt", copy->base->format);
    }
    add_creation(plan, "make an image in it", options);
}

/* As the active layer has it: a guest that relies on cache=none does not stop to.  That flushes are
 * ignored (cache=unsafe, snapshot=on) is not taken over to an image that is to stay. */
static void
set_cache(QblkJson *options, const Copy *copy)
{
    const QblkNode *node = qblk_snapshot_node(copy->context->snapshot, copy->top->node_name);
    if (node != NULL && node->is_direct) {
        QblkJson *cache = qblk_json_new_object();
        qblk_json_set_boolean(cache, "direct", TRUE);
        qblk_json_set(options, "cache", cache);
    }
}

static void
add_open_file(QblkPlan *plan, const Copy *copy)
{
    QblkJson *options = new_options(copy->options->is_block ? "host_device" : "file");
    qblk_json_set_string(options, "filename", copy->options->destination);
    qblk_json_set_string(options, "discard", "unmap");
    set_cache(options, copy);
    qblk_plan_add_open(plan, "open the file of the copy", copy->storage, options);
}

static void
add_open_image(QblkPlan *plan, const Copy *copy)
{
    const QblkNode *node = qblk_snapshot_node(copy->context->snapshot, copy->top->node_name);
    QblkJson *options = new_options(copy->format);
    qblk_json_set_string(options, "file", copy->storage);
    qblk_json_set_string(options, "discard", "unmap");
    if (node != NULL && node->detects_zeroes != NULL && !g_str_equal(node->detects_zeroes, "off")) {
        qblk_json_set_string(options, "detect-zeroes", node->detects_zeroes);
    }
    set_cache(options, copy);
    if (copy->base != NULL && !copy->opens_own) {
        qblk_json_set_string(options, "backing", copy->base->node_name);
    } else if (copy->base == NULL && has_backing(copy->format)) {
        qblk_json_set(options, "backing", qblk_json_new_null());
    }
    qblk_plan_add_open(plan, "open the copy", copy->node, options);
}

static gboolean
is_below_filter(const Copy *copy)
{
    return g_strcmp0(copy->chain->root, copy->top->node_name) != 0;
}

static void
add_start(QblkPlan *plan, const Copy *copy)
{
    const QblkCopyOptions *options = copy->options;
    QblkJson *arguments = qblk_plan_job_arguments(plan, copy->context, TRUE);
    qblk_json_set_string(arguments, "device", copy->chain->root);
    qblk_json_set_string(arguments, "target", copy->node);
    qblk_json_set_string(arguments, "sync", copy->base == NULL ? "full" : "top");
    if (is_below_filter(copy)) {
        qblk_json_set_string(arguments, "replaces", copy->top->node_name);
    }
    if (options->synchronous) {
        qblk_json_set_string(arguments, "copy-mode", "write-blocking");
    }
    if (options->granularity > 0) {
        qblk_json_set_integer(arguments, "granularity", options->granularity);
    }
    if (options->buffer_size > 0) {
        qblk_json_set_integer(arguments, "buf-size", options->buffer_size);
    }
    (void)qblk_plan_add_job(plan, "start the job", "blockdev-mirror", arguments, plan->job,
                            "ready");
}

static void
add_closes(QblkPlan *plan, const Copy *copy)
{
    guint end = copy->base == NULL || copy->opens_own ? copy->chain->layers->len : 1;
    for (guint i = 0; i < end; i++) {
        qblk_plan_add_close_layer(plan, copy->context, copy->chain->layers->pdata[i]);
    }
}

static void
add_steps(QblkPlan *plan, const Copy *copy)
{
    const QblkCopyOptions *options = copy->options;
    if (!options->reuse && !options->is_block) {
        add_create_file(plan, copy);
    }
    add_open_file(plan, copy);
    if (!options->reuse && !g_str_equal(copy->format, "raw")) {
        add_create_image(plan, copy);
    }
    add_open_image(plan, copy);
    add_start(plan, copy);
    switch (options->end) {
    case QBLK_COPY_STAY:
        plan->stays_ready = TRUE;
        return;
    case QBLK_COPY_PIVOT:
        /* With "replaces" mirror_complete() sets an error that is set already (5.2, 7.2). */
        qblk_plan_add_complete(plan, "make the copy the active layer")->at_most_once =
            is_below_filter(copy);
        add_closes(plan, copy);
        return;
    case QBLK_COPY_FINISH:
        qblk_plan_add_leave(plan, "end the job and keep the source");
        qblk_plan_add_close(plan, copy->node);
        qblk_plan_add_close(plan, copy->storage);
        plan->copy = g_strdup(options->destination);
        return;
    }
}

static void
add_expectations(QblkPlan *plan, const Copy *copy)
{
    const GPtrArray *layers = copy->chain->layers;
    const QblkChain *found = copy->opens_own ? copy->options->found : NULL;
    gboolean pivots = copy->options->end == QBLK_COPY_PIVOT;
    guint first = 0;
    if (pivots) {
        QblkExpectation *image =
            qblk_plan_expect_image(plan, copy->node, copy->format, copy->options->destination);
        image->backing_name = g_strdup(copy->backing_name);
        image->names_next = TRUE;
        first = copy->base == NULL ? layers->len : 1;
    }
    for (guint i = 1; pivots && found != NULL && i < found->layers->len; i++) {
        const QblkLayer *layer = found->layers->pdata[i];
        (void)qblk_plan_expect_image(plan, NULL, layer->format, layer->filename);
    }
    for (guint i = first; (!pivots || found == NULL) && i < layers->len; i++) {
        (void)qblk_plan_expect(plan, layers->pdata[i]);
    }
}

QblkPlan *
qblk_plan_copy(const QblkPlanContext *context, const QblkCopyOptions *options, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, context->target, error);
    if (chain == NULL || !qblk_plan_check_disk(context, chain, error)) {
        return NULL;
    }
    g_auto(Copy) copy = {
        .context = context,
        .options = options,
        .chain = chain,
        .top = qblk_chain_get_layer(chain, 0),
        .base = options->shallow ? qblk_chain_get_layer(chain, 1) : NULL,
    };
    copy.format = options->format != NULL ? options->format : copy.top->format;
    if (!check(&copy, error)) {
        return NULL;
    }
    choose_names(&copy);
    g_autoptr(QblkPlan) plan = qblk_plan_new("copy", context, chain);
    plan->writes = g_strdup(options->destination);
    plan->partial = g_strdup(options->destination);
    plan->reads = chain->layers->len == 1 ? g_strdup(copy.top->filename) : NULL;
    add_steps(plan, &copy);
    add_expectations(plan, &copy);
    return qblk_plan_check_id(context, plan, error) ? g_steal_pointer(&plan) : NULL;
}
