/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/layer-text.h"
#include "bridge/mux-answer.h"
#include "bridge/mux-queue.h"

const char *
qblk_mux_request_command(const QblkMuxRequest *request)
{
    return request->command.name;
}

const QblkJson *
qblk_mux_request_arguments(const QblkMuxRequest *request)
{
    return request->arguments;
}

const GPtrArray *
qblk_mux_request_layers(const QblkMuxRequest *request)
{
    return request->layers;
}

QblkMuxClient *
qblk_mux_request_client(const QblkMuxRequest *request)
{
    return request->client;
}

QblkAccess
qblk_mux_request_access(const QblkMuxRequest *request)
{
    return request->access;
}

/* Replace the names of layers in the arguments, before the id is written: the places after them
 * move. */
static void
replace_layers(QblkMuxRequest *request, GHashTable *layers)
{
    QblkCommandText *command = &request->command;
    const QblkTextSpan span = command->arguments;
    GString *text = request->text;
    GString *arguments =
        qblk_layer_text_replace(command->name, text->str + span.start, span.length, layers);
    g_string_erase(text, (gssize)span.start, (gssize)span.length);
    g_string_insert_len(text, (gssize)span.start, arguments->str, (gssize)arguments->len);

    command->arguments.length = arguments->len;
    command->end = command->end - span.length + arguments->len;
    if (command->id.start > span.start) {
        command->id.start = command->id.start - span.length + arguments->len;
    }
    g_string_free(arguments, TRUE);
}

void
qblk_mux_request_forward(QblkMuxRequest *request, GHashTable *layers)
{
    if (request->client == NULL) {
        qblk_mux_request_free(request);
        return;
    }

    if (layers != NULL && request->command.arguments.length > 0) {
        replace_layers(request, layers);
    }
    request->state = QBLK_MUX_FORWARDED;
    g_queue_push_tail(&request->mux->forwarded, request);
}

/* The client of @request may continue.  Returns: (nullable): that client */
static QblkMuxClient *
release_client(QblkMuxRequest *request)
{
    QblkMuxClient *client = request->client;
    if (client != NULL) {
        client->active = NULL;
    }
    return client;
}

void
qblk_mux_request_return(QblkMuxRequest *request, QblkJson *value)
{
    QblkMuxClient *client = release_client(request);
    g_autofree char *text = qblk_json_print(value, QBLK_JSON_COMPACT);
    qblk_mux_request_answer(request, text);
    qblk_json_unref(value);
    if (client != NULL) {
        qblk_mux_queue_advance(client);
    }
}

void
qblk_mux_request_refuse(QblkMuxRequest *request, const char *error_class, const char *description)
{
    QblkMuxClient *client = release_client(request);
    qblk_mux_request_answer_error(request, error_class, description);
    if (client != NULL) {
        qblk_mux_queue_advance(client);
    }
}
