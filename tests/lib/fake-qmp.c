/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/fake-qmp.h"

#include "lib/check.h"
#include "lib/fake-qmp-serve.h"
#include "qmp/query.h"

#include <sys/socket.h>
#include <unistd.h>

static void
step_free(gpointer data)
{
    FakeQmpStep *step = data;
    g_free(step->command);
    qblk_json_unref(step->arguments);
    if (step->bytes != NULL) {
        g_string_free(step->bytes, TRUE);
    }
    g_free(step);
}

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

QblkSchema *
fake_qmp_read_schema(const char *version)
{
    g_autofree char *path =
        g_build_filename("tests", "qemu-fixtures", version, "query-qmp-schema.json", NULL);
    g_autofree char *text = fake_qmp_read_file(path);
    g_autoptr(QblkJson) reply = parse(text);
    g_autoptr(GError) error = NULL;
    QblkSchema *schema = qblk_schema_new(reply, &error);
    assert_no_error(error);
    return schema;
}

void
fake_qmp_expect_schema(FakeQmp *fake, const char *version)
{
    g_autofree char *path =
        g_build_filename("tests", "qemu-fixtures", version, "query-qmp-schema.json", NULL);
    g_autofree char *text = fake_qmp_read_file(path);
    fake_qmp_expect(fake, "query-qmp-schema", NULL);
    fake_qmp_reply(fake, text);
}

/* A script has many servers, and a schema takes longer to read than a server lives. */
static const QblkSchema *
shared_schema(const char *version)
{
    static GHashTable *schemas; /* version -> QblkSchema, to the end of the process */
    if (schemas == NULL) {
        schemas = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    QblkSchema *schema = g_hash_table_lookup(schemas, version);
    if (schema == NULL) {
        schema = fake_qmp_read_schema(version);
        g_hash_table_insert(schemas, g_strdup(version), schema);
    }
    return schema;
}

FakeQmp *
fake_qmp_new(const char *version)
{
    FakeQmp *fake = g_new0(FakeQmp, 1);
    fake->steps = g_ptr_array_new_with_free_func(step_free);
    fake->framer = qblk_framer_new(0);
    fake->input = g_string_new(NULL);
    fake->server = fake->client = -1;
    fake->schema = version == NULL ? NULL : shared_schema(version);
    return fake;
}

/* The bytes of a reply up to its id. */
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
        g_autofree char *key = qblk_query_key(qblk_json_get_string(reply, "execute"),
                                              qblk_json_get(reply, "arguments"));
        const char *kind = qblk_json_get(reply, "return") != NULL ? "return" : "error";
        if (!g_hash_table_contains(fake->recorded, key)) {
            g_autofree char *value = qblk_json_print(qblk_json_get(reply, kind), QBLK_JSON_COMPACT);
            if (g_str_has_prefix(key, "query-version ") && g_str_equal(kind, "return")) {
                fake_qmp_set_version(fake, value);
            }
            g_hash_table_insert(fake->recorded, g_steal_pointer(&key), answer_text(kind, value));
        }
    }
    return fake;
}

void
fake_qmp_set_version(FakeQmp *fake, const char *value)
{
    g_free(fake->version);
    fake->version = g_strdup(value);
}

/* ---- the script ---- */

static FakeQmpStep *
add_step(FakeQmp *fake, FakeQmpStepKind kind)
{
    FakeQmpStep *step = g_new0(FakeQmpStep, 1);
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
    FakeQmpStep *step = add_step(fake, FAKE_QMP_EXPECT);
    step->command = g_strdup(command);
    step->arguments = arguments == NULL ? NULL : parse(arguments);
}

void
fake_qmp_reply(FakeQmp *fake, const char *value)
{
    add_step(fake, FAKE_QMP_ANSWER)->bytes = answer_text("return", value);
}

void
fake_qmp_reply_newest(FakeQmp *fake, const char *value)
{
    FakeQmpStep *step = add_step(fake, FAKE_QMP_ANSWER);
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
    add_step(fake, FAKE_QMP_ANSWER)->bytes = answer_text("error", text);
}

void
fake_qmp_forget(FakeQmp *fake)
{
    add_step(fake, FAKE_QMP_FORGET);
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
    add_step(fake, FAKE_QMP_SEND)->bytes = g_string_new_len(bytes, length);
}

void
fake_qmp_close(FakeQmp *fake)
{
    add_step(fake, FAKE_QMP_CLOSE);
}

void
fake_qmp_answer_recorded(FakeQmp *fake)
{
    add_step(fake, FAKE_QMP_RECORDED);
}

/* ---- running ---- */

char *
fake_qmp_start(FakeQmp *fake)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    fake->server = ends[0];
    fake->client = ends[1];
    fake->thread = g_thread_new("fake-qmp", fake_qmp_serve, fake);
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
        /* Data from the client can still be read, and no more are sent to it. */
        shutdown(fake->server, SHUT_RD);
        g_thread_join(fake->thread);
        close(fake->server);
    }
    char *failure = g_steal_pointer(&fake->failure);
    g_ptr_array_unref(fake->steps);
    if (fake->recorded != NULL) {
        g_hash_table_unref(fake->recorded);
    }
    qblk_framer_free(fake->framer);
    g_string_free(fake->input, TRUE);
    g_free(fake->version);
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
