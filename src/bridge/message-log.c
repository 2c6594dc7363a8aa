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
};

QblkMessageLog *
qblk_message_log_new(QblkClientLogger logger, gpointer user_data)
{
    QblkMessageLog *log = g_new0(QblkMessageLog, 1);
    log->logger = logger;
    log->user_data = user_data;
    log->framers[FALSE] = qblk_framer_new(0);
    log->framers[TRUE] = qblk_framer_new(0);
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
    g_free(log);
}

void
qblk_message_log_reset(QblkMessageLog *log)
{
    if (log != NULL) {
        qblk_framer_reset(log->framers[FALSE]);
        qblk_framer_reset(log->framers[TRUE]);
    }
}

/* Commands whose arguments may be a secret in a member of any name, or at any place of a text. */
static const char *const secret_commands[] = {"human-monitor-command", "object-add", "qom-set",
                                              NULL};

static QblkJson *
clean_message(const QblkJson *message)
{
    const char *command = qblk_json_get_string(message, "execute");
    if (command == NULL || !g_strv_contains(secret_commands, command)) {
        return qblk_redact_json(message);
    }

    QblkJson *clean = qblk_json_new_object();
    qblk_json_set_string(clean, "execute", command);
    qblk_json_set_string(clean, "arguments", QBLK_REDACTED);
    qblk_json_set(clean, "id", qblk_json_ref(qblk_json_get(message, "id")));
    return clean;
}

/* Text that cannot be parsed cannot be redacted, so it is not logged. */
static void
log_message(const QblkMessageLog *log, gboolean sent, const GString *text)
{
    g_autofree char *quoted = sent ? qblk_json_quotes_double(text->str) : NULL;
    g_autoptr(QblkJson) message = sent ? qblk_json_parse(quoted, strlen(quoted), NULL)
                                       : qblk_json_parse(text->str, text->len, NULL);
    g_autoptr(QblkJson) clean = message == NULL ? NULL : clean_message(message);
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
