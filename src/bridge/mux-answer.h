/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a client gets, and the end of its requests.
 */
#pragma once

#include "bridge/mux-data.h"

/** Send @client a message, to which a line end is added.  @text: (transfer full) */
void qblk_mux_client_send(QblkMuxClient *client, GString *text);

/** Send @client a message that others get as well. */
void qblk_mux_client_send_shared(QblkMuxClient *client, GBytes *bytes);

/** Close the connection of @client, because of @fault. */
void qblk_mux_client_fail(QblkMuxClient *client, const char *fault);

void qblk_mux_request_free(gpointer request);

/** Answer @request, which no list has, and free it.  @value: (nullable): the text of what is
 * returned */
void qblk_mux_request_answer(QblkMuxRequest *request, const char *value);
void qblk_mux_request_answer_error(QblkMuxRequest *request, const char *error_class,
                                   const char *description);
