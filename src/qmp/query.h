/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * One command as data, and its answer: what a fetch asks next, and what a capture contains.
 */
#pragma once

#include "base/json-view.h"

typedef struct {
    char *command;       /* owned */
    QblkJson *arguments; /* owned; NULL: no arguments */
} QblkQuery;

/** @arguments: (nullable) (transfer full): an object */
QblkQuery *qblk_query_new(const char *command, QblkJson *arguments);

void qblk_query_free(QblkQuery *query);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkQuery, qblk_query_free)

/**
 * Returns: (transfer full): the text `command {sorted compact arguments}`, which is the same for
 * two queries that ask the same; no arguments are the same as an empty object
 */
char *qblk_query_key(const char *command, const QblkJson *arguments) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: TRUE if @command only reads: `query-*`, `qom-get`, `qom-list` or
 * `x-debug-query-block-graph`.  It may be unsafe at the moment all the same.
 */
gboolean qblk_query_is_read_only(const char *command);

/** Exactly one of value, text and refusal is set. */
typedef struct {
    QblkJson *value;     /* owned */
    QblkJson *refusal;   /* owned: {"class", "desc"} */
    QblkJsonText *owner; /* a reference: of the text, or NULL */
    QblkJsonView text;   /* a value that is large; see qblk_answer_value() */
} QblkAnswer;

/** Both are (nullable) (transfer full). */
QblkAnswer *qblk_answer_new(QblkJson *value, QblkJson *refusal);

/** @text: a part of @owner, to which a reference is taken */
QblkAnswer *qblk_answer_new_text(QblkJsonText *owner, QblkJsonView text);

/** Returns: (nullable): the value, which is parsed if it is text; NULL for a refusal */
const QblkJson *qblk_answer_value(QblkAnswer *answer);

void qblk_answer_free(QblkAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkAnswer, qblk_answer_free)

/** Returns: (transfer full): why @answer, which has no value, was refused, without secrets */
char *qblk_answer_describe(const QblkAnswer *answer) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Turn the refusal of @command into an error, without secrets.
 *
 * Returns: TRUE if @answer has a value; FALSE with QBLK_QMP_ERROR_NOT_FOUND if this QEMU does not
 * have the command, else QBLK_QMP_ERROR_REFUSED
 */
gboolean qblk_answer_check(const QblkAnswer *answer, const char *command,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
