/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/version.h>

const char *
qblk_version(void)
{
    return G_STRINGIFY(QBLK_MAJOR_VERSION) "." G_STRINGIFY(QBLK_MINOR_VERSION) "." G_STRINGIFY(
        QBLK_MICRO_VERSION);
}
