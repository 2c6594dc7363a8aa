/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file-identity.h"

#include "lib/check.h"

static gboolean
is_same(const struct stat *a, const struct stat *b)
{
    const QblkFileIdentity first = qblk_file_identity(a);
    const QblkFileIdentity second = qblk_file_identity(b);
    return qblk_file_identity_is_same(&first, &second);
}

static void
a_file_is_its_inode_on_its_device(void **state)
{
    const struct stat file = {.st_mode = S_IFREG, .st_dev = 1, .st_ino = 2, .st_rdev = 3};
    const struct stat same = {.st_mode = S_IFREG, .st_dev = 1, .st_ino = 2, .st_rdev = 4};
    const struct stat elsewhere = {.st_mode = S_IFREG, .st_dev = 5, .st_ino = 2, .st_rdev = 3};
    const struct stat other = {.st_mode = S_IFREG, .st_dev = 1, .st_ino = 5, .st_rdev = 3};
    assert_true(is_same(&file, &same));
    assert_false(is_same(&file, &elsewhere));
    assert_false(is_same(&file, &other));
}

/* libvirt gives each QEMU a /dev of its own. */
static void
a_block_device_is_identified_by_its_number(void **state)
{
    const struct stat node = {.st_mode = S_IFBLK, .st_dev = 1, .st_ino = 2, .st_rdev = 3};
    const struct stat same = {.st_mode = S_IFBLK, .st_dev = 4, .st_ino = 5, .st_rdev = 3};
    const struct stat other = {.st_mode = S_IFBLK, .st_dev = 1, .st_ino = 2, .st_rdev = 6};
    const struct stat file = {.st_mode = S_IFREG, .st_dev = 3, .st_ino = 2};
    assert_true(is_same(&node, &same));
    assert_false(is_same(&node, &other));
    assert_false(is_same(&node, &file));
}

static void
a_character_device_is_identified_by_its_number(void **state)
{
    const struct stat node = {.st_mode = S_IFCHR, .st_dev = 1, .st_ino = 2, .st_rdev = 3};
    const struct stat same = {.st_mode = S_IFCHR, .st_dev = 4, .st_ino = 5, .st_rdev = 3};
    const struct stat other = {.st_mode = S_IFCHR, .st_dev = 1, .st_ino = 2, .st_rdev = 6};
    const struct stat block = {.st_mode = S_IFBLK, .st_dev = 1, .st_ino = 2, .st_rdev = 3};
    assert_true(is_same(&node, &same));
    assert_false(is_same(&node, &other));
    assert_false(is_same(&node, &block));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_its_inode_on_its_device),
        cmocka_unit_test(a_block_device_is_identified_by_its_number),
        cmocka_unit_test(a_character_device_is_identified_by_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
