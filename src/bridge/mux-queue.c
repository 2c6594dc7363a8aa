/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/mux-queue.h"

#include "base/limits.h"
#include "bridge/command-check.h"
#include "bridge/layer-text.h"
#include "bridge/mux-answer.h"

#include <string.h>

gboolean
qblk_mux_queue_is_paused(const QblkMuxClient *client)
{
    return client->fault != NULL || client->output.bytes > QBLK_LIMIT_UNREAD_PAUSE_BYTES;
}

gboolean
qblk_mux_queue_is_full(const QblkMuxClient *client)
{
    return client->queue.length >= QBLK_LIMIT_CLIENT_COMMANDS ||
           client->oob_count >= QBLK_LIMIT_CLIENT_COMMANDS ||
           client->command_bytes > QBLK_LIMIT_CLIENT_COMMAND_BYTES;
}

/* ---- holding ---- */

void
qblk_mux_queue_let_pass(QblkMux *mux)
{
    for (GList *link = mux->turns.head; link != NULL; link = link->next) {
        QblkMuxClient *client = link->data;
        QblkMuxRequest *first = g_queue_peek_head(&client->queue);
        if (first != NULL) {
            first->passes = first->was_held;
        }
    }
}

gboolean
qblk_mux_queue_has_passing(const QblkMux *mux)
{
    for (GList *link = mux->turns.head; link != NULL; link = link->next) {
        const QblkMuxClient *client = link->data;
        const QblkMuxRequest *first = client->queue.head == NULL ? NULL : client->queue.head->data;
        if (first != NULL && first->passes && client->active == NULL &&
            !qblk_mux_queue_is_paused(client)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- judging ---- */

void
qblk_mux_queue_refuse(QblkMuxRequest *request, const char *error_class, const char *description)
{
    g_free(request->command.error);
    request->command.error = g_strdup(description);
    request->error_class = error_class;
    request->verdict = QBLK_MUX_REFUSE;
}

/* Returns: (transfer full) (nullable): the arguments of @request; NULL without arguments, or with
 * @error */
static QblkJson *
parse_arguments(const QblkMuxRequest *request, GError **error)
{
    const QblkTextSpan span = request->command.arguments;
    if (span.length == 0) {
        return NULL;
    }
    g_autofree char *text = qblk_command_text_value(request->text->str + span.start, span.length);
    return qblk_json_parse(text, strlen(text), error);
}

/* Returns: FALSE if the arguments of a qmp_capabilities have anything but the capability `oob` */
static gboolean
is_plain_negotiation(const QblkMuxRequest *request, gboolean *enables_oob)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) arguments = parse_arguments(request, &error);
    *enables_oob = FALSE;
    if (arguments == NULL) {
        return error == NULL;
    }

    const QblkJson *enable = qblk_json_get(arguments, "enable");
    gsize members = enable == NULL ? 0 : 1;
    if (qblk_json_length(arguments) != members ||
        (enable != NULL && !qblk_json_is(enable, QBLK_JSON_ARRAY))) {
        return FALSE;
    }

    for (gsize i = 0; i < qblk_json_length(enable); i++) {
        const char *name = qblk_json_string(qblk_json_at(enable, i));
        if (g_strcmp0(name, "oob") != 0 || !request->mux->has_oob) {
            return FALSE;
        }
        *enables_oob = TRUE;
    }
    return TRUE;
}

/* QEMU refuses what is no plain negotiation in its own words: "Invalid parameter 'foo'" in 5.2,
 * "Parameter 'null' does not accept value 'foo'" in 7.2 to 11.1.  It checks the arguments before it
 * finds that the negotiation is complete. */
static void
judge_negotiation(QblkMuxRequest *request)
{
    gboolean enables_oob;
    gboolean is_plain = is_plain_negotiation(request, &enables_oob);
    request->verdict = is_plain ? QBLK_MUX_NEGOTIATE : QBLK_MUX_SEND;
    request->client->has_oob = is_plain && enables_oob;
}

/* An action of a transaction does what the command of its name does.
 * Returns: TRUE if one is denied to all clients, with the @reason */
static gboolean
has_denied_action(const QblkMuxRequest *request, char **reason)
{
    if (qblk_access_is_internal(request->access) ||
        strcmp(request->command.name, "transaction") != 0) {
        return FALSE;
    }

    g_autoptr(QblkJson) arguments = parse_arguments(request, NULL);
    const QblkJson *actions = qblk_json_get(arguments, "actions");
    for (gsize i = 0; i < qblk_json_length(actions); i++) {
        const char *type = qblk_json_get_string(qblk_json_at(actions, i), "type");
        if (type != NULL && qblk_policy_check(request->mux->policy, QBLK_ACCESS_FULL, type, FALSE,
                                              reason) == QBLK_POLICY_REFUSE) {
            return TRUE;
        }
    }
    return FALSE;
}

static void
judge_by_policy(QblkMuxRequest *request)
{
    const QblkTextSpan span = request->command.arguments;
    const char *name = request->command.name;
    g_autofree char *reason = NULL;
    if (has_denied_action(request, &reason)) {
        qblk_mux_queue_refuse(request, "GenericError", reason);
        return;
    }

    request->layers =
        qblk_access_is_internal(request->access)
            ? g_ptr_array_new()
            : qblk_layer_text_find(name, request->text->str + span.start, span.length);
    gboolean has_layers = request->layers->len > 0;
    switch (qblk_policy_check(request->mux->policy, request->access, name, has_layers, &reason)) {
    case QBLK_POLICY_FORWARD:
        request->verdict = QBLK_MUX_SEND;
        break;
    case QBLK_POLICY_DECIDE:
        request->verdict = QBLK_MUX_DECIDE;
        break;
    case QBLK_POLICY_REFUSE:
        qblk_mux_queue_refuse(request, "GenericError", reason);
        break;
    }
}

QblkMuxVerdict
qblk_mux_queue_judge(QblkMuxRequest *request)
{
    const QblkMuxClient *client = request->client;
    if (request->verdict != QBLK_MUX_UNJUDGED) {
        return request->verdict;
    }

    if (request->command.has_oob && !client->has_oob) {
        qblk_mux_queue_refuse(request, "GenericError", "QMP input member 'exec-oob' is unexpected");
    } else if (request->command.error != NULL) {
        request->error_class = "GenericError";
        request->verdict = QBLK_MUX_REFUSE;
    } else if (client->is_negotiated) {
        judge_by_policy(request);
    } else if (strcmp(request->command.name, "qmp_capabilities") == 0) {
        judge_negotiation(request);
    } else {
        qblk_mux_queue_refuse(request, "CommandNotFound",
                              "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    return request->verdict;
}

/* ---- reading ---- */

static void
add_to_queue(QblkMuxRequest *request)
{
    QblkMuxClient *client = request->client;
    g_queue_push_tail(&client->queue, request);
    if (!client->has_turn) {
        client->has_turn = TRUE;
        g_queue_push_tail(&client->mux->turns, client);
    }
}

/* A command that is to be executed out of band overtakes all others. */
static void
add_oob(QblkMuxRequest *request)
{
    QblkMux *mux = request->mux;
    QblkMuxVerdict verdict = qblk_mux_queue_judge(request);
    if (verdict == QBLK_MUX_REFUSE) {
        qblk_mux_request_answer_error(request, request->error_class, request->command.error);
    } else if (verdict == QBLK_MUX_DECIDE && mux->extra_commands != NULL &&
               g_strv_contains(mux->extra_commands, request->command.name)) {
        g_autofree char *reason =
            g_strdup_printf("The command %s does not support OOB", request->command.name);
        qblk_mux_request_answer_error(request, "GenericError", reason);
    } else {
        /* QEMU does not execute the others that the owner decides on out of band. */
        request->is_oob = TRUE;
        request->is_changing = FALSE; /* none of them changes the block graph */
        request->client->oob_count++;
        g_queue_push_tail(&mux->oob, request);
    }
}

static QblkMuxRequest *
new_request(QblkMuxClient *client)
{
    QblkMuxRequest *request = g_new0(QblkMuxRequest, 1);
    request->mux = client->mux;
    request->client = client;
    request->access = client->access;
    request->fd = -1;
    return request;
}

static void
add_invalid(QblkMuxClient *client, char *error)
{
    QblkMuxRequest *request = new_request(client);
    request->command.error = error;
    add_to_queue(request);
}

/* @end: of the command, in the stream of the client */
static void
add_command(QblkMuxClient *client, const char *text, gsize length, guint64 end)
{
    char *error = qblk_command_check(text, length);
    if (error != NULL) {
        add_invalid(client, error);
        return;
    }

    QblkMuxRequest *request = new_request(client);
    QblkCommandText *command = &request->command;
    request->text = g_string_new_len(text, (gssize)length);
    request->length = length;
    client->command_bytes += length;
    qblk_command_text_init(command, text, length);
    if (command->id.length > 0) {
        request->id = qblk_command_text_value(text + command->id.start, command->id.length);
    }
    if (command->name != NULL) {
        /* What QEMU executes out of band changes no block device. */
        request->is_changing = !command->has_oob && !qblk_policy_is_read_only(command->name);
        request->takes_fd =
            strcmp(command->name, "getfd") == 0 || strcmp(command->name, "add-fd") == 0;
    }
    if (request->takes_fd) {
        request->fd = qblk_mux_descriptors_take(&client->descriptors, end);
        request->has_fd = request->fd >= 0;
    }

    if (command->has_oob && command->error == NULL && client->has_oob && client->is_negotiated) {
        add_oob(request);
    } else {
        add_to_queue(request);
    }
}

/* Remove what was read from the input, at times. */
static void
shrink_input(QblkMuxClient *client)
{
    GString *input = client->input;
    if (client->input_start == input->len) {
        g_string_free(input, TRUE);
        client->input = NULL;
        client->input_start = 0;
    } else if (client->input_start > input->len / 2) {
        g_string_erase(input, 0, (gssize)client->input_start);
        client->input_start = 0;
    }
}

static void
read_next(QblkMuxClient *client)
{
    const char *text = client->input->str + client->input_start;
    gsize length = client->input->len - client->input_start;
    gsize used = 0;
    char *error = NULL;
    switch (qblk_command_scan(&client->scan, text, length, &used, &error)) {
    case QBLK_COMMAND_SCAN_MORE:
        if (length > QBLK_LIMIT_COMMAND_BYTES) {
            qblk_mux_client_fail(client, "its command is too long (QBLK_LIMIT_COMMAND_BYTES)");
        }
        break;
    case QBLK_COMMAND_SCAN_NOTHING:
        break;
    case QBLK_COMMAND_SCAN_COMMAND:
        add_command(client, text + client->scan.start, used - client->scan.start,
                    client->received - length + used);
        break;
    case QBLK_COMMAND_SCAN_ERROR:
        add_invalid(client, error);
        break;
    }
    client->input_start += used;
}

static void
read_input(QblkMuxClient *client)
{
    while (client->input != NULL && !qblk_mux_queue_is_paused(client) &&
           !qblk_mux_queue_is_full(client)) {
        gsize before = client->input->len - client->input_start;
        read_next(client);
        gsize after = client->input->len - client->input_start;
        shrink_input(client);
        if (after == before && client->scan.at == after) {
            return; /* an incomplete command */
        }
    }
}

/* ---- answering ---- */

/* Returns: TRUE if the first command was answered */
static gboolean
answer_first(QblkMuxClient *client)
{
    QblkMuxRequest *request = g_queue_peek_head(&client->queue);
    if (request == NULL || client->active != NULL || client->in_flight > 0 || !client->is_greeted ||
        qblk_mux_queue_is_paused(client)) {
        return FALSE;
    }

    QblkMuxVerdict verdict = qblk_mux_queue_judge(request);
    if (verdict != QBLK_MUX_NEGOTIATE && verdict != QBLK_MUX_REFUSE) {
        return FALSE;
    }

    g_queue_pop_head(&client->queue);
    if (verdict == QBLK_MUX_REFUSE) {
        qblk_mux_request_answer_error(request, request->error_class, request->command.error);
        return TRUE;
    }
    client->is_negotiated = TRUE;
    qblk_mux_request_answer(request, NULL);
    return TRUE;
}

void
qblk_mux_queue_advance(QblkMuxClient *client)
{
    do {
        read_input(client);
    } while (answer_first(client));
}
