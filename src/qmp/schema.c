/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/schema.h"

/* How many types may lie within one another at one place of the arguments, not counting what the
 * arguments themselves nest: a schema that goes round in a circle is stopped here. */
#define MAX_TYPE_DEPTH 4

/* How many variants may lie within one another; QEMU has at most two. */
#define MAX_VARIANT_DEPTH 3

struct QblkSchema {
    QblkJson *reply;   /* owned */
    GHashTable *types; /* name, owned, to its position in reply and 1 */
};

/* Where a check is. */
typedef struct {
    const QblkSchema *schema;
    const char *command;
    GString *path; /* of the value looked at, "" at the top */
    guint depth;   /* of types followed for one value */
} Check;

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
                        "the schema's item %" G_GSIZE_FORMAT " has no name or no meta-type", i);
            return NULL;
        }
        g_hash_table_insert(schema->types, g_strdup(name), GSIZE_TO_POINTER(i + 1));
    }
    return g_steal_pointer(&schema);
}

static gboolean
is_meta(const QblkJson *type, const char *meta)
{
    return g_strcmp0(qblk_json_get_string(type, "meta-type"), meta) == 0;
}

static const QblkJson *
find_type(const QblkSchema *schema, const char *name)
{
    gsize place = GPOINTER_TO_SIZE(g_hash_table_lookup(schema->types, name));
    return place == 0 ? NULL : qblk_json_at(schema->reply, place - 1);
}

/* The type that member @key of @from names, or NULL. */
static const QblkJson *
follow(const QblkSchema *schema, const QblkJson *from, const char *key)
{
    const char *name = qblk_json_get_string(from, key);
    return name == NULL ? NULL : find_type(schema, name);
}

static const QblkJson *
find_command(const QblkSchema *schema, const char *command)
{
    const QblkJson *type = find_type(schema, command);
    return is_meta(type, "command") ? type : NULL;
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

static gboolean
has_member(const QblkSchema *schema, const QblkJson *type, const char *name, guint depth)
{
    if (find_item(qblk_json_get(type, "members"), "name", name) != NULL) {
        return TRUE;
    }
    const QblkJson *variants = qblk_json_get(type, "variants");
    for (gsize i = 0; i < qblk_json_length(variants) && depth < MAX_VARIANT_DEPTH; i++) {
        const QblkJson *variant = follow(schema, qblk_json_at(variants, i), "type");
        if (has_member(schema, variant, name, depth + 1)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_schema_has_argument(const QblkSchema *schema, const char *command, const char *argument)
{
    const QblkJson *type = follow(schema, find_command(schema, command), "arg-type");
    return has_member(schema, type, argument, 0);
}

/* ---- checking ---- */

static gboolean check_value(Check *check, const QblkJson *type, const QblkJson *value,
                            GError **error);

G_GNUC_PRINTF(3, 4)
static gboolean
refuse(const Check *check, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    const char *path = check->path->len == 0 ? "arguments" : check->path->str;
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "'%s': '%s' %s", check->command,
                path, text);
    return FALSE;
}

static gboolean
blame_schema(const Check *check, GError **error)
{
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                "'%s': the schema does not say what '%s' is", check->command, check->path->str);
    return FALSE;
}

static void
enter_member(Check *check, const char *name)
{
    if (check->path->len > 0) {
        g_string_append_c(check->path, '.');
    }
    g_string_append(check->path, name);
}

static gboolean
is_null(const QblkJson *value)
{
    g_autoptr(QblkJson) null = qblk_json_new_null();
    return qblk_json_equal(value, null);
}

/* Integers and what is left when all other types are ruled out. */
static gboolean
is_number(const QblkJson *value)
{
    return !qblk_json_is(value, QBLK_JSON_STRING) && !qblk_json_is(value, QBLK_JSON_BOOLEAN) &&
           !qblk_json_is(value, QBLK_JSON_OBJECT) && !qblk_json_is(value, QBLK_JSON_ARRAY) &&
           !is_null(value);
}

static gboolean
fits_builtin(const char *json_type, const QblkJson *value)
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
    return (g_strcmp0(json_type, "number") == 0 && is_number(value)) ||
           (g_strcmp0(json_type, "null") == 0 && is_null(value));
}

static gboolean
check_builtin(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    const char *json_type = qblk_json_get_string(type, "json-type");
    return fits_builtin(json_type, value) ||
           refuse(check, error, "is not of type '%s'", json_type == NULL ? "?" : json_type);
}

static gboolean
check_enum(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    const char *name = qblk_json_string(value);
    if (name == NULL) {
        return refuse(check, error, "is not a string");
    }
    /* `members` since 6.2; `values` says the same and is deprecated. */
    if (find_item(qblk_json_get(type, "members"), "name", name) != NULL) {
        return TRUE;
    }
    const QblkJson *values = qblk_json_get(type, "values");
    for (gsize i = 0; i < qblk_json_length(values); i++) {
        if (g_strcmp0(qblk_json_string(qblk_json_at(values, i)), name) == 0) {
            return TRUE;
        }
    }
    return refuse(check, error, "has no value '%s'", name);
}

static gboolean
check_array(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    if (!qblk_json_is(value, QBLK_JSON_ARRAY)) {
        return refuse(check, error, "is not an array");
    }
    gsize length = check->path->len;
    for (gsize i = 0; i < qblk_json_length(value); i++) {
        g_string_append_printf(check->path, "[%" G_GSIZE_FORMAT "]", i);
        Check inner = *check;
        inner.depth = 0;
        if (!check_value(&inner, follow(check->schema, type, "element-type"),
                         qblk_json_at(value, i), error)) {
            return FALSE;
        }
        g_string_truncate(check->path, length);
    }
    return TRUE;
}

/* The kinds of JSON value that @type takes, as far as that alone tells. */
static gboolean
fits_kind(const QblkJson *type, const QblkJson *value)
{
    if (is_meta(type, "object")) {
        return qblk_json_is(value, QBLK_JSON_OBJECT);
    }
    if (is_meta(type, "array")) {
        return qblk_json_is(value, QBLK_JSON_ARRAY);
    }
    if (is_meta(type, "enum")) {
        return qblk_json_is(value, QBLK_JSON_STRING);
    }
    return is_meta(type, "alternate") ||
           fits_builtin(qblk_json_get_string(type, "json-type"), value);
}

/* QEMU chooses by the kind of value; the branch it chose tells best what is wrong. */
static gboolean
check_alternate(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    const QblkJson *members = qblk_json_get(type, "members");
    g_autoptr(GError) cause = NULL;
    for (gsize i = 0; i < qblk_json_length(members); i++) {
        const QblkJson *branch = follow(check->schema, qblk_json_at(members, i), "type");
        if (branch == NULL || !fits_kind(branch, value)) {
            continue;
        }
        gsize length = check->path->len;
        g_clear_error(&cause);
        if (check_value(check, branch, value, &cause)) {
            return TRUE;
        }
        g_string_truncate(check->path, length);
    }
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return refuse(check, error, "is of none of the types it can have");
}

/* The members that @object adds to @type by its tag, or NULL. */
static const QblkJson *
variant_of(const Check *check, const QblkJson *type, const QblkJson *object)
{
    const char *tag = qblk_json_get_string(type, "tag");
    const char *value = tag == NULL ? NULL : qblk_json_get_string(object, tag);
    const QblkJson *variant =
        value == NULL ? NULL : find_item(qblk_json_get(type, "variants"), "case", value);
    return follow(check->schema, variant, "type");
}

/* The member @name that @type has when the value is @object, or NULL. */
static const QblkJson *
find_member(const Check *check, const QblkJson *type, const QblkJson *object, const char *name)
{
    const QblkJson *member = NULL;
    for (guint i = 0; type != NULL && member == NULL && i <= MAX_VARIANT_DEPTH; i++) {
        member = find_item(qblk_json_get(type, "members"), "name", name);
        type = variant_of(check, type, object);
    }
    return member;
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
    enter_member(&inner, name);
    const QblkJson *member = find_member(&inner, members->type, members->object, name);
    if (member == NULL) {
        return refuse(&inner, members->error, "is not known");
    }
    inner.depth = 0;
    if (!check_value(&inner, follow(inner.schema, member, "type"), value, members->error)) {
        return FALSE;
    }
    g_string_truncate(inner.path, length);
    return TRUE;
}

static gboolean
check_mandatory(Check *check, const QblkJson *type, const QblkJson *object, GError **error)
{
    for (guint depth = 0; type != NULL && depth <= MAX_VARIANT_DEPTH; depth++) {
        const QblkJson *members = qblk_json_get(type, "members");
        for (gsize i = 0; i < qblk_json_length(members); i++) {
            const QblkJson *member = qblk_json_at(members, i);
            const char *name = qblk_json_get_string(member, "name");
            if (name != NULL && qblk_json_get(member, "default") == NULL &&
                qblk_json_get(object, name) == NULL) {
                enter_member(check, name);
                return refuse(check, error, "is missing");
            }
        }
        type = variant_of(check, type, object);
    }
    return TRUE;
}

static gboolean
check_object(Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    if (!qblk_json_is(value, QBLK_JSON_OBJECT)) {
        return refuse(check, error, "is not an object");
    }
    /* The tag goes first: with a wrong one every member of the variant would seem unknown. */
    Members members = {.check = check, .type = type, .object = value, .error = error};
    const char *tag = qblk_json_get_string(type, "tag");
    const QblkJson *tag_value = tag == NULL ? NULL : qblk_json_get(value, tag);
    return (tag_value == NULL || check_member(tag, tag_value, &members)) &&
           check_mandatory(check, type, value, error) &&
           qblk_json_each(value, check_member, &members);
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
    if (inner.depth++ >= MAX_TYPE_DEPTH) {
        return blame_schema(check, error);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (is_meta(type, kinds[i].meta)) {
            return kinds[i].check(&inner, type, value, error);
        }
    }
    return blame_schema(check, error);
}

gboolean
qblk_schema_check_command(const QblkSchema *schema, const char *command, const QblkJson *arguments,
                          GError **error)
{
    const QblkJson *type = find_command(schema, command);
    if (type == NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND,
                    "'%s' is not a command of this QEMU", command);
        return FALSE;
    }
    g_autoptr(QblkJson) none = qblk_json_new_object();
    Check check = {.schema = schema, .command = command, .path = g_string_new(NULL)};
    gboolean good = check_value(&check, follow(schema, type, "arg-type"),
                                arguments == NULL ? none : arguments, error);
    g_string_free(check.path, TRUE);
    return good;
}
