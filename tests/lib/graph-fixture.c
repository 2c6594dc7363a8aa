/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/graph-fixture.h"

#include "lib/check.h"
#include "qmp/query.h"

#include <qblk/capture.h>

#define NODES_ARGUMENTS "{'flat':true}"

static char *
fixture_path(const char *topology)
{
    const char *root = g_getenv("QBLK_SOURCE_ROOT");
    assert_non_null(root);
    return g_build_filename(root, "tests/qemu-fixtures",
                            strchr(topology, '/') == NULL ? "7.2" : ".", topology, NULL);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_names(GPtrArray *names, const char *version)
{
    /* It is half of what is recorded, and its length is all that it is about. */
    gboolean has_deep = g_str_equal(version, "7.2") || g_getenv("QBLK_FULL") != NULL;
    g_autofree char *in_version = g_strconcat(version, "/", NULL);
    g_autofree char *directory = fixture_path(in_version);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(directory, name, "capture.json", NULL);
        gboolean is_wanted = has_deep || !g_str_equal(name, "deep-200");
        if (is_wanted && g_file_test(file, G_FILE_TEST_EXISTS)) {
            g_ptr_array_add(names, g_strconcat(in_version, name, NULL));
        }
    }
}

GPtrArray *
graph_fixture_all(void)
{
    gboolean is_brief = g_getenv("QBLK_BRIEF") != NULL && g_getenv("QBLK_FULL") == NULL;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *directory = fixture_path("./");
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    assert_non_null(dir);
    const char *version;
    while ((version = g_dir_read_name(dir)) != NULL) {
        if (!is_brief || g_str_equal(version, "7.2") || g_str_equal(version, "11.1")) {
            add_names(names, version);
        }
    }
    g_ptr_array_sort(names, compare_names);
    assert_true(names->len > 0);
    return names;
}

gboolean
graph_fixture_is(const char *name, const char *topology)
{
    const char *slash = strchr(name, '/');
    return slash != NULL && g_str_equal(slash + 1, topology);
}

char *
graph_fixture_version(const char *name)
{
    return g_strndup(name, strcspn(name, "/"));
}

char *
graph_fixture_text(const char *topology, gsize *length)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = fixture_path(topology);
    g_autofree char *path = g_build_filename(directory, "capture.json", NULL);
    char *text = NULL;
    g_file_get_contents(path, &text, length, &error);
    assert_no_error(error);
    return text;
}

/* Tests change the values of replies. */
static void
make_changeable(QblkReply *reply)
{
    g_autoptr(QblkJson) entry = qblk_json_view_parse(reply->source);
    const QblkJson *arguments = qblk_json_get(entry, "arguments");

    reply->arguments = arguments == NULL ? NULL : qblk_json_ref(arguments);
    reply->source = (QblkJsonView){0};
    if (!qblk_json_view_is_absent(reply->text)) {
        g_clear_pointer(&reply->value, qblk_json_unref);
        reply->value = qblk_json_view_parse(reply->text);
        reply->text = (QblkJsonView){0};
    }
}

QblkReplies *
graph_fixture_load(const char *topology)
{
    g_autoptr(GError) error = NULL;
    gsize length = 0;
    g_autofree char *text = graph_fixture_text(topology, &length);
    QblkReplies *replies = qblk_capture_parse(text, length, &error);
    assert_no_error(error);
    for (guint i = 0; i < replies->list->len; i++) {
        make_changeable(replies->list->pdata[i]);
    }
    return replies;
}

QblkJson *
graph_fixture_json(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *quoted = g_strdelimit(g_strdup(text), "'", '"');
    QblkJson *json = qblk_json_parse(quoted, strlen(quoted), &error);
    assert_no_error(error);
    return json;
}

static QblkJson *
optional_json(const char *text)
{
    return text == NULL ? NULL : graph_fixture_json(text);
}

static QblkJson *
refusal(void)
{
    return graph_fixture_json("{'class':'GenericError','desc':'no'}");
}

void
graph_fixture_add(QblkReplies *replies, const char *command, const char *arguments,
                  const char *value)
{
    qblk_replies_add(replies, command, optional_json(arguments), optional_json(value),
                     value == NULL ? refusal() : NULL);
}

void
graph_fixture_add_property(QblkReplies *replies, const char *path, const char *property,
                           const char *value)
{
    g_autofree char *arguments = g_strdup_printf("{'path':'%s','property':'%s'}", path, property);
    graph_fixture_add(replies, "qom-get", arguments, value);
}

QblkReply *
graph_fixture_reply(QblkReplies *replies, const char *command, const char *arguments)
{
    g_autoptr(QblkJson) json = optional_json(arguments);
    const QblkReply *found = qblk_replies_find(replies, command, json);
    assert_non_null(found);
    for (guint i = 0; i < replies->list->len; i++) {
        if (replies->list->pdata[i] == found) {
            return replies->list->pdata[i];
        }
    }
    fail();
    return NULL;
}

static void
set_value(QblkReply *reply, QblkJson *value)
{
    g_clear_pointer(&reply->value, qblk_json_unref);
    g_clear_pointer(&reply->refusal, qblk_json_unref);
    g_clear_pointer(&reply->entry, qblk_json_unref);
    reply->value = value;
    reply->refusal = value == NULL ? refusal() : NULL;
}

void
graph_fixture_replace(QblkReplies *replies, const char *command, const char *arguments,
                      const char *value)
{
    set_value(graph_fixture_reply(replies, command, arguments), optional_json(value));
}

static QblkJson *
share(const QblkJson *json)
{
    return json == NULL ? NULL : qblk_json_ref(json);
}

QblkReplies *
graph_fixture_copy_without(const QblkReplies *replies, const char *command)
{
    QblkReplies *copy = qblk_replies_new();
    for (guint i = 0; i < replies->list->len; i++) {
        const QblkReply *reply = replies->list->pdata[i];
        if (g_strcmp0(reply->command, command) != 0) {
            qblk_replies_add(copy, reply->command, share(reply->arguments), share(reply->value),
                             share(reply->refusal));
        }
    }
    return copy;
}

/* ---- edges ---- */

/* Vertex id -> name. */
static GHashTable *
vertex_names(const QblkJson *graph)
{
    GHashTable *names = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    const QblkJson *vertices = qblk_json_get(graph, "nodes");
    for (gsize i = 0; i < qblk_json_length(vertices); i++) {
        const QblkJson *vertex = qblk_json_at(vertices, i);
        gint64 *id = g_new0(gint64, 1);
        assert_true(qblk_json_integer(qblk_json_get(vertex, "id"), id));
        g_hash_table_insert(names, id, g_strdup(qblk_json_get_string(vertex, "name")));
    }
    return names;
}

static void
add_child(QblkJson *children, const char *edge, const char *node)
{
    QblkJson *child = qblk_json_new_object();
    qblk_json_set_string(child, "child", edge);
    qblk_json_set_string(child, "node-name", node);
    qblk_json_append(children, child);
}

/* Name of a parent -> JSON array of its children, owned. */
static GHashTable *
children_by_parent(const QblkJson *graph)
{
    g_autoptr(GHashTable) names = vertex_names(graph);
    GHashTable *all =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)qblk_json_unref);
    const QblkJson *edges = qblk_json_get(graph, "edges");
    for (gsize i = 0; i < qblk_json_length(edges); i++) {
        const QblkJson *edge = qblk_json_at(edges, i);
        gint64 parent = -1, child = -1;
        assert_true(qblk_json_integer(qblk_json_get(edge, "parent"), &parent));
        assert_true(qblk_json_integer(qblk_json_get(edge, "child"), &child));
        const char *name = g_hash_table_lookup(names, &parent);
        QblkJson *children = g_hash_table_lookup(all, name);
        if (children == NULL) {
            children = qblk_json_new_array();
            g_hash_table_insert(all, g_strdup(name), children);
        }
        add_child(children, qblk_json_get_string(edge, "name"), g_hash_table_lookup(names, &child));
    }
    return all;
}

void
graph_fixture_add_children(QblkReplies *replies)
{
    const QblkJson *graph = qblk_replies_value(replies, "x-debug-query-block-graph");
    g_autoptr(GHashTable) all = children_by_parent(graph);
    QblkReply *nodes = graph_fixture_reply(replies, "query-named-block-nodes", NODES_ARGUMENTS);
    QblkJson *changed = qblk_json_new_array();
    for (gsize i = 0; i < qblk_json_length(nodes->value); i++) {
        QblkJson *node = qblk_json_copy(qblk_json_at(nodes->value, i));
        if (qblk_json_get(node, "children") != NULL) {
            qblk_json_append(changed, node);
            continue;
        }
        QblkJson *children = g_hash_table_lookup(all, qblk_json_get_string(node, "node-name"));
        qblk_json_set(node, "children",
                      children == NULL ? qblk_json_new_array() : qblk_json_ref(children));
        qblk_json_append(changed, node);
    }
    set_value(nodes, changed);
}

/* ---- a machine from text ---- */

static QblkJson *
node_from_line(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    assert_true(g_strv_length(words) >= 3);
    QblkJson *node = graph_fixture_json("{'ro':false,'image':{'virtual-size':65536}}");
    qblk_json_set_string(node, "node-name", words[0]);
    qblk_json_set_string(node, "drv", words[1]);
    qblk_json_set_string(node, "file", words[2]);
    QblkJson *children = qblk_json_new_array();
    for (guint i = 3; words[i] != NULL; i++) {
        g_auto(GStrv) edge = g_strsplit(words[i], "=", 2);
        assert_int_equal(g_strv_length(edge), 2);
        add_child(children, edge[0], edge[1]);
    }
    qblk_json_set(node, "children", children);
    return node;
}

static QblkJson *
block_from_line(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    assert_true(g_strv_length(words) >= 2);
    QblkJson *block = qblk_json_new_object();
    qblk_json_set_string(block, "device", g_str_equal(words[1], "-") ? "" : words[1]);
    qblk_json_set_boolean(block, "removable", words[2] == NULL);
    if (!g_str_equal(words[0], "-")) {
        qblk_json_set_string(block, "qdev", words[0]);
    }
    if (words[2] != NULL) {
        QblkJson *inserted = qblk_json_new_object();
        qblk_json_set_string(inserted, "node-name", words[2]);
        qblk_json_set_boolean(inserted, "ro", FALSE);
        qblk_json_set(block, "inserted", inserted);
    }
    return block;
}

static QblkJson *
from_lines(const char *text, QblkJson *(*from_line)(const char *))
{
    QblkJson *array = qblk_json_new_array();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        if (g_strstrip(lines[i])[0] != '\0') {
            qblk_json_append(array, from_line(lines[i]));
        }
    }
    return array;
}

QblkReplies *
graph_fixture_machine(const char *nodes, const char *blocks)
{
    QblkReplies *replies = graph_fixture_jobs("11.0.0", "[]", "[]");
    graph_fixture_add(replies, "query-name", NULL, "{'name':'vm'}");
    graph_fixture_add(replies, "query-status", NULL, "{'status':'running','running':true}");
    qblk_replies_add(replies, "query-block", NULL, from_lines(blocks, block_from_line), NULL);
    graph_fixture_add(replies, "query-block-exports", NULL, "[]");
    graph_fixture_add(replies, "query-chardev", NULL, "[]");
    qblk_replies_add(replies, "query-named-block-nodes", graph_fixture_json(NODES_ARGUMENTS),
                     from_lines(nodes, node_from_line), NULL);
    return replies;
}

static void
append_entries(GString *text, const char *entries, const char *const *keys)
{
    g_auto(GStrv) list = g_strsplit(entries, ";", -1);
    for (guint i = 0; list[i] != NULL && list[0][0] != '\0'; i++) {
        g_auto(GStrv) words = g_strsplit(list[i], " ", 3);
        assert_int_equal(g_strv_length(words), 3);
        g_string_append(text, i == 0 ? "" : ",");
        for (guint j = 0; j < 3; j++) {
            gboolean is_number = g_ascii_isdigit(words[j][0]);
            g_string_append_printf(text, is_number ? "%s'%s':%s" : "%s'%s':'%s'",
                                   j == 0 ? "{" : ",", keys[j], words[j]);
        }
        g_string_append_c(text, '}');
    }
}

char *
graph_fixture_graph(const char *vertices, const char *edges)
{
    static const char *const vertex_keys[] = {"id", "type", "name"};
    static const char *const edge_keys[] = {"parent", "child", "name"};
    GString *text = g_string_new("{'nodes':[");
    append_entries(text, vertices, vertex_keys);
    g_string_append(text, "],'edges':[");
    append_entries(text, edges, edge_keys);
    g_string_append(text, "]}");
    return g_string_free(text, FALSE);
}

void
graph_fixture_add_job(QblkReplies *replies, const char *jobs, const char *block_jobs)
{
    graph_fixture_replace(replies, "query-jobs", NULL, jobs);
    graph_fixture_replace(replies, "query-block-jobs", NULL, block_jobs);
}

static char *
version_text(const char *version)
{
    g_auto(GStrv) numbers = g_strsplit(version, ".", -1);
    assert_int_equal(g_strv_length(numbers), 3);
    return g_strdup_printf("{'qemu':{'major':%s,'minor':%s,'micro':%s},'package':''}", numbers[0],
                           numbers[1], numbers[2]);
}

void
graph_fixture_set_version(QblkReplies *replies, const char *version)
{
    g_autofree char *text = version_text(version);
    graph_fixture_replace(replies, "query-version", NULL, text);
}

QblkReplies *
graph_fixture_jobs(const char *version, const char *jobs, const char *block_jobs)
{
    QblkReplies *replies = qblk_replies_new();
    g_autofree char *text = version_text(version);
    graph_fixture_add(replies, "query-version", NULL, text);
    graph_fixture_add(replies, "query-jobs", NULL, jobs);
    graph_fixture_add(replies, "query-block-jobs", NULL, block_jobs);
    return replies;
}

/* ---- from replies to chains ---- */

QblkSnapshot *
graph_fixture_snapshot_by(const QblkReplies *replies, QblkEdgeSource edges)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    options->edges = edges;
    QblkSnapshot *snapshot = qblk_snapshot_load(replies, options, &error);
    assert_no_error(error);
    return snapshot;
}

static void
open_file(QblkOpenedFiles *opened, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    QblkFileIdentity file = {.device = 0x801};
    assert_true(g_ascii_string_to_signed(words[0], 10, 1, G_MAXINT64, &file.inode, NULL));

    for (guint i = 1; words[i] != NULL; i++) {
        (void)qblk_opened_files_add(opened, &file, (int)file.inode, words[1], FALSE);
        qblk_opened_files_set_name(opened, words[i], &file);
    }
}

void
graph_fixture_open(QblkReplies *replies, const char *files)
{
    g_auto(GStrv) lines = g_strsplit(files, "\n", -1);
    replies->opened = qblk_opened_files_new(0);
    g_clear_pointer(&replies->opened->unknown, g_free);
    replies->opened->is_same_root = TRUE;
    replies->opened->directory = g_strdup("/d");

    for (guint i = 0; lines[i] != NULL; i++) {
        open_file(replies->opened, lines[i]);
    }
}

QblkSnapshot *
graph_fixture_snapshot(const QblkReplies *replies)
{
    return graph_fixture_snapshot_by(replies, QBLK_EDGE_SOURCE_BEST);
}

QblkChain *
graph_fixture_chain(const QblkSnapshot *snapshot, const char *name)
{
    g_autoptr(GError) error = NULL;
    QblkChain *chain = qblk_snapshot_chain(snapshot, name, &error);
    assert_no_error(error);
    return chain;
}

GError *
graph_fixture_error(const QblkReplies *replies, const char *disk)
{
    GError *error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_load(replies, options, &error);
    if (disk == NULL) {
        assert_null(snapshot);
        return error;
    }
    assert_no_error(error);
    assert_null(qblk_snapshot_chain(snapshot, disk, &error));
    return error;
}
