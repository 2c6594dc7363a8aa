/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Transcripts of a multiplexer: what each client and QEMU send and get.
 *
 * A step is a line; `A` to `L` are clients, `Q` is QEMU:
 *
 *     A+          client A connects; `A+r`: read-only, `A+i`: internal
 *     A-          client A goes away
 *     A> TEXT     client A sends TEXT and a newline; `A>> TEXT`: TEXT only
 *     A< TEXT     client A gets TEXT and CR LF
 *     Q> TEXT     QEMU sends TEXT and CR LF
 *     Q< TEXT     QEMU gets TEXT and a newline; the first id is 1
 *     A? NAME     the owner is asked to decide on the command NAME of A
 *     A!          the owner forwards it; `A! return JSON`, `A! refuse TEXT`
 *     A~ NAME     the owner is told that the client of its command NAME has gone
 *     h+, h-      the owner holds commands that change something, or releases them
 *     h!          it is told that none is in flight
 *     c! NAME     it is told that the command NAME was answered
 *     e! NAME     it is told of the event NAME
 *
 * What is sent, got or told besides is a failure.
 */
#pragma once

#include "bridge/mux-data.h"

/** @steps: (array zero-terminated=1) */
void mux_case_run(const QblkPolicy *policy, const char *const *steps);

/** The steps by which QEMU greets, and the mux has negotiated; the next id is 2. */
#define MUX_CASE_GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}"
#define MUX_CASE_START                                                                             \
    "Q> " MUX_CASE_GREETING,                                                                       \
        "Q< {\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": [\"oob\"]}, "          \
        "\"id\": 1}",                                                                              \
        "Q> {\"return\": {}, \"id\": 1}"
#define MUX_CASE_CLIENT(A)                                                                         \
    A "+", A "< " MUX_CASE_GREETING, A "> {\"execute\": \"qmp_capabilities\"}",                    \
        A "< {\"return\": {}}"
