/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A QMP server for tests. It runs a script, or answers from a capture, on one end of a socket pair,
 * in a thread of its own.
 *
 * Each command it receives is checked against the schema recorded from a real QEMU. These faults
 * fail the test: a command that the script does not expect, one with other arguments, one that QEMU
 * would refuse, and one that the client did not send. The first fault is printed at once, because a
 * test that fails on its consequence does not reach fake_qmp_finish().
 */
#pragma once

#include "qmp/schema.h"

#include <glib.h>
#include <qblk/client.h>

typedef struct FakeQmp FakeQmp;

/**
 * Create a server with an empty script: it sends a greeting and accepts qmp_capabilities.
 *
 * @version: the recorded schema that commands are checked against ("7.2": tests/qemu-fixtures/7.2);
 * NULL for no check
 */
FakeQmp *fake_qmp_new(const char *version);

/**
 * Create a server that answers from a capture, the text of `{"qblk-capture": 1, "replies": [...]}`.
 */
FakeQmp *fake_qmp_new_capture(const char *version, const char *capture);

/* ---- the script, in order; before fake_qmp_start() ---- */

/** The version in the greeting, as query-version returns it; that of a capture by default. */
void fake_qmp_set_version(FakeQmp *fake, const char *value);

/** Send no greeting and expect no handshake: the script is complete. */
void fake_qmp_stay_silent(FakeQmp *fake);

/**
 * Wait for @command; @arguments is the JSON they must equal, "{}" for no arguments, NULL for any.
 */
void fake_qmp_expect(FakeQmp *fake, const char *command, const char *arguments);

/** Answer the oldest unanswered command with the JSON text @value. */
void fake_qmp_reply(FakeQmp *fake, const char *value);

/** Answer the newest unanswered command. */
void fake_qmp_reply_newest(FakeQmp *fake, const char *value);

/** Answer the oldest unanswered command with an error. */
void fake_qmp_refuse(FakeQmp *fake, const char *error_class, const char *desc);

/** Never answer the oldest unanswered command. */
void fake_qmp_forget(FakeQmp *fake);

/** Send an event; @data is JSON text or NULL. */
void fake_qmp_event(FakeQmp *fake, const char *name, const char *data);

/** Send @bytes as they are; @length of -1 means up to the end of the string. */
void fake_qmp_raw(FakeQmp *fake, const char *bytes, gssize length);

/** Close the connection. */
void fake_qmp_close(FakeQmp *fake);

/**
 * Answer commands from the capture until the client sends the command that the script expects next.
 * At the end of the script this is the default.
 */
void fake_qmp_answer_recorded(FakeQmp *fake);

/* ---- running ---- */

/**
 * Start the server. Returns: (transfer full): the address of the client (`fd:N`), for one
 * connection.
 */
char *fake_qmp_start(FakeQmp *fake);

/** Start the server and connect a client to it; fails the test if that fails. */
QblkClient *fake_qmp_connect(FakeQmp *fake);

/** End the server, fail the test if there was a fault, and free it. */
void fake_qmp_finish(FakeQmp *fake);

/** End the server and free it. Returns: (transfer full) (nullable): the first fault. */
char *fake_qmp_stop(FakeQmp *fake);

/** Expect that the client asks once for the schema, and answer with that of QEMU @version. */
void fake_qmp_expect_schema(FakeQmp *fake, const char *version);

/** The schema of that version of QEMU; fails the test if it is not recorded. */
QblkSchema *fake_qmp_read_schema(const char *version);

/** Read a file below the source tree; fails the test if that fails. */
char *fake_qmp_read_file(const char *path);
