/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A connection to one QMP monitor.
 *
 * Either call what blocks (qblk_client_connect(), qblk_client_execute(), qblk_client_wait_event()),
 * or start it and drive it from any main loop: wait for qblk_client_get_events() on
 * qblk_client_get_fd() for at most qblk_client_get_timeout() milliseconds, call
 * qblk_client_process(), take what came.  Both may be mixed.  The library owns no loop and no
 * thread, and raises no SIGPIPE.  A client must not be used by two threads at once.
 *
 * QEMU serves one client of a monitor at a time; one that is not served yet hears nothing.
 *
 * Times are in milliseconds.  A command's time runs from when it was submitted, and anew from each
 * reply QEMU gives, because QEMU works on one command after the other.  After a fault of the
 * connection everything fails with that error; replies and events that came before it can still be
 * taken.
 *
 * Events are kept until they are taken, up to a limit beyond which the connection fails: a program
 * that stays connected for long must take them.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

typedef struct QblkClient QblkClient;

/**
 * Connect and wait until QEMU is ready for commands.
 *
 * @address is a path with a '/', `unix:PATH`, `tcp:HOST:PORT` (an IPv6 host in brackets) or `fd:N`,
 * an inherited connected socket, which belongs to the client when this succeeds or fails after the
 * address was accepted (that is, with another code than ARGUMENT and CONNECT).
 * @timeout_ms is the time for connecting, and again for QEMU's greeting and its answer to
 * qmp_capabilities, and the default for each command; 0 or less means 5 seconds.
 *
 * Fails with QBLK_QMP_ERROR_ARGUMENT for an address that is none, CONNECT where nothing listens,
 * BUSY where no greeting comes, TIMEOUT, CLOSED, PROTOCOL and LIMIT.
 */
QblkClient *qblk_client_connect(const char *address, int timeout_ms,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Connect and return at once, before the greeting.  Commands may be submitted already; they are
 * sent when QEMU has greeted.  Opening the connection itself may take up to @timeout_ms, over TCP
 * or where several clients wait for the monitor.
 */
QblkClient *qblk_client_start(const char *address, int timeout_ms,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk_client_start() with an inherited, connected socket: see `fd:N` there. */
QblkClient *qblk_client_start_fd(int fd, int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Close the connection.  Unanswered commands may still take effect. */
void qblk_client_free(QblkClient *client);

/* ---- driving it from a main loop ---- */

/** The descriptor to wait on; -1 once the connection has failed (the descriptor is closed then). */
int qblk_client_get_fd(const QblkClient *client);

/** The events to wait for, as in poll(2); ask again after each call of any other function. */
int qblk_client_get_events(const QblkClient *client);

/** How long to wait for them at most, for poll(2): milliseconds, -1 for no limit. */
int qblk_client_get_timeout(const QblkClient *client);

/**
 * Read, write and look at the time.  @revents is what poll(2) said, 0 after a timeout.  Reads a
 * limited amount, so that one busy monitor does not starve a loop of many.  FALSE once the
 * connection has failed, at each call.
 */
gboolean qblk_client_process(QblkClient *client, int revents,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** QEMU has greeted and takes commands. */
gboolean qblk_client_is_ready(const QblkClient *client);

/** Why the connection failed, borrowed; NULL while it has not. */
const GError *qblk_client_get_error(const QblkClient *client);

/* ---- commands ---- */

/**
 * Queue @command with @arguments, the text of a JSON object, or NULL.  It is sent by
 * qblk_client_process().  @timeout_ms of 0 or less means the client's.  Returns its id; 0 with
 * QBLK_QMP_ERROR_ARGUMENT where the arguments are not a JSON object or the name is empty.  In a
 * failed client the command fails at once, as its reply.
 */
guint64 qblk_client_submit(QblkClient *client, const char *command, const char *arguments,
                           int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Take the reply to command @id.  TRUE with @done FALSE: there is none yet.  TRUE with @done TRUE:
 * @reply is the JSON text that QEMU returned, owned by the caller, and the id is over.
 *
 * FALSE: the id is over, and failed with QBLK_QMP_ERROR_NOT_FOUND (this QEMU does not have the
 * command), REFUSED (`'COMMAND': what QEMU says`), TIMEOUT (its effect is unknown; a late reply is
 * dropped and the connection lives on), the error of a failed connection, or ARGUMENT (no such id).
 */
gboolean qblk_client_take_reply(QblkClient *client, guint64 id, gboolean *done, char **reply,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Drop command @id: it is not sent any more, or its reply will be dropped. */
void qblk_client_abandon(QblkClient *client, guint64 id);

/** Execute one command and wait for its reply, as JSON text; fails as qblk_client_take_reply(). */
char *qblk_client_execute(QblkClient *client, const char *command, const char *arguments,
                          int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- events ---- */

/** The oldest event not taken yet, as the JSON text QEMU sent (compact), or NULL.  Never waits. */
char *qblk_client_take_event(QblkClient *client) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Wait for an event.  Here @timeout_ms of 0 only looks at what has come, and less means no limit.
 * Fails with QBLK_QMP_ERROR_TIMEOUT where none came, or with the error of the connection after the
 * last event was taken.
 */
char *qblk_client_wait_event(QblkClient *client, int timeout_ms,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- about the peer ---- */

/** The greeting, as JSON text owned by the caller; NULL before it came. */
char *qblk_client_get_greeting(const QblkClient *client) G_GNUC_WARN_UNUSED_RESULT;

/** QEMU's version; FALSE, with nothing set, before the greeting.  Each may be NULL. */
gboolean qblk_client_get_version(const QblkClient *client, int *major, int *minor, int *micro);

/** Called with each message as JSON text on one line, secrets replaced; must not use the client. */
typedef void (*QblkClientLogger)(gboolean sent, const char *message, gpointer user_data);

/** Set a logger, or none with NULL.  Costs nothing where there is none. */
void qblk_client_set_logger(QblkClient *client, QblkClientLogger logger, gpointer user_data);

/* ---- limits ---- */

/**
 * Take replies of up to @bytes from now on; 0 means the default of 64 MiB.  A longer one fails the
 * connection with QBLK_QMP_ERROR_LIMIT.  A guest with 100000 block nodes needs about 130 MB.
 */
void qblk_client_set_reply_limit(QblkClient *client, gsize bytes);

/* ---- GLib's main loop ---- */

/**
 * Called when a reply, an event or the failure of the connection has arrived.  Should take all
 * there is.  It may free the client if it returns G_SOURCE_REMOVE.
 */
typedef gboolean (*QblkClientSourceFunc)(QblkClient *client, gpointer user_data);

/**
 * A source that drives @client and calls a QblkClientSourceFunc, set with g_source_set_callback
 * (source, G_SOURCE_FUNC (function), user_data, NULL). What had arrived before the source was
 * attached is reported too.  It is called again while it takes things and some are left, and not
 * for things it left alone until something new arrives. The client must live until the source is
 * destroyed.
 */
GSource *qblk_client_source_new(QblkClient *client) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkClient, qblk_client_free)

G_END_DECLS
