/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/driver.h"

/* From .is_filter, .protocol_name and the names of children in QEMU's block/ (5.2 to 11.1), and
 * from libvirt's virStorageFileFormat.  To libvirt a luks image is a raw image with encryption.
 * backup-top was the filter of backup jobs until 5.2. */
/* clang-format off */
static const QblkDriver drivers[] = {
    {"bochs",             QBLK_DRIVER_FORMAT,   "file",    "bochs"},
    {"cloop",             QBLK_DRIVER_FORMAT,   "file",    "cloop"},
    {"dmg",               QBLK_DRIVER_FORMAT,   "file",    "dmg"},
    {"luks",              QBLK_DRIVER_FORMAT,   "file",    "raw"},
    {"parallels",         QBLK_DRIVER_FORMAT,   "file",    "ploop"},
    {"qcow",              QBLK_DRIVER_FORMAT,   "file",    "qcow"},
    {"qcow2",             QBLK_DRIVER_FORMAT,   "file",    "qcow2"},
    {"qed",               QBLK_DRIVER_FORMAT,   "file",    "qed"},
    {"raw",               QBLK_DRIVER_FORMAT,   "file",    "raw"},
    {"vdi",               QBLK_DRIVER_FORMAT,   "file",    "vdi"},
    {"vhdx",              QBLK_DRIVER_FORMAT,   "file",    NULL},
    {"vmdk",              QBLK_DRIVER_FORMAT,   "file",    "vmdk"},
    {"vpc",               QBLK_DRIVER_FORMAT,   "file",    "vpc"},

    {"file",              QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"ftp",               QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"ftps",              QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"gluster",           QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"host_cdrom",        QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"host_device",       QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"http",              QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"https",             QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"io_uring",          QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"iscsi",             QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"nbd",               QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"nfs",               QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"null-aio",          QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"null-co",           QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"nvme",              QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"nvme-io_uring",     QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"rbd",               QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"sheepdog",          QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"ssh",               QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"virtio-blk-vfio-pci",   QBLK_DRIVER_PROTOCOL, NULL,  NULL},
    {"virtio-blk-vhost-user", QBLK_DRIVER_PROTOCOL, NULL,  NULL},
    {"virtio-blk-vhost-vdpa", QBLK_DRIVER_PROTOCOL, NULL,  NULL},
    {"vvfat",             QBLK_DRIVER_PROTOCOL, NULL,      NULL},
    {"vxhs",              QBLK_DRIVER_PROTOCOL, NULL,      NULL},

    {"backup-top",        QBLK_DRIVER_FILTER,   "backing", NULL},
    {"blkdebug",          QBLK_DRIVER_FILTER,   "image",   NULL},
    {"blklogwrites",      QBLK_DRIVER_FILTER,   "file",    NULL},
    {"blkreplay",         QBLK_DRIVER_FILTER,   "image",   NULL},
    {"blkverify",         QBLK_DRIVER_FILTER,   "raw",     NULL},
    {"commit_top",        QBLK_DRIVER_FILTER,   "backing", NULL},
    {"compress",          QBLK_DRIVER_FILTER,   "file",    NULL},
    {"copy-before-write", QBLK_DRIVER_FILTER,   "file",    NULL},
    {"copy-on-read",      QBLK_DRIVER_FILTER,   "file",    NULL},
    {"mirror_top",        QBLK_DRIVER_FILTER,   "backing", NULL},
    {"preallocate",       QBLK_DRIVER_FILTER,   "file",    NULL},
    {"replication",       QBLK_DRIVER_FILTER,   "file",    NULL},
    {"snapshot-access",   QBLK_DRIVER_FILTER,   "file",    NULL},
    {"throttle",          QBLK_DRIVER_FILTER,   "file",    NULL},

    {"quorum",            QBLK_DRIVER_MULTI_CHILD,  NULL,      NULL},
};
/* clang-format on */

const QblkDriver *
qblk_driver_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (g_str_equal(drivers[i].name, name)) {
            return &drivers[i];
        }
    }
    return NULL;
}

const char *
qblk_driver_backing_format(const char *format)
{
    const QblkDriver *driver = format == NULL ? NULL : qblk_driver_find(format);

    if (driver != NULL && driver->kind == QBLK_DRIVER_PROTOCOL) {
        return "raw";
    }
    return format;
}
