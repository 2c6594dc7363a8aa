/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bridge: one QMP monitor for many clients.
 *
 * A monitor serves one client at a time.  A bridge is that client, and serves any number of clients
 * itself, each of which sees a monitor of its own.
 */
#pragma once

#include <qblk/address.h>
#include <qblk/client-async.h>
#include <qblk/snapshot-options.h>

G_BEGIN_DECLS

/* ---- options ---- */

/**
 * QblkBridgeOptions:
 *
 * What the clients of a bridge may do, and how it runs.
 *
 * It belongs to one thread until it is passed on.  After that it must not be changed.
 *
 * Since: 0.1.0
 */
typedef struct QblkBridgeOptions QblkBridgeOptions;

/**
 * qblk_bridge_options_new:
 *
 * Returns: (transfer full): the defaults
 *
 * Since: 0.1.0
 */
QblkBridgeOptions *qblk_bridge_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_bridge_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkBridgeOptions *qblk_bridge_options_ref(QblkBridgeOptions *options);

/**
 * qblk_bridge_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_bridge_options_unref(QblkBridgeOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkBridgeOptions, qblk_bridge_options_unref)

/**
 * qblk_bridge_options_add_allow:
 * @options: the options
 * @pattern: the name of a command; `*` and `?` stand for any characters and any one
 *
 * Allow a command to read-only clients, which may use commands that change nothing.
 *
 * Since: 0.1.0
 */
void qblk_bridge_options_add_allow(QblkBridgeOptions *options, const char *pattern);

/**
 * qblk_bridge_options_add_deny:
 * @options: the options
 * @pattern: the name of a command; `*` and `?` stand for any characters and any one
 *
 * Refuse a command to all clients, even if it is allowed to read-only ones, also as an action of
 * `transaction`.
 *
 * Since: 0.1.0
 */
void qblk_bridge_options_add_deny(QblkBridgeOptions *options, const char *pattern);

/**
 * qblk_bridge_options_set_mode:
 * @options: the options
 * @mode: an octal number; the default is "600"
 *
 * Set the permissions of sockets that the bridge makes.  To connect takes the right to write.
 *
 * Returns: TRUE; FALSE with QBLK_BRIDGE_ERROR_ARGUMENT
 *
 * Since: 0.1.0
 */
gboolean qblk_bridge_options_set_mode(QblkBridgeOptions *options, const char *mode,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_bridge_options_set_group:
 * @options: the options
 * @group: the name or the number of a group
 *
 * Set the group of sockets that the bridge makes.
 *
 * Returns: TRUE; FALSE with QBLK_BRIDGE_ERROR_ARGUMENT if there is no such group
 *
 * Since: 0.1.0
 */
gboolean qblk_bridge_options_set_group(QblkBridgeOptions *options, const char *group,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_bridge_options_set_timeout:
 * @options: the options
 * @timeout_ms: for connecting to QEMU and for its greeting, in milliseconds; 0: the default, 5000
 *
 * Since: 0.1.0
 */
void qblk_bridge_options_set_timeout(QblkBridgeOptions *options, int timeout_ms);

/**
 * qblk_bridge_options_set_reconnect:
 * @options: the options
 * @reconnect: wait for a QEMU that does not run yet, and for the next one after its end
 *
 * Clients that connect meanwhile get the greeting of the next QEMU.
 *
 * Since: 0.1.0
 */
void qblk_bridge_options_set_reconnect(QblkBridgeOptions *options, gboolean reconnect);

/**
 * qblk_bridge_options_set_stop_timeout:
 * @options: the options
 * @timeout_ms: in milliseconds; the default is 30000
 *
 * Set how long operations of the bridge may continue after qblk_bridge_stop().
 *
 * Since: 0.1.0
 */
void qblk_bridge_options_set_stop_timeout(QblkBridgeOptions *options, int timeout_ms);

/**
 * qblk_bridge_options_set_notify_socket:
 * @options: the options
 * @path: (nullable) (type filename): the value of the environment variable NOTIFY_SOCKET
 *
 * Send the state of the bridge to a service manager: READY=1, STOPPING=1 and STATUS=.
 *
 * Since: 0.1.0
 */
void qblk_bridge_options_set_notify_socket(QblkBridgeOptions *options, const char *path);

/**
 * qblk_bridge_options_set_state_directory:
 * @options: the options
 * @directory: (nullable) (type filename): for the journals of operations; NULL: that of
 *   qblk_state_directory_default()
 *
 * Since: 0.1.0
 */
void qblk_bridge_options_set_state_directory(QblkBridgeOptions *options, const char *directory);

/**
 * qblk_bridge_options_set_snapshot_options:
 * @options: the options
 * @snapshot_options: (nullable): the names of disks; a reference is kept
 *
 * Since: 0.1.0
 */
void qblk_bridge_options_set_snapshot_options(QblkBridgeOptions *options,
                                              QblkSnapshotOptions *snapshot_options);

/* ---- the bridge ---- */

/**
 * QblkBridge:
 *
 * A bridge between a monitor and its clients.
 *
 * It belongs to one thread at a time.
 *
 * Since: 0.1.0
 */
typedef struct QblkBridge QblkBridge;

/**
 * qblk_bridge_new:
 * @address: a monitor: not an image, a capture, a domain, or a monitor that ssh forwards
 * @options: (nullable): the options; a reference is kept
 *
 * Make a bridge, which connects to the monitor once it is processed.
 *
 * Returns: (transfer full): the bridge; NULL with QBLK_BRIDGE_ERROR_ARGUMENT if there can be no
 *   bridge for @address, or QBLK_BRIDGE_ERROR_SOCKET
 *
 * Since: 0.1.0
 */
QblkBridge *qblk_bridge_new(const QblkAddress *address, QblkBridgeOptions *options,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_bridge_ref:
 * @bridge: the bridge
 *
 * Returns: (transfer full): a further reference to @bridge
 *
 * Since: 0.1.0
 */
QblkBridge *qblk_bridge_ref(QblkBridge *bridge);

/**
 * qblk_bridge_unref:
 * @bridge: (nullable) (transfer full): the bridge
 *
 * Release a reference; the last one closes all connections and removes the sockets.  Operations
 * that run end with their journals, for qblk_recover_vm().
 *
 * Since: 0.1.0
 */
void qblk_bridge_unref(QblkBridge *bridge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkBridge, qblk_bridge_unref)

/**
 * qblk_bridge_listen:
 * @bridge: the bridge
 * @path: (type filename): of a unix socket
 * @read_only: its clients may only use commands that change nothing
 *
 * Make a socket for clients.  It has its mode and group before a client can connect.  A socket at
 * @path to which no process listens is replaced.
 *
 * Returns: TRUE; FALSE with QBLK_BRIDGE_ERROR_IN_USE or QBLK_BRIDGE_ERROR_SOCKET
 *
 * Since: 0.1.0
 */
gboolean qblk_bridge_listen(QblkBridge *bridge, const char *path, gboolean read_only,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_bridge_add_activated:
 * @bridge: the bridge
 * @environment: (array zero-terminated=1): that of the process, as of g_get_environ()
 * @count: (out) (optional): the number of sockets
 *
 * Use the sockets that a service manager has opened for this process, as in sd_listen_fds(3).
 * Their names are `qmp` and `read-only` (FileDescriptorName= in a unit of systemd).  To be called
 * once.
 *
 * Returns: TRUE, also without any; FALSE with QBLK_BRIDGE_ERROR_ARGUMENT or
 *   QBLK_BRIDGE_ERROR_SOCKET
 *
 * Since: 0.1.0
 */
gboolean qblk_bridge_add_activated(QblkBridge *bridge, const char *const *environment, guint *count,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_bridge_add_client:
 * @bridge: the bridge
 * @in: the descriptor to read from
 * @out: the descriptor to write to, which may be @in
 * @read_only: the client may only use commands that change nothing
 *
 * Serve one client over descriptors such as standard input and output, which stay the caller's.
 * The bridge ends with this client.  Unless @out is a socket, SIGPIPE must be ignored.
 *
 * Returns: TRUE; FALSE with QBLK_BRIDGE_ERROR_SOCKET
 *
 * Since: 0.1.0
 */
gboolean qblk_bridge_add_client(QblkBridge *bridge, int in, int out, gboolean read_only,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_bridge_connect:
 * @bridge: the bridge
 * @path: (type filename): of a unix socket
 * @read_only: the client may only use commands that change nothing
 *
 * Connect to a client that listens, as QEMU does for a monitor with `server=off`.
 *
 * Returns: TRUE; FALSE with QBLK_QMP_ERROR_CONNECT
 *
 * Since: 0.1.0
 */
gboolean qblk_bridge_connect(QblkBridge *bridge, const char *path, gboolean read_only,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * QblkBridgeNotice:
 * @bridge: the bridge
 * @message: a sentence for people
 * @user_data: passed to the function
 *
 * Called when the bridge listens, when QEMU is connected, is waited for or has ended, and when a
 * client was disconnected because of what it has done.
 *
 * Since: 0.1.0
 */
typedef void (*QblkBridgeNotice)(QblkBridge *bridge, const char *message, gpointer user_data);

/**
 * qblk_bridge_set_notice:
 * @bridge: the bridge
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): receives the messages
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data with the bridge
 *
 * Since: 0.1.0
 */
void qblk_bridge_set_notice(QblkBridge *bridge, QblkBridgeNotice func, gpointer user_data,
                            GDestroyNotify destroy);

/**
 * qblk_bridge_set_logger:
 * @bridge: the bridge, which was not processed yet
 * @logger: (nullable) (scope notified) (closure user_data) (destroy destroy): called for each
 *   message between the bridge and QEMU
 * @user_data: passed to @logger
 * @destroy: (nullable): frees @user_data with the bridge
 *
 * Log the messages, without secrets.
 *
 * Since: 0.1.0
 */
void qblk_bridge_set_logger(QblkBridge *bridge, QblkClientLogger logger, gpointer user_data,
                            GDestroyNotify destroy);

/* ---- running ---- */

/**
 * qblk_bridge_get_fd:
 * @bridge: the bridge
 *
 * Returns: the descriptor to wait for, which stays the same: it is readable when
 *   qblk_bridge_process() has something to do
 *
 * Since: 0.1.0
 */
int qblk_bridge_get_fd(const QblkBridge *bridge);

/**
 * qblk_bridge_get_events:
 * @bridge: the bridge
 *
 * Returns: the events to wait for, as for poll(2): POLLIN
 *
 * Since: 0.1.0
 */
int qblk_bridge_get_events(const QblkBridge *bridge);

/**
 * qblk_bridge_get_timeout:
 * @bridge: the bridge
 *
 * Returns: how long to wait, in milliseconds; -1: without limit
 *
 * Since: 0.1.0
 */
int qblk_bridge_get_timeout(const QblkBridge *bridge);

/**
 * qblk_bridge_process:
 * @bridge: the bridge
 *
 * Do what can be done without waiting.  Call it once to begin, and then when the descriptor is
 * ready or the time has passed.
 *
 * Returns: TRUE while the bridge runs; FALSE after its end
 *
 * Since: 0.1.0
 */
gboolean qblk_bridge_process(QblkBridge *bridge);

/**
 * qblk_bridge_run:
 * @bridge: the bridge
 *
 * Process the bridge until its end, and wait with poll(2) meanwhile.
 *
 * Returns: as qblk_bridge_get_result()
 *
 * Since: 0.1.0
 */
gboolean qblk_bridge_run(QblkBridge *bridge, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_bridge_stop:
 * @bridge: the bridge
 *
 * Stop listening, and end once the operations of the bridge have ended, or after the time of
 * qblk_bridge_options_set_stop_timeout().  A second call ends it at once.
 *
 * The bridge has to be processed afterwards.
 *
 * Since: 0.1.0
 */
void qblk_bridge_stop(QblkBridge *bridge);

/**
 * qblk_bridge_get_result:
 * @bridge: the bridge, which has ended
 *
 * Returns: TRUE if it was stopped, if QEMU has closed the monitor, or if the client of
 *   qblk_bridge_add_client() has ended; FALSE with QBLK_QMP_ERROR_CONNECT, QBLK_QMP_ERROR_BUSY or
 *   another code if QEMU could not be connected or the connection broke, or with
 *   QBLK_BLOCKJOB_ERROR_DETACHED if operations were interrupted by any of these and have left
 *   journals, for qblk_recover_vm() or qblk_recover_image()
 *
 * Since: 0.1.0
 */
gboolean qblk_bridge_get_result(const QblkBridge *bridge, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
