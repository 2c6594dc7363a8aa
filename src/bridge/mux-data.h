/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The parts of the multiplexer, for its own files.
 *
 * A command of a client is a request from its last byte to its reply.  It waits in the queue of its
 * client, then it is answered here, or is with the owner, or is in flight.
 */
#pragma once

#include "bridge/command-scan.h"
#include "bridge/command-text.h"
#include "bridge/mux-descriptors.h"
#include "bridge/mux-output.h"
#include "bridge/mux.h"
#include "qmp/framer.h"

typedef enum {
    QBLK_MUX_QUEUED, /* in the queue of its client */
    QBLK_MUX_WITH_OWNER,
    QBLK_MUX_FORWARDED, /* the owner has forwarded it; it waits until it can be sent */
    QBLK_MUX_IN_FLIGHT, /* in the output, or with QEMU */
} QblkMuxRequestState;

/** What happens to a request at the head of a queue. */
typedef enum {
    QBLK_MUX_UNJUDGED,
    QBLK_MUX_SEND,
    QBLK_MUX_DECIDE,
    QBLK_MUX_NEGOTIATE, /* it is answered here, when those before it are */
    QBLK_MUX_REFUSE,    /* likewise, with an error */
} QblkMuxVerdict;

struct QblkMuxRequest {
    QblkMux *mux;
    QblkMuxClient *client; /* NULL after it has gone away */
    QblkAccess access;
    QblkMuxRequestState state;
    GString *text;           /* owned; NULL once it was sent, or if it is no command */
    QblkCommandText command; /* places in text; the name stays */
    QblkMuxVerdict verdict;
    const char *error_class; /* for QBLK_MUX_REFUSE; the description is the error of command */
    char *id;                /* owned: the text of the client's id; or NULL */
    GPtrArray *layers;   /* owned: names of layers in the arguments; NULL before it was judged */
    QblkJson *arguments; /* owned: parsed for the owner; or NULL */
    guint64 number;      /* its id for QEMU */
    int fd;              /* owned; or -1 */
    gsize length;        /* of its text, as the client has sent it */
    gboolean has_fd;     /* a descriptor is sent with it */
    gboolean takes_fd;   /* it is a command that takes one */
    gboolean was_held;   /* it would have been sent but for qblk_mux_hold() */
    gboolean passes;     /* so the next hold begins after it */
    gboolean is_oob;
    gboolean is_changing; /* it may change something */
};

struct QblkMuxClient {
    QblkMux *mux;
    QblkAccess access;
    gboolean is_greeted;
    gboolean is_negotiated;
    gboolean has_oob;
    gboolean has_ended; /* the QEMU that it was connected to has ended */
    gboolean has_turn;  /* it is in the list of turns */
    const char *fault;

    QblkCommandScan scan;
    GString *input;    /* owned: bytes that are no complete command, or wait; or NULL */
    gsize input_start; /* of the first command in it */
    guint64 received;  /* bytes, since it has connected */
    QblkMuxDescriptors descriptors;
    GQueue queue;           /* of QblkMuxRequest, owned */
    guint in_flight;        /* in-band commands that are with QEMU, or on the way */
    guint oob_count;        /* out-of-band commands that are not answered */
    gsize command_bytes;    /* of all commands that are not answered */
    QblkMuxRequest *active; /* borrowed: with the owner, or forwarded by it; or NULL */
    QblkMuxOutput output;
};

typedef enum {
    QBLK_MUX_GREETING,
    QBLK_MUX_NEGOTIATING,
    QBLK_MUX_READY,
} QblkMuxState;

struct QblkMux {
    const QblkPolicy *policy;
    const char *const *extra_commands;
    QblkMuxHooks hooks;
    gpointer user_data;

    QblkMuxState state;
    QblkFramer *framer;
    QblkJson *greeting;    /* owned */
    GBytes *greeting_text; /* owned: as clients get it */
    gboolean is_pretty;
    gboolean has_oob; /* QEMU offers it */
    guint64 last_number;
    guint64 negotiation; /* the id of the command of the mux itself */

    GPtrArray *clients; /* borrowed from the owner of the mux, all of them */
    GQueue turns;       /* of QblkMuxClient: those with a queue, the next one first */
    GQueue forwarded;   /* of QblkMuxRequest, owned */
    GQueue oob;         /* of QblkMuxRequest, owned: to be sent at once */
    GHashTable *sent;   /* number to QblkMuxRequest, owned: in flight */
    GQueue in_band;     /* of QblkMuxRequest, borrowed: in flight, in order */
    QblkMuxOutput output;

    guint changing;      /* commands in flight that may change something */
    gboolean fd_in_use;  /* a command that takes a descriptor is in flight */
    gboolean fd_is_left; /* QEMU may have kept the descriptor of a command that has failed */
    guint holds;
    gboolean is_quiet_wanted;
    guint64 changes;
};
