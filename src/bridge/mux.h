/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Many QMP clients on one monitor, as a state machine without a descriptor and a clock: bytes of
 * the clients and of QEMU go in, bytes come out.
 *
 * Each client sees a monitor of its own: the greeting of QEMU, its own negotiation, its own ids.
 * The text of commands and replies stays as it was sent, but for the id.  Commands of one client
 * are executed in order; the clients take turns, and at most QBLK_LIMIT_IN_FLIGHT commands are in
 * flight.  Each event goes to all clients that have negotiated.
 *
 * A command that QEMU must not get as it is goes to the owner of the mux, which forwards it,
 * perhaps with other arguments, or answers it.  Until then later commands of that client wait, and
 * it waits itself until the earlier ones are answered.
 */
#pragma once

#include "base/json.h"
#include "bridge/policy.h"

typedef struct QblkMux QblkMux;

/** A client.  It belongs to the mux, until qblk_mux_remove_client(). */
typedef struct QblkMuxClient QblkMuxClient;

/** A command of a client that the owner decides on.  It belongs to the mux, until the owner has
 * forwarded or answered it; its client may go away meanwhile. */
typedef struct QblkMuxRequest QblkMuxRequest;

/** What the owner of a mux is told.  A function must not remove a client. */
typedef struct {
    /** Decide on @request, now or later: each is forwarded or answered once. */
    void (*decide)(QblkMuxRequest *request, gpointer user_data);
    /** The client of @request has gone away; the owner must answer it all the same. */
    void (*dropped)(QblkMuxRequest *request, gpointer user_data);
    /** QEMU has sent an event, which all clients get. */
    void (*event)(const QblkJson *event, gpointer user_data);
    /** QEMU has answered a command that may change something, of any client. */
    void (*changed)(const char *command, gpointer user_data);
    /** After qblk_mux_hold(): no command that may change something is in flight.  Called once for
     * all calls of that function so far. */
    void (*quiet)(gpointer user_data);
} QblkMuxHooks;

/**
 * @policy: which commands are refused, and which the owner decides on; borrowed
 * @extra_commands: (array zero-terminated=1): the names that are added to the reply of
 *   query-commands; borrowed
 */
QblkMux *qblk_mux_new(const QblkPolicy *policy, const char *const *extra_commands,
                      const QblkMuxHooks *hooks, gpointer user_data);
void qblk_mux_free(QblkMux *mux);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMux, qblk_mux_free)

/* ---- clients ---- */

/**
 * A client has connected.  It gets the greeting once QEMU has sent its own.
 *
 * @access: what it may do; an internal client is not subject to the policy
 */
QblkMuxClient *qblk_mux_add_client(QblkMux *mux, QblkAccess access);

/** The connection of @client has ended, or is to be.  Its commands that were not sent are dropped,
 * and the replies to the others as well. */
void qblk_mux_remove_client(QblkMuxClient *client);

/** Process bytes of a client, and descriptors that came with the first of them, which the mux takes
 * over.  The commands are executed after this call: see qblk_mux_output(). */
void qblk_mux_client_receive(QblkMuxClient *client, const char *bytes, gsize length, const int *fds,
                             gsize fd_count);

/** Returns: FALSE while no more bytes of @client should be read: it does not read its replies, or
 * enough of its commands wait */
gboolean qblk_mux_client_wants_bytes(const QblkMuxClient *client);

/** Returns: TRUE if no command of @client waits or is in flight */
gboolean qblk_mux_client_is_idle(const QblkMuxClient *client);

/** Returns: the bytes to send to @client, valid until the next call; @length may be 0 */
const char *qblk_mux_client_output(QblkMuxClient *client, gsize *length);
void qblk_mux_client_sent(QblkMuxClient *client, gsize length);

/** Returns: (nullable): why @client must be closed: it has sent too long a command, or does not
 * read what it gets; NULL if all is well */
const char *qblk_mux_client_fault(const QblkMuxClient *client);

/** Send @client an event of the bridge, with the time @now, in microseconds since 1970. */
void qblk_mux_client_send_event(QblkMuxClient *client, const char *name, const QblkJson *data,
                                gint64 now);

/** Call @func for each client that has negotiated; it must not remove one. */
typedef void (*QblkMuxClientFunc)(QblkMuxClient *client, gpointer user_data);
void qblk_mux_each_client(QblkMux *mux, QblkMuxClientFunc func, gpointer user_data);

/* ---- requests ---- */

const char *qblk_mux_request_command(const QblkMuxRequest *request);

/** Returns: (nullable): its arguments, or NULL */
const QblkJson *qblk_mux_request_arguments(const QblkMuxRequest *request);

/** Returns: (element-type utf8): the strings in its arguments that name layers, each once (see
 * bridge/layer-text.h) */
const GPtrArray *qblk_mux_request_layers(const QblkMuxRequest *request);

/** Returns: (nullable): its client; NULL if that has gone away */
QblkMuxClient *qblk_mux_request_client(const QblkMuxRequest *request);

/** Returns: what its client may do */
QblkAccess qblk_mux_request_access(const QblkMuxRequest *request);

/**
 * Send @request to QEMU.
 *
 * @layers: (nullable) (element-type utf8 utf8): what replaces each string of its arguments that
 *   names a layer, by that string (see bridge/layer-text.h); NULL: no replacement
 */
void qblk_mux_request_forward(QblkMuxRequest *request, GHashTable *layers);

/** Answer @request. @value: (transfer full) */
void qblk_mux_request_return(QblkMuxRequest *request, QblkJson *value);
void qblk_mux_request_refuse(QblkMuxRequest *request, const char *error_class,
                             const char *description);

/* ---- holding ---- */

/** Send no command that may change something, except those of internal clients and those that are
 * forwarded by the owner, until as many calls of qblk_mux_release().  Commands that the hold before
 * this one has kept back are sent first.  The hook `quiet` is called, perhaps at once. */
void qblk_mux_hold(QblkMux *mux);
void qblk_mux_release(QblkMux *mux);

/** Returns: the number of events so far after which a name may mean another node, and of changing
 * commands that were sent or answered */
guint64 qblk_mux_changes(const QblkMux *mux);

/* ---- QEMU ---- */

/** Process bytes from QEMU.  Returns: FALSE with QBLK_QMP_ERROR if they are not QMP */
gboolean qblk_mux_receive(QblkMux *mux, const char *bytes, gsize length,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The bytes to send to QEMU, valid until the next call; @length may be 0.  This is where the next
 * commands are chosen.
 *
 * @fd: (out): a descriptor to send with the first byte, borrowed until qblk_mux_sent(); or -1.  At
 *   most one is returned, and the bytes are those of its command
 */
const char *qblk_mux_output(QblkMux *mux, gsize *length, int *fd);
void qblk_mux_sent(QblkMux *mux, gsize length);

/** The connection to QEMU has ended: every client must be closed after its output was sent.  After
 * that a new QEMU may follow: all state but the policy is reset. */
void qblk_mux_end(QblkMux *mux);

/** Returns: TRUE if QEMU has sent a part of a message */
gboolean qblk_mux_is_inside_message(const QblkMux *mux);

/** Returns: TRUE if QEMU accepts commands */
gboolean qblk_mux_is_ready(const QblkMux *mux);

/** Returns: (nullable): the whole greeting of QEMU; NULL before it was received */
const QblkJson *qblk_mux_greeting(const QblkMux *mux);
