/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The type of a command. Each command is defined in its own file, with its options.
 */
#pragma once

#include "cli/invocation.h"
#include "cli/option-table.h"
#include "cli/print/heading.h"

/** Which arguments are VMs. */
typedef enum {
    QBLK_COMMAND_ONE_VM,     /* at most the first one */
    QBLK_COMMAND_LISTED_VMS, /* the same, or several by --vm, --vms and --all */
    QBLK_COMMAND_SOME_VMS,   /* the first one, and those after it that are addresses */
    QBLK_COMMAND_ALL_VMS,    /* all */
} QblkCommandVms;

/** The heading of the command in help, in this order. */
typedef enum {
    QBLK_COMMAND_LOOKS,
    QBLK_COMMAND_CHANGES,
    QBLK_COMMAND_REPAIRS,
    QBLK_COMMAND_SERVES,
    QBLK_COMMAND_HELPS,
    QBLK_COMMAND_IS_HIDDEN, /* help does not list it */
} QblkCommandGroup;

struct QblkCommand {
    const char *name;
    const char *virsh_name;  /* virsh's name for it, or NULL */
    const char *arguments;   /* for the usage line */
    const char *summary;     /* one line, for the list of commands */
    const char *description; /* sentences after the summary, for its own help */
    const char *example;     /* a command line, for its own help */
    QblkCommandGroup group;
    guint min_arguments, max_arguments; /* with one VM */
    QblkCommandVms vms;

    gboolean changes;              /* it changes the chain of a disk of a running VM */
    gboolean only_reads;           /* it changes nothing of a running VM */
    gboolean bridges;              /* it uses a monitor of QEMU itself, and no bridge */
    gboolean is_offline;           /* it also changes image:PATH, whose DISK may be left out */
    gboolean one_disk;             /* --expect is valid if one disk is named */
    gboolean own_format;           /* its --format is not that of image:PATH */
    gboolean prints_plain;         /* its output is for programs: no table, tree or color */
    gboolean has_own_form;         /* it never prints JSON */
    gboolean names_no_disk;        /* it has no disks to give names to */
    gboolean needs_qemu;           /* image:PATH is not valid for it */
    gboolean ignores_image_format; /* it does not open the image of image:PATH */
    gboolean takes_wrong_formats;  /* image:PATH may record wrong formats: it reports them */
    gboolean warns_of_stale;       /* of images of any VM, and its options are
                                    * QblkRecoveryOptions; those of image:PATH are reported by all
                                    * commands */
    gboolean has_default_vm;       /* that of the environment is used if no VM is given */
    gboolean asks_vms;             /* it has no VM argument, but connects to VMs */
    gboolean needs_replies;        /* it reads no graph */
    gboolean needs_statistics;     /* it prints what the snapshot option for these adds */
    gboolean prints_stale;         /* stale images are a part of its output */
    gboolean runs_together;        /* it runs once for several VMs */

    gsize options_size; /* of the struct of its own options, which starts as zeros; 0: none */
    /* Sets defaults other than 0 and adds the options to @table; NULL: none. */
    void (*add_options)(gpointer options, QblkOptionTable *table);
    /* Frees the texts of the options; NULL: none. */
    void (*clear_options)(gpointer options);

    /* Before it runs for each of several VMs: may change the form of headings, or refuse; NULL: it
     * does neither. */
    gboolean (*begin_several)(const QblkInvocation *invocation, QblkHeadingForm *form,
                              GError **error);

    /* After it ran for each of several VMs, of which some may have failed: prints the result of all
     * to the output of @whole.  One VM is then several, too.  NULL: each VM has its own result. */
    gboolean (*end_several)(QblkInvocation *whole, GError **error);

    gboolean (*run)(QblkInvocation *invocation, GError **error);
};

/** A number of arguments without a maximum. */
#define QBLK_COMMAND_ANY_NUMBER G_MAXUINT

/** Free what qblk_command_line_parse() has set. */
void qblk_invocation_clear(QblkInvocation *invocation);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkInvocation, qblk_invocation_clear)
