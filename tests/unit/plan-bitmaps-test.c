/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-bitmaps.h"

#include "blockjob/verify-bitmaps.h"
#include "lib/check.h"
#include "plan/plan-json.h"

#include <qblk/error.h>
#include <string.h>

#define SIZE (64 << 20)

static void
bitmap_free(gpointer data)
{
    QblkBitmap *bitmap = data;
    g_free(bitmap->name);
    g_free(bitmap);
}

/* The bitmaps of @text, such as "full:pr old:p": p is persistent, r recording, b busy, and i
 * inconsistent.  NULL if it is empty. */
static GPtrArray *
new_bitmaps(const char *text)
{
    /* A sanitizer makes the time of strstr(), which g_strsplit() calls, quadratic. */
    g_auto(GStrv) words = g_strsplit_set(text, " ", -1);
    GPtrArray *bitmaps = g_ptr_array_new_with_free_func(bitmap_free);
    for (guint i = 0; words[i] != NULL && words[i][0] != '\0'; i++) {
        const char *flags = strchr(words[i], ':') + 1;
        QblkBitmap *bitmap = g_new0(QblkBitmap, 1);
        bitmap->name = g_strndup(words[i], (gsize)(flags - words[i]) - 1);
        bitmap->granularity = 4096;
        bitmap->is_persistent = strchr(flags, 'p') != NULL;
        bitmap->is_recording = strchr(flags, 'r') != NULL;
        bitmap->is_busy = strchr(flags, 'b') != NULL;
        bitmap->is_inconsistent = strchr(flags, 'i') != NULL;
        g_ptr_array_add(bitmaps, bitmap);
    }
    if (bitmaps->len == 0) {
        g_clear_pointer(&bitmaps, g_ptr_array_unref);
    }
    return bitmaps;
}

/* A chain with a layer for each part of @text, top first, separated by "|". */
static QblkChain *
new_chain(const char *text)
{
    static const char *const names[] = {"top", "middle", "base"};
    QblkChain *chain = qblk_chain_new("vda");
    g_auto(GStrv) parts = g_strsplit(text, "|", -1);
    for (guint i = 0; parts[i] != NULL; i++) {
        QblkLayer *layer = qblk_chain_layer_new();
        layer->position = i;
        layer->node_name = g_strdup(names[i]);
        layer->filename = g_strdup(names[i]);
        layer->format = g_strdup("qcow2");
        layer->virtual_size = SIZE;
        layer->bitmaps = new_bitmaps(g_strstrip(parts[i]));
        g_ptr_array_add(chain->layers, layer);
    }
    return chain;
}

/* "full from top middle into base; old left out: REASON" */
static char *
describe(const QblkPlan *plan)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < plan->bitmaps->len; i++) {
        const QblkPlannedBitmap *planned = plan->bitmaps->pdata[i];
        g_string_append_printf(text, "%s%s", i == 0 ? "" : "; ", planned->name);
        if (planned->into == NULL) {
            g_string_append_printf(text, " left out: %s", planned->left_out_because);
            continue;
        }
        g_string_append(text, " from");
        for (guint j = 0; j < planned->from->len; j++) {
            const QblkBitmapSource *source = planned->from->pdata[j];
            g_string_append_printf(text, " %s", source->node_name);
        }
        g_string_append_printf(text, " %s %s%s%s", planned->exists ? "into that of" : "into",
                               planned->into, planned->is_persistent ? "" : ", transient",
                               planned->is_recording ? "" : ", disabled");
    }
    return g_string_free(text, FALSE);
}

typedef enum {
    COMMIT_ALL, /* top and middle into base */
    COMMIT_TOP, /* top into middle */
    PULL_ALL,   /* middle and base into top */
    COPY_ALL,
    COPY_TOP,
} Job;

static QblkBitmapMove
move_of(const QblkPlanContext *context, const QblkChain *chain, Job job)
{
    static const struct {
        QblkBitmapDirection direction;
        guint first, end, target;
    } jobs[] = {
        [COMMIT_ALL] = {QBLK_BITMAPS_DOWN, 0, 2, 2}, [COMMIT_TOP] = {QBLK_BITMAPS_DOWN, 0, 1, 1},
        [PULL_ALL] = {QBLK_BITMAPS_UP, 1, 3, 0},     [COPY_ALL] = {QBLK_BITMAPS_BESIDE, 0, 3, 0},
        [COPY_TOP] = {QBLK_BITMAPS_BESIDE, 0, 1, 0},
    };
    QblkBitmapMove move = {
        .context = context,
        .chain = chain,
        .first = jobs[job].first,
        .end = jobs[job].end,
        .direction = jobs[job].direction,
        .target = qblk_plan_bitmaps_get_target(chain->layers->pdata[jobs[job].target]),
    };
    if (move.direction == QBLK_BITMAPS_BESIDE) {
        move.target.node_name = move.target.filename = "copy";
        move.target.bitmaps = NULL;
    }
    return move;
}

static QblkPlan *
choose(const QblkPlanContext *context, const QblkChain *chain, Job job, gboolean is_deleted,
       GError **error)
{
    QblkBitmapMove move = move_of(context, chain, job);
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    move.is_deleted = is_deleted;
    return qblk_plan_bitmaps_choose(plan, &move, error) ? g_steal_pointer(&plan) : NULL;
}

static void
a_bitmap_is_carried_over_if_it_has_all_changes(void **state)
{
    static const struct {
        Job job;
        const char *layers, *planned;
    } rows[] = {
        {COMMIT_ALL, "||", ""},
        {COMMIT_ALL, "||full:pr", ""}, /* it stays where it is */
        {COMMIT_ALL, "full:pr||", "full from top into base"},
        {COMMIT_ALL, "full:pr|full:pr|", "full from top middle into base"},
        {COMMIT_ALL, "full:pr|full:pr|full:pr", "full from top middle into that of base"},
        {COMMIT_ALL, "a:r b:p||",
         "a from top into base, transient; b from top into base, disabled"},
        {COMMIT_ALL, "|full:pr|", "full left out: 'top' does not have it"},
        {COMMIT_ALL, "|full:p|", "full from middle into base, disabled"},
        {COMMIT_ALL, "full:pr|full:p|", "full left out: it is disabled in 'middle'"},
        {COMMIT_ALL, "full:p|full:pr|", "full from top middle into base, disabled"},
        {COMMIT_ALL, "full:pri|full:pr|", "full left out: it is inconsistent in 'top'"},
        {COMMIT_ALL, "full:pr|full:pri|", "full left out: it is inconsistent in 'middle'"},
        {COMMIT_ALL, "full:pr|full:pr|full:pi", "full left out: it is inconsistent in 'base'"},
        {COMMIT_ALL, "full:pr|full:pr|full:p", "full left out: it is disabled in 'base'"},
        {COMMIT_ALL, "full:p||full:p", "full left out: 'middle' does not have it"},
        {COMMIT_ALL, "full:pr|full:pr|full:r", "full left out: it is not persistent in 'base'"},
        /* that of the base records what the commit writes */
        {COMMIT_ALL, "full:pr||full:pr", "full from top into that of base"},
        {COMMIT_ALL, "|full:pr|full:pr", "full from middle into that of base"},
        {COMMIT_ALL, "full:pi|full:pr|full:pr", "full from middle into that of base"},
        {COMMIT_ALL, "full:pi||full:pr", "full from into that of base"},
        {COMMIT_TOP, "full:pr|full:pr|full:pr", "full from top into that of middle"},
        {COMMIT_TOP, "full:pr||full:pr", "full from top into middle"},
        {PULL_ALL, "full:pr||", ""}, /* it stays where it is */
        {PULL_ALL, "full:pr|full:pr|", "full from middle into that of top"},
        {PULL_ALL, "full:pr|full:pr|full:pr", "full from middle base into that of top"},
        {PULL_ALL, "|full:pr|full:pr", "full left out: 'top' does not have it"},
        {PULL_ALL, "|full:p|full:pr", "full from middle base into top, disabled"},
        {PULL_ALL, "full:pr||full:pr", "full left out: 'middle' does not have it"},
        {PULL_ALL, "full:pi|full:pr|", "full left out: it is inconsistent in 'top'"},
        {PULL_ALL, "full:pr|full:pi|", "full left out: it is inconsistent in 'middle'"},
        {COPY_ALL, "full:pr|full:pr|full:pr", "full from top middle base into copy"},
        {COPY_ALL, "full:pr||", "full from top into copy"},
        {COPY_ALL, "||full:pr", "full left out: 'top' does not have it"},
        {COPY_ALL, "||full:p", "full from base into copy, disabled"},
        {COPY_TOP, "full:pr|full:pr|full:pr", "full from top into copy"},
        {COPY_TOP, "|full:pr|full:pr", ""}, /* they stay where they are */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        const QblkPlanContext context = {0};
        g_autoptr(QblkChain) chain = new_chain(rows[i].layers);
        g_autoptr(QblkPlan) plan = choose(&context, chain, rows[i].job, FALSE, &error);
        assert_no_error(error);
        g_autofree char *text = describe(plan);
        assert_string_equal(text, rows[i].planned);
        gboolean is_left_out = strstr(text, "left out") != NULL;
        assert_int_equal(plan->warnings->len, is_left_out ? 1 : 0);
    }
}

static void
an_image_is_not_deleted_with_a_bitmap_that_is_left_out(void **state)
{
    GError *error = NULL;
    const QblkPlanContext context = {0};
    g_autoptr(QblkChain) chain = new_chain("full:pr other:pi||");
    assert_null(choose(&context, chain, COMMIT_ALL, TRUE, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "bitmap 'other' of 'top' cannot be carried over");

    const QblkPlanContext drops = {.drops_bitmaps = TRUE};
    g_autoptr(QblkPlan) plan = choose(&drops, chain, COMMIT_ALL, TRUE, &error);
    assert_no_error(error);
    assert_int_equal(plan->warnings->len, 0);
    qblk_plan_bitmaps_add_step(plan, TRUE);
    assert_int_equal(plan->steps->len, 0);
}

static void
what_qemu_would_refuse_is_refused_before(void **state)
{
    static const struct {
        const char *layers, *format, *message;
        gboolean is_v2, lacks_merge;
    } rows[] = {
        {"full:pr||", "raw", "'base' (raw) cannot store the persistent bitmap 'full'", FALSE,
         FALSE},
        {"full:pr||", "qcow2", "version 2 (compat=0.10)", TRUE, FALSE},
        {"full:pr||", "qcow2", "this QEMU cannot merge bitmaps", FALSE, TRUE},
        {"full:prb||", "qcow2", "bitmap 'full' of 'top' is in use", FALSE, FALSE},
        {"full:pr||full:prb", "qcow2", "bitmap 'full' of 'base' is in use", FALSE, FALSE},
        {"full:r||", "raw", NULL, FALSE, FALSE}, /* QEMU keeps it in memory */
        {"||", "raw", NULL, TRUE, TRUE},
    };
    QblkSnapshot *snapshot = qblk_snapshot_new();
    snapshot->jobs = g_ptr_array_new();

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (guint drops = 0; drops < 2; drops++) {
            GError *error = NULL;
            const QblkPlanContext context = {.snapshot = snapshot,
                                             .lacks_bitmap_merge = rows[i].lacks_merge,
                                             .drops_bitmaps = drops != 0};
            g_autoptr(QblkChain) chain = new_chain(rows[i].layers);
            QblkLayer *base = chain->layers->pdata[2];
            g_free(base->format);
            base->format = g_strdup(rows[i].format);
            base->is_qcow2_v2 = rows[i].is_v2;
            g_autoptr(QblkPlan) plan = choose(&context, chain, COMMIT_ALL, FALSE, &error);
            if (rows[i].message == NULL || drops != 0) {
                assert_no_error(error);
            } else {
                assert_null(plan);
                assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                             rows[i].message);
            }
        }
    }
    qblk_snapshot_unref(snapshot);
}

static void
bitmaps_of_two_sizes_are_not_merged(void **state)
{
    GError *error = NULL;
    const QblkPlanContext context = {0};
    g_autoptr(QblkChain) chain = new_chain("full:pr|full:pr|");
    QblkLayer *middle = chain->layers->pdata[1];
    middle->virtual_size = SIZE / 2;
    g_autoptr(QblkPlan) plan = choose(&context, chain, COMMIT_ALL, FALSE, &error);
    assert_no_error(error);
    g_autofree char *text = describe(plan);
    assert_string_equal(text, "full left out: 'middle' has another size than 'base'");
}

/* Bitmaps are what a server sends: the time does not grow with the square of their number. */
static void
very_many_bitmaps_are_planned_in_time(void **state)
{
    const guint many = 100000;
    GError *error = NULL;
    const QblkPlanContext context = {0};
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < many; i++) {
        g_string_append_printf(text, "%sb%u:pr", i == 0 ? "" : " ", i);
    }
    g_autofree char *layers = g_strconcat(text->str, "|", text->str, "|", text->str, NULL);
    g_autoptr(QblkChain) chain = new_chain(layers);

    gint64 begin = g_get_monotonic_time();
    g_autoptr(QblkPlan) plan = choose(&context, chain, COMMIT_ALL, FALSE, &error);
    assert_no_error(error);
    assert_int_equal(plan->bitmaps->len, many);
    assert_true(g_get_monotonic_time() - begin < 20 * G_USEC_PER_SEC);
}

static void
one_transaction_adds_and_merges(void **state)
{
    GError *error = NULL;
    const QblkPlanContext context = {0};
    g_autoptr(QblkChain) chain = new_chain("full:pr inc:pr|full:pr|full:pr");
    g_autoptr(QblkPlan) plan = choose(&context, chain, COMMIT_ALL, FALSE, &error);
    assert_no_error(error);
    qblk_plan_bitmaps_add_step(plan, TRUE);

    assert_int_equal(plan->steps->len, 1);
    const QblkStep *step = plan->steps->pdata[0];
    assert_string_equal(step->command, "transaction");
    assert_true(step->may_be_done);
    g_autofree char *arguments = qblk_json_print(step->arguments, QBLK_JSON_COMPACT);
    assert_string_equal(
        arguments,
        "{\"actions\":["
        "{\"type\":\"block-dirty-bitmap-merge\",\"data\":{\"node\":\"base\",\"target\":\"full\","
        "\"bitmaps\":[{\"node\":\"top\",\"name\":\"full\"},{\"node\":\"middle\",\"name\":\"full\"}"
        "]}},"
        "{\"type\":\"block-dirty-bitmap-add\",\"data\":{\"node\":\"base\",\"name\":\"inc\","
        "\"granularity\":4096,\"persistent\":true,\"disabled\":false}},"
        "{\"type\":\"block-dirty-bitmap-merge\",\"data\":{\"node\":\"base\",\"target\":\"inc\","
        "\"bitmaps\":[{\"node\":\"top\",\"name\":\"inc\"}]}}]}");

    /* what existed is not removed by a rollback */
    assert_int_equal(step->undo->len, 1);
    const QblkStep *undo = step->undo->pdata[0];
    assert_string_equal(undo->command, "block-dirty-bitmap-remove");
    assert_string_equal(qblk_json_get_string(undo->arguments, "name"), "inc");
    assert_true(undo->may_fail);
}

static void
a_journal_keeps_the_bitmaps(void **state)
{
    GError *error = NULL;
    const QblkPlanContext context = {0};
    g_autoptr(QblkChain) chain = new_chain("full:pr old:pi|full:pr|");
    g_autoptr(QblkPlan) plan = choose(&context, chain, COMMIT_ALL, FALSE, &error);
    assert_no_error(error);
    qblk_plan_bitmaps_add_step(plan, TRUE);
    plan->kind = g_strdup("commit");
    plan->target = g_strdup("vda");
    plan->job = g_strdup("job");
    plan->fingerprint = g_strdup("");

    g_autoptr(QblkJson) json = qblk_plan_json_new(plan);
    g_autoptr(QblkPlan) again = qblk_plan_json_read(json, &error);
    assert_no_error(error);
    g_autofree char *before = describe(plan);
    g_autofree char *after = describe(again);
    assert_string_equal(after, before);
    const QblkStep *step = again->steps->pdata[0];
    assert_true(step->may_be_done);
}

/* ---- after the job ---- */

static void
a_bitmap_has_to_be_there_as_planned(void **state)
{
    static const struct {
        const char *bitmaps, *message; /* of the node; NULL: as planned */
    } rows[] = {
        {"full:pr", NULL},
        {"full:prb other:i", NULL},
        {"", "does not have the bitmap 'full'"},
        {"ful:pr", "does not have the bitmap 'full'"},
        {"full:p", "is not as planned"},
        {"full:r", "is not as planned"},
        {"full:pri", "is not as planned"},
    };
    const QblkPlanContext context = {0};
    g_autoptr(QblkChain) chain = new_chain("full:pr left:pi||");
    g_autoptr(QblkPlan) plan = choose(&context, chain, COMMIT_ALL, FALSE, NULL);
    assert_non_null(plan);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        QblkSnapshot *snapshot = qblk_snapshot_new();
        QblkNode *base = qblk_node_new("base");
        base->bitmaps = new_bitmaps(rows[i].bitmaps);
        g_hash_table_insert(snapshot->by_name, base->name, base);
        gboolean is_there = qblk_verify_bitmaps(snapshot, plan, &error);
        if (rows[i].message == NULL) {
            assert_no_error(error);
            assert_true(is_there);
        } else {
            assert_false(is_there);
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, rows[i].message);
        }
        qblk_node_free(base);
        qblk_snapshot_unref(snapshot);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bitmap_is_carried_over_if_it_has_all_changes),
        cmocka_unit_test(an_image_is_not_deleted_with_a_bitmap_that_is_left_out),
        cmocka_unit_test(what_qemu_would_refuse_is_refused_before),
        cmocka_unit_test(bitmaps_of_two_sizes_are_not_merged),
        cmocka_unit_test(very_many_bitmaps_are_planned_in_time),
        cmocka_unit_test(one_transaction_adds_and_merges),
        cmocka_unit_test(a_journal_keeps_the_bitmaps),
        cmocka_unit_test(a_bitmap_has_to_be_there_as_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
