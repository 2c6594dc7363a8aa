/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-copy.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <string.h>

/* vda: top -> middle -> base, each a qcow2 node on a file node; vdb shares nothing. */
#define NODES                                                                                      \
    "base-file file /d/base.qcow2\nbase qcow2 /d/base.qcow2 file=base-file\n"                      \
    "middle-file file /d/middle.qcow2\n"                                                           \
    "middle qcow2 /d/middle.qcow2 file=middle-file backing=base\n"                                 \
    "top-file file /d/top.qcow2\ntop qcow2 /d/top.qcow2 file=top-file backing=middle\n"            \
    "other-file file /d/other.qcow2\nother qcow2 /d/other.qcow2 file=other-file"
#define BLOCKS "vda - top\nvdb - other"

static QblkSecretFile key = {.id = (char[]){"k"}, .path = (char[]){"/d/key"}};

static QblkPlan *
plan_on(const char *nodes, const QblkCopyOptions *options, GError **error)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, BLOCKS);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(GPtrArray) secrets = g_ptr_array_new();
    const QblkPlanContext context = {
        .snapshot = snapshot, .target = "vda", .speed = 42, .secrets = secrets};
    if (g_strcmp0(options->encryption, key.id) == 0) {
        g_ptr_array_add(secrets, &key);
    }
    return qblk_plan_make_copy(&context, options, error);
}

static QblkPlan *
plan(const QblkCopyOptions *options)
{
    g_autoptr(GError) error = NULL;
    QblkPlan *made = plan_on(NODES, options, &error);
    assert_no_error(error);
    return made;
}

static void
assert_refused(const QblkCopyOptions *options, const char *part)
{
    GError *error = NULL;
    assert_null(plan_on(NODES, options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

/* "blockdev-create job-dismiss? ...": the commands, final ones and those that may fail. */
static void
assert_commands(const QblkCopyOptions *options, const char *expected)
{
    g_autoptr(QblkPlan) made = plan(options);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < made->steps->len; i++) {
        const QblkStep *step = made->steps->pdata[i];
        g_string_append_printf(text, "%s%s%s%s", i == 0 ? "" : " ", step->command,
                               step->is_final ? "!" : "", step->may_fail ? "?" : "");
    }
    assert_string_equal(text->str, expected);
}

/* The arguments of the step @number of those with @command. */
static const QblkJson *
arguments_of(const QblkPlan *made, const char *command, guint number)
{
    for (guint i = 0; i < made->steps->len; i++) {
        const QblkStep *step = made->steps->pdata[i];
        if (g_strcmp0(step->command, command) == 0 && number-- == 0) {
            return step->arguments;
        }
    }
    fail_msg("no step with '%s'", command);
    return NULL;
}

#define CREATE "blockdev-create job-dismiss? "
#define OPEN   "blockdev-add "
#define CLOSE  " blockdev-del? blockdev-del?"

/* Block devices without an image, and with one. */
static const QblkDestination blank = {.kind = QBLK_DESTINATION_BLOCK, .size = -1};
static const QblkDestination formatted = {
    .kind = QBLK_DESTINATION_BLOCK, .size = -1, .format = "qcow2"};

static void
each_end_has_its_commands(void **state)
{
    static const struct {
        QblkCopyOptions options;
        const char *commands;
    } cases[] = {
        {{.end = QBLK_COPY_STAY}, CREATE OPEN CREATE OPEN "blockdev-mirror"},
        {{.end = QBLK_COPY_PIVOT},
         CREATE OPEN CREATE OPEN "blockdev-mirror job-complete! job-dismiss?" CLOSE CLOSE CLOSE},
        {{.end = QBLK_COPY_PIVOT, .shallow = TRUE},
         CREATE OPEN CREATE OPEN "blockdev-mirror job-complete! job-dismiss?" CLOSE},
        {{.end = QBLK_COPY_FINISH},
         CREATE OPEN CREATE OPEN "blockdev-mirror block-job-cancel! job-dismiss?" CLOSE},
        {{.format = "raw"}, CREATE OPEN OPEN "blockdev-mirror"},
        {{.reuse = TRUE}, OPEN OPEN "blockdev-mirror"},
        {{.is_block = TRUE, .reuse = TRUE}, OPEN OPEN "blockdev-mirror"},
        {{.place = &blank, .reuse = TRUE}, OPEN CREATE OPEN "blockdev-mirror"},
        {{.place = &blank, .reuse = TRUE, .format = "raw"}, OPEN OPEN "blockdev-mirror"},
        {{.place = &formatted, .reuse = TRUE}, OPEN OPEN "blockdev-mirror"},
        {{.encryption = "k", .end = QBLK_COPY_FINISH},
         "object-add " CREATE OPEN CREATE OPEN
         "blockdev-mirror block-job-cancel! job-dismiss?" CLOSE " object-del?"},
        {{.encryption = "of-qemu", .format = "luks"}, CREATE OPEN CREATE OPEN "blockdev-mirror"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        QblkCopyOptions options = cases[i].options;
        options.destination = "/d/copy";
        assert_commands(&options, cases[i].commands);
    }
}

static void
opened_nodes_and_started_jobs_can_be_rolled_back(void **state)
{
    const QblkCopyOptions options = {.destination = "/d/copy"};
    g_autoptr(QblkPlan) made = plan(&options);
    for (guint i = 0; i < made->steps->len; i++) {
        const QblkStep *step = made->steps->pdata[i];
        assert_int_equal(step->undo->len, g_str_equal(step->command, "job-dismiss")    ? 0
                                          : g_str_equal(step->command, "blockdev-add") ? 1
                                                                                       : 2);
    }
}

static void
the_command_has_all_options(void **state)
{
    const QblkCopyOptions options = {.destination = "/d/copy",
                                     .synchronous = TRUE,
                                     .granularity = 65536,
                                     .buffer_size = 1 << 20};
    g_autoptr(QblkPlan) made = plan(&options);
    const QblkJson *start = arguments_of(made, "blockdev-mirror", 0);
    g_autofree char *text = qblk_json_print(start, QBLK_JSON_COMPACT);
    g_autoptr(QblkJson) expected = graph_fixture_json(
        "{'job-id': 'qblk-copy-vda', 'speed': 42, 'auto-finalize': true, 'auto-dismiss': false, "
        "'device': 'top', 'target': 'qblk-vda-1', 'sync': 'full', "
        "'copy-mode': 'write-blocking', 'granularity': 65536, 'buf-size': 1048576}");
    g_autofree char *wanted = qblk_json_print(expected, QBLK_JSON_COMPACT);
    assert_string_equal(text, wanted);
}

static void
a_shallow_copy_shares_the_layers_below(void **state)
{
    const QblkCopyOptions options = {
        .destination = "/d/copy", .shallow = TRUE, .end = QBLK_COPY_PIVOT};
    g_autoptr(QblkPlan) made = plan(&options);
    const QblkJson *create = qblk_json_get(arguments_of(made, "blockdev-create", 1), "options");
    assert_string_equal(qblk_json_get_string(create, "backing-file"), "/d/middle.qcow2");
    assert_string_equal(qblk_json_get_string(create, "backing-fmt"), "qcow2");
    assert_string_equal(qblk_json_get_string(arguments_of(made, "blockdev-add", 1), "backing"),
                        "middle");
    assert_string_equal(qblk_json_get_string(arguments_of(made, "blockdev-mirror", 0), "sync"),
                        "top");
    assert_int_equal(made->after->len, 3);
    const QblkExpectation *copy = made->after->pdata[0];
    assert_string_equal(copy->backing_name, "/d/middle.qcow2");
    assert_true(copy->names_next);
}

/* Returns: (transfer full): a raw copy to @name, which is no path */
static QblkPlan *
plan_to_server(const char *nodes, const char *name, GError **error)
{
    g_autoptr(QblkCopyOptions) options = qblk_copy_options_new();

    assert_true(qblk_copy_options_set_destination(options, name, error));
    qblk_copy_options_set_format(options, "raw");
    qblk_copy_options_set_reuse(options, TRUE);
    qblk_copy_options_set_end(options, QBLK_COPY_PIVOT);
    return plan_on(nodes, options, error);
}

static void
of_an_image_on_a_server_the_size_of_the_disk_is_used(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) made = plan_to_server(NODES, "nbd://h/x", &error);
    assert_no_error(error);

    const QblkJson *storage = arguments_of(made, "blockdev-add", 0);
    const QblkJson *image = arguments_of(made, "blockdev-add", 1);
    const QblkExpectation *before = made->before->pdata[0], *after = made->after->pdata[0];
    gint64 size = 0;
    assert_string_equal(qblk_json_get_string(storage, "driver"), "nbd");
    assert_true(qblk_json_integer(qblk_json_get(image, "size"), &size));
    assert_true(size > 0);
    assert_string_equal(after->filename, "nbd://h/x");
    assert_true(after->is_other_name);
    assert_null(after->path);
    assert_false(before->is_other_name);
    assert_int_equal(made->warnings->len, 0);
}

static void
a_server_that_qemu_already_uses_is_refused(void **state)
{
    static const char nodes[] = "other-file nbd nbd+unix:///x?socket=/s\n"
                                "other qcow2 nbd+unix:///x?socket=/s file=other-file\n"
                                "top-file file /d/top\ntop qcow2 /d/top file=top-file";
    g_autoptr(GError) none = NULL;
    GError *error = NULL;

    assert_null(plan_to_server(nodes, "nbd:unix:/s:exportname=x", &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "'nbd:unix:/s:exportname=x' is already open in QEMU, as node 'other-file'");
    g_autoptr(QblkPlan) made = plan_to_server(nodes, "nbd:unix:/s:exportname=y", &none);
    assert_no_error(none);
}

static void
an_encrypted_copy_has_its_key(void **state)
{
    static const struct {
        const char *format, *member;
    } rows[] = {
        {"luks", "\"key-secret\":\"k\""},
        {"qcow2", "\"encrypt\":{\"format\":\"luks\",\"key-secret\":\"k\"}"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const QblkCopyOptions options = {
            .destination = "/d/copy", .format = rows[i].format, .encryption = "k"};
        g_autoptr(QblkPlan) made = plan(&options);
        g_autofree char *create =
            qblk_json_print(arguments_of(made, "blockdev-create", 1), QBLK_JSON_COMPACT);
        g_autofree char *open =
            qblk_json_print(arguments_of(made, "blockdev-add", 1), QBLK_JSON_COMPACT);
        assert_non_null(strstr(create, rows[i].member));
        assert_non_null(strstr(open, rows[i].member));
    }
}

static void
a_full_copy_has_no_backing_image(void **state)
{
    const QblkCopyOptions options = {.destination = "/d/copy", .end = QBLK_COPY_PIVOT};
    g_autoptr(QblkPlan) made = plan(&options);
    const QblkJson *open = arguments_of(made, "blockdev-add", 1);
    g_autofree char *backing = qblk_json_print(qblk_json_get(open, "backing"), QBLK_JSON_COMPACT);
    assert_string_equal(backing, "null");
    assert_int_equal(made->after->len, 1);
    assert_int_equal(made->removed->len, 3);
}

static void
a_data_file_is_closed_and_named(void **state)
{
    static const char *const nodes[] = {
        "data-file file /d/data\ndata raw json:{} file=data-file\n",
        "data-file raw /d/data file=data\ndata raw json:{} file=data-file\n", /* a cycle */
    };
    const QblkCopyOptions options = {
        .destination = "/d/copy", .format = "qcow2", .end = QBLK_COPY_PIVOT};

    for (gsize i = 0; i < G_N_ELEMENTS(nodes); i++) {
        g_autofree char *text = g_strconcat(
            nodes[i], "top-file file /d/top\ntop qcow2 /d/top file=top-file data-file=data\n",
            "other-file file /d/other\nother qcow2 /d/other file=other-file", NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkPlan) made = plan_on(text, &options, &error);
        assert_no_error(error);
        static const char *const closed[] = {"top", "top-file", "data", "data-file"};
        for (guint j = 0; j < G_N_ELEMENTS(closed); j++) {
            const QblkJson *arguments = arguments_of(made, "blockdev-del", j);
            assert_string_equal(qblk_json_get_string(arguments, "node-name"), closed[j]);
        }
        assert_int_equal(made->removed->len, 2);
        const QblkRemovedImage *data = made->removed->pdata[1];
        assert_true(i == 1 || g_str_equal(data->filename, "/d/data"));
        assert_false(data->is_local);
    }
}

static void
names_of_nodes_are_not_used_again(void **state)
{
    const QblkCopyOptions options = {.destination = "/d/copy"};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) made =
        plan_on(NODES "\nqblk-vda-1-file file /d/x\nqblk-vda-2 raw /d/x file=qblk-vda-1-file",
                &options, &error);
    assert_no_error(error);
    assert_string_equal(qblk_json_get_string(arguments_of(made, "blockdev-add", 1), "node-name"),
                        "qblk-vda-3");
}

static void
invalid_requests_are_refused(void **state)
{
    static const struct {
        QblkCopyOptions options;
        const char *part;
    } cases[] = {
        {{.destination = "/d/copy", .format = "vmdk"}, "--reuse-external"},
        {{.destination = "/d/copy", .format = "raw", .shallow = TRUE},
         "format 'raw' does not support backing images"},
        {{.destination = "/d/base.qcow2"}, "as node 'base'"},
        {{.destination = "/d/./other.qcow2", .reuse = TRUE}, "as node 'other'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_refused(&cases[i].options, cases[i].part);
    }
}

static void
a_name_that_is_not_known_whole_is_written_into_no_header(void **state)
{
    static const char *const names[][2] = {{"http", "http://me:pw@h/base"},
                                           {"file", "/d/x://me:pw@h/base"}};
    const QblkCopyOptions shallow = {.destination = "/d/copy", .shallow = TRUE};
    const QblkCopyOptions full = {.destination = "/d/copy"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        GError *error = NULL;
        g_autofree char *nodes =
            g_strdup_printf("base-file %s %s\nbase qcow2 %s file=base-file\n"
                            "top-file file /d/top\ntop qcow2 /d/top file=top-file backing=base\n"
                            "other-file file /d/other\nother qcow2 /d/other file=other-file",
                            names[i][0], names[i][1], names[i][1]);
        assert_null(plan_on(nodes, &shallow, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                     "a shallow copy is not possible: the file name of");
        g_autoptr(QblkPlan) made = plan_on(nodes, &full, &error);
        assert_no_error(error);
    }
}

/* A job that creates an image may be left over by a client that was killed meanwhile. */
static void
ids_that_jobs_have_are_refused(void **state)
{
    static const char *const ids[] = {"qblk-copy-vda", "qblk-copy-vda-create"};
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
        GError *error = NULL;
        g_autofree char *jobs =
            g_strdup_printf("[{'id': '%s', 'type': 'create', 'status': 'concluded', "
                            "'current-progress': 1, 'total-progress': 1}]",
                            ids[i]);
        g_autoptr(QblkReplies) replies = graph_fixture_machine(NODES, BLOCKS);
        graph_fixture_add_job(replies, jobs, "[]");
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
        const QblkCopyOptions options = {.destination = "/d/copy"};
        assert_null(qblk_plan_make_copy(&context, &options, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, ids[i]);
    }
}

/* ---- an image that is there ---- */

/* Its size, and the image below it or NULL. */
static QblkChain *
image(gint64 size, const char *below)
{
    QblkChain *chain = qblk_chain_new("vda");
    const char *const files[] = {"/d/copy", below};
    for (guint i = 0; i < 2 && files[i] != NULL; i++) {
        QblkLayer *layer = qblk_chain_layer_new();
        layer->filename = g_strdup(files[i]);
        layer->format = g_strdup("qcow2");
        layer->virtual_size = size;
        layer->position = i;
        g_ptr_array_add(chain->layers, layer);
    }
    return chain;
}

static gint64
size_of_disk(void)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(NODES, BLOCKS);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    return qblk_chain_get_layer(chain, 0)->virtual_size;
}

static void
an_image_that_is_reused_has_to_fit(void **state)
{
    const gint64 size = size_of_disk();
    static const struct {
        gint64 more;
        const char *below;
        gboolean shallow;
        const char *part; /* NULL: it fits */
    } cases[] = {
        {0, NULL, FALSE, NULL},
        {1, NULL, FALSE, "same size"},
        {-1, "/d/middle.qcow2", TRUE, "same size"},
        {0, "/d/middle.qcow2", FALSE, "'/d/copy' has the backing image '/d/middle.qcow2'"},
        {0, NULL, TRUE, "no backing image"},
        {0, "/d/middle.qcow2", TRUE, NULL},
        {0, "/d/elsewhere.qcow2", TRUE, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkChain) found = image(size + cases[i].more, cases[i].below);
        const QblkCopyOptions options = {
            .destination = "/d/copy", .found = found, .reuse = TRUE, .shallow = cases[i].shallow};
        if (cases[i].part == NULL) {
            qblk_plan_unref(plan(&options));
        } else {
            assert_refused(&options, cases[i].part);
        }
    }
}

static void
the_backing_image_in_the_header_is_shared_if_it_is_the_same(void **state)
{
    for (gboolean same = FALSE; same <= TRUE; same++) {
        g_autoptr(QblkChain) found =
            image(size_of_disk(), same ? "/d/middle.qcow2" : "/d/elsewhere.qcow2");
        const QblkCopyOptions options = {.destination = "/d/copy",
                                         .found = found,
                                         .reuse = TRUE,
                                         .shallow = TRUE,
                                         .end = QBLK_COPY_PIVOT};
        g_autoptr(QblkPlan) made = plan(&options);
        const char *backing =
            qblk_json_get_string(arguments_of(made, "blockdev-add", 1), "backing");
        assert_int_equal(g_strcmp0(backing, "middle") == 0, same);
        assert_int_equal(made->after->len, same ? 3 : 2);
        assert_int_equal(made->removed->len, same ? 1 : 3);
    }
}

static void
assert_refused_for(const char *destination, const char *files, const char *part)
{
    GError *error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_machine(NODES, BLOCKS);
    graph_fixture_open(replies, files);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    const QblkCopyOptions options = {.destination = destination, .reuse = TRUE};

    assert_null(qblk_plan_make_copy(&context, &options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

static void
a_copy_to_a_file_that_qemu_has_open_is_refused_whatever_its_name(void **state)
{
    static const char files[] = "1 /d/top.qcow2\n2 /d/middle.qcow2 /e/link\n3 /d/base.qcow2\n"
                                "4 /d/other.qcow2\n5 /d/firmware";

    assert_refused_for("/e/link", files,
                       "'/e/link' is already open in QEMU, as node 'middle-file'");
    assert_refused_for("/d/firmware", files, "'/d/firmware' is already open in QEMU");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_to_a_file_that_qemu_has_open_is_refused_whatever_its_name),
        cmocka_unit_test(each_end_has_its_commands),
        cmocka_unit_test(opened_nodes_and_started_jobs_can_be_rolled_back),
        cmocka_unit_test(the_command_has_all_options),
        cmocka_unit_test(a_shallow_copy_shares_the_layers_below),
        cmocka_unit_test(of_an_image_on_a_server_the_size_of_the_disk_is_used),
        cmocka_unit_test(a_server_that_qemu_already_uses_is_refused),
        cmocka_unit_test(an_encrypted_copy_has_its_key),
        cmocka_unit_test(a_full_copy_has_no_backing_image),
        cmocka_unit_test(a_data_file_is_closed_and_named),
        cmocka_unit_test(names_of_nodes_are_not_used_again),
        cmocka_unit_test(invalid_requests_are_refused),
        cmocka_unit_test(ids_that_jobs_have_are_refused),
        cmocka_unit_test(an_image_that_is_reused_has_to_fit),
        cmocka_unit_test(the_backing_image_in_the_header_is_shared_if_it_is_the_same),
        cmocka_unit_test(a_name_that_is_not_known_whole_is_written_into_no_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
