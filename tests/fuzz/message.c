/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message is of one of the four kinds, with all parts of its kind, or is refused. */
#include "qmp/message.h"

#include "fuzz/fuzz.h"

#include <string.h>

static void
check_payload(const QblkMessage *message)
{
    g_assert_nonnull(message->payload);
    if (message->kind == QBLK_MESSAGE_GREETING) {
        QblkMessageVersion version = qblk_message_version(message);
        (void)version;
    } else if (message->kind == QBLK_MESSAGE_ERROR) {
        g_assert_nonnull(qblk_json_get_string(message->payload, "class"));
        g_assert_nonnull(qblk_json_get_string(message->payload, "desc"));
    } else if (message->kind == QBLK_MESSAGE_EVENT) {
        g_assert_nonnull(qblk_json_get_string(message->payload, "event"));
    }
}

/* With a large return as text the same. */
static void
check_bytes(const uint8_t *data, size_t size, const QblkMessage *message, const GError *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(QblkMessage) again = qblk_message_parse_bytes(bytes, &error);
    if (message == NULL) {
        g_assert_null(again);
        g_assert_cmpstr(error->message, ==, expected->message);
        return;
    }
    g_assert_no_error(error);
    g_assert_true(again->kind == message->kind && again->has_id == message->has_id &&
                  again->id == message->id);
    if (message->kind == QBLK_MESSAGE_RETURN) {
        g_autoptr(QblkAnswer) answer = qblk_message_answer(again);
        g_assert_true(qblk_json_equal(qblk_answer_value(answer), message->payload));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkMessage) message = qblk_message_parse((const char *)data, size, &error);
    fuzz_check_error(message != NULL, error);
    check_bytes(data, size, message, error);
    if (message == NULL) {
        return 0;
    }
    check_payload(message);
    g_autofree char *text = qblk_json_print(message->json, QBLK_JSON_COMPACT);
    g_autoptr(QblkMessage) again = qblk_message_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_true(again->kind == message->kind && again->has_id == message->has_id &&
                  again->id == message->id && qblk_json_equal(again->json, message->json));
    return 0;
}
