/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/location.h"
#include "lib/check.h"

typedef struct {
    GPtrArray *nodes; /* of QblkNode, owned */
    QblkSource *source;
} Graph;

static int
set_up(void **state)
{
    Graph *graph = g_new0(Graph, 1);
    graph->nodes = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_node_free);
    *state = graph;
    return 0;
}

static int
tear_down(void **state)
{
    Graph *graph = *state;
    g_ptr_array_unref(graph->nodes);
    qblk_source_unref(graph->source);
    g_free(graph);
    return 0;
}

static QblkNode *
add_node(Graph *graph, const char *name, const char *driver, const char *filename)
{
    QblkNode *node = qblk_node_new(name);
    qblk_node_set_text(&node->driver, driver);
    qblk_node_set_text(&node->filename, filename);
    node->kind = qblk_driver_find(driver);
    node->virtual_size = 4096;
    g_ptr_array_add(graph->nodes, node);
    return node;
}

/* The source of @format and @storage, or the error, as one line. */
static char *
load(Graph *graph, const QblkNode *format, const QblkNode *storage)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkLocation) location = qblk_location_new(format, storage);
    qblk_source_unref(graph->source);
    graph->source = qblk_location_decode(location, &error);
    const QblkSource *source = graph->source;
    assert_true((source == NULL) == (error != NULL));
    return source == NULL ? g_strdup(error->message)
                          : g_strdup_printf("%s %s+%s %s", source->path, source->slice_offset,
                                            source->slice_size, source->encryption);
}

static void
a_file_is_its_path(void **state)
{
    QblkNode *format = add_node(*state, "f", "qcow2", "/a");
    QblkNode *storage = add_node(*state, "s", "file", "/a");
    qblk_node_add_child(format, "file", storage);
    g_autofree char *text = load(*state, format, storage);
    assert_string_equal(text, "/a (null)+(null) (null)");
}

static void
a_slice_is_that_of_any_raw_node_on_the_way(void **state)
{
    static const struct {
        const char *top, *below, *expected;
    } cases[] = {
        {"json:{\"driver\":\"raw\",\"offset\":512,\"size\":\"1024\"}", "/a", "/a 512+1024 (null)"},
        {"/a", "json:{\"driver\":\"raw\",\"size\":1024}", "/a 0+1024 (null)"},
        {"/a", "json:{\"driver\":\"raw\",\"offset\":512}", "/a 512+4096 (null)"},
        {"/a", "json:{\"driver\":\"raw\",\"offset\":0}", "/a (null)+(null) (null)"},
        {"json:{\"driver\":\"raw\",\"size\":1}", "json:{\"driver\":\"raw\",\"size\":1}",
         "node 'r' uses a part of a part of a file, which libvirt's XML cannot express"},
        {"json:{\"driver\":\"raw\",\"offset\":512,\"fil...", "/a",
         "QEMU does not report which part of its file node 'f' uses"},
    };
    Graph *graph = *state;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        QblkNode *format = add_node(graph, "f", "raw", cases[i].top);
        QblkNode *raw = add_node(graph, "r", "raw", cases[i].below);
        QblkNode *storage = add_node(graph, "s", "file", "/a");
        qblk_node_add_child(format, "file", raw);
        qblk_node_add_child(raw, "file", storage);
        g_autofree char *text = load(graph, format, storage);
        assert_string_equal(text, cases[i].expected);
    }
}

static void
a_slice_of_unknown_size_is_an_error(void **state)
{
    QblkNode *format = add_node(*state, "f", "raw", "json:{\"driver\":\"raw\",\"offset\":512}");
    QblkNode *storage = add_node(*state, "s", "file", "/a");
    format->virtual_size = QBLK_UNKNOWN;
    qblk_node_add_child(format, "file", storage);
    g_autofree char *text = load(*state, format, storage);
    assert_non_null(strstr(text, "does not report its size"));
}

static void
filters_between_are_skipped(void **state)
{
    QblkNode *format = add_node(*state, "f", "qcow2", "/a");
    QblkNode *throttle = add_node(*state, "t", "throttle", "json:{\"driver\":\"throttle\"}");
    QblkNode *storage = add_node(*state, "s", "file", "/a");
    qblk_node_add_child(format, "file", throttle);
    qblk_node_add_child(throttle, "file", storage);
    assert_ptr_equal(qblk_node_storage(format), throttle);
    assert_ptr_equal(qblk_node_storage(throttle), storage);
    assert_null(qblk_node_storage(storage));
    g_autofree char *text = load(*state, format, storage);
    assert_string_equal(text, "/a (null)+(null) (null)");
}

static void
encryption_is_that_of_the_image_or_else_of_its_file(void **state)
{
    static const char name[] = "json:{\"driver\":\"rbd\",\"pool\":\"p\",\"image\":\"i\","
                               "\"encrypt\":{\"format\":\"luks2\",\"key-secret\":\"s\"}}";
    Graph *graph = *state;
    QblkNode *storage = add_node(graph, "s", "rbd", name);
    QblkNode *format = add_node(graph, "f", "raw", name);
    qblk_node_add_child(format, "file", storage);
    g_autofree char *below = load(graph, format, storage);
    assert_non_null(strstr(below, "luks2"));
    assert_string_equal(graph->source->encryption_engine, "librbd");
    qblk_node_set_text(&format->encryption, "luks");
    g_autofree char *above = load(graph, format, storage);
    assert_null(strstr(above, "luks2"));
    assert_null(graph->source->encryption_engine);
}

static void
a_data_file_has_a_source_of_its_own(void **state)
{
    Graph *graph = *state;
    QblkNode *format = add_node(graph, "f", "qcow2", "/a");
    QblkNode *storage = add_node(graph, "s", "file", "/a");
    QblkNode *raw =
        add_node(graph, "r", "raw", "json:{\"driver\":\"raw\",\"offset\":1,\"size\":2}");
    QblkNode *data = add_node(graph, "d", "host_device", "/dev/sdb");
    qblk_node_add_child(format, "file", storage);
    qblk_node_add_child(format, "data-file", raw);
    qblk_node_add_child(raw, "file", data);
    g_autofree char *text = load(graph, format, storage);
    assert_string_equal(text, "/a (null)+(null) (null)");
    const QblkSource *store = graph->source->data_store;
    assert_int_equal(store->type, QBLK_SOURCE_BLOCK);
    assert_string_equal(store->path, "/dev/sdb");
    assert_string_equal(store->slice_offset, "1");
    assert_string_equal(graph->source->data_format, "raw");
}

static void
a_data_file_without_a_protocol_node_is_an_error(void **state)
{
    QblkNode *format = add_node(*state, "f", "qcow2", "/a");
    QblkNode *storage = add_node(*state, "s", "file", "/a");
    qblk_node_add_child(format, "file", storage);
    qblk_node_add_child(format, "data-file", add_node(*state, "r", "raw", ""));
    g_autofree char *text = load(*state, format, storage);
    assert_string_equal(text, "QEMU does not report the data file of node 'f'");
}

static void
a_format_node_without_a_protocol_node_is_an_error(void **state)
{
    g_autofree char *text = load(*state, add_node(*state, "f", "qcow2", "/a"), NULL);
    assert_string_equal(text, "QEMU does not report the file of node 'f'");
}

static void
an_unknown_file_name_is_an_error(void **state)
{
    QblkNode *node = add_node(*state, "f", "null-co", "null-co://");
    g_autofree char *text = load(*state, node, node);
    assert_non_null(strstr(text, "null-co"));
}

static void
assert_offset(Graph *graph, const char *options, gint64 expected)
{
    QblkNode *format = add_node(graph, "format", "raw", options);
    QblkNode *storage = add_node(graph, "storage", "file", "/f");
    qblk_node_add_child(format, "file", storage);
    g_autoptr(QblkLocation) location = qblk_location_new(format, storage);
    assert_int_equal(qblk_location_get_offset(location), expected);
}

static void
the_offset_of_a_part_is_known_without_decoding_it(void **state)
{
    assert_offset(*state, "/f", 0);
    assert_offset(*state, "json:{\"driver\":\"raw\",\"offset\":4096,\"size\":512}", 4096);
    assert_offset(*state, "json:{\"driver\":\"raw\",\"size\":512}", 0);
    assert_offset(*state, "json:{\"driver\":\"ra", 0);
}

UNIT_MAIN(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_offset_of_a_part_is_known_without_decoding_it),
        TEST(a_file_is_its_path),
        TEST(a_slice_is_that_of_any_raw_node_on_the_way),
        TEST(a_slice_of_unknown_size_is_an_error),
        TEST(filters_between_are_skipped),
        TEST(encryption_is_that_of_the_image_or_else_of_its_file),
        TEST(a_data_file_has_a_source_of_its_own),
        TEST(a_data_file_without_a_protocol_node_is_an_error),
        TEST(a_format_node_without_a_protocol_node_is_an_error),
        TEST(an_unknown_file_name_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
