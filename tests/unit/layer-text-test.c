/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/layer-text.h"

#include "base/const-cast.h"
#include "lib/check.h"
#include "qmp/schema.h"

static void
assert_found(const char *command, const char *arguments, const char *expected)
{
    g_autoptr(GPtrArray) layers = qblk_layer_text_find(command, arguments, strlen(arguments));
    g_ptr_array_add(layers, NULL);
    g_autofree char *found = g_strjoinv(" ", (char **)layers->pdata);
    assert_string_equal(found, expected);
}

static void
members_that_name_nodes_may_name_layers(void **state)
{
    assert_found("block-commit", "{'device':'vda[0]', \"top-node\": \"vda[12]\", 'top':'b[1]'}",
                 "vda[0] vda[12]");
    assert_found("x", "{'device':'vda[1]','node':'vda[1]'}", "vda[1]");
    assert_found("blockdev-add", "{'file':{'backing':'a[1]','file':'b[2]'},'children':['c[3]',{}]}",
                 "a[1] b[2] c[3]");
    assert_found("x", "{\"de\\u0076ice\":'v\\u0064a[1]'}", "vda[1]");
    assert_found("x", "", "");
    assert_found("x", "{'a':'device','b':'vda[1]'}", "");
}

static void
other_strings_are_no_layers(void **state)
{
    static const char *const values[] = {
        "vda",     "vda[]", "[1]",    "vda[1", "vda1]", "vda[-1]", "vda[1] ", "vda[1]x", "vda[a]",
        "a[1][2]", "/a[1]", "a/b[1]", "]",     "",      "vda[1a]", "vda[ 1]", "1]",      "[",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *text = g_strdup_printf("{'device':'%s'}", values[i]);
        assert_found("block-commit", text, "");
    }
}

static void
some_members_are_files_in_some_commands(void **state)
{
    assert_found("drive-mirror", "{'device':'vda[0]','target':'vda[1]'}", "vda[0]");
    assert_found("blockdev-mirror", "{'device':'vda[0]','target':'vda[1]'}", "vda[0] vda[1]");
    assert_found("transaction",
                 "{'actions':[{'data':{'target':'a[1]'},'type':'drive-backup'},"
                 "{'type':'blockdev-backup','data':{'target':'b[1]'}}]}",
                 "b[1]");
    assert_found("blockdev-add", "{'file':{'image':'a[1]','driver':'rbd'},'driver':'raw'}", "");
    assert_found("blockdev-add", "{'driver':'blkverify','test':{'driver':'iscsi','target':'a[1]'}}",
                 "");
    assert_found("object-add", "{'qom-type':'secret','file':'a[1]'}", "");
}

static void
layers_are_replaced_and_the_rest_stays(void **state)
{
    static const char text[] = "{ 'device' :\t'vda[1]','top':\"vda[1]\",\"node\":\"vdb[2]\"}";
    g_autoptr(GHashTable) layers = g_hash_table_new(g_str_hash, g_str_equal);
    char name[] = "vda[1]", node[] = "a\"\\\x01";
    g_hash_table_insert(layers, name, node);
    GString *out = qblk_layer_text_replace("block-commit", text, strlen(text), layers);
    assert_string_equal(out->str, "{ 'device' :\t\"a\\\"\\\\\\u0001\",'top':\"vda[1]\","
                                  "\"node\":\"vdb[2]\"}");
    g_string_free(out, TRUE);
}

static void
very_many_layers_are_left_alone(void **state)
{
    GString *text = g_string_new("{'children':[");
    for (guint i = 0; i < 20000; i++) {
        g_string_append(text, "'a[1]',{'target':'a[2]'},");
    }
    g_string_append(text, "0]}");
    assert_found("blockdev-add", text->str, "a[1] a[2]");
    g_string_free(text, TRUE);
}

/* ---- the schemas of QEMU ---- */

/* Strings of commands of the block layer that name a node or device. */
static const char *const nodes[] = {
    "backing",  "base-node", "bottom",    "children", "data-file", "device",
    "devices",  "file",      "header",    "id",       "image",     "image-node-name",
    "log",      "node",      "node-name", "overlay",  "parent",    "raw",
    "replaces", "target",    "test",      "top-node", "vmstate",   NULL,
};

/* Strings that do not: names of files, jobs, bitmaps, users and new nodes, and text. */
static const char *const texts[] = {
    "address",
    "arg",
    "backing-file",
    "base",
    "bitmap",
    "bitmaps",
    "child",
    "cid",
    "conf",
    "config",
    "cookie",
    "cookie-secret",
    "description",
    "dir",
    "export",
    "extents",
    "filename",
    "filter-node-name",
    "format",
    "group",
    "hash",
    "host",
    "hwversion",
    "initiator-name",
    "iothread",
    "job-id",
    "key-secret",
    "label",
    "logfile",
    "mountpoint",
    "name",
    "namespace",
    "new-secret",
    "old-secret",
    "password",
    "password-secret",
    "path",
    "pool",
    "port",
    "portal",
    "pr-manager",
    "proxy-password-secret",
    "proxy-username",
    "serial",
    "server-name",
    "secret",
    "snapshot",
    "snapshot-file",
    "snapshot-node-name",
    "str",
    "tag",
    "throttle-group",
    "tls-authz",
    "tls-creds",
    "tls-hostname",
    "toolsversion",
    "top",
    "top-id",
    "url",
    "user",
    "username",
    "vdi",
    "volume",
    "x-dirty-bitmap",
    "fqdn",
    NULL,
};

/* Names of nodes elsewhere, but not in these commands, actions and drivers. */
static const char *const exceptions[] = {
    "change/target", "drive-backup/target", "drive-mirror/target",
    "iscsi/target",  "rbd/image",           NULL,
};

static const char *const prefixes[] = {
    "block",       "drive-",    "x-block", "nbd-server",    "change", "eject",
    "transaction", "snapshot-", "job-",    "x-debug-block", NULL,
};

typedef struct {
    const QblkSchema *schema;
    const char *command;
    GHashTable *seen; /* types that are open, with the case of the variant */
    guint checked;
} Walk;

static gboolean
is_string(const Walk *walk, const QblkJson *type)
{
    const char *meta = qblk_json_get_string(type, "meta-type");
    if (g_strcmp0(meta, "array") == 0) {
        return is_string(walk, qblk_schema_follow(walk->schema, type, "element-type"));
    }
    const QblkJson *members = qblk_json_get(type, "members");
    for (gsize i = 0; g_strcmp0(meta, "alternate") == 0 && i < qblk_json_length(members); i++) {
        if (is_string(walk, qblk_schema_follow(walk->schema, qblk_json_at(members, i), "type"))) {
            return TRUE;
        }
    }
    return g_strcmp0(meta, "builtin") == 0 &&
           g_strcmp0(qblk_json_get_string(type, "json-type"), "string") == 0;
}

/* Check the member @key; @before and @after are the text around it. */
static void
check_member(Walk *walk, const char *context, const char *key, const char *before,
             const char *after, gboolean is_array)
{
    g_autofree char *text = g_strdup_printf(
        is_array ? "%s\"%s\":[\"vda[1]\"]%s" : "%s\"%s\":\"vda[1]\"%s", before, key, after);
    g_autofree char *name = g_strconcat(context, "/", key, NULL);
    gboolean is_node = g_strv_contains(nodes, key) && !g_strv_contains(exceptions, name);
    g_autoptr(GPtrArray) found = qblk_layer_text_find(walk->command, text, strlen(text));
    if (!g_strv_contains(nodes, key) && !g_strv_contains(texts, key)) {
        fail_msg("'%s' of '%s': does it name a node?", key, walk->command);
    }
    if (is_node != (found->len > 0)) {
        fail_msg("'%s' of '%s' in %s: %sfound", key, walk->command, text, is_node ? "not " : "");
    }
    walk->checked++;
}

static void walk_type(Walk *walk, const QblkJson *type, const char *context, const char *before,
                      const char *after);

static void
walk_members(Walk *walk, const QblkJson *members, const char *context, const char *before,
             const char *after)
{
    for (gsize i = 0; i < qblk_json_length(members); i++) {
        const QblkJson *member = qblk_json_at(members, i);
        const QblkJson *type = qblk_schema_follow(walk->schema, member, "type");
        const char *key = qblk_json_get_string(member, "name");
        gboolean is_array = qblk_schema_is_meta(type, "array");
        if (is_string(walk, type)) {
            check_member(walk, context, key, before, after, is_array);
        }

        g_autofree char *inner = g_strdup_printf("%s\"%s\":%s", before, key, is_array ? "[" : "");
        g_autofree char *outer = g_strconcat(is_array ? "]" : "", after, NULL);
        walk_type(walk, is_array ? qblk_schema_follow(walk->schema, type, "element-type") : type,
                  context, inner, outer);
    }
}

static void
walk_variants(Walk *walk, const QblkJson *type, const char *before, const char *after)
{
    const QblkJson *variants = qblk_json_get(type, "variants");
    const char *tag = qblk_json_get_string(type, "tag");
    for (gsize i = 0; i < qblk_json_length(variants); i++) {
        const QblkJson *variant = qblk_json_at(variants, i);
        const char *name = qblk_json_get_string(variant, "case");
        const QblkJson *inner = qblk_schema_follow(walk->schema, variant, "type");
        /* The tag is the last member: the text before it does not tell what the object is. */
        g_autofree char *end = g_strdup_printf(",\"%s\":\"%s\"}%s", tag, name, after);
        walk_members(walk, qblk_json_get(inner, "members"), name, before, end);
    }
}

static void
walk_type(Walk *walk, const QblkJson *type, const char *context, const char *before,
          const char *after)
{
    if (type == NULL || g_hash_table_contains(walk->seen, type)) {
        return;
    }
    g_hash_table_add(walk->seen, qblk_const_cast(type));
    if (qblk_schema_is_meta(type, "alternate")) {
        const QblkJson *members = qblk_json_get(type, "members");
        for (gsize i = 0; i < qblk_json_length(members); i++) {
            walk_type(walk, qblk_schema_follow(walk->schema, qblk_json_at(members, i), "type"),
                      context, before, after);
        }
    } else if (qblk_schema_is_meta(type, "object")) {
        g_autofree char *inner = g_strconcat(before, "{", NULL);
        g_autofree char *outer = g_strconcat("}", after, NULL);
        walk_members(walk, qblk_json_get(type, "members"), context, inner, outer);
        walk_variants(walk, type, inner, after);
    }
}

static gboolean
is_of_block_layer(const char *command)
{
    for (gsize i = 0; prefixes[i] != NULL; i++) {
        if (g_str_has_prefix(command, prefixes[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

static void
check_version(const char *version)
{
    g_autofree char *path = g_build_filename(g_getenv("QBLK_SOURCE_ROOT"), "tests", "qemu-fixtures",
                                             version, "query-qmp-schema.json", NULL);
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GError) error = NULL;
    assert_true(g_file_get_contents(path, &text, &length, &error));
    g_autoptr(QblkJson) reply = qblk_json_parse(text, length, &error);
    assert_no_error(error);
    g_autoptr(QblkSchema) schema = qblk_schema_new(reply, &error);
    assert_no_error(error);

    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    Walk walk = {.schema = schema, .seen = seen};
    for (gsize i = 0; i < qblk_json_length(reply); i++) {
        const QblkJson *entry = qblk_json_at(reply, i);
        walk.command = qblk_json_get_string(entry, "name");
        if (qblk_schema_is_meta(entry, "command") && is_of_block_layer(walk.command)) {
            g_hash_table_remove_all(seen);
            walk_type(&walk, qblk_schema_arguments(schema, walk.command), walk.command, "", "");
        }
    }
    assert_true(walk.checked > 500);
}

static void
the_table_has_the_members_of_each_qemu_that_name_nodes(void **state)
{
    static const char *const versions[] = {"5.2", "7.2", "10.0", "11.1"};
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        check_version(versions[i]);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_that_name_nodes_may_name_layers),
        cmocka_unit_test(other_strings_are_no_layers),
        cmocka_unit_test(some_members_are_files_in_some_commands),
        cmocka_unit_test(layers_are_replaced_and_the_rest_stays),
        cmocka_unit_test(very_many_layers_are_left_alone),
        cmocka_unit_test(the_table_has_the_members_of_each_qemu_that_name_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
