/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Bytes of a client in, the texts of complete commands out, at the places where QEMU's lexer ends
 * them: any value ends a command, strings may be in single quotes, and after a byte that starts no
 * token the rest is dropped up to the next bracket, comma, colon or line.
 *
 * Texts of errors are those of QEMU 5.2 to 10.0.  11.1 puts the position before them.
 */
#pragma once

#include <glib.h>

/** Begins all zero. */
typedef struct {
    gsize at;          /* of the text, where the next byte is read */
    gsize token_start; /* in the text */
    gsize start;       /* of the command in the text: bytes before it are dropped */
    guint tokens;      /* of the command so far */
    gint32 braces;     /* that are open */
    gint32 brackets;
    guint8 state;
    char quote;
    gboolean is_dropped; /* the command exceeds a limit and was answered */
} QblkCommandScan;

typedef enum {
    QBLK_COMMAND_SCAN_MORE,    /* all bytes were read; the text must be kept */
    QBLK_COMMAND_SCAN_NOTHING, /* the bytes that were used are to be dropped */
    QBLK_COMMAND_SCAN_COMMAND, /* these bytes, from `start` on, are a command */
    QBLK_COMMAND_SCAN_ERROR,   /* they are to be answered by an error, and dropped */
} QblkCommandScanResult;

/**
 * Continue with @text, which begins with the bytes that were read since the last result other than
 * QBLK_COMMAND_SCAN_MORE.
 *
 * @used: (out): set with each other result: how many bytes to remove from the start
 * @error: (out) (transfer full): set with QBLK_COMMAND_SCAN_ERROR: the description
 */
QblkCommandScanResult qblk_command_scan(QblkCommandScan *scan, const char *text, gsize length,
                                        gsize *used, char **error);
