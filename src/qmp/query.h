/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One command to ask, as data: what a fetch wants next, and the key of what a capture has.
 */
#pragma once

#include "base/json.h"

typedef struct {
    char *command;       /* owned */
    QblkJson *arguments; /* owned; NULL: none */
} QblkQuery;

/** Takes the reference of @arguments, an object, or NULL for none. */
QblkQuery *qblk_query_new(const char *command, QblkJson *arguments);
void qblk_query_free(QblkQuery *query);

/**
 * The canonical text `command {sorted compact arguments}`: the same for two queries that ask the
 * same, whatever the order of their arguments, and with none or empty ones.
 */
char *qblk_query_key(const char *command, const QblkJson *arguments) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether @command only reads: `query-*`, `qom-get`, `qom-list` and `x-debug-query-block-graph`.
 * Whether it is safe to ask at the moment is another question.
 */
gboolean qblk_query_is_read_only(const char *command);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkQuery, qblk_query_free)

typedef struct {
    QblkJson *value;   /* owned; NULL where refused */
    QblkJson *refusal; /* owned {"class", "desc"}; NULL where there is a value */
} QblkAnswer;

/** Exactly one of @value and @refusal is set; their references are taken. */
QblkAnswer *qblk_answer_new(QblkJson *value, QblkJson *refusal);
void qblk_answer_free(QblkAnswer *answer);

/**
 * Turn a refusal of @command into an error: QBLK_QMP_ERROR_NOT_FOUND where this QEMU does not have
 * the command, else QBLK_QMP_ERROR_REFUSED, as `'COMMAND': DESC` with secrets redacted.  FALSE
 * then, TRUE for an answer with a value.
 */
gboolean qblk_answer_check(const QblkAnswer *answer, const char *command,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkAnswer, qblk_answer_free)
