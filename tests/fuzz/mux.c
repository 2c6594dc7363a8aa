/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Three clients, an owner and QEMU, all of which send what the input says: each byte that is sent
 * to QEMU is a complete command, no client gets the reply to another, and nothing is left. */
#include "bridge/mux-data.h"

#include "fuzz/fuzz.h"

#include <string.h>

#define CLIENTS 3

typedef struct {
    QblkMux *mux;
    QblkMuxClient *clients[CLIENTS];
    GPtrArray *requests; /* of QblkMuxRequest, that the owner has */
    GString *sent;       /* to QEMU, up to the end of the last command */
    guint holds;
} Run;

static void
decide(QblkMuxRequest *request, gpointer user_data)
{
    Run *run = user_data;
    g_assert_nonnull(qblk_mux_request_command(request));
    g_assert_nonnull(qblk_mux_request_layers(request));
    g_ptr_array_add(run->requests, request);
}

static void
dropped(QblkMuxRequest *request, gpointer user_data)
{
    Run *run = user_data;
    g_assert_true(g_ptr_array_find(run->requests, request, NULL));
    g_assert_null(qblk_mux_request_client(request));
}

static void
settle(Run *run, QblkMuxRequest *request, guint how)
{
    if (how == 0) {
        qblk_mux_request_return(request, qblk_json_new_object());
    } else if (how == 1) {
        qblk_mux_request_refuse(request, "GenericError", "no");
    } else {
        g_autoptr(GHashTable) layers = g_hash_table_new(g_str_hash, g_str_equal);
        char name[] = "vda[1]", node[] = "a \"node\"";
        g_hash_table_insert(layers, name, node);
        qblk_mux_request_forward(request, layers);
    }
}

/* Each command that is sent is JSON with a number as its id. */
static void
check_sent(Run *run)
{
    gsize length;
    int fd;
    const char *bytes;
    while ((bytes = qblk_mux_output(run->mux, &length, &fd), length > 0)) {
        g_assert_true(fd == -1);
        g_assert_true(bytes[length - 1] == '\n');
        g_autofree char *text = qblk_command_text_value(bytes, length);
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkJson) command = qblk_json_parse(text, strlen(text), &error);
        gint64 id;
        /* The limits of the parser are lower than those of QEMU, and it refuses U+0000. */
        g_assert_true(command != NULL || strstr(text, "\\u0000") != NULL || length > 1000);
        g_assert_true(command == NULL || qblk_json_integer(qblk_json_get(command, "id"), &id));
        qblk_mux_sent(run->mux, length);
    }
}

static void
read_clients(Run *run)
{
    for (guint i = 0; i < CLIENTS; i++) {
        gsize length;
        while (run->clients[i] != NULL &&
               (qblk_mux_client_output(run->clients[i], &length), length > 0)) {
            qblk_mux_client_sent(run->clients[i], length);
        }
    }
}

/* One line of the input: what happens, and the bytes of it.  Returns: FALSE if QEMU is at fault */
static gboolean
step(Run *run, char what, const char *bytes, gsize length)
{
    guint i = (guint)(what - 'A');
    if (what >= 'A' && what < 'A' + CLIENTS) {
        if (run->clients[i] == NULL) {
            run->clients[i] = qblk_mux_add_client(run->mux, (QblkAccess)i);
        }
        qblk_mux_client_receive(run->clients[i], bytes, length, NULL, 0);
    } else if (what >= 'a' && what < 'a' + CLIENTS && run->clients[what - 'a'] != NULL) {
        qblk_mux_remove_client(run->clients[what - 'a']);
        run->clients[what - 'a'] = NULL;
    } else if (what == 'Q') {
        g_autoptr(GError) error = NULL;
        gboolean is_good = qblk_mux_receive(run->mux, bytes, length, &error);
        fuzz_check_error(is_good, error);
        return is_good;
    } else if (what >= '0' && what <= '2' && run->requests->len > 0) {
        settle(run, g_ptr_array_steal_index(run->requests, 0), (guint)(what - '0'));
    } else if (what == '+') {
        run->holds++;
        qblk_mux_hold(run->mux);
    } else if (what == '-' && run->holds > 0) {
        run->holds--;
        qblk_mux_release(run->mux);
    } else if (what == '!') {
        qblk_mux_end(run->mux);
    }
    return TRUE;
}

static void
finish(Run *run)
{
    qblk_mux_end(run->mux);
    while (run->requests->len > 0) {
        settle(run, g_ptr_array_steal_index(run->requests, 0), 0);
    }
    for (guint i = 0; i < CLIENTS; i++) {
        if (run->clients[i] != NULL) {
            qblk_mux_remove_client(run->clients[i]);
        }
    }
    g_assert_cmpuint(run->mux->in_band.length + run->mux->turns.length + run->mux->oob.length +
                         run->mux->forwarded.length + run->mux->changing + run->mux->clients->len,
                     ==, 0);
    g_assert_cmpuint(g_hash_table_size(run->mux->sent), ==, 0);
    g_assert_cmpuint(run->mux->output.bytes, ==, 0);
    qblk_mux_free(run->mux);
    g_ptr_array_unref(run->requests);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const own[] = {"qblk-a", NULL};
    const QblkMuxHooks hooks = {decide, dropped, NULL, NULL, NULL};
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, NULL);
    Run run = {.requests = g_ptr_array_new()};
    run.mux = qblk_mux_new(policy, own, &hooks, &run);
    run.mux->last_number = 0;

    const char *at = (const char *)data, *end = at + size;
    gboolean is_good = TRUE;
    while (at < end && is_good) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end == NULL ? end : line_end + 1;
        is_good = step(&run, *at, at + 1, (gsize)(line_end - at) - 1);
        check_sent(&run);
        read_clients(&run);
        at = line_end;
    }
    finish(&run);
    return 0;
}
