/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A note for the programs that make packages: a library that the ELF file opens only when it needs
 * it, and that is not among its other needs (https://systemd.io/ELF_DLOPEN_METADATA).
 */
#pragma once

#include <glib.h>

#define QBLK_DLOPEN_NEED(feature, description, soname)                                             \
    "[{\"feature\":\"" feature "\",\"description\":\"" description "\","                           \
    "\"priority\":\"recommended\",\"soname\":[\"" soname "\"]}]"

/** Define the note, once in a file. */
#define QBLK_DLOPEN_NOTE(feature, description, soname)                                             \
    static const struct {                                                                          \
        guint32 name_size, need_size, type;                                                        \
        char name[4];                                                                              \
        char need[sizeof QBLK_DLOPEN_NEED(feature, description, soname)];                          \
    } dlopen_note __attribute__((used, aligned(4), section(".note.dlopen"))) = {                   \
        .name_size = sizeof dlopen_note.name,                                                      \
        .need_size = sizeof dlopen_note.need,                                                      \
        .type = 0x407c0c0a,                                                                        \
        .name = "FDO",                                                                             \
        .need = QBLK_DLOPEN_NEED(feature, description, soname),                                    \
    }
