# SPDX-License-Identifier: LGPL-2.1-or-later
# For the tests of the packages: start_vm makes a directory with the monitor vm.qmp of a storage
# daemon that has the disk vda, top.qcow2 over base.qcow2, and enters it.
set -eu

start_vm() {
    directory=$(mktemp -d)
    daemon=
    # shellcheck disable=SC2064
    trap 'test -z "$daemon" || kill "$daemon"; rm -r "$directory"' EXIT
    cd "$directory"
    qemu-img create -q -f qcow2 base.qcow2 16M
    qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 top.qcow2
    qemu-storage-daemon --daemonize --pidfile "$directory/pid" \
        --chardev socket,id=monitor,path=vm.qmp,server=on,wait=off --monitor chardev=monitor \
        --blockdev "driver=file,node-name=file,filename=$directory/top.qcow2" \
        --blockdev driver=qcow2,node-name=disk,file=file
    daemon=$(cat "$directory/pid")
}
