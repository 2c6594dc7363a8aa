/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The files that a process has open, and what file names mean to it.
 *
 * QEMU reports the names that it was given.  The file with such a name may be another one since, or
 * the name may be relative to the working directory of QEMU, or be one of its mount namespace.  The
 * kernel knows which files a process has open, by device and inode, and the path that leads to each
 * of them now.
 */
#pragma once

#include "base/file-identity.h"

/** A file or device that the process can read. */
typedef struct {
    QblkFileIdentity file;
    char *path;           /* by the kernel, follows renames; in the namespace of the process */
    gboolean is_unlinked; /* @path is the last name by which the process knew it */
    gboolean is_deleted;  /* it has no name at all */
    gboolean is_character_device; /* a terminal, /dev/null or /dev/kvm, or the file of a node */
    gint64 length;                /* bytes */
    gint64 allocated;             /* bytes, as QEMU reports the size of a file */
    guint descriptors;            /* how often the process has it open */
    guint writable;               /* how often it can write to it */
    int descriptor;               /* one of them */
    /* by qblk_opened_files_read_headers(), of an image whose format may have a backing file: */
    const char *format;     /* by its magic; NULL: another format, or it was not read */
    char *backing_name;     /* in its header, without secrets, or NULL */
    QblkFileIdentity below; /* the file that this names now; zero if it does not exist */
} QblkOpenedFile;

typedef struct {
    guint references;
    gint64 pid;
    char *unknown;           /* why nothing is known of the process, or NULL */
    gboolean is_same_root;   /* paths mean the same to it as to this process */
    char *directory;         /* its working directory, or NULL */
    GPtrArray *files;        /* of QblkOpenedFile, owned, each file once */
    GHashTable *by_identity; /* QblkFileIdentity -> QblkOpenedFile, borrowed */
    GHashTable *by_number;   /* descriptor -> QblkOpenedFile, borrowed */
    gboolean has_headers;    /* the headers were read */
    GHashTable *names;       /* char, owned -> QblkFileIdentity, owned */
} QblkOpenedFiles;

/**
 * List what the process @pid has open; 0 if the process is not known.  Files that are only written
 * to, such as logs, are left out.
 *
 * Returns: (transfer full): the files; without any, and with @unknown set, if the process may not
 * be inspected
 */
QblkOpenedFiles *qblk_opened_files_new(gint64 pid) G_GNUC_WARN_UNUSED_RESULT;
QblkOpenedFiles *qblk_opened_files_ref(QblkOpenedFiles *opened);
void qblk_opened_files_free(QblkOpenedFiles *opened); /* when the last reference goes */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkOpenedFiles, qblk_opened_files_free)

/**
 * Add a file, as qblk_opened_files_new() does.
 *
 * @is_unlinked: @path is the last name that it had, and it has no other
 *
 * Returns: the file, which may be known already
 */
QblkOpenedFile *qblk_opened_files_add(QblkOpenedFiles *opened, const QblkFileIdentity *file,
                                      int descriptor, const char *path, gboolean is_unlinked);

/** Returns: (nullable): the open file with that identity, or behind that descriptor */
QblkOpenedFile *qblk_opened_files_find(const QblkOpenedFiles *opened, const QblkFileIdentity *file);
QblkOpenedFile *qblk_opened_files_find_number(const QblkOpenedFiles *opened, int descriptor);

/** Returns: (transfer full) (nullable): @name, made absolute by the working directory */
char *qblk_opened_files_absolute(const QblkOpenedFiles *opened, const char *name);

/**
 * Find out which file @name means to the process, and remember that.  A relative name is relative
 * to its working directory.
 *
 * Returns: its identity; zero if it does not exist or cannot be reached
 */
QblkFileIdentity qblk_opened_files_look_up(QblkOpenedFiles *opened, const char *name);

/** Remember that @name means @file. */
void qblk_opened_files_set_name(QblkOpenedFiles *opened, const char *name,
                                const QblkFileIdentity *file);

/** Returns: (transfer full): the path that @backing_name means in the header of the image @path */
char *qblk_opened_files_below(const char *path, const char *backing_name) G_GNUC_WARN_UNUSED_RESULT;

/** Read the headers of all open files, and find out which files they name. */
void qblk_opened_files_read_headers(QblkOpenedFiles *opened);

/**
 * Find a path by which this process can open a file.  Paths that were looked up are not looked up
 * again.
 *
 * @path: of the file @file, in the namespace of @opened
 *
 * Returns: (transfer full) (nullable): @path, or one through /proc/PID/root that is valid only as
 * long as the process runs; NULL if no path leads to that file
 */
char *qblk_opened_files_here(QblkOpenedFiles *opened, const char *path,
                             const QblkFileIdentity *file) G_GNUC_WARN_UNUSED_RESULT;
