/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/fake-qmp-serve.h"
#include "lib/schema-check.h"

#include "qmp/query.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

/* The version of the greeting of a server whose test does not depend on it. */
#define VERSION "{\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, \"package\": \"fake\"}"

/* A command as it was received. */
typedef struct {
    char *name;
    QblkJson *arguments; /* or NULL */
    gint64 id;
} Received;

static void
received_free(Received *received)
{
    g_free(received->name);
    qblk_json_unref(received->arguments);
    g_free(received);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Received, received_free)

G_GNUC_PRINTF(2, 3)
static gboolean
fault(FakeQmp *fake, const char *format, ...)
{
    if (fake->failure == NULL) {
        va_list arguments;
        va_start(arguments, format);
        fake->failure = g_strdup_vprintf(format, arguments);
        va_end(arguments);
    }
    return FALSE;
}

/* A closed connection is noticed by the next wait for a command. */
static void
send_bytes(FakeQmp *fake, const char *bytes, gsize length)
{
    while (length > 0) {
        gssize sent = send(fake->server, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return;
        }
        bytes += sent;
        length -= (gsize)sent;
    }
}

static void
send_answer(FakeQmp *fake, const GString *start, gint64 id)
{
    g_autofree char *end = g_strdup_printf("%" G_GINT64_FORMAT "}\r\n", id);
    send_bytes(fake, start->str, start->len);
    send_bytes(fake, end, strlen(end));
}

/* The text of the next message, or NULL at the end of the connection or after a fault. */
static GString *
read_message(FakeQmp *fake)
{
    for (;;) {
        GString *message = NULL;
        gsize used = 0;
        g_autoptr(GError) error = NULL;
        if (!qblk_framer_feed(fake->framer, fake->input->str, fake->input->len, &used, &message,
                              &error)) {
            fault(fake, "the client sent an invalid message: %s", error->message);
            return NULL;
        }
        g_string_erase(fake->input, 0, (gssize)used);
        if (message != NULL) {
            return message;
        }
        char buffer[4096];
        gssize length;
        do {
            length = recv(fake->server, buffer, sizeof(buffer), 0);
        } while (length < 0 && errno == EINTR);
        if (length <= 0) {
            return NULL;
        }
        g_string_append_len(fake->input, buffer, length);
    }
}

static Received *
read_command(FakeQmp *fake)
{
    GString *text = read_message(fake);
    if (text == NULL) {
        return NULL;
    }
    g_autoptr(QblkJson) json = qblk_json_parse(text->str, text->len, NULL);
    g_autoptr(Received) received = g_new0(Received, 1);
    const QblkJson *arguments = qblk_json_get(json, "arguments");
    received->name = g_strdup(qblk_json_get_string(json, "execute"));
    received->arguments = arguments == NULL ? NULL : qblk_json_ref(arguments);
    g_autoptr(GError) error = NULL;
    if (received->name == NULL || !qblk_json_integer(qblk_json_get(json, "id"), &received->id)) {
        fault(fake, "the client sent a message that is not a command: %s", text->str);
    } else if (fake->schema != NULL &&
               !schema_check_command(fake->schema, received->name, received->arguments, &error)) {
        fault(fake, "the client sent a command that QEMU would refuse: %s", error->message);
    }
    g_string_free(text, TRUE);
    return fake->failure == NULL ? g_steal_pointer(&received) : NULL;
}

static gboolean
equal_arguments(const QblkJson *wanted, const QblkJson *got)
{
    g_autoptr(QblkJson) none = qblk_json_new_object();
    return wanted == NULL || qblk_json_equal(wanted, got == NULL ? none : got);
}

static gboolean
answer_from_capture(FakeQmp *fake, const Received *received)
{
    g_autofree char *key = qblk_query_key(received->name, received->arguments);
    const GString *recorded =
        fake->recorded == NULL ? NULL : g_hash_table_lookup(fake->recorded, key);
    if (recorded == NULL) {
        return fault(fake, "the client asked for '%s', which the %s does not have", key,
                     fake->recorded == NULL ? "script" : "capture");
    }
    send_answer(fake, recorded, received->id);
    return TRUE;
}

/* The next command for which the script has a step. */
static Received *
read_scripted(FakeQmp *fake, const char *command)
{
    Received *received = read_command(fake);
    while (fake->answers_recorded && received != NULL && g_strcmp0(received->name, command) != 0) {
        gboolean good = answer_from_capture(fake, received);
        received_free(received);
        received = good ? read_command(fake) : NULL;
    }
    fake->answers_recorded = FALSE;
    return received;
}

static gboolean
expect(FakeQmp *fake, const char *command, const QblkJson *arguments)
{
    g_autoptr(Received) received = read_scripted(fake, command);
    if (received == NULL) {
        return fault(fake, "the client did not ask for '%s'", command);
    }
    if (g_strcmp0(received->name, command) != 0) {
        return fault(fake, "the client asked for '%s', not for '%s'", received->name, command);
    }
    if (!equal_arguments(arguments, received->arguments)) {
        g_autofree char *wanted = qblk_json_print(arguments, QBLK_JSON_SORTED);
        g_autofree char *got = received->arguments == NULL
                                   ? g_strdup("{}")
                                   : qblk_json_print(received->arguments, QBLK_JSON_SORTED);
        return fault(fake, "the client asked for '%s' with %s, not with %s", command, got, wanted);
    }
    gint64 *id = g_new(gint64, 1);
    *id = received->id;
    g_queue_push_tail(&fake->unanswered, id);
    return TRUE;
}

static gboolean
answer(FakeQmp *fake, const FakeQmpStep *step)
{
    g_autofree gint64 *id =
        step->newest ? g_queue_pop_tail(&fake->unanswered) : g_queue_pop_head(&fake->unanswered);
    if (id == NULL) {
        return fault(fake, "the script answers a command it did not expect");
    }
    if (step->kind == FAKE_QMP_ANSWER) {
        send_answer(fake, step->bytes, *id);
    }
    return TRUE;
}

static gboolean
run_step(FakeQmp *fake, const FakeQmpStep *step)
{
    switch (step->kind) {
    case FAKE_QMP_EXPECT:
        return expect(fake, step->command, step->arguments);
    case FAKE_QMP_ANSWER:
    case FAKE_QMP_FORGET:
        return answer(fake, step);
    case FAKE_QMP_SEND:
        send_bytes(fake, step->bytes->str, step->bytes->len);
        return TRUE;
    case FAKE_QMP_CLOSE:
        shutdown(fake->server, SHUT_RDWR);
        return TRUE;
    case FAKE_QMP_RECORDED:
        fake->answers_recorded = TRUE;
        return TRUE;
    }
    return FALSE;
}

static gboolean
shake_hands(FakeQmp *fake)
{
    g_autofree char *greeting =
        g_strdup_printf("{\"QMP\": {\"version\": %s, \"capabilities\": [\"oob\"]}}\r\n",
                        fake->version == NULL ? VERSION : fake->version);
    send_bytes(fake, greeting, strlen(greeting));
    g_autoptr(Received) received = read_command(fake);
    if (received == NULL) {
        /* A client may disconnect here if the script expects no other command. */
        return fake->steps->len == 0 && fake->failure == NULL
                   ? TRUE
                   : fault(fake, "the client did not ask for 'qmp_capabilities'");
    }
    if (g_strcmp0(received->name, "qmp_capabilities") != 0) {
        return fault(fake, "the client asked for '%s' before 'qmp_capabilities'", received->name);
    }
    g_autofree char *text =
        g_strdup_printf("{\"return\": {}, \"id\": %" G_GINT64_FORMAT "}\r\n", received->id);
    send_bytes(fake, text, strlen(text));
    return TRUE;
}

gpointer
fake_qmp_serve(gpointer data)
{
    FakeQmp *fake = data;
    gboolean good = fake->silent || shake_hands(fake);
    for (guint i = 0; good && i < fake->steps->len; i++) {
        good = run_step(fake, g_ptr_array_index(fake->steps, i));
    }
    Received *received;
    while (good && (received = read_command(fake)) != NULL) {
        good = answer_from_capture(fake, received);
        received_free(received);
    }
    if (fake->failure != NULL) {
        g_printerr("fake-qmp: %s\n", fake->failure);
    }
    shutdown(fake->server, SHUT_RDWR);
    return NULL;
}
