/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-space.h"

#include "lib/check.h"

#include <qblk/error.h>

#define K 1024
#define M (K * K)

/* ---- a machine from a table: what the image that is written has, and what each layer has ---- */

static QblkRoom room;
static struct {
    gboolean is_known;
    QblkImageData data;
} layers[3];

static gboolean
find_room(const char *path, QblkRoom *result)
{
    *result = room;
    return room.size > 0;
}

/* @path: "/d/N" of the layer N */
static gboolean
count_data(const char *path, const char *format, gint64 size, gboolean skips_zeros, gint64 enough,
           QblkImageData *result)
{
    gint64 number = g_ascii_digit_value(path[3]);
    *result = layers[number].data;
    return layers[number].is_known;
}

static const QblkSpaceSource source = {find_room, count_data};

static void
set_layer(guint position, gint64 data, gint64 covered)
{
    layers[position].is_known = data >= 0;
    layers[position].data = (QblkImageData){data, covered};
}

/* A chain of three layers of 64 MiB, top first, in the files /d/0 to /d/2. */
static QblkChain *
new_chain(gint64 actual_size, const char *format)
{
    QblkChain *chain = qblk_chain_new("vda");
    for (guint i = 0; i < 3; i++) {
        QblkLayer *layer = qblk_chain_layer_new();
        layer->position = i;
        layer->format = g_strdup(format);
        layer->virtual_size = 64 * M;
        layer->actual_size = actual_size;
        layer->file = g_new0(QblkLayerFile, 1);
        layer->file->open = (QblkFileIdentity){.device = 1, .inode = i + 1};
        layer->file->here = g_strdup_printf("/d/%u", i);
        g_ptr_array_add(chain->layers, layer);
        layers[i].is_known = FALSE;
    }
    return chain;
}

/* A file system of 100 MiB with @free bytes; the image has allocated @allocated bytes. */
static QblkRoom
new_room(gint64 free, gint64 allocated)
{
    return (QblkRoom){
        .device = 7,
        .size = 100 * M,
        .free = free,
        .available = free,
        .allocated = allocated,
        .is_plain = TRUE,
    };
}

static QblkSpaceRequest
commit_of(const QblkChain *chain, guint first, guint end)
{
    return (QblkSpaceRequest){
        .chain = chain,
        .first = first,
        .end = end,
        .into = chain->layers->pdata[end],
    };
}

static QblkPlan *
check(const QblkSpaceRequest *request, GError **error)
{
    static const QblkSnapshot snapshot = {0};
    const QblkPlanContext context = {.snapshot = &snapshot, .space = &source};
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    return qblk_plan_check_space(&context, request, plan, error) ? g_steal_pointer(&plan) : NULL;
}

typedef enum { FITS, MAY_NOT_FIT, DOES_NOT_FIT } Outcome;

static void
assert_outcome(const QblkSpaceRequest *request, Outcome expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan = check(request, &error);
    if (expected == DOES_NOT_FIT) {
        assert_null(plan);
        assert_true(g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
        return;
    }
    assert_no_error(error);
    assert_int_equal(plan->warnings->len, expected == FITS ? 0 : 1);
}

/* ---- tests ---- */

static void
a_commit_needs_room_for_the_data_that_it_moves(void **state)
{
    static const struct {
        gint64 free, allocated; /* of the base */
        gint64 data[2];         /* of the layers that are merged; -1: not known */
        gint64 covered;         /* by the upper one */
        Outcome outcome;
    } rows[] = {
        {30 * M, 1 * M, {-1, -1}, 0, FITS},
        {20 * M, 1 * M, {-1, -1}, 0, MAY_NOT_FIT}, /* each layer has 10 MiB, and tables */
        {5 * M, 1 * M, {-1, 9 * M}, 0, MAY_NOT_FIT},
        {5 * M, 1 * M, {9 * M, -1}, 9 * M, DOES_NOT_FIT},
        {5 * M, 1 * M, {6 * M, -1}, 9 * M, MAY_NOT_FIT},    /* all of it */
        {5 * M, 1 * M, {6 * M, 1}, 0, DOES_NOT_FIT},        /* a byte more */
        {5 * M, 1 * M, {6 * M, 6 * M}, 6 * M, MAY_NOT_FIT}, /* the lower data may be hidden */
        {5 * M, 1 * M, {3 * M, 6 * M}, 1 * M, DOES_NOT_FIT},
        {5 * M, 9 * M, {9 * M, -1}, 9 * M, MAY_NOT_FIT}, /* the base may have space for it */
        {0, 66 * M, {9 * M, -1}, 9 * M, FITS},           /* the base is full */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
        const QblkSpaceRequest request = commit_of(chain, 0, 2);
        room = new_room(rows[i].free, rows[i].allocated);
        set_layer(0, rows[i].data[0], rows[i].covered);
        set_layer(1, rows[i].data[1], rows[i].data[1]);
        assert_outcome(&request, rows[i].outcome);
    }
}

static void
messages_have_the_sizes(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
    const QblkSpaceRequest request = commit_of(chain, 0, 1);
    room = new_room(5 * M, 0);
    g_autoptr(QblkPlan) plan = check(&request, NULL);
    assert_string_equal(plan->warnings->pdata[0],
                        "'/d/1' may grow by up to 10823680 bytes, and its file system has 5242880 "
                        "bytes left: if they are not enough, the job is rolled back");
    assert_string_equal(plan->space.path, "/d/1");

    set_layer(0, 8 * M, 8 * M);
    assert_null(check(&request, &error));
    assert_string_equal(error->message, "'/d/1' would grow by at least 8388608 bytes, and its file "
                                        "system has 5242880 bytes left: make room there first");
}

/* Blocks that are reserved for privileged processes may be used by QEMU. */
static void
reserved_space_may_be_used(void **state)
{
    g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
    const QblkSpaceRequest request = commit_of(chain, 0, 1);
    room = new_room(20 * M, 0);
    room.available = 0;
    set_layer(0, 9 * M, 9 * M);
    assert_outcome(&request, MAY_NOT_FIT);
}

static void
nothing_is_certain_on_other_file_systems(void **state)
{
    g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
    const QblkSpaceRequest request = commit_of(chain, 0, 1);
    room = new_room(1 * M, 0);
    room.is_plain = FALSE;
    set_layer(0, 9 * M, 9 * M);
    assert_outcome(&request, MAY_NOT_FIT);
}

static void
a_base_with_internal_snapshots_is_not_written_in_place(void **state)
{
    g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
    const QblkSpaceRequest request = commit_of(chain, 0, 1);
    QblkLayer *base = chain->layers->pdata[1];
    room = new_room(1 * M, 66 * M);
    assert_outcome(&request, FITS);
    base->internal_snapshots = g_ptr_array_new();
    assert_outcome(&request, MAY_NOT_FIT);
}

static void
a_raw_base_that_is_allocated_needs_nothing(void **state)
{
    g_autoptr(QblkChain) chain = new_chain(10 * M, "raw");
    const QblkSpaceRequest request = commit_of(chain, 0, 1);
    room = new_room(0, 64 * M);
    assert_outcome(&request, FITS);
    room.allocated = 63 * M;
    assert_outcome(&request, MAY_NOT_FIT);
}

static void
a_pull_needs_room_for_what_the_active_layer_does_not_hide(void **state)
{
    static const struct {
        gint64 allocated;         /* by the active layer */
        QblkImageData own, below; /* data -1: not known */
        Outcome outcome;
    } rows[] = {
        {1 * M, {1 * M, 1 * M}, {9 * M, 9 * M}, DOES_NOT_FIT},
        {1 * M, {1 * M, 4 * M}, {9 * M, 9 * M}, MAY_NOT_FIT}, /* hidden by zeros */
        {4 * M, {0, 0}, {9 * M, 9 * M}, MAY_NOT_FIT},         /* into clusters without data */
        {1 * M, {-1, 0}, {9 * M, 9 * M}, MAY_NOT_FIT},
        {1 * M, {1 * M, 1 * M}, {-1, 0}, MAY_NOT_FIT},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
        const QblkSpaceRequest request = {
            .chain = chain,
            .first = 1,
            .end = 2,
            .into = chain->layers->pdata[0],
            .skips_zeros = TRUE,
        };
        room = new_room(5 * M, rows[i].allocated);
        set_layer(0, rows[i].own.data, rows[i].own.covered);
        set_layer(1, rows[i].below.data, rows[i].below.covered);
        assert_outcome(&request, rows[i].outcome);
    }
}

static void
a_block_device_has_a_fixed_size(void **state)
{
    static const struct {
        gint64 size, written_end, data;
        const char *format;
        Outcome outcome;
    } rows[] = {
        {66 * M, QBLK_UNKNOWN, 9 * M, "qcow2", FITS}, /* also if the image is full */
        {60 * M, QBLK_UNKNOWN, 9 * M, "qcow2", MAY_NOT_FIT},
        {60 * M, 5 * M, 9 * M, "qcow2", FITS},
        {60 * M, 55 * M, 9 * M, "qcow2", MAY_NOT_FIT},
        {8 * M, QBLK_UNKNOWN, 9 * M, "qcow2", DOES_NOT_FIT},
        {8 * M, QBLK_UNKNOWN, 9 * M, "raw", FITS}, /* the size is checked elsewhere */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkChain) chain = new_chain(10 * M, rows[i].format);
        const QblkSpaceRequest request = commit_of(chain, 0, 1);
        QblkLayer *base = chain->layers->pdata[1];
        base->written_end = rows[i].written_end;
        room = (QblkRoom){.size = rows[i].size, .is_device = TRUE, .is_plain = TRUE};
        set_layer(0, rows[i].data, rows[i].data);
        assert_outcome(&request, rows[i].outcome);
    }
}

static void
the_data_of_an_active_layer_stay_on_its_device(void **state)
{
    static const struct {
        gint64 own, below; /* data */
        Outcome outcome;
    } rows[] = {{1 * M, 7 * M, MAY_NOT_FIT}, {2 * M, 7 * M, DOES_NOT_FIT}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
        const QblkSpaceRequest request = {
            .chain = chain,
            .first = 1,
            .end = 2,
            .into = chain->layers->pdata[0],
        };
        room = (QblkRoom){.size = 8 * M, .is_device = TRUE, .is_plain = TRUE};
        set_layer(0, rows[i].own, 0);
        set_layer(1, rows[i].below, 0);
        assert_outcome(&request, rows[i].outcome);
    }
}

static void
what_is_not_on_this_machine_is_not_checked(void **state)
{
    g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
    const QblkSpaceRequest request = commit_of(chain, 0, 1);
    const QblkSpaceRequest copy = {.chain = chain, .end = 3, .path = "/d/1", .format = "raw"};
    QblkLayer *base = chain->layers->pdata[1];
    room = new_room(0, 0);
    assert_outcome(&copy, FITS); /* the process is not known */
    assert_outcome(&request, MAY_NOT_FIT);
    g_clear_pointer(&base->file->here, g_free);
    assert_outcome(&request, FITS);
}

static void
what_a_layer_has_in_other_files_is_not_counted(void **state)
{
    static const struct {
        gint64 offset;
        const char *encryption;
        gboolean has_data_file;
    } rows[] = {{512, NULL, FALSE}, {0, "luks", FALSE}, {0, NULL, TRUE}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
        const QblkSpaceRequest request = commit_of(chain, 0, 1);
        QblkLayer *top = chain->layers->pdata[0];
        room = new_room(0, 0);
        set_layer(0, 9 * M, 9 * M);
        assert_outcome(&request, DOES_NOT_FIT);
        top->file->offset = rows[i].offset;
        top->encryption = g_strdup(rows[i].encryption);
        if (rows[i].has_data_file) {
            qblk_chain_further_file_add(top, "/d/data", NULL);
        }
        assert_outcome(&request, MAY_NOT_FIT);
    }
}

/* The data are written as raw. */
static void
data_are_written_to_the_external_data_file(void **state)
{
    QblkLayerFile file = {.open = {.device = 1, .inode = 9}};
    g_autofree char *here = g_strdup("/d/2");
    g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
    const QblkSpaceRequest request = commit_of(chain, 0, 1);
    file.here = here;
    room = new_room(5 * M, 64 * M);
    qblk_chain_further_file_add(chain->layers->pdata[1], "/d/2", &file);
    assert_outcome(&request, FITS);
    room.allocated = 0;
    g_autoptr(QblkPlan) plan = check(&request, NULL);
    assert_string_equal(plan->space.path, "/d/2");
    assert_int_equal(plan->space.most, 10 * M);
    file.here = NULL;
}

static void
a_guest_that_was_stopped_is_named(void **state)
{
    g_autoptr(QblkChain) chain = new_chain(10 * M, "qcow2");
    const QblkSpaceRequest request = commit_of(chain, 0, 1);
    room = new_room(50 * M, 0);
    chain->io_status = g_strdup("nospace");
    assert_outcome(&request, FITS); /* it was resumed since */
    chain->is_stopped = TRUE;
    g_autoptr(QblkPlan) plan = check(&request, NULL);
    assert_non_null(strstr(plan->warnings->pdata[0], "resume it with 'cont'"));
}

static QblkPlan *
new_plan(gint64 device, gint64 least, gint64 most)
{
    QblkPlan *plan = qblk_plan_new_empty();
    plan->space.path = g_strdup("/d/1");
    plan->space.device = device;
    plan->space.least = least;
    plan->space.most = most;
    plan->space.free = plan->space.available = 10;
    return plan;
}

static void
free_plan(gpointer plan)
{
    qblk_plan_unref(plan);
}

static void
jobs_that_write_to_one_file_system_add_up(void **state)
{
    static const struct {
        gint64 first[3], second[3]; /* file system, least, most */
        Outcome outcome;
    } rows[] = {
        {{1, 0, 5}, {1, 0, 5}, FITS},         {{1, 0, 5}, {1, 0, 6}, MAY_NOT_FIT},
        {{1, 5, 6}, {1, 6, 6}, DOES_NOT_FIT}, {{1, 5, 6}, {2, 6, 6}, FITS},
        {{0, 11, 11}, {0, 11, 11}, FITS}, /* nothing is known */
        {{1, 0, 11}, {2, 0, 1}, FITS},    /* that was warned of before */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func(free_plan);
        QblkPlan *first = new_plan(rows[i].first[0], rows[i].first[1], rows[i].first[2]);
        g_ptr_array_add(plans, first);
        g_ptr_array_add(plans, new_plan(rows[i].second[0], rows[i].second[1], rows[i].second[2]));
        gboolean done = qblk_plan_check_space_of_all(plans, &error);
        assert_int_equal(done, rows[i].outcome != DOES_NOT_FIT);
        assert_int_equal(first->warnings->len, rows[i].outcome == MAY_NOT_FIT ? 1 : 0);
        if (!done) {
            assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                         "the jobs need at least 11 bytes of the file system of '/d/1'");
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_needs_room_for_the_data_that_it_moves),
        cmocka_unit_test(messages_have_the_sizes),
        cmocka_unit_test(reserved_space_may_be_used),
        cmocka_unit_test(nothing_is_certain_on_other_file_systems),
        cmocka_unit_test(a_base_with_internal_snapshots_is_not_written_in_place),
        cmocka_unit_test(a_raw_base_that_is_allocated_needs_nothing),
        cmocka_unit_test(a_pull_needs_room_for_what_the_active_layer_does_not_hide),
        cmocka_unit_test(a_block_device_has_a_fixed_size),
        cmocka_unit_test(the_data_of_an_active_layer_stay_on_its_device),
        cmocka_unit_test(what_is_not_on_this_machine_is_not_checked),
        cmocka_unit_test(what_a_layer_has_in_other_files_is_not_counted),
        cmocka_unit_test(data_are_written_to_the_external_data_file),
        cmocka_unit_test(a_guest_that_was_stopped_is_named),
        cmocka_unit_test(jobs_that_write_to_one_file_system_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
