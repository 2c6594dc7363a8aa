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
    char *address;       /* owned: of the VM, or NULL */
    GPtrArray *expected; /* a reference: of QblkChain: what the chains are compared with, or NULL */
    char *state_directory; /* owned; NULL: the default one */
};

struct QblkCheck {
    gatomicrefcount references;
    GPtrArray *chains;         /* of QblkChain, owned */
    GPtrArray *differences;    /* of QblkDifference, owned */
    QblkStaleImages *stale;    /* owned */
    QblkImageVerdict *verdict; /* owned, or NULL */
    GPtrArray *warnings;       /* of char, owned, with NULL at the end */
};

/** Compare with @chains (of QblkChain) (nullable), of a domain; a reference is kept. */
void qblk_check_options_set_expected(QblkCheckOptions *options, GPtrArray *chains);

/** qblk_check_domain() of @chains (of QblkChain). */
QblkCheck *qblk_check_chains(GPtrArray *chains, const char *const *disks,
                             const QblkCheckOptions *options,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the document of qblk_check_to_json() */
QblkJson *qblk_check_json_new(const QblkCheck *check) G_GNUC_WARN_UNUSED_RESULT;
