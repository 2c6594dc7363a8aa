/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/schema.h"

/* How many types may be nested for one value, without what the arguments nest themselves.  A schema
 * that forms a cycle is an error. */
#define MAX_TYPE_DEPTH 4

/* How many variants may be nested; QEMU has at most two. */
#define MAX_VARIANT_DEPTH 3

struct QblkSchema {
    QblkJson *reply;   /* owned */
    GHashTable *types; /* name, owned, to its position in reply plus 1 */
};

void
qblk_schema_free(QblkSchema *schema)
{
    if (schema == NULL) {
        return;
    }

    g_hash_table_unref(schema->types);
    qblk_json_unref(schema->reply);
    g_free(schema);
}

QblkSchema *
qblk_schema_new(const QblkJson *reply, GError **error)
{
    g_autoptr(QblkSchema) schema = g_new0(QblkSchema, 1);
    schema->types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    schema->reply = qblk_json_ref(reply);
    if (!qblk_json_is(reply, QBLK_JSON_ARRAY)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "the schema is not an array");
        return NULL;
    }

    for (gsize i = 0; i < qblk_json_length(reply); i++) {
        const QblkJson *type = qblk_json_at(reply, i);
        const char *name = qblk_json_get_string(type, "name");
        if (name == NULL || qblk_json_get_string(type, "meta-type") == NULL) {
            g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                        "item %" G_GSIZE_FORMAT " of the schema has no name or no meta-type", i);
            return NULL;
        }
        g_hash_table_insert(schema->types, g_strdup(name), GSIZE_TO_POINTER(i + 1));
    }
    return g_steal_pointer(&schema);
}

/* ---- types ---- */

gboolean
qblk_schema_is_meta(const QblkJson *type, const char *meta)
{
    return g_strcmp0(qblk_json_get_string(type, "meta-type"), meta) == 0;
}

static const QblkJson *
find_type(const QblkSchema *schema, const char *name)
{
    gsize place = GPOINTER_TO_SIZE(g_hash_table_lookup(schema->types, name));
    return place == 0 ? NULL : qblk_json_at(schema->reply, place - 1);
}

const QblkJson *
qblk_schema_follow(const QblkSchema *schema, const QblkJson *from, const char *key)
{
    const char *name = qblk_json_get_string(from, key);
    return name == NULL ? NULL : find_type(schema, name);
}

static const QblkJson *
find_command(const QblkSchema *schema, const char *command)
{
    const QblkJson *type = find_type(schema, command);
    return qblk_schema_is_meta(type, "command") ? type : NULL;
}

const QblkJson *
qblk_schema_arguments(const QblkSchema *schema, const char *command)
{
    return qblk_schema_follow(schema, find_command(schema, command), "arg-type");
}

/* The item of @array whose member @key is @value, or NULL. */
static const QblkJson *
find_item(const QblkJson *array, const char *key, const char *value)
{
    for (gsize i = 0; i < qblk_json_length(array); i++) {
        const QblkJson *item = qblk_json_at(array, i);
        if (g_strcmp0(qblk_json_get_string(item, key), value) == 0) {
            return item;
        }
    }
    return NULL;
}

const QblkJson *
qblk_schema_variant(const QblkSchema *schema, const QblkJson *type, const QblkJson *object)
{
    const char *tag = qblk_json_get_string(type, "tag");
    const char *value = tag == NULL ? NULL : qblk_json_get_string(object, tag);
    if (value == NULL) {
        return NULL;
    }

    const QblkJson *variant = find_item(qblk_json_get(type, "variants"), "case", value);
    return qblk_schema_follow(schema, variant, "type");
}

const QblkJson *
qblk_schema_member(const QblkSchema *schema, const QblkJson *type, const QblkJson *object,
                   const char *name)
{
    const QblkJson *member = NULL;
    for (guint i = 0; type != NULL && member == NULL && i <= MAX_VARIANT_DEPTH; i++) {
        member = find_item(qblk_json_get(type, "members"), "name", name);
        type = qblk_schema_variant(schema, type, object);
    }
    return member;
}

/* TRUE if @type or one of its variants has the member @name. */
static gboolean
has_member(const QblkSchema *schema, const QblkJson *type, const char *name, guint depth)
{
    if (find_item(qblk_json_get(type, "members"), "name", name) != NULL) {
        return TRUE;
    }

    const QblkJson *variants = qblk_json_get(type, "variants");
    for (gsize i = 0; i < qblk_json_length(variants) && depth < MAX_VARIANT_DEPTH; i++) {
        const QblkJson *variant = qblk_schema_follow(schema, qblk_json_at(variants, i), "type");
        if (has_member(schema, variant, name, depth + 1)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_schema_has_argument(const QblkSchema *schema, const char *command, const char *argument)
{
    return has_member(schema, qblk_schema_arguments(schema, command), argument, 0);
}

/* ---- kinds of values ---- */

/* TRUE for integers, and for what remains if all other types are excluded. */
static gboolean
is_number(const QblkJson *value)
{
    return !qblk_json_is(value, QBLK_JSON_STRING) && !qblk_json_is(value, QBLK_JSON_BOOLEAN) &&
           !qblk_json_is(value, QBLK_JSON_OBJECT) && !qblk_json_is(value, QBLK_JSON_ARRAY) &&
           !qblk_json_is_null(value);
}

static gboolean
is_of_json_type(const QblkJson *value, const char *json_type)
{
    static const struct {
        const char *name;
        QblkJsonType type;
    } simple[] = {
        {"string", QBLK_JSON_STRING}, {"int", QBLK_JSON_INTEGER}, {"boolean", QBLK_JSON_BOOLEAN},
        {"object", QBLK_JSON_OBJECT}, {"array", QBLK_JSON_ARRAY}, {"value", QBLK_JSON_ANY},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(simple); i++) {
        if (g_strcmp0(json_type, simple[i].name) == 0) {
            return qblk_json_is(value, simple[i].type);
        }
    }

    if (g_strcmp0(json_type, "null") == 0) {
        return qblk_json_is_null(value);
    }
    return g_strcmp0(json_type, "number") == 0 && is_number(value);
}

gboolean
qblk_schema_accepts_kind(const QblkJson *type, const QblkJson *value)
{
    static const struct {
        const char *meta;
        QblkJsonType type;
    } kinds[] = {
        {"object", QBLK_JSON_OBJECT},
        {"array", QBLK_JSON_ARRAY},
        {"enum", QBLK_JSON_STRING},
        {"alternate", QBLK_JSON_ANY},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (qblk_schema_is_meta(type, kinds[i].meta)) {
            return qblk_json_is(value, kinds[i].type);
        }
    }
    return is_of_json_type(value, qblk_json_get_string(type, "json-type"));
}

/* ---- what is known ---- */

/* The position of a check. */
typedef struct {
    const QblkSchema *schema;
    const char *command;
    GString *path; /* of the value, "" for the arguments themselves */
    guint depth;   /* of types that were followed for one value */
} Check;

static gboolean check_value(Check *check, const QblkJson *type, const QblkJson *value,
                            GError **error);

/* Always FALSE; @value is NULL if the member itself is unknown. */
static gboolean
set_unknown(const Check *check, const char *value, GError **error)
{
    if (value == NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "'%s': '%s' is not known",
                    check->command, check->path->str);
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "'%s': '%s' has no value '%s'",
                    check->command, check->path->str, value);
    }
    return FALSE;
}

/* Always FALSE. */
static gboolean
set_schema_error(const Check *check, GError **error)
{
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                "'%s': the schema has no valid type for '%s'", check->command, check->path->str);
    return FALSE;
}

static gboolean
check_builtin(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    return TRUE;
}

static gboolean
check_enum(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    const char *name = qblk_json_string(value);
    if (name == NULL) {
        return TRUE; /* not of that type, which is not what is checked */
    }

    /* `members` since 6.2; `values` has the same names and is deprecated. */
    if (find_item(qblk_json_get(type, "members"), "name", name) != NULL) {
        return TRUE;
    }

    const QblkJson *values = qblk_json_get(type, "values");
    for (gsize i = 0; i < qblk_json_length(values); i++) {
        if (g_strcmp0(qblk_json_string(qblk_json_at(values, i)), name) == 0) {
            return TRUE;
        }
    }
    return set_unknown(check, name, error);
}

static gboolean
check_array(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    const QblkJson *item_type = qblk_schema_follow(check->schema, type, "element-type");
    gsize length = check->path->len;
    for (gsize i = 0; i < qblk_json_length(value); i++) {
        g_string_append_printf(check->path, "[%" G_GSIZE_FORMAT "]", i);
        Check inner = *check;
        inner.depth = 0;
        if (!check_value(&inner, item_type, qblk_json_at(value, i), error)) {
            return FALSE;
        }
        g_string_truncate(check->path, length);
    }
    return TRUE;
}

/* QEMU chooses a branch by the kind of the value; that branch tells best what is unknown.  Without
 * such a branch this QEMU does not accept the form that was chosen. */
static gboolean
check_alternate(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    const QblkJson *members = qblk_json_get(type, "members");
    g_autoptr(GError) cause = NULL;
    for (gsize i = 0; i < qblk_json_length(members); i++) {
        const QblkJson *branch =
            qblk_schema_follow(check->schema, qblk_json_at(members, i), "type");
        if (branch == NULL || !qblk_schema_accepts_kind(branch, value)) {
            continue;
        }

        gsize length = check->path->len;
        g_clear_error(&cause);
        if (check_value(check, branch, value, &cause)) {
            return TRUE;
        }
        g_string_truncate(check->path, length);
    }

    if (cause == NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "'%s': '%s' is not of a type that this QEMU accepts there", check->command,
                    check->path->str);
    } else {
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    return FALSE;
}

typedef struct {
    Check *check;
    const QblkJson *type, *object;
    GError **error;
} Members;

static gboolean
check_member(const char *name, const QblkJson *value, gpointer user_data)
{
    const Members *members = user_data;
    Check inner = *members->check;
    gsize length = inner.path->len;
    g_string_append_printf(inner.path, "%s%s", length > 0 ? "." : "", name);

    const QblkJson *member = qblk_schema_member(inner.schema, members->type, members->object, name);
    if (member == NULL) {
        return set_unknown(&inner, NULL, members->error);
    }

    inner.depth = 0;
    const QblkJson *type = qblk_schema_follow(inner.schema, member, "type");
    if (!check_value(&inner, type, value, members->error)) {
        return FALSE;
    }
    g_string_truncate(inner.path, length);
    return TRUE;
}

static gboolean
check_object(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    Members members = {.check = check, .type = type, .object = value, .error = error};

    /* The tag goes first: with an unknown one every member of the variant would be unknown. */
    const char *tag = qblk_json_get_string(type, "tag");
    const QblkJson *tag_value = tag == NULL ? NULL : qblk_json_get(value, tag);
    if (tag_value != NULL && !check_member(tag, tag_value, &members)) {
        return FALSE;
    }
    return qblk_json_each(value, check_member, &members);
}

static gboolean
check_value(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    static const struct {
        const char *meta;
        gboolean (*check)(Check *check, const QblkJson *type, const QblkJson *value,
                          GError **error);
    } kinds[] = {
        {"builtin", check_builtin}, {"enum", check_enum},           {"array", check_array},
        {"object", check_object},   {"alternate", check_alternate},
    };
    Check inner = *check;
    inner.depth++;
    if (inner.depth > MAX_TYPE_DEPTH) {
        return set_schema_error(check, error);
    }

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (qblk_schema_is_meta(type, kinds[i].meta)) {
            return kinds[i].check(&inner, type, value, error);
        }
    }
    return set_schema_error(check, error);
}

gboolean
qblk_schema_supports(const QblkSchema *schema, const char *command, const QblkJson *arguments,
                     GError **error)
{
    if (find_command(schema, command) == NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND,
                    "'%s' is not a command of this QEMU", command);
        return FALSE;
    }

    if (arguments == NULL) {
        return TRUE;
    }

    g_autoptr(GString) path = g_string_new(NULL);
    Check check = {.schema = schema, .command = command, .path = path};
    return check_value(&check, qblk_schema_arguments(schema, command), arguments, error);
}
