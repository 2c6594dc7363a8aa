/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/mux-answer.h"

#include "base/limits.h"
#include "bridge/reply-text.h"

void
qblk_mux_client_fail(QblkMuxClient *client, const char *fault)
{
    client->fault = client->fault == NULL ? fault : client->fault;
}

/* One message of any size is accepted, whatever else waits: a reply can be long. */
static void
check_unread(QblkMuxClient *client)
{
    const QblkMuxOutput *output = &client->output;
    if (output->bytes > output->largest + QBLK_LIMIT_UNREAD_BYTES) {
        qblk_mux_client_fail(client, "it does not read what it is sent (QBLK_LIMIT_UNREAD_BYTES)");
        qblk_mux_output_clear(&client->output);
    }
}

void
qblk_mux_client_send(QblkMuxClient *client, GString *text)
{
    if (client->fault != NULL) {
        g_string_free(text, TRUE);
        return;
    }
    g_string_append(text, "\r\n");
    qblk_mux_output_add(&client->output, text);
    check_unread(client);
}

void
qblk_mux_client_send_shared(QblkMuxClient *client, GBytes *bytes)
{
    if (client->fault == NULL) {
        qblk_mux_output_add_shared(&client->output, bytes);
        check_unread(client);
    }
}

void
qblk_mux_request_free(gpointer data)
{
    QblkMuxRequest *request = data;
    if (request->client != NULL) {
        request->client->oob_count -= request->is_oob ? 1 : 0;
        request->client->command_bytes -= request->length;
    }
    if (request->text != NULL) {
        g_string_free(request->text, TRUE);
    }
    qblk_command_text_clear(&request->command);
    g_free(request->id);
    g_clear_pointer(&request->layers, g_ptr_array_unref);
    qblk_json_unref(request->arguments);
    qblk_mux_descriptor_close(request->fd);
    g_free(request);
}

/* @text: (transfer full) */
static void
finish(QblkMuxRequest *request, GString *text)
{
    if (request->client != NULL) {
        qblk_mux_client_send(request->client, text);
    } else {
        g_string_free(text, TRUE);
    }
    qblk_mux_request_free(request);
}

void
qblk_mux_request_answer(QblkMuxRequest *request, const char *value)
{
    finish(request, qblk_reply_text_new_return(request->id, value, request->mux->is_pretty));
}

void
qblk_mux_request_answer_error(QblkMuxRequest *request, const char *error_class,
                              const char *description)
{
    finish(request, qblk_reply_text_new_error(request->id, error_class, description,
                                              request->mux->is_pretty));
}
