/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The internals of the fake QMP server: its script, and the thread that runs it.
 */
#pragma once

#include "lib/fake-qmp.h"
#include "qmp/framer.h"
#include "qmp/schema.h"

typedef enum {
    FAKE_QMP_EXPECT,
    FAKE_QMP_ANSWER,
    FAKE_QMP_FORGET,
    FAKE_QMP_SEND,
    FAKE_QMP_CLOSE,
    FAKE_QMP_RECORDED,
} FakeQmpStepKind;

typedef struct {
    FakeQmpStepKind kind;
    char *command;       /* expect; owned */
    QblkJson *arguments; /* expect; owned; NULL: any */
    GString *bytes;      /* send, and answer up to its id; owned */
    gboolean newest;     /* answer */
} FakeQmpStep;

struct FakeQmp {
    GPtrArray *steps;         /* of FakeQmpStep, owned */
    const QblkSchema *schema; /* shared; NULL: commands are not checked */
    GHashTable *recorded;     /* of a capture: key of a query to its reply up to the id */
    char *version;            /* owned: the reply to query-version, for the greeting, or NULL */
    gboolean silent;
    gboolean answers_recorded; /* until the next command that is expected */
    int server, client;        /* the two ends */
    GThread *thread;
    char *failure; /* of the thread; read after it has ended */

    QblkFramer *framer;
    GString *input;
    GQueue unanswered; /* of ids, each an owned gint64 */
};

/** The thread: runs the script of the FakeQmp at @data until the connection ends. */
gpointer fake_qmp_serve(gpointer data);
