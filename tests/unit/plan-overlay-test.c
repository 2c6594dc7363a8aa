/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-overlay.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/overlay-path.h"
#include "plan/plan-json.h"
#include "plan/plan-read.h"

/* vda: top -> base below a throttle node, each a qcow2 node on a file node; vdb is another disk. */
#define NODES                                                                                      \
    "base-file file /d/base.qcow2\nbase qcow2 /d/base.qcow2 file=base-file\n"                      \
    "top-file file /d/top.qcow2\ntop qcow2 /d/top.qcow2 file=top-file backing=base\n"              \
    "other-file file /e/other.qcow2\nother qcow2 /e/other.qcow2 file=other-file\n"
#define THROTTLE "slow throttle /d/top.qcow2 file=top\n"
#define BLOCKS   "vda - slow\nvdb - other"

typedef struct {
    const char *more_nodes;
    const char *blocks; /* NULL: BLOCKS */
    const char *files;  /* that QEMU has open, or NULL */
    const char *path;   /* NULL: /d/overlay */
    const QblkDestination *place;
    const QblkChain *found;
    gboolean drops_bitmaps;
} Case;

static QblkPlan *
plan_case(const Case *test, const QblkOverlayOptions *options, GError **error)
{
    g_autofree char *nodes =
        g_strconcat(NODES THROTTLE, test->more_nodes == NULL ? "" : test->more_nodes, NULL);
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine(nodes, test->blocks == NULL ? BLOCKS : test->blocks);
    if (test->files != NULL) {
        graph_fixture_open(replies, test->files);
    }

    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {
        .snapshot = snapshot, .target = "vda", .drops_bitmaps = test->drops_bitmaps};
    const QblkOverlayRequest overlay = {
        .context = &context,
        .options = options,
        .path = test->path == NULL ? "/d/overlay" : test->path,
        .place = test->place,
        .found = test->found,
    };
    return qblk_plan_make_overlay(&overlay, error);
}

static QblkPlan *
plan(const Case *test, const QblkOverlayOptions *options)
{
    g_autoptr(GError) error = NULL;
    QblkPlan *made = plan_case(test, options, &error);
    assert_no_error(error);
    return made;
}

static void
assert_refused(const Case *test, const QblkOverlayOptions *options, const char *part)
{
    GError *error = NULL;
    assert_null(plan_case(test, options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

static const QblkStep *
find_step(const QblkPlan *made, const char *command, guint number)
{
    for (guint i = 0; i < made->steps->len; i++) {
        const QblkStep *step = made->steps->pdata[i];
        if (g_strcmp0(step->command, command) == 0 && number-- == 0) {
            return step;
        }
    }
    fail_msg("no step with '%s'", command);
    return NULL;
}

/* @text: JSON with ' instead of " */
static void
assert_json_equal(const QblkJson *found, const char *text)
{
    g_autoptr(QblkJson) expected = graph_fixture_json(text);
    g_autofree char *printed = qblk_json_print(found, QBLK_JSON_COMPACT);
    if (!qblk_json_equal(found, expected)) {
        fail_msg("found %s", printed);
    }
}

/* ---- plans ---- */

static void
an_image_is_created_opened_alone_and_put_over_the_active_one(void **state)
{
    const QblkOverlayOptions options = {.cluster_size = 4096};
    g_autoptr(QblkPlan) made = plan(&(Case){0}, &options);

    static const char *const commands[] = {"blockdev-create", "job-dismiss", "blockdev-add",
                                           "blockdev-create", "job-dismiss", "blockdev-add",
                                           "transaction",     NULL};
    for (guint i = 0; commands[i] != NULL; i++) {
        const QblkStep *step = made->steps->pdata[i];
        assert_string_equal(step->command, commands[i]);
    }
    assert_int_equal(made->steps->len, G_N_ELEMENTS(commands) - 1);

    assert_json_equal(find_step(made, "blockdev-create", 1)->arguments,
                      "{'job-id': 'qblk-snapshot-vda-create', 'options': {'driver': 'qcow2',"
                      " 'file': 'qblk-vda-1-file', 'size': 65536, 'cluster-size': 4096,"
                      " 'backing-file': '/d/top.qcow2', 'backing-fmt': 'qcow2'}}");
    assert_json_equal(find_step(made, "blockdev-add", 1)->arguments,
                      "{'driver': 'qcow2', 'file': 'qblk-vda-1-file', 'discard': 'unmap',"
                      " 'backing': null, 'node-name': 'qblk-vda-1'}");
    const QblkStep *last = find_step(made, "transaction", 0);
    assert_json_equal(last->arguments, "{'actions': [{'type': 'blockdev-snapshot',"
                                       " 'data': {'node': 'top', 'overlay': 'qblk-vda-1'}}]}");
    assert_true(last->is_final && last->is_joint);
    assert_int_equal(last->undo->len, 0);
    assert_false(qblk_plan_has_job(made));
}

static void
the_chain_afterwards_has_the_overlay_on_top(void **state)
{
    const QblkOverlayOptions options = {0};
    g_autoptr(QblkPlan) made = plan(&(Case){0}, &options);
    const QblkExpectation *overlay = made->after->pdata[0], *top = made->after->pdata[1];

    assert_int_equal(made->after->len, made->before->len + 1);
    assert_string_equal(overlay->node_name, "qblk-vda-1");
    assert_string_equal(overlay->filename, "/d/overlay");
    assert_string_equal(overlay->backing_name, "/d/top.qcow2");
    assert_true(overlay->names_next);
    assert_string_equal(top->node_name, "top");
    assert_int_equal(made->removed->len, 0);

    assert_int_equal(made->created->len, 1);
    const QblkCreatedFile *file = made->created->pdata[0];
    assert_string_equal(file->filename, "/d/overlay");
    assert_string_equal(file->format, "qcow2");
    assert_string_equal(file->backing_name, "/d/top.qcow2");
}

/* ---- names ---- */

static void
the_suffix_takes_the_place_of_the_last_extension(void **state)
{
    static const struct {
        const char *image, *expected;
    } cases[] = {
        {"/d/vm.qcow2", "/d/vm.s"},   {"/d/vm", "/d/vm.s"},           {"/d.x/vm", "/d.x/vm.s"},
        {"/d/vm.1.img", "/d/vm.1.s"}, {"/d/.hidden", "/d/.hidden.s"}, {"/d/vm.", "/d/vm.s"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *nodes =
            g_strdup_printf("f file %s\ntop qcow2 %s file=f", cases[i].image, cases[i].image);
        g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "vda - top");
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
        g_autoptr(QblkOverlayOptions) options = qblk_overlay_options_new();
        assert_true(qblk_overlay_options_set_suffix(options, "s", NULL));

        g_autofree char *path = qblk_overlay_path_choose(options, chain, NULL);
        assert_string_equal(path, cases[i].expected);
    }
}

static void
an_image_without_a_directory_needs_a_name_for_its_overlay(void **state)
{
    static const char *const tops[] = {
        "f nbd nbd://host/x\ntop raw nbd://host/x file=f",
        "f host_device /dev/sda\ntop raw /dev/sda file=f",
        "f file sub/x.qcow2\ntop qcow2 sub/x.qcow2 file=f",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(tops); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine(tops[i], "vda - top");
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
        g_autoptr(QblkOverlayOptions) options = qblk_overlay_options_new();
        assert_true(qblk_overlay_options_set_suffix(options, "s", NULL));

        GError *error = NULL;
        assert_null(qblk_overlay_path_choose(options, chain, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "--file vda=PATH");

        assert_true(qblk_overlay_options_set_file(options, "vda", "/e/x", NULL));
        g_autofree char *path = qblk_overlay_path_choose(options, chain, NULL);
        assert_string_equal(path, "/e/x");
    }
}

static void
options_without_a_meaning_are_refused(void **state)
{
    g_autoptr(QblkOverlayOptions) options = qblk_overlay_options_new();
    static const char *const suffixes[] = {"", "a/b", "/"};
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        GError *error = NULL;
        assert_false(qblk_overlay_options_set_suffix(options, suffixes[i], &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "invalid suffix");
    }

    static const struct {
        const char *disk, *path;
    } files[] = {{"", "/x"}, {"vdb", ""}, {"vda", "/y"}};
    assert_true(qblk_overlay_options_set_file(options, "vda", "/x", NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        GError *error = NULL;
        assert_false(qblk_overlay_options_set_file(options, files[i].disk, files[i].path, &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "");
    }
}

static void
two_names_of_one_file_are_known(void **state)
{
    assert_true(qblk_overlay_path_is_one("/a/x", "/a/x"));
    assert_false(qblk_overlay_path_is_one("/a/x", "/a/y"));
    assert_false(qblk_overlay_path_is_one("/a/x", "/b/x"));
    assert_true(qblk_overlay_path_is_one("/proc/self/missing", "/proc/thread-self/../../missing"));
}

/* ---- what is refused ---- */

static void
a_request_that_does_not_fit_is_refused(void **state)
{
    static const QblkDestination file = {.kind = QBLK_DESTINATION_FILE, .format = "qcow2"};
    static const QblkDestination denied = {.kind = QBLK_DESTINATION_UNKNOWN, .error_number = 13};
    static const struct {
        Case test;
        QblkOverlayOptions options;
        const char *part;
    } cases[] = {
        {{0}, {.format = "raw"}, "'raw' is not supported"},
        {{0}, {.cluster_size = 3000}, "cluster size 3000"},
        {{0}, {.cluster_size = 256}, "from 512 to 2097152"},
        {{0}, {.format = "qed"}, "'qed' is not supported"},
        {{0}, {.reuse = TRUE, .cluster_size = 4096}, "for new images"},
        {{.place = &file}, {0}, "'/d/overlay' already exists"},
        {{.place = &denied}, {0}, "Permission denied"},
        {{.path = "/d/base.qcow2"}, {0}, "already open in QEMU, as node 'base"},
        {{.path = "/d/\xff"}, {0}, "not valid UTF-8"},
        {{0}, {.reuse = TRUE, .encryption = "key"}, "cannot be reused"},
        {{0}, {.encryption = "a key"}, "invalid id 'a key'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_refused(&cases[i].test, &cases[i].options, cases[i].part);
    }
}

static void
an_image_that_others_use_is_refused(void **state)
{
    const QblkOverlayOptions options = {0};
    const Case overlay = {
        .more_nodes = "second-file file /d/second.qcow2\n"
                      "second qcow2 /d/second.qcow2 file=second-file backing=top\n",
    };
    assert_refused(&overlay, &options, "node 'second' (qcow2) has '/d/top.qcow2'");

    const Case disk = {
        .more_nodes = "second-file file /d/second.qcow2\n"
                      "second qcow2 /d/second.qcow2 file=second-file backing=top\n",
        .blocks = "vda - slow\nvdb - second",
    };
    assert_refused(&disk, &options, "'/d/top.qcow2' is also used by disk 'vdb'");
}

static void
an_image_that_its_name_does_not_lead_to_is_refused(void **state)
{
    const QblkOverlayOptions options = {0};
    const Case moved = {
        .files = "1 /d/base.qcow2\n2 /d/moved.qcow2\n3 /e/other.qcow2",
    };
    assert_refused(&moved, &options, "vda");
}

/* ---- backing strings ---- */

static void
a_relative_backing_string_leads_to_the_active_image(void **state)
{
    const QblkOverlayOptions options = {.relative = TRUE};
    static const struct {
        const char *path, *expected;
    } cases[] = {
        {"/d/overlay", "top.qcow2"},
        {"/overlay", "d/top.qcow2"},
        {"/d/sub/overlay", "../top.qcow2"},
        {"/x/y/overlay", "../../d/top.qcow2"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkPlan) made = plan(&(Case){.path = cases[i].path}, &options);
        const QblkExpectation *overlay = made->after->pdata[0];
        assert_string_equal(overlay->backing_name, cases[i].expected);
    }
}

/* ---- plans that were read ---- */

/* Replace the only @part of the text of a valid plan, and read it. */
static void
assert_not_read(const char *part, const char *by)
{
    const QblkOverlayOptions options = {0};
    g_autoptr(QblkPlan) made = plan(&(Case){0}, &options);
    g_autoptr(QblkJson) json = qblk_plan_json_new(made);
    g_autofree char *text = qblk_json_print(json, QBLK_JSON_COMPACT);
    g_autofree char *wanted = g_strdelimit(g_strdup(part), "'", '"');
    g_autofree char *other = g_strdelimit(g_strdup(by), "'", '"');
    g_auto(GStrv) around = g_strsplit(text, wanted, 2);
    if (g_strv_length(around) != 2) {
        fail_msg("'%s' is not in %s", wanted, text);
    }

    g_autofree char *changed = g_strjoinv(other, around);
    g_autoptr(QblkJson) hostile = qblk_json_parse(changed, strlen(changed), NULL);
    GError *error = NULL;
    g_autoptr(QblkPlan) read = qblk_plan_read(hostile, NULL, &error);
    if (read != NULL) {
        fail_msg("with '%s' instead of '%s' it is read", by, part);
    }
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "is not valid");
}

static void
a_plan_is_read_as_it_was_written(void **state)
{
    const QblkOverlayOptions options = {0};
    g_autoptr(QblkPlan) made = plan(&(Case){0}, &options);
    g_autoptr(QblkJson) json = qblk_plan_json_new(made);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) read = qblk_plan_read(json, NULL, &error);
    assert_no_error(error);

    g_autoptr(QblkJson) again = qblk_plan_json_new(read);
    assert_true(qblk_json_equal(json, again));
}

static void
a_plan_that_does_something_else_is_not_read(void **state)
{
    static const struct {
        const char *part, *by;
    } cases[] = {
        /* other files */
        {"{'driver':'file','filename':'/d/overlay','size':0}",
         "{'driver':'file','filename':'/etc/passwd','size':0}"},
        {"'driver':'file','filename':'/d/overlay','discard'",
         "'driver':'file','filename':'/etc/passwd','discard'"},
        {"{'file':'/d/overlay','path':'/d/overlay','format':'qcow2'",
         "{'file':'/d/other','path':'/d/other','format':'qcow2'"},
        /* other nodes */
        {"'overlay':'qblk-vda-1'", "'overlay':'other'"},
        {"{'node':'top','overlay'", "{'node':'other','overlay'"},
        {"'driver':'qcow2','file':'qblk-vda-1-file','size'",
         "'driver':'qcow2','file':'other-file','size'"},
        {"'backing':null", "'backing':'other'"},
        {"'execute':'blockdev-del','arguments':{'node-name':'qblk-vda-1'}",
         "'execute':'blockdev-del','arguments':{'node-name':'other'}"},
        /* other actions and commands */
        {"{'actions':[", "{'actions':[{'type':'drive-backup','data':{'device':'vdb'}},"},
        {"{'actions':[", "{'actions':[{'type':'block-dirty-bitmap-add','data':{'node':'other',"
                         "'name':'x'}},"},
        {"'type':'blockdev-snapshot'", "'type':'block-dirty-bitmap-clear'"},
        {"'execute':'transaction'", "'execute':'job-finalize'"},
        {"'execute':'job-dismiss','arguments':{'id':'qblk-snapshot-vda-create'}",
         "'execute':'job-dismiss','arguments':{'id':'other'}"},
        {"'joint':true", "'joint':false"},
        {"'final':true", "'final':false"},
        /* another chain afterwards */
        {"'after':[", "'after':[{'node':null,'format':'raw','file':'/d/x','path':null,"
                      "'backing-string':null,'left-backing-string':null,'reopened':false,"
                      "'names-next':false,'device':0,'inode':0},"},
        {"'partial':null", "'partial':'/d/top.qcow2'"},
        {"'copy':null", "'copy':'/d/top.qcow2'"},
        {"'kind':'snapshot'", "'kind':'copy'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_not_read(cases[i].part, cases[i].by);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_created_opened_alone_and_put_over_the_active_one),
        cmocka_unit_test(the_chain_afterwards_has_the_overlay_on_top),
        cmocka_unit_test(the_suffix_takes_the_place_of_the_last_extension),
        cmocka_unit_test(an_image_without_a_directory_needs_a_name_for_its_overlay),
        cmocka_unit_test(options_without_a_meaning_are_refused),
        cmocka_unit_test(two_names_of_one_file_are_known),
        cmocka_unit_test(a_request_that_does_not_fit_is_refused),
        cmocka_unit_test(an_image_that_others_use_is_refused),
        cmocka_unit_test(an_image_that_its_name_does_not_lead_to_is_refused),
        cmocka_unit_test(a_relative_backing_string_leads_to_the_active_image),
        cmocka_unit_test(a_plan_is_read_as_it_was_written),
        cmocka_unit_test(a_plan_that_does_something_else_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
