/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/message.h"

#include "base/json-check.h"

typedef struct {
    const QblkJson *greeting, *value, *failure, *id;
    const char *event;
} Members;

static const QblkJsonField message_fields[] = {
    {"QMP", QBLK_JSON_OBJECT, FALSE, G_STRUCT_OFFSET(Members, greeting)},
    {"return", QBLK_JSON_ANY, FALSE, G_STRUCT_OFFSET(Members, value)},
    {"error", QBLK_JSON_OBJECT, FALSE, G_STRUCT_OFFSET(Members, failure)},
    {"event", QBLK_JSON_STRING, FALSE, G_STRUCT_OFFSET(Members, event)},
    {"id", QBLK_JSON_ANY, FALSE, G_STRUCT_OFFSET(Members, id)},
    {NULL},
};

typedef struct {
    const char *error_class, *desc;
} Failure;

static const QblkJsonField failure_fields[] = {
    {"class", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(Failure, error_class)},
    {"desc", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(Failure, desc)},
    {NULL},
};

static const QblkJsonField version_fields[] = {
    {"major", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(QblkMessageVersion, major)},
    {"minor", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(QblkMessageVersion, minor)},
    {"micro", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(QblkMessageVersion, micro)},
    {NULL},
};

void
qblk_message_free(QblkMessage *message)
{
    if (message == NULL) {
        return;
    }

    qblk_json_unref(message->json);
    qblk_json_text_unref(message->owner);
    g_free(message);
}

/* A malformed message is always a fault of the peer, which tells a caller more than the domain of
 * the reader that found it. */
static void
set_protocol_error(GError **error, GError *cause)
{
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "not QMP: %s", cause->message);
    g_error_free(cause);
}

static gboolean
set_kind(QblkMessage *message, const Members *members, GError **error)
{
    const struct {
        QblkMessageKind kind;
        const QblkJson *payload;
    } found[] = {
        {QBLK_MESSAGE_GREETING, members->greeting},
        {QBLK_MESSAGE_RETURN, members->value},
        {QBLK_MESSAGE_ERROR, members->failure},
        {QBLK_MESSAGE_EVENT, members->event == NULL ? NULL : message->json},
    };
    guint kinds = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(found); i++) {
        if (found[i].payload != NULL) {
            message->kind = found[i].kind;
            message->payload = found[i].payload;
            kinds++;
        }
    }

    if (kinds != 1) {
        g_set_error_literal(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE,
                            kinds == 0 ? "a message has none of 'QMP', 'return', 'error', 'event'"
                                       : "a message has several of 'QMP', 'return', 'error', "
                                         "'event'");
        return FALSE;
    }

    return TRUE;
}

static gboolean
set_id(QblkMessage *message, const QblkJson *id, GError **error)
{
    if (id == NULL) {
        return TRUE;
    }

    gint64 number;
    if (!qblk_json_integer(id, &number) || number < 0) {
        g_autofree char *text = qblk_json_print(id, QBLK_JSON_COMPACT);
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE,
                    "a message has the invalid id '%.40s'", text);
        return FALSE;
    }

    message->has_id = TRUE;
    message->id = (guint64)number;
    return TRUE;
}

static gboolean
check_payload(const QblkMessage *message, GError **error)
{
    Failure failure;
    QblkMessageVersion version;
    switch (message->kind) {
    case QBLK_MESSAGE_GREETING:
        return qblk_json_read(qblk_json_get(qblk_json_get(message->payload, "version"), "qemu"),
                              version_fields, &version, "the version in the greeting", error);
    case QBLK_MESSAGE_ERROR:
        return qblk_json_read(message->payload, failure_fields, &failure, "an error reply", error);
    case QBLK_MESSAGE_RETURN:
    case QBLK_MESSAGE_EVENT:
        return TRUE;
    }

    return FALSE;
}

static gboolean
read_members(QblkMessage *message, GError **error)
{
    Members members = {0};
    if (!qblk_json_read(message->json, message_fields, &members, "a message", error)) {
        return FALSE;
    }
    if (!set_kind(message, &members, error)) {
        return FALSE;
    }
    if (!set_id(message, members.id, error)) {
        return FALSE;
    }
    return check_payload(message, error);
}

QblkMessage *
qblk_message_parse(const char *text, gsize length, GError **error)
{
    GError *cause = NULL;
    g_autoptr(QblkMessage) message = g_new0(QblkMessage, 1);

    message->json = qblk_json_parse(text, length, &cause);
    if (message->json == NULL || !read_members(message, &cause)) {
        set_protocol_error(error, cause);
        return NULL;
    }

    return g_steal_pointer(&message);
}

/* ---- text ---- */

/* A value that is parsed at a time is in the message, and in its return or a list of that. */
#define UNIT_DEPTH 2

/* Returns: (nullable): the text of a message with a large return; NULL: parse all of it */
static QblkJsonText *
find_large_return(GBytes *bytes, QblkJsonView *value)
{
    if (g_bytes_get_size(bytes) < QBLK_JSON_LARGE) {
        return NULL;
    }

    g_autoptr(QblkJsonText) text = qblk_json_text_new(bytes, UNIT_DEPTH);
    if (text == NULL) {
        return NULL;
    }
    *value = qblk_json_view_get(qblk_json_view_new_text(text), "return");
    return value->length < QBLK_JSON_LARGE ? NULL : g_steal_pointer(&text);
}

QblkMessage *
qblk_message_parse_bytes(GBytes *bytes, GError **error)
{
    QblkJsonView value;
    g_autoptr(QblkJsonText) text = find_large_return(bytes, &value);
    if (text == NULL) {
        gsize length;
        const char *start = g_bytes_get_data(bytes, &length);
        return qblk_message_parse(start, length, error);
    }

    GError *cause = NULL;
    g_autoptr(QblkMessage) message = g_new0(QblkMessage, 1);
    message->json = qblk_json_view_parse_without(qblk_json_view_new_text(text), value);
    if (!read_members(message, &cause)) {
        set_protocol_error(error, cause);
        return NULL;
    }
    message->owner = g_steal_pointer(&text);
    message->text = value;
    return g_steal_pointer(&message);
}

QblkAnswer *
qblk_message_answer(const QblkMessage *message)
{
    if (message->owner != NULL) {
        return qblk_answer_new_text(message->owner, message->text);
    }
    QblkJson *payload = qblk_json_ref(message->payload);
    gboolean is_refusal = message->kind == QBLK_MESSAGE_ERROR;
    return qblk_answer_new(is_refusal ? NULL : payload, is_refusal ? payload : NULL);
}

QblkMessageVersion
qblk_message_version(const QblkMessage *greeting)
{
    QblkMessageVersion version = {0};
    gboolean read =
        qblk_json_read(qblk_json_get(qblk_json_get(greeting->payload, "version"), "qemu"),
                       version_fields, &version, "the version in the greeting", NULL);
    g_assert(read);
    return version;
}

char *
qblk_message_command(const char *command, const QblkJson *arguments, guint64 id)
{
    g_autoptr(QblkJson) message = qblk_json_new_object();
    qblk_json_set_string(message, "execute", command);
    if (arguments != NULL) {
        qblk_json_set(message, "arguments", qblk_json_ref(arguments));
    }

    qblk_json_set_integer(message, "id", (gint64)id);
    g_autofree char *text = qblk_json_print(message, QBLK_JSON_COMPACT);
    return g_strconcat(text, "\n", NULL);
}
