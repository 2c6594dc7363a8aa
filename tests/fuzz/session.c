/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All bytes that a peer sends over a connection: each command has one result, however they
 * arrive. */
#include "qmp/session.h"

#include "fuzz/fuzz.h"

#define COMMANDS 10 /* more than can be in flight */
#define SECOND   G_GINT64_CONSTANT(1000000)

/* The results of the commands, and the events, as text. */
static void
collect(QblkSession *session, const guint64 *ids, GString *result)
{
    for (guint i = 0; i < COMMANDS; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkAnswer) answer = NULL;
        gboolean good = qblk_session_take_answer(session, ids[i], &answer, &error);
        g_assert_true(good == (error == NULL) && (good || answer == NULL));
        g_string_append(result, error != NULL               ? error->message
                                : answer == NULL            ? "nothing"
                                : qblk_answer_value(answer) ? "value"
                                                            : "refusal");
        g_string_append_c(result, '\n');
    }
    for (QblkJson *event; (event = qblk_session_take_event(session)) != NULL;) {
        g_string_append_printf(result, "%s\n", qblk_json_get_string(event, "event"));
        qblk_json_unref(event);
    }
}

static GString *
talk(const char *bytes, gsize length, gsize piece)
{
    g_autoptr(QblkSession) session = qblk_session_new("peer", 0, SECOND, 10000);
    GString *result = g_string_new(NULL);
    guint64 ids[COMMANDS];
    for (guint i = 0; i < COMMANDS; i++) {
        ids[i] = qblk_session_submit(session, "query-block", NULL, 0, SECOND);
    }
    for (gsize at = 0; at < length; at += piece) {
        qblk_session_receive(session, bytes + at, MIN(piece, length - at), 1);
    }
    qblk_session_tick(session, 1);
    const GError *failure = qblk_session_error(session);
    g_assert_true((qblk_session_state(session) == QBLK_SESSION_FAILED) == (failure != NULL));
    g_assert_true(qblk_session_arrived(session) >= qblk_session_taken(session));
    qblk_session_end(session, NULL);
    collect(session, ids, result);
    return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GString *whole = talk((const char *)data, size, MAX(size, 1));
    GString *parts = talk((const char *)data, size, 3);
    g_assert_cmpstr(whole->str, ==, parts->str);
    g_string_free(whole, TRUE);
    g_string_free(parts, TRUE);
    return 0;
}
