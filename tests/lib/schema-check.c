/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/schema-check.h"

/* The arguments are known to the schema when this runs, so that no type is missing. */
typedef struct {
    const QblkSchema *schema;
    const char *command;
    const char *path;
} Check;

static gboolean check_value(const Check *check, const QblkJson *type, const QblkJson *value,
                            GError **error);

G_GNUC_PRINTF(3, 4)
static gboolean
set_malformed(const Check *check, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "'%s': '%s' %s", check->command,
                check->path[0] == '\0' ? "arguments" : check->path, text);
    return FALSE;
}

static char *
member_path(const Check *check, const char *name)
{
    return g_strconcat(check->path, check->path[0] == '\0' ? "" : ".", name, NULL);
}

static gboolean
check_items(const Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    for (gsize i = 0; i < qblk_json_length(value); i++) {
        g_autofree char *path = g_strdup_printf("%s[%" G_GSIZE_FORMAT "]", check->path, i);
        const Check inner = {check->schema, check->command, path};
        if (!check_value(&inner, qblk_schema_follow(check->schema, type, "element-type"),
                         qblk_json_at(value, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
check_alternate(const Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    const QblkJson *members = qblk_json_get(type, "members");
    g_autoptr(GError) cause = NULL;
    for (gsize i = 0; i < qblk_json_length(members); i++) {
        const QblkJson *branch =
            qblk_schema_follow(check->schema, qblk_json_at(members, i), "type");
        if (branch == NULL || !qblk_schema_accepts_kind(branch, value)) {
            continue;
        }
        g_clear_error(&cause);
        if (check_value(check, branch, value, &cause)) {
            return TRUE;
        }
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

static gboolean
check_mandatory(const Check *check, const QblkJson *type, const QblkJson *object, GError **error)
{
    for (; type != NULL; type = qblk_schema_variant(check->schema, type, object)) {
        const QblkJson *members = qblk_json_get(type, "members");
        for (gsize i = 0; i < qblk_json_length(members); i++) {
            const QblkJson *member = qblk_json_at(members, i);
            const char *name = qblk_json_get_string(member, "name");
            if (name != NULL && qblk_json_get(member, "default") == NULL &&
                qblk_json_get(object, name) == NULL) {
                g_autofree char *path = member_path(check, name);
                const Check inner = {check->schema, check->command, path};
                return set_malformed(&inner, error, "is missing");
            }
        }
    }
    return TRUE;
}

typedef struct {
    const Check *check;
    const QblkJson *type, *object;
    GError **error;
} Members;

static gboolean
check_member(const char *name, const QblkJson *value, gpointer user_data)
{
    const Members *members = user_data;
    const Check *check = members->check;
    g_autofree char *path = member_path(check, name);
    const Check inner = {check->schema, check->command, path};
    const QblkJson *member =
        qblk_schema_member(check->schema, members->type, members->object, name);
    return check_value(&inner, qblk_schema_follow(check->schema, member, "type"), value,
                       members->error);
}

static gboolean
check_value(const Check *check, const QblkJson *type, const QblkJson *value, GError **error)
{
    if (qblk_schema_is_meta(type, "alternate")) {
        return check_alternate(check, type, value, error);
    }
    if (!qblk_schema_accepts_kind(type, value)) {
        const char *json_type = qblk_json_get_string(type, "json-type");
        const char *meta = qblk_json_get_string(type, "meta-type");
        return set_malformed(check, error, "is not of type '%s'",
                             json_type == NULL ? meta : json_type);
    }
    if (qblk_schema_is_meta(type, "array")) {
        return check_items(check, type, value, error);
    }
    if (!qblk_schema_is_meta(type, "object")) {
        return TRUE;
    }
    Members members = {check, type, value, error};
    return check_mandatory(check, type, value, error) &&
           qblk_json_each(value, check_member, &members);
}

gboolean
schema_check_command(const QblkSchema *schema, const char *command, const QblkJson *arguments,
                     GError **error)
{
    g_autoptr(QblkJson) none = qblk_json_new_object();
    const QblkJson *given = arguments == NULL ? none : arguments;
    const Check check = {schema, command, ""};
    return qblk_schema_supports(schema, command, given, error) &&
           check_value(&check, qblk_schema_arguments(schema, command), given, error);
}
