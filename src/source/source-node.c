/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-node.h"

#include "base/json-quotes.h"
#include "base/redact.h"
#include "source/driver.h"
#include "source/source-options.h"
#include "source/source-string.h"
#include "source/source.h"

#include <string.h>

#define MAX_LIST 100 /* elements of a list with dotted keys */

/* ---- nested objects ---- */

/* Set the value (transfer full) of the dotted @key. */
static void
set_nested(QblkJson *object, const char *key, QblkJson *value)
{
    const char *dot = strchr(key, '.');
    if (dot == NULL) {
        qblk_json_set(object, key, value);
        return;
    }

    g_autofree char *first = g_strndup(key, (gsize)(dot - key));
    QblkJson *inner = qblk_json_ref(qblk_json_get(object, first));
    if (!qblk_json_is(inner, QBLK_JSON_OBJECT)) {
        qblk_json_unref(inner);
        inner = qblk_json_new_object();
        qblk_json_set(object, first, qblk_json_ref(inner));
    }
    set_nested(inner, dot + 1, value);
    qblk_json_unref(inner);
}

static void
set_nested_text(QblkJson *object, const char *key, const char *text)
{
    set_nested(object, key, qblk_json_new_string(text));
}

static QblkJson *expand(const QblkJson *value);

static gboolean
expand_member(const char *key, const QblkJson *value, gpointer user_data)
{
    set_nested(user_data, key, expand(value));
    return TRUE;
}

/* Returns: (transfer full): the list whose elements have the keys "0", "1" ... in @object; NULL if
 * it has other keys */
static QblkJson *
as_list(const QblkJson *object)
{
    gsize length = qblk_json_length(object);
    g_autoptr(QblkJson) list = qblk_json_new_array();

    for (gsize i = 0; i < length && i < MAX_LIST; i++) {
        g_autofree char *key = g_strdup_printf("%" G_GSIZE_FORMAT, i);
        const QblkJson *item = qblk_json_get(object, key);
        if (item == NULL) {
            return NULL;
        }
        qblk_json_append(list, qblk_json_ref(item));
    }
    return length == 0 || length > MAX_LIST ? NULL : g_steal_pointer(&list);
}

/* Returns: (transfer full): @value with nested objects for dotted keys */
static QblkJson *
expand(const QblkJson *value)
{
    if (qblk_json_is(value, QBLK_JSON_ARRAY)) {
        QblkJson *list = qblk_json_new_array();
        for (gsize i = 0; i < qblk_json_length(value); i++) {
            qblk_json_append(list, expand(qblk_json_at(value, i)));
        }
        return list;
    }
    if (!qblk_json_is(value, QBLK_JSON_OBJECT)) {
        return qblk_json_ref(value);
    }

    g_autoptr(QblkJson) object = qblk_json_new_object();
    (void)qblk_json_each(value, expand_member, object);
    return g_steal_pointer(&object);
}

static QblkJson *with_lists(const QblkJson *value);

static gboolean
add_with_lists(const char *key, const QblkJson *value, gpointer user_data)
{
    qblk_json_set(user_data, key, with_lists(value));
    return TRUE;
}

static QblkJson *
with_lists(const QblkJson *value)
{
    if (!qblk_json_is(value, QBLK_JSON_OBJECT)) {
        return qblk_json_ref(value);
    }

    g_autoptr(QblkJson) object = qblk_json_new_object();
    (void)qblk_json_each(value, add_with_lists, object);
    QblkJson *list = as_list(object);
    return list == NULL ? g_steal_pointer(&object) : list;
}

/* ---- URLs and strings ---- */

/* An option of a name, and what it is for blockdev-add. */
typedef struct {
    const char *from, *to;
    gboolean is_integer;
} Option;

typedef struct {
    const char *driver;
    const char *port; /* of a server without one */
    Option options[10];
    const char *fixed[4]; /* further options: key, value */
} Form;

/* clang-format off */
static const Form forms[] = {
    {"nbd", "10809",
     {{"export", "export", FALSE}, {"path", "server.path", FALSE},
      {"server.host", "server.host", FALSE}, {"server.port", "server.port", FALSE},
      {"host", "server.host", FALSE}, {"port", "server.port", FALSE}}, {NULL}},
    {"iscsi", NULL,
     {{"portal", "portal", FALSE}, {"target", "target", FALSE}, {"lun", "lun", TRUE},
      {"user", "user", FALSE}, {"transport", "transport", FALSE},
      {"password-secret", "password-secret", FALSE},
      {"initiator-name", "initiator-name", FALSE}}, {"transport", "tcp", NULL}},
    {"rbd", "6789",
     {{"pool", "pool", FALSE}, {"namespace", "namespace", FALSE}, {"image", "image", FALSE},
      {"conf", "conf", FALSE}, {"user", "user", FALSE}, {"key-secret", "key-secret", FALSE},
      {"password-secret", "key-secret", FALSE}}, {NULL}},
};
/* clang-format on */

static const Form *
find_form(const char *driver)
{
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (g_strcmp0(forms[i].driver, driver) == 0) {
            return &forms[i];
        }
    }
    return NULL;
}

static gboolean
add_option(QblkJson *object, const Option *option, const char *value, GError **error)
{
    gint64 number;
    if (!option->is_integer) {
        set_nested_text(object, option->to, value);
        return TRUE;
    }
    if (!g_ascii_string_to_signed(value, 10, 0, G_MAXINT32, &number, NULL)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "option '%s' must be a whole number", option->to);
        return FALSE;
    }
    qblk_json_set_integer(object, option->to, number);
    return TRUE;
}

/* The servers of rbd: "server.0.host" ... */
static void
add_servers(QblkJson *object, QblkSourceOptions *options, const char *port)
{
    for (guint i = 0; i < MAX_LIST; i++) {
        g_autofree char *host_key = g_strdup_printf("server.%u.host", i);
        g_autofree char *port_key = g_strdup_printf("server.%u.port", i);
        const char *host = qblk_source_options_take(options, "", host_key);
        const char *own_port = qblk_source_options_take(options, "", port_key);
        if (host == NULL) {
            return;
        }
        set_nested_text(object, host_key, host);
        set_nested_text(object, port_key, own_port == NULL ? port : own_port);
    }
}

/* The type of the one server of nbd, and its port. */
static void
finish_server(QblkJson *object, const char *port)
{
    QblkJson *server = qblk_json_ref(qblk_json_get(object, "server"));
    gboolean is_unix = qblk_json_get_string(server, "path") != NULL;

    if (qblk_json_is(server, QBLK_JSON_OBJECT) && qblk_json_get(server, "0") == NULL) {
        qblk_json_set_string(server, "type", is_unix ? "unix" : "inet");
        if (!is_unix && qblk_json_get(server, "port") == NULL) {
            qblk_json_set_string(server, "port", port);
        }
    }
    qblk_json_unref(server);
}

static gboolean
check_unused(const QblkSourceOptions *options, GError **error)
{
    g_autoptr(GPtrArray) unused = qblk_source_options_unused(options);
    if (unused->len == 0) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "its option '%s' is not supported for writing: use json:{...}",
                (const char *)unused->pdata[0]);
    return FALSE;
}

static QblkJson *
read_string(const char *name, GError **error)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    if (!qblk_source_string_parse(name, options, error)) {
        return NULL;
    }

    const char *driver = qblk_source_options_take(options, "", "driver");
    const Form *form = find_form(driver);
    if (form == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "names of protocol '%s' are not supported for writing: use json:{...}, a URL "
                    "of nbd or iscsi, or rbd:POOL/IMAGE",
                    driver);
        return NULL;
    }

    g_autoptr(QblkJson) object = qblk_json_new_object();
    qblk_json_set_string(object, "driver", form->driver);
    for (gsize i = 0; form->fixed[i] != NULL; i += 2) {
        qblk_json_set_string(object, form->fixed[i], form->fixed[i + 1]);
    }
    for (const Option *option = form->options; option->from != NULL; option++) {
        const char *value = qblk_source_options_take(options, "", option->from);
        if (value != NULL && !add_option(object, option, value, error)) {
            return NULL;
        }
    }
    add_servers(object, options, form->port);
    finish_server(object, form->port);
    return check_unused(options, error) ? with_lists(object) : NULL;
}

/* ---- json: ---- */

static QblkJson *
set_invalid(const char *reason, GError **error)
{
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, reason);
    return NULL;
}

static gboolean
check_driver(const QblkJson *object, GError **error)
{
    static const char *const local[] = {"file", "host_device", "host_cdrom", NULL};
    static const char *const read_only[] = {"http", "https", "ftp", "ftps", "vvfat", NULL};
    const char *driver = qblk_json_get_string(object, "driver");
    const QblkDriver *row = driver == NULL ? NULL : qblk_driver_find(driver);

    if (driver == NULL) {
        return qblk_source_set_invalid("option 'driver' is required", error);
    }
    if (row != NULL && row->kind != QBLK_DRIVER_PROTOCOL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "'%s' is no protocol: specify only the options of the protocol, and the format "
                    "with --format",
                    driver);
        return FALSE;
    }
    if (g_strv_contains(local, driver)) {
        return qblk_source_set_unsupported("it is a file or device: use its path", error);
    }
    if (g_strv_contains(read_only, driver)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "protocol '%s' is read-only", driver);
        return FALSE;
    }
    if (qblk_json_get(object, "node-name") != NULL) {
        return qblk_source_set_invalid("option 'node-name' is not allowed: qblk chooses it", error);
    }
    return TRUE;
}

static QblkJson *
read_json(const char *text, GError **error)
{
    g_autofree char *standard = qblk_json_quotes_double(text);
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkJson) json = qblk_json_parse(standard, strlen(standard), &cause);
    if (json == NULL) {
        return set_invalid(cause->message, error);
    }
    if (!qblk_json_is(json, QBLK_JSON_OBJECT)) {
        return set_invalid("not a JSON object", error);
    }

    g_autoptr(QblkJson) object = expand(json);
    return check_driver(object, error) ? with_lists(object) : NULL;
}

QblkJson *
qblk_source_node_options(const char *name, GError **error)
{
    gboolean has_secret = FALSE;
    g_autofree char *clean = qblk_redact_name(name, &has_secret);

    if (has_secret) {
        return set_invalid(
            "it contains a secret, which would be stored: use json:{...} with the id of a secret "
            "object in 'password-secret' or 'key-secret', and --secret ID=FILE",
            error);
    }
    if (g_str_has_prefix(name, "json:")) {
        return read_json(name + strlen("json:"), error);
    }
    return read_string(name, error);
}

/* ---- secrets ---- */

static gboolean
add_secret(const char *key, const QblkJson *value, gpointer user_data)
{
    if (g_str_has_suffix(key, "-secret") && qblk_json_is(value, QBLK_JSON_STRING)) {
        g_ptr_array_add(user_data, g_strdup(qblk_json_string(value)));
    } else if (qblk_json_is(value, QBLK_JSON_OBJECT)) {
        (void)qblk_json_each(value, add_secret, user_data);
    }
    return TRUE;
}

GPtrArray *
qblk_source_node_secrets(const QblkJson *options)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

    if (options != NULL) {
        (void)qblk_json_each(options, add_secret, ids);
    }
    return ids;
}
