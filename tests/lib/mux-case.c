/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/mux-case.h"

#include "lib/check.h"

#define CLIENTS 12

typedef struct {
    QblkMux *mux;
    QblkMuxClient *clients[CLIENTS];
    QblkMuxRequest *requests[CLIENTS]; /* that the owner has */
    GString *got[CLIENTS];             /* by each client */
    GString *sent;                     /* to QEMU */
    GQueue told;                       /* of char *: steps that the owner has seen */
} Case;

static const char *const extra_commands[] = {"qblk-a", "qblk-b", NULL};

static guint
index_of(const Case *run, const QblkMuxClient *client)
{
    guint i = 0;
    while (run->clients[i] != client) {
        i++;
        assert_true(i < CLIENTS);
    }
    return i;
}

static void
decide(QblkMuxRequest *request, gpointer user_data)
{
    Case *run = user_data;
    guint i = index_of(run, qblk_mux_request_client(request));
    assert_null(run->requests[i]);
    run->requests[i] = request;
    g_queue_push_tail(&run->told,
                      g_strdup_printf("%c? %s", 'A' + (char)i, qblk_mux_request_command(request)));
}

static void
dropped(QblkMuxRequest *request, gpointer user_data)
{
    Case *run = user_data;
    assert_null(qblk_mux_request_client(request));
    for (guint i = 0; i < CLIENTS; i++) {
        if (run->requests[i] == request) {
            g_queue_push_tail(&run->told, g_strdup_printf("%c~ %s", 'A' + (char)i,
                                                          qblk_mux_request_command(request)));
        }
    }
}

static void
tell_event(const QblkJson *event, gpointer user_data)
{
    Case *run = user_data;
    g_queue_push_tail(&run->told, g_strconcat("e! ", qblk_json_get_string(event, "event"), NULL));
}

static void
changed(const char *command, gpointer user_data)
{
    Case *run = user_data;
    g_queue_push_tail(&run->told, g_strconcat("c! ", command, NULL));
}

static void
quiet(gpointer user_data)
{
    Case *run = user_data;
    g_queue_push_tail(&run->told, g_strdup("h!"));
}

/* Collect what is to be sent. */
static void
collect(Case *run)
{
    gsize length;
    int fd;
    const char *bytes;
    while ((bytes = qblk_mux_output(run->mux, &length, &fd), length) > 0) {
        g_string_append_len(run->sent, bytes, (gssize)length);
        qblk_mux_sent(run->mux, length);
    }
    for (guint i = 0; i < CLIENTS; i++) {
        while (run->clients[i] != NULL &&
               (bytes = qblk_mux_client_output(run->clients[i], &length), length) > 0) {
            g_string_append_len(run->got[i], bytes, (gssize)length);
            qblk_mux_client_sent(run->clients[i], length);
        }
    }
}

static void
expect_bytes(GString *bytes, const char *text, const char *line_end, const char *step)
{
    g_autofree char *expected = g_strconcat(text, line_end, NULL);
    if (!g_str_has_prefix(bytes->str, expected)) {
        fail_msg("step '%s': got '%s'", step, bytes->str);
    }
    g_string_erase(bytes, 0, (gssize)strlen(expected));
}

static void
assert_nothing_left(const Case *run, const char *step)
{
    if (run->sent->len > 0) {
        fail_msg("before step '%s': QEMU also gets '%s'", step, run->sent->str);
    }
    for (guint i = 0; i < CLIENTS; i++) {
        if (run->got[i]->len > 0) {
            fail_msg("before step '%s': %c also gets '%s'", step, 'A' + (char)i, run->got[i]->str);
        }
    }
    if (run->told.length > 0) {
        fail_msg("before step '%s': the owner is also told '%s'", step,
                 (const char *)run->told.head->data);
    }
}

static void
decide_now(Case *run, guint i, const char *what)
{
    QblkMuxRequest *request = run->requests[i];
    assert_non_null(request);
    run->requests[i] = NULL;
    if (g_str_has_prefix(what, " return ")) {
        qblk_mux_request_return(request, qblk_json_parse_printed(what + 8));
    } else if (g_str_has_prefix(what, " refuse ")) {
        qblk_mux_request_refuse(request, "GenericError", what + 8);
    } else {
        g_autoptr(GHashTable) layers = g_hash_table_new(g_str_hash, g_str_equal);
        char first[] = "vda[1]", first_node[] = "node-1", second[] = "vda[2]",
             second_node[] = "n\"2";
        g_hash_table_insert(layers, first, first_node);
        g_hash_table_insert(layers, second, second_node);
        qblk_mux_request_forward(request, layers);
    }
}

static void
do_step(Case *run, const char *step)
{
    guint i = (guint)(step[0] - 'A');
    const char *text = step + 2;
    if (step[0] == 'h') {
        (step[1] == '+' ? qblk_mux_hold : qblk_mux_release)(run->mux);
    } else if (step[0] == 'Q') {
        g_autoptr(GError) error = NULL;
        g_autofree char *bytes = g_strconcat(text + 1, "\r\n", NULL);
        assert_true(qblk_mux_receive(run->mux, bytes, strlen(bytes), &error));
    } else if (step[1] == '+') {
        QblkAccess access = *text == 'r'   ? QBLK_ACCESS_READ_ONLY
                            : *text == 'i' ? QBLK_ACCESS_INTERNAL
                                           : QBLK_ACCESS_FULL;
        run->clients[i] = qblk_mux_add_client(run->mux, access);
    } else if (step[1] == '-') {
        qblk_mux_remove_client(run->clients[i]);
        run->clients[i] = NULL;
    } else if (step[1] == '>') {
        gboolean is_part = *text == '>';
        g_autofree char *bytes = g_strconcat(text + (is_part ? 2 : 1), is_part ? "" : "\n", NULL);
        qblk_mux_client_receive(run->clients[i], bytes, strlen(bytes), NULL, 0);
    } else {
        decide_now(run, i, text);
    }
}

static void
expect_step(Case *run, const char *step)
{
    if (step[1] == '<') {
        gboolean is_qemu = step[0] == 'Q';
        expect_bytes(is_qemu ? run->sent : run->got[step[0] - 'A'], step + 3,
                     is_qemu ? "\n" : "\r\n", step);
        return;
    }

    g_autofree char *told = g_queue_pop_head(&run->told);
    if (g_strcmp0(told, step) != 0) {
        fail_msg("step '%s': the owner is told '%s'", step, told == NULL ? "nothing" : told);
    }
}

void
mux_case_run(const QblkPolicy *policy, const char *const *steps)
{
    const QblkMuxHooks hooks = {decide, dropped, tell_event, changed, quiet};
    g_autoptr(QblkPolicy) own = qblk_policy_new(NULL, NULL);
    Case run = {.sent = g_string_new(NULL)};
    run.mux = qblk_mux_new(policy == NULL ? own : policy, extra_commands, &hooks, &run);
    run.mux->last_number = 0;
    g_queue_init(&run.told);
    for (guint i = 0; i < CLIENTS; i++) {
        run.got[i] = g_string_new(NULL);
    }

    for (; *steps != NULL; steps++) {
        gboolean is_input = strchr("+-", (*steps)[1]) != NULL || (*steps)[1] == '>' ||
                            ((*steps)[1] == '!' && strchr("hce", (*steps)[0]) == NULL);
        if (is_input) {
            assert_nothing_left(&run, *steps);
            do_step(&run, *steps);
            collect(&run);
        } else {
            expect_step(&run, *steps);
        }
    }
    assert_nothing_left(&run, "the end");

    for (guint i = 0; i < CLIENTS; i++) {
        if (run.requests[i] != NULL) {
            qblk_mux_request_refuse(run.requests[i], "GenericError", "the end");
        }
        g_string_free(run.got[i], TRUE);
    }
    qblk_mux_free(run.mux);
    g_string_free(run.sent, TRUE);
}
