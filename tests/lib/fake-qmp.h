/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A QMP server for tests: it follows a script, or answers from a capture, on one end of a socket
 * pair, in a thread of its own.
 *
 * Each command it gets is checked against the schema recorded from a real QEMU.  A command that the
 * script does not ask for, one with other arguments, one that QEMU would not take, and one left
 * unasked at the end fail the test.  The first such fault is printed at once, because a test that
 * fails on its consequence does not reach fake_qmp_finish().
 */
#pragma once

#include "qmp/schema.h"

#include <glib.h>
#include <qblk/client.h>

typedef struct FakeQmp FakeQmp;

/**
 * A server with an empty script: it greets and accepts qmp_capabilities.  @version says which
 * recorded schema commands are checked against ("7.2": tests/qemu-fixtures/7.2); NULL for none.
 */
FakeQmp *fake_qmp_new(const char *version);

/** A server that answers from a capture, the text of `{"qblk-capture": 1, "replies": [...]}`. */
FakeQmp *fake_qmp_new_capture(const char *version, const char *capture);

/* ---- the script, in its order; before fake_qmp_start() ---- */

/** No greeting, and none of the handshake: the script is all there is. */
void fake_qmp_stay_silent(FakeQmp *fake);

/** Wait for @command; @arguments is the JSON they must equal, "{}" for none, NULL for any. */
void fake_qmp_expect(FakeQmp *fake, const char *command, const char *arguments);

/** Answer the oldest command not answered yet with the JSON text @value. */
void fake_qmp_reply(FakeQmp *fake, const char *value);

/** Answer the newest one. */
void fake_qmp_reply_newest(FakeQmp *fake, const char *value);

/** Answer the oldest one with an error. */
void fake_qmp_refuse(FakeQmp *fake, const char *error_class, const char *desc);

/** Leave the oldest one without an answer for good. */
void fake_qmp_forget(FakeQmp *fake);

/** Send an event; @data is JSON text, NULL for none. */
void fake_qmp_event(FakeQmp *fake, const char *name, const char *data);

/** Send @bytes as they are; @length of -1 means up to the end of the string. */
void fake_qmp_raw(FakeQmp *fake, const char *bytes, gssize length);

/** Close the connection. */
void fake_qmp_close(FakeQmp *fake);

/** Answer what is asked from the capture until what the script expects next is asked; at the end of
 * the script that is done anyway. */
void fake_qmp_answer_recorded(FakeQmp *fake);

/* ---- running ---- */

/** Start the server; the client's address (`fd:N`), owned by the caller, to be connected once. */
char *fake_qmp_start(FakeQmp *fake);

/** Start the server and connect a client to it; fails the test where that fails. */
QblkClient *fake_qmp_connect(FakeQmp *fake);

/** End the server, fail the test where anything was amiss, and free it. */
void fake_qmp_finish(FakeQmp *fake);

/** End the server and free it; what was amiss, owned by the caller, or NULL. */
char *fake_qmp_stop(FakeQmp *fake);

/** What QEMU of that version says it takes; fails the test where that is not recorded. */
QblkSchema *fake_qmp_read_schema(const char *version);

/** Read a file below the source tree; fails the test where it cannot. */
char *fake_qmp_read_file(const char *path);
