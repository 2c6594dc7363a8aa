/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What an operation does, as straight-line code that waits by its waiter.
 */
#pragma once

#include "operation/operation-data.h"

/** Check the plans of @operation once more, begin their journals, and run them. */
gboolean qblk_operation_body_run(QblkOperation *operation,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Recover interrupted operations. */
gboolean qblk_operation_body_recover(QblkOperation *operation,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
