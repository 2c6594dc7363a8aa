/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A requested overlay: the check of its options, of what is at its path, and of what uses the image
 * that it is put over.
 *
 * The functions that return a gboolean and have @error refuse with QBLK_BLOCKJOB_ERROR_REFUSED.
 */
#pragma once

#include "plan/overlay-options.h"

/** Check what exists at the path of the overlay, before an image there is opened. */
gboolean qblk_overlay_request_check_place(const QblkOverlayRequest *overlay,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that the overlay is possible, and set what its header names. */
gboolean qblk_overlay_request_check(QblkOverlayRequest *overlay,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
