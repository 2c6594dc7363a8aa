/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* src/bridge/qblk-bridge.json, the schema for clients, against the tables of the commands. */
#include "base/json-quotes.h"
#include "base/json-scan.h"
#include "bridge/local-change.h"
#include "bridge/local-table.h"
#include "bridge/local.h"
#include "lib/check.h"

#define SCHEMA "src/bridge/qblk-bridge.json"

/* ---- the file ---- */

/* QAPI is JSON with comments and single quotes, one value after the other.
 *
 * Returns: (transfer full): name -> object, of all definitions */
static GHashTable *
read_schema(void)
{
    g_autofree char *path = g_build_filename(g_getenv("QBLK_SOURCE_ROOT"), SCHEMA, NULL);
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autoptr(GRegex) comment = g_regex_new("^#.*$", G_REGEX_MULTILINE, 0, NULL);
    g_autofree char *plain = g_regex_replace_literal(comment, text, -1, 0, "", 0, NULL);
    g_autofree char *json = qblk_json_quotes_double(plain);

    static const char *const kinds[] = {"command", "event", "struct", "enum", "union", "alternate"};
    GHashTable *schema =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)qblk_json_unref);
    for (const char *at = strchr(json, '{'); at != NULL; at = strchr(at, '{')) {
        QblkJsonScan scan = {0};
        gsize length = qblk_json_scan(&scan, at, strlen(at), 16);
        GError *error = NULL;
        g_autoptr(QblkJson) object = qblk_json_parse(at, length, &error);
        assert_no_error(error);
        for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
            const char *name = qblk_json_get_string(object, kinds[i]);
            if (name != NULL) {
                assert_true(g_hash_table_insert(schema, g_strdup(name), qblk_json_ref(object)));
            }
        }
        at += length;
    }
    return schema;
}

/* ---- one member ---- */

/* Returns: (transfer full): as in the schema */
static char *
type_in_schema(GHashTable *schema, const QblkJson *type)
{
    const char *name = qblk_json_string(type);
    if (name == NULL) {
        return g_strdup_printf("[%s]", qblk_json_string(qblk_json_at(type, 0)));
    }

    const QblkJson *definition = g_hash_table_lookup(schema, name);
    const QblkJson *values = qblk_json_get(definition, "data");
    return definition == NULL ? g_strdup(name) : qblk_json_print(values, QBLK_JSON_COMPACT);
}

static char *
type_in_table(const QblkLocalMember *member)
{
    static const char *const types[] = {
        [QBLK_LOCAL_STRING] = "str",
        [QBLK_LOCAL_STRINGS] = "[str]",
        [QBLK_LOCAL_BOOLEAN] = "bool",
        [QBLK_LOCAL_INTEGER] = "int",
    };
    if (member->values == NULL) {
        return g_strdup(types[member->type]);
    }

    g_autoptr(QblkJson) values = qblk_json_new_array();
    for (const char *const *at = member->values; *at != NULL; at++) {
        qblk_json_append(values, qblk_json_new_string(*at));
    }
    return qblk_json_print(values, QBLK_JSON_COMPACT);
}

/* ---- members ---- */

typedef struct {
    GHashTable *schema;
    const char *command;
    const QblkLocalMember *const *tables;
    guint count;
} Comparison;

static gboolean
compare_member(const char *key, const QblkJson *value, gpointer user_data)
{
    Comparison *comparison = user_data;
    gboolean is_optional = key[0] == '*';
    const QblkLocalMember *member =
        qblk_local_member_find(comparison->tables, is_optional ? key + 1 : key);
    if (member == NULL) {
        fail_msg("%s of %s is only in the schema", key, comparison->command);
        return FALSE;
    }

    g_autofree char *in_schema = type_in_schema(comparison->schema, value);
    g_autofree char *in_table = type_in_table(member);
    assert_int_equal(member->is_required, !is_optional);
    assert_string_equal(in_schema, in_table);
    comparison->count++;
    return TRUE;
}

/* @data: (nullable): an object, or the name of a struct, which may have a base */
static void
compare_data(Comparison *comparison, const QblkJson *data)
{
    const char *name = qblk_json_string(data);
    if (name == NULL) {
        (void)(data == NULL || qblk_json_each(data, compare_member, comparison));
        return;
    }

    const QblkJson *definition = g_hash_table_lookup(comparison->schema, name);
    assert_non_null(definition);
    compare_data(comparison, qblk_json_get(definition, "base"));
    compare_data(comparison, qblk_json_get(definition, "data"));
}

static guint
count_members(const QblkLocalMember *const *tables)
{
    guint count = 0;
    for (; *tables != NULL; tables++) {
        for (const QblkLocalMember *member = *tables; member->name != NULL; member++) {
            count++;
        }
    }
    return count;
}

static void
compare(GHashTable *schema, const char *command, const QblkLocalMember *const *tables,
        const QblkJson *data)
{
    Comparison comparison = {schema, command, tables, 0};
    compare_data(&comparison, data);
    assert_int_equal(comparison.count, count_members(tables));
}

/* ---- the tests ---- */

static void
the_schema_has_each_command_with_its_members(void **state)
{
    g_autoptr(GHashTable) schema = read_schema();
    guint commands = 0;
    for (const QblkLocalCommand *command = qblk_local_commands; command->name != NULL; command++) {
        const QblkJson *definition = g_hash_table_lookup(schema, command->name);
        if (definition == NULL) {
            fail_msg("%s is not in the schema", command->name);
        }
        if (command->members != NULL) {
            compare(schema, command->name, command->members, qblk_json_get(definition, "data"));
        }
        commands++;
    }

    GHashTableIter at;
    gpointer definition;
    g_hash_table_iter_init(&at, schema);
    while (g_hash_table_iter_next(&at, NULL, &definition)) {
        commands -= qblk_json_get(definition, "command") != NULL;
    }
    assert_int_equal(commands, 0);
}

static void
a_plan_has_the_members_of_each_operation(void **state)
{
    g_autoptr(GHashTable) schema = read_schema();
    const QblkJson *arguments = g_hash_table_lookup(schema, "QblkPlanArguments");
    const QblkJson *kinds = qblk_json_get(arguments, "data");
    gsize count = 0;
    for (const QblkLocalKind *kind = qblk_local_kinds; kind->name != NULL; kind++, count++) {
        compare(schema, kind->name, kind->members, qblk_json_get(kinds, kind->name));
    }
    assert_int_equal(qblk_json_length(kinds), count);

    const QblkJson *names = qblk_json_get(g_hash_table_lookup(schema, "QblkOperationKind"), "data");
    assert_int_equal(qblk_json_length(names), count);
    for (gsize i = 0; i < count; i++) {
        assert_string_equal(qblk_json_string(qblk_json_at(names, i)), qblk_local_kinds[i].name);
    }
}

static void
the_names_are_those_of_the_table_and_of_the_policy(void **state)
{
    const char *const *names = qblk_local_get_commands();
    gsize i = 0;
    for (; qblk_local_commands[i].name != NULL; i++) {
        assert_string_equal(names[i], qblk_local_commands[i].name);
        assert_int_equal(qblk_policy_is_read_only(names[i]), qblk_local_commands[i].is_read_only);
    }
    assert_null(names[i]);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_has_each_command_with_its_members),
        cmocka_unit_test(a_plan_has_the_members_of_each_operation),
        cmocka_unit_test(the_names_are_those_of_the_table_and_of_the_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
