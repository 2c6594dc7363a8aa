/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Checking the chains of a VM: all that is compared with them, together.
 */
#pragma once

#include "base/json.h"
#include "chain/difference.h"
#include "recover/image-verdict.h"
#include "recover/stale-images.h"

#include <qblk/check.h>

struct QblkCheckOptions {
    gatomicrefcount references;
    char *address;         /* owned: of the VM, or NULL */
    QblkDomain *domain;    /* owned: what the chains are compared with, or NULL */
    char *state_directory; /* owned; NULL: the default one */
    gboolean lists_named;  /* also nodes and jobs that are not left, as a journal names them */
};

struct QblkCheck {
    gatomicrefcount references;
    GPtrArray *chains;         /* of QblkChain, owned */
    GPtrArray *differences;    /* of QblkDifference, owned */
    QblkStaleImages *stale;    /* owned */
    QblkImageVerdict *verdict; /* owned, or NULL */
    GPtrArray *warnings;       /* of char, owned, with NULL at the end */
};

/** Returns: (transfer full): the document of qblk_check_to_json() */
QblkJson *qblk_check_json_new(const QblkCheck *check) G_GNUC_WARN_UNUSED_RESULT;
