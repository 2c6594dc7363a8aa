/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/error.h>

G_DEFINE_QUARK(qblk_blockjob_error, qblk_blockjob_error)
