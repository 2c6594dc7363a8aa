/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a plan can send, each QEMU that is tested takes it, by the schema recorded from it; and
 * nothing of it is deprecated in the newest. */
#include "blockjob/plan-schema.h"
#include "graph/snapshot-json.h"
#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "lib/graph-fixture.h"
#include "lib/schema-check.h"
#include "plan/plan-check.h"
#include "plan/plan-commit.h"
#include "plan/plan-copy.h"
#include "plan/plan-job.h"
#include "plan/plan-json.h"
#include "plan/plan-pull.h"

#include <qblk/capture.h>

static const char *const versions[] = {"5.2", "7.2", "10.0", "11.1"};

#define NEWEST "tests/qemu-fixtures/11.1/query-qmp-schema.json"

/* What the recorded topologies do not have: each text of the capture becomes the one after it. */
static const char *const direct[] = {"\"direct\":false", "\"direct\":true",
                                     "\"detect_zeroes\":\"off\"", "\"detect_zeroes\":\"unmap\"",
                                     NULL};
static const char *const paused[] = {"\"status\":\"running\"", "\"status\":\"paused\"", NULL};

typedef struct {
    const char *version;
    QblkSchema *schema;
    const QblkSchema *lasting; /* of the newest, without what is deprecated there */
    QblkReplies *replies;
    QblkSnapshot *snapshot;
    QblkPlanContext context;
} Case;

/* ---- what lasts ---- */

static gboolean
is_deprecated(const QblkJson *of_schema)
{
    const QblkJson *features = qblk_json_get(of_schema, "features");
    for (gsize i = 0; i < qblk_json_length(features); i++) {
        if (g_strcmp0(qblk_json_string(qblk_json_at(features, i)), "deprecated") == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Items of @array that last: types, or members of one. */
static QblkJson *
without_deprecated(const QblkJson *array)
{
    QblkJson *lasting = qblk_json_new_array();
    for (gsize i = 0; i < qblk_json_length(array); i++) {
        const QblkJson *item = qblk_json_at(array, i);
        if (is_deprecated(item)) {
            continue;
        }
        QblkJson *copy = qblk_json_copy(item);
        if (qblk_json_is(qblk_json_get(item, "members"), QBLK_JSON_ARRAY)) {
            qblk_json_set(copy, "members", without_deprecated(qblk_json_get(item, "members")));
            qblk_json_set(copy, "values", qblk_json_new_null()); /* the members of an enum again */
        }
        qblk_json_append(lasting, copy);
    }
    return lasting;
}

/* Read once: it stays to the end of the process. */
static const QblkSchema *
read_lasting(void)
{
    static QblkSchema *schema;
    if (schema != NULL) {
        return schema;
    }

    g_autofree char *text = fake_qmp_read_file(NEWEST);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) all = qblk_json_parse(text, strlen(text), &error);
    assert_no_error(error);
    g_autoptr(QblkJson) lasting = without_deprecated(all);
    assert_true(qblk_json_length(lasting) < qblk_json_length(all));
    schema = qblk_schema_new(lasting, &error);
    assert_no_error(error);
    return schema;
}

/* ---- a QEMU and a plan on it ---- */

static char *
replace(char *text, const char *from, const char *to)
{
    g_autofree char *before = text;
    g_auto(GStrv) parts = g_strsplit(before, from, -1);
    assert_true(g_strv_length(parts) > 1);
    return g_strjoinv(to, parts);
}

static void
case_init_changed(Case *test, const char *version, const char *topology, const char *const *changes)
{
    g_autofree char *name = g_strdup_printf("%s/%s", version, topology);
    g_autoptr(GError) error = NULL;
    gsize length;
    char *text = graph_fixture_text(name, &length);
    for (; changes != NULL && *changes != NULL; changes += 2) {
        text = replace(text, changes[0], changes[1]);
    }
    test->version = version;
    test->schema = fake_qmp_read_schema(version);
    test->lasting = read_lasting();
    test->replies = qblk_capture_parse(text, strlen(text), &error);
    g_free(text);
    assert_no_error(error);
    test->snapshot = graph_fixture_snapshot(test->replies);
    test->context =
        (QblkPlanContext){.snapshot = test->snapshot, .target = "vda", .speed = 1 << 20};
    qblk_plan_schema_set_features(&test->context, test->schema);
}

static void
case_init(Case *test, const char *version, const char *topology)
{
    case_init_changed(test, version, topology, NULL);
}

static void
case_clear(Case *test)
{
    qblk_snapshot_unref(test->snapshot);
    qblk_replies_free(test->replies);
    qblk_schema_free(test->schema);
}

/* TRUE if the schema lacks the properties of an object that are accepted (5.2; seen on it). */
static gboolean
is_unknown(const QblkSchema *schema, const QblkStep *step)
{
    return g_str_equal(step->command, "object-add") &&
           qblk_schema_has_argument(schema, "object-add", "props");
}

static void
assert_well_formed(const GPtrArray *steps, const QblkSchema *schema)
{
    for (guint i = 0; i < steps->len; i++) {
        const QblkStep *step = steps->pdata[i];
        g_autoptr(GError) error = NULL;
        if (step->command != NULL && !is_unknown(schema, step)) {
            gboolean is_good = schema_check_command(schema, step->command, step->arguments, &error);
            assert_no_error(error);
            assert_true(is_good);
        }
        assert_well_formed(step->undo, schema);
    }
}

/* Takes @plan. */
static void
assert_taken(const Case *test, QblkPlan *plan, GError *error)
{
    g_autoptr(QblkPlan) made = plan;
    g_autoptr(GError) cause = error;
    assert_no_error(cause);
    assert_non_null(made);
    gboolean is_taken = qblk_plan_schema_check(made, test->schema, &cause);
    assert_no_error(cause);
    assert_true(is_taken);
    assert_well_formed(made->steps, test->schema);
    gboolean lasts = qblk_plan_schema_check(made, test->lasting, &cause);
    assert_no_error(cause);
    assert_true(lasts);
    assert_well_formed(made->steps, test->lasting);
}

static void
assert_says(const QblkPlan *plan, const char *part)
{
    assert_non_null(plan);
    g_autoptr(QblkJson) json = qblk_plan_json_new(plan);
    g_autofree char *text = qblk_json_print(json, QBLK_JSON_COMPACT);
    if (strstr(text, part) == NULL) {
        fail_msg("no '%s' in %s", part, text);
    }
}

static void
every_qemu_takes_commits_and_pulls(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        Case test;
        case_init(&test, versions[i], "virtio-5-deep");
        for (QblkCommitEnd end = QBLK_COMMIT_INNER; end <= QBLK_COMMIT_KEEP_OVERLAY; end++) {
            GError *error = NULL;
            const QblkCommitOptions options = {.top = end == QBLK_COMMIT_INNER ? "vda[1]" : NULL,
                                               .end = end};
            QblkPlan *plan = qblk_plan_make_commit(&test.context, &options, &error);
            assert_true(qblk_plan_schema_is_known(plan, test.snapshot));
            assert_taken(&test, plan, error);
        }
        for (guint has_base = FALSE; has_base <= TRUE; has_base++) {
            GError *error = NULL;
            const QblkPullOptions options = {.base = has_base ? "vda[2]" : NULL};
            QblkPlan *plan = qblk_plan_make_pull(&test.context, &options, &error);
            assert_true(qblk_plan_schema_is_known(plan, test.snapshot));
            assert_taken(&test, plan, error);
        }
        case_clear(&test);
    }
}

/* Of a raw destination that is larger than the disk, a part is opened. */
static const QblkDestination larger = {.kind = QBLK_DESTINATION_FILE, .size = (gint64)1 << 40};

static QblkSecretFile key = {.id = (char[]){"k"}, .path = (char[]){"/nowhere/key"}};

static const QblkDestination device = {.kind = QBLK_DESTINATION_BLOCK, .size = (gint64)1 << 40};

static void
every_qemu_takes_copies(void **state)
{
    static const QblkCopyOptions kinds[] = {
        {.format = "qcow2", .end = QBLK_COPY_PIVOT},
        {.format = "qcow2", .end = QBLK_COPY_PIVOT, .shallow = TRUE},
        {.format = "qed", .end = QBLK_COPY_FINISH, .shallow = TRUE},
        {.format = "raw", .end = QBLK_COPY_FINISH, .is_block = TRUE, .reuse = TRUE},
        {.format = "raw", .end = QBLK_COPY_PIVOT, .place = &larger, .reuse = TRUE},
        {.format = "raw",
         .end = QBLK_COPY_STAY,
         .synchronous = TRUE,
         .granularity = 65536,
         .buffer_size = 1 << 20},
        {.format = "vmdk", .end = QBLK_COPY_PIVOT, .reuse = TRUE},
        {.format = "qcow2", .end = QBLK_COPY_PIVOT, .encryption = "k"},
        {.format = "luks", .end = QBLK_COPY_FINISH, .encryption = "k"},
        {.format = "luks",
         .end = QBLK_COPY_FINISH,
         .encryption = "k",
         .place = &device,
         .reuse = TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        Case test;
        g_autoptr(GPtrArray) secrets = g_ptr_array_new();
        case_init(&test, versions[i], "virtio-5-deep");
        g_ptr_array_add(secrets, &key);
        for (gsize j = 0; j < G_N_ELEMENTS(kinds); j++) {
            GError *error = NULL;
            QblkCopyOptions options = kinds[j];
            test.context.secrets = options.encryption == NULL ? NULL : secrets;
            options.destination = "/nowhere/copy";
            QblkPlan *plan = qblk_plan_make_copy(&test.context, &options, &error);
            assert_taken(&test, plan, error);
        }
        case_clear(&test);
    }
}

static void
every_qemu_takes_destinations_that_are_no_paths(void **state)
{
    static const char *const names[] = {
        "nbd://h/x",
        "nbd+unix:///x?socket=/s",
        "nbd:h:10809:exportname=x",
        "nbd:unix:/s",
        "rbd:pool/image:id=me:conf=/c:mon_host=a;b\\:1:key-secret=s",
        "iscsi://me@h/t/1",
        "json:{'driver': 'ssh', 'server': {'host': 'h', 'port': '22'}, 'path': '/x'}",
        "json:{'driver': 'nfs', 'server': {'type': 'inet', 'host': 'h'}, 'path': '/x', 'user': 1}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        Case test;
        case_init(&test, versions[i], "virtio-5-deep");
        for (gsize j = 0; j < G_N_ELEMENTS(names); j++) {
            GError *error = NULL;
            g_autoptr(QblkCopyOptions) options = qblk_copy_options_new();
            assert_true(qblk_copy_options_set_destination(options, names[j], &error));
            qblk_copy_options_set_format(options, j % 2 == 0 ? "raw" : "qcow2");
            qblk_copy_options_set_reuse(options, TRUE);
            qblk_copy_options_set_end(options, QBLK_COPY_PIVOT);
            assert_taken(&test, qblk_plan_make_copy(&test.context, options, &error), error);
        }
        case_clear(&test);
    }
}

/* A guest that opens its images past the page cache and detects zeroes: the copy is opened so. */
static void
every_qemu_takes_how_a_copy_is_opened(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        Case test;
        GError *error = NULL;
        const QblkCopyOptions options = {.destination = "/nowhere/copy", .end = QBLK_COPY_PIVOT};
        case_init_changed(&test, versions[i], "virtio-5-deep", direct);
        QblkPlan *plan = qblk_plan_make_copy(&test.context, &options, &error);
        assert_says(plan, "\"cache\":{\"direct\":true}");
        assert_says(plan, "\"detect-zeroes\":\"unmap\"");
        assert_taken(&test, plan, error);
        case_clear(&test);
    }
}

/* An image to reuse of the size of the disk of @test, over another one than the disk is. */
static QblkChain *
image_with_a_chain(const Case *test)
{
    g_autoptr(QblkChain) disk = graph_fixture_chain(test->snapshot, "vda");
    QblkChain *chain = qblk_chain_new("vda");
    const char *const files[] = {"/nowhere/copy", "/nowhere/below"};
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        QblkLayer *layer = qblk_chain_layer_new();
        layer->filename = g_strdup(files[i]);
        layer->format = g_strdup("qcow2");
        layer->virtual_size = qblk_chain_get_layer(disk, 0)->virtual_size;
        layer->position = i;
        g_ptr_array_add(chain->layers, layer);
    }
    return chain;
}

static void
every_qemu_takes_a_copy_into_an_image_with_a_chain_of_its_own(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        Case test;
        GError *error = NULL;
        case_init(&test, versions[i], "virtio-5-deep");
        g_autoptr(QblkChain) found = image_with_a_chain(&test);
        const QblkCopyOptions options = {.destination = "/nowhere/copy",
                                         .found = found,
                                         .reuse = TRUE,
                                         .shallow = TRUE,
                                         .end = QBLK_COPY_PIVOT};
        assert_taken(&test, qblk_plan_make_copy(&test.context, &options, &error), error);
        case_clear(&test);
    }
}

static void
assert_job_taken(const char *version, const char *topology, const char *const *changes,
                 QblkJobAction action)
{
    Case test;
    GError *error = NULL;
    const QblkJobRequest request = {.action = action};
    case_init_changed(&test, version, topology, changes);
    const QblkJob *job = qblk_plan_job_find(test.snapshot, "vda");
    assert_non_null(job);
    QblkPlan *plan = qblk_plan_make_job(&test.context, job, &request, &error);
    assert_taken(&test, plan, error);
    case_clear(&test);
}

static void
every_qemu_accepts_the_commands_to_its_jobs(void **state)
{
    static const struct {
        const char *topology;
        QblkJobAction action;
    } cases[] = {
        {"mirror-ready", QBLK_JOB_PIVOT},         {"mirror-ready", QBLK_JOB_FINISH},
        {"commit-ready", QBLK_JOB_PIVOT},         {"mirror-running", QBLK_JOB_ABORT},
        {"mirror-running", QBLK_JOB_PAUSE},       {"mirror-running", QBLK_JOB_LIMIT},
        {"commit-middle-running", QBLK_JOB_WAIT}, {"stream-pending", QBLK_JOB_WAIT},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(cases); j++) {
            assert_job_taken(versions[i], cases[j].topology, NULL, cases[j].action);
        }
        assert_job_taken(versions[i], "mirror-running", paused, QBLK_JOB_RESUME);
    }
}

/* What the newest QEMU marks as deprecated, and its replacement. */
static void
what_is_deprecated_is_known(void **state)
{
    static const struct {
        const char *command, *arguments;
        gboolean lasts;
    } cases[] = {
        {"job-pause", "{'id':'x'}", TRUE},
        {"block-job-pause", "{'device':'x'}", FALSE},
        {"block-commit", "{'device':'x','top-node':'y','base-node':'z'}", TRUE},
        {"block-commit", "{'device':'x','top':'y'}", FALSE},
        {"transaction",
         "{'actions':[{'type':'blockdev-backup','data':{'device':'x',"
         "'target':'y','sync':'full'}}]}",
         TRUE},
        {"transaction",
         "{'actions':[{'type':'drive-backup','data':{'device':'x',"
         "'target':'y','sync':'full'}}]}",
         FALSE},
    };
    QblkSchema *newest = fake_qmp_read_schema("11.1");
    const QblkSchema *lasting = read_lasting();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkJson) arguments = graph_fixture_json(cases[i].arguments);
        assert_true(schema_check_command(newest, cases[i].command, arguments, NULL));
        assert_int_equal(schema_check_command(lasting, cases[i].command, arguments, NULL),
                         cases[i].lasts);
    }
    qblk_schema_free(newest);
}

/* `backing-mask-protocol` came with 9.0. */
static void
what_is_new_is_used_where_it_is_known(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        Case test;
        case_init(&test, versions[i], "virtio-5-deep");
        gboolean is_new = g_str_equal(versions[i], "10.0") || g_str_equal(versions[i], "11.1");
        assert_int_equal(test.context.masks_protocol, is_new);
        assert_false(test.context.lacks_hmp);
        case_clear(&test);
    }
}

/* ---- what is known by the version ---- */

static void
the_features_of_a_version_are_those_of_its_schema(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        Case test;
        case_init(&test, versions[i], "virtio-5-deep");
        QblkPlanContext known = {.snapshot = test.snapshot, .target = "vda"};
        assert_true(qblk_plan_schema_know_features(&known));
        assert_int_equal(known.masks_protocol, test.context.masks_protocol);
        assert_int_equal(known.lacks_hmp, test.context.lacks_hmp);
        assert_int_equal(known.lacks_reopen, test.context.lacks_reopen);
        assert_int_equal(known.lacks_bitmap_merge, test.context.lacks_bitmap_merge);
        case_clear(&test);
    }
}

/* What a rollback sends has to be known as well. */
static void
an_unknown_command_of_a_rollback_is_not_known(void **state)
{
    Case test;
    case_init(&test, "7.2", "virtio-5-deep");
    g_autoptr(QblkPlan) plan = qblk_plan_make_pull(&test.context, &(QblkPullOptions){0}, NULL);
    assert_true(qblk_plan_schema_is_known(plan, test.snapshot));
    const QblkStep *first = plan->steps->pdata[0];
    QblkStep *undo = first->undo->pdata[0];
    g_free(undo->command);
    undo->command = g_strdup("no-such-command");
    assert_false(qblk_plan_schema_is_known(plan, test.snapshot));
    case_clear(&test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_qemu_takes_commits_and_pulls),
        cmocka_unit_test(every_qemu_takes_copies),
        cmocka_unit_test(every_qemu_takes_destinations_that_are_no_paths),
        cmocka_unit_test(every_qemu_takes_how_a_copy_is_opened),
        cmocka_unit_test(every_qemu_takes_a_copy_into_an_image_with_a_chain_of_its_own),
        cmocka_unit_test(every_qemu_accepts_the_commands_to_its_jobs),
        cmocka_unit_test(what_is_deprecated_is_known),
        cmocka_unit_test(what_is_new_is_used_where_it_is_known),
        cmocka_unit_test(the_features_of_a_version_are_those_of_its_schema),
        cmocka_unit_test(an_unknown_command_of_a_rollback_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
