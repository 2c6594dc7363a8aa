/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * `qblk check`: what the image headers and the domain say and the running chains do not.
 *
 * Each difference is one line on stdout, and the exit status is then 1 with nothing on stderr;
 * without any it is 0 and nothing is printed, as with cmp(1).  Of `image:PATH` it says as well what
 * `qblk recover` would say of it, where there is something to say.
 */
#pragma once

#include "cli/invocation.h"

gboolean qblk_cmd_check(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
