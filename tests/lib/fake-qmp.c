/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/fake-qmp.h"

#include "lib/check.h"
#include "qmp/framer.h"
#include "qmp/query.h"
#include "qmp/schema.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING                                                                                   \
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "             \
    "\"package\": \"fake\"}, \"capabilities\": [\"oob\"]}}\r\n"

typedef enum
{
    STEP_EXPECT,
    STEP_ANSWER,
    STEP_FORGET,
    STEP_SEND,
    STEP_CLOSE,
} StepKind;

typedef struct
{
    StepKind kind;
    char *command;       /* expect; owned */
    QblkJson *arguments; /* expect; owned; NULL: any */
    GString *bytes;      /* send, and answer up to its id; owned */
    gboolean newest;     /* answer */
} Step;

/* A command as it came. */
typedef struct
{
    char *name;
    QblkJson *arguments; /* NULL: none */
    gint64 id;
} Received;

struct FakeQmp
{
    GPtrArray *steps;   /* of Step, owned */
    QblkSchema *schema; /* owned; NULL: commands are not checked */
    GHashTable
        *recorded; /* key of a query to the bytes of its answer up to the id; NULL: a script */
    gboolean silent;
    int server, client; /* the two ends */
    GThread *thread;
    char *failure; /* of the thread; read after it has ended */

    QblkFramer *framer;
    GString *input;
    GQueue unanswered; /* of ids, each an owned gint64 */
};

static void
step_free(gpointer data)
{
    Step *step = data;
    g_free(step->command);
    qblk_json_unref(step->arguments);
    if (step->bytes != NULL) {
        g_string_free(step->bytes, TRUE);
    }
    g_free(step);
}

static void
received_free(Received *received)
{
    g_free(received->name);
    qblk_json_unref(received->arguments);
    g_free(received);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Received, received_free)

static QblkJson *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    QblkJson *json = qblk_json_parse(text, strlen(text), &error);
    assert_no_error(error);
    return json;
}

char *
fake_qmp_read_file(const char *path)
{
    const char *root = g_getenv("QBLK_SOURCE_ROOT");
    g_autofree char *full = g_build_filename(root == NULL ? "." : root, path, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    g_file_get_contents(full, &text, NULL, &error);
    assert_no_error(error);
    return text;
}

FakeQmp *
fake_qmp_new(const char *version)
{
    FakeQmp *fake = g_new0(FakeQmp, 1);
    fake->steps = g_ptr_array_new_with_free_func(step_free);
    fake->framer = qblk_framer_new(0);
    fake->input = g_string_new(NULL);
    fake->server = fake->client = -1;
    if (version != NULL) {
        g_autofree char *path =
            g_build_filename("tests", "qemu-fixtures", version, "query-qmp-schema.json", NULL);
        g_autofree char *text = fake_qmp_read_file(path);
        g_autoptr(QblkJson) reply = parse(text);
        g_autoptr(GError) error = NULL;
        fake->schema = qblk_schema_new(reply, &error);
        assert_no_error(error);
    }
    return fake;
}

/* The bytes of an answer up to its id. */
static GString *
answer_text(const char *key, const char *value)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "{\"%s\": ", key);
    g_string_append(text, value);
    g_string_append(text, ", \"id\": ");
    return text;
}

static void
free_text(gpointer text)
{
    g_string_free(text, TRUE);
}

FakeQmp *
fake_qmp_new_capture(const char *version, const char *capture)
{
    FakeQmp *fake = fake_qmp_new(version);
    fake->recorded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_text);
    g_autoptr(QblkJson) json = parse(capture);
    const QblkJson *replies = qblk_json_get(json, "replies");
    for (gsize i = 0; i < qblk_json_length(replies); i++) {
        const QblkJson *reply = qblk_json_at(replies, i);
        const QblkJson *arguments = qblk_json_get(reply, "arguments");
        g_autoptr(QblkQuery) query =
            qblk_query_new(qblk_json_get_string(reply, "execute"),
                           arguments == NULL ? NULL : qblk_json_ref(arguments));
        g_autofree char *key = qblk_query_key(query);
        const char *kind = qblk_json_get(reply, "return") != NULL ? "return" : "error";
        if (!g_hash_table_contains(fake->recorded, key)) {
            g_autofree char *value = qblk_json_print(qblk_json_get(reply, kind), QBLK_JSON_COMPACT);
            g_hash_table_insert(fake->recorded, g_steal_pointer(&key), answer_text(kind, value));
        }
    }
    return fake;
}

/* ---- the script ---- */

static Step *
add_step(FakeQmp *fake, StepKind kind)
{
    Step *step = g_new0(Step, 1);
    step->kind = kind;
    g_ptr_array_add(fake->steps, step);
    return step;
}

void
fake_qmp_stay_silent(FakeQmp *fake)
{
    fake->silent = TRUE;
}

void
fake_qmp_expect(FakeQmp *fake, const char *command, const char *arguments)
{
    Step *step = add_step(fake, STEP_EXPECT);
    step->command = g_strdup(command);
    step->arguments = arguments == NULL ? NULL : parse(arguments);
}

void
fake_qmp_reply(FakeQmp *fake, const char *value)
{
    add_step(fake, STEP_ANSWER)->bytes = answer_text("return", value);
}

void
fake_qmp_reply_newest(FakeQmp *fake, const char *value)
{
    Step *step = add_step(fake, STEP_ANSWER);
    step->bytes = answer_text("return", value);
    step->newest = TRUE;
}

void
fake_qmp_refuse(FakeQmp *fake, const char *error_class, const char *desc)
{
    g_autoptr(QblkJson) refusal = qblk_json_new_object();
    qblk_json_set_string(refusal, "class", error_class);
    qblk_json_set_string(refusal, "desc", desc);
    g_autofree char *text = qblk_json_print(refusal, QBLK_JSON_COMPACT);
    add_step(fake, STEP_ANSWER)->bytes = answer_text("error", text);
}

void
fake_qmp_forget(FakeQmp *fake)
{
    add_step(fake, STEP_FORGET);
}

void
fake_qmp_event(FakeQmp *fake, const char *name, const char *data)
{
    g_autofree char *text = g_strdup_printf(
        "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"%s\"%s%s}\r\n", name,
        data == NULL ? "" : ", \"data\": ", data == NULL ? "" : data);
    fake_qmp_raw(fake, text, -1);
}

void
fake_qmp_raw(FakeQmp *fake, const char *bytes, gssize length)
{
    add_step(fake, STEP_SEND)->bytes = g_string_new_len(bytes, length);
}

void
fake_qmp_close(FakeQmp *fake)
{
    add_step(fake, STEP_CLOSE);
}

/* ---- the thread ---- */

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

/* A client that is gone is found out where the next command is waited for. */
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

/* The text of the next message, or NULL at the end of the connection or with a fault. */
static GString *
read_message(FakeQmp *fake)
{
    for (;;) {
        GString *message = NULL;
        gsize used = 0;
        g_autoptr(GError) error = NULL;
        if (!qblk_framer_feed(fake->framer, fake->input->str, fake->input->len, &used, &message,
                              &error)) {
            fault(fake, "the client sent what is no message: %s", error->message);
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
        fault(fake, "the client sent what is no command: %s", text->str);
    } else if (fake->schema != NULL && !qblk_schema_check_command(fake->schema, received->name,
                                                                  received->arguments, &error)) {
        fault(fake, "the client sent what QEMU would not take: %s", error->message);
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
expect(FakeQmp *fake, const char *command, const QblkJson *arguments)
{
    g_autoptr(Received) received = read_command(fake);
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
answer(FakeQmp *fake, const Step *step)
{
    g_autofree gint64 *id =
        step->newest ? g_queue_pop_tail(&fake->unanswered) : g_queue_pop_head(&fake->unanswered);
    if (id == NULL) {
        return fault(fake, "the script answers a command it did not expect");
    }
    if (step->kind == STEP_ANSWER) {
        send_answer(fake, step->bytes, *id);
    }
    return TRUE;
}

static gboolean
run_step(FakeQmp *fake, const Step *step)
{
    switch (step->kind) {
    case STEP_EXPECT:
        return expect(fake, step->command, step->arguments);
    case STEP_ANSWER:
    case STEP_FORGET:
        return answer(fake, step);
    case STEP_SEND:
        send_bytes(fake, step->bytes->str, step->bytes->len);
        return TRUE;
    case STEP_CLOSE:
        shutdown(fake->server, SHUT_RDWR);
        return TRUE;
    }
    return FALSE;
}

static gboolean
shake_hands(FakeQmp *fake)
{
    send_bytes(fake, GREETING, strlen(GREETING));
    g_autoptr(Received) received = read_command(fake);
    if (received == NULL) {
        /* A client may leave without a word where nothing else was asked of it. */
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

static gboolean
answer_from_capture(FakeQmp *fake, const Received *received)
{
    g_autoptr(QblkQuery) query = qblk_query_new(
        received->name, received->arguments == NULL ? NULL : qblk_json_ref(received->arguments));
    g_autofree char *key = qblk_query_key(query);
    const GString *recorded =
        fake->recorded == NULL ? NULL : g_hash_table_lookup(fake->recorded, key);
    if (recorded == NULL) {
        return fault(fake, "the client asked for '%s', which the %s does not have", key,
                     fake->recorded == NULL ? "script" : "capture");
    }
    send_answer(fake, recorded, received->id);
    return TRUE;
}

static gpointer
serve(gpointer data)
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

char *
fake_qmp_start(FakeQmp *fake)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    fake->server = ends[0];
    fake->client = ends[1];
    fake->thread = g_thread_new("fake-qmp", serve, fake);
    return g_strdup_printf("fd:%d", fake->client);
}

QblkClient *
fake_qmp_connect(FakeQmp *fake)
{
    g_autofree char *address = fake_qmp_start(fake);
    g_autoptr(GError) error = NULL;
    QblkClient *client = qblk_client_connect(address, 0, &error);
    assert_no_error(error);
    return client;
}

char *
fake_qmp_stop(FakeQmp *fake)
{
    if (fake->thread != NULL) {
        /* What the client has sent can still be read, but there will be no more. */
        shutdown(fake->server, SHUT_RD);
        g_thread_join(fake->thread);
        close(fake->server);
    }
    char *failure = g_steal_pointer(&fake->failure);
    g_ptr_array_unref(fake->steps);
    qblk_schema_free(fake->schema);
    if (fake->recorded != NULL) {
        g_hash_table_unref(fake->recorded);
    }
    qblk_framer_free(fake->framer);
    g_string_free(fake->input, TRUE);
    g_queue_clear_full(&fake->unanswered, g_free);
    g_free(fake);
    return failure;
}

void
fake_qmp_finish(FakeQmp *fake)
{
    g_autofree char *failure = fake_qmp_stop(fake);
    if (failure != NULL) {
        fail_msg("fake-qmp: %s", failure);
    }
}
