/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What QEMU answered to one command: a value, or a refusal.
 */
#pragma once

#include "base/json.h"

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
