/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/message-log.h"

#include "base/json-quotes.h"
#include "base/redact.h"
#include "qmp/framer.h"

#include <string.h>

struct QblkMessageLog {
    QblkClientLogger logger;
    gpointer user_data;
    QblkFramer *framers[2]; /* owned: of what is received, and of what is sent */
    GHashTable *hidden;     /* owned: ids of commands whose reply is not logged */
};

QblkMessageLog *
qblk_message_log_new(QblkClientLogger logger, gpointer user_data)
{
    QblkMessageLog *log = g_new0(QblkMessageLog, 1);
    log->logger = logger;
    log->user_data = user_data;
    log->framers[FALSE] = qblk_framer_new(0);
    log->framers[TRUE] = qblk_framer_new(0);
    log->hidden = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return log;
}

void
qblk_message_log_free(QblkMessageLog *log)
{
    if (log == NULL) {
        return;
    }
    qblk_framer_free(log->framers[FALSE]);
    qblk_framer_free(log->framers[TRUE]);
    g_hash_table_unref(log->hidden);
    g_free(log);
}

void
qblk_message_log_reset(QblkMessageLog *log)
{
    if (log != NULL) {
        qblk_framer_reset(log->framers[FALSE]);
        qblk_framer_reset(log->framers[TRUE]);
        g_hash_table_remove_all(log->hidden);
    }
}

/* Commands whose arguments or reply may have a secret in a member of any name, or at any place of a
 * text. */
typedef struct {
    const char *command;
    gboolean hides_arguments, hides_reply;
} SecretRow;

static const SecretRow secret_rows[] = {
    {"human-monitor-command", TRUE, TRUE},
    {"object-add", TRUE, FALSE},
    {"qom-get", FALSE, TRUE},
    {"qom-set", TRUE, FALSE},
};

static const SecretRow *
find_row(const char *command)
{
    for (gsize i = 0; i < G_N_ELEMENTS(secret_rows); i++) {
        if (g_strcmp0(secret_rows[i].command, command) == 0) {
            return &secret_rows[i];
        }
    }
    return NULL;
}

static QblkJson *
clean_command(const QblkMessageLog *log, const QblkJson *message)
{
    const char *member = qblk_json_get(message, "execute") != NULL ? "execute" : "exec-oob";
    const char *command = qblk_json_get_string(message, member);
    const SecretRow *row = find_row(command);
    const QblkJson *id = qblk_json_get(message, "id");
    gint64 number = 0;
    if (row != NULL && row->hides_reply && qblk_json_integer(id, &number)) {
        gint64 *key = g_new(gint64, 1);
        *key = number;
        g_hash_table_add(log->hidden, key);
    }
    if (row == NULL || !row->hides_arguments) {
        return qblk_redact_json(message);
    }

    QblkJson *clean = qblk_json_new_object();
    qblk_json_set_string(clean, member, command);
    qblk_json_set_string(clean, "arguments", QBLK_REDACTED);
    qblk_json_set(clean, "id", qblk_json_ref(id));
    return clean;
}

static QblkJson *
clean_reply(const QblkMessageLog *log, const QblkJson *message)
{
    const QblkJson *id = qblk_json_get(message, "id");
    gint64 number = 0;
    gboolean is_hidden =
        id != NULL && qblk_json_integer(id, &number) && g_hash_table_remove(log->hidden, &number);
    if (!is_hidden || qblk_json_get(message, "return") == NULL) {
        return qblk_redact_json(message);
    }

    QblkJson *clean = qblk_json_new_object();
    qblk_json_set_string(clean, "return", QBLK_REDACTED);
    qblk_json_set(clean, "id", qblk_json_ref(id));
    return clean;
}

static QblkJson *
clean_message(const QblkMessageLog *log, gboolean sent, const QblkJson *message)
{
    return sent ? clean_command(log, message) : clean_reply(log, message);
}

/* Text that cannot be parsed cannot be redacted, so it is not logged. */
static void
log_message(const QblkMessageLog *log, gboolean sent, const GString *text)
{
    g_autofree char *quoted = sent ? qblk_json_quotes_double(text->str) : NULL;
    g_autoptr(QblkJson) message = sent ? qblk_json_parse(quoted, strlen(quoted), NULL)
                                       : qblk_json_parse(text->str, text->len, NULL);
    g_autoptr(QblkJson) clean = message == NULL ? NULL : clean_message(log, sent, message);
    g_autofree char *line = clean == NULL
                                ? g_strdup_printf("(%zu bytes that are not JSON)", text->len)
                                : qblk_json_print(clean, QBLK_JSON_COMPACT);
    log->logger(sent, line, log->user_data);
}

void
qblk_message_log_add(QblkMessageLog *log, gboolean sent, const char *bytes, gsize length)
{
    if (log == NULL) {
        return;
    }

    QblkFramer *framer = log->framers[sent];
    while (length > 0) {
        gsize used = 0;
        GString *text = NULL;
        if (!qblk_framer_feed(framer, bytes, length, &used, &text, NULL)) {
            qblk_framer_reset(framer);
            return;
        }
        if (text != NULL) {
            log_message(log, sent, text);
            g_string_free(text, TRUE);
        }
        bytes += used;
        length -= used;
    }
}
