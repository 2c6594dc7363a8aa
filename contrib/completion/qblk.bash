# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of qblk for bash 4 or later; the package bash-completion is not needed. qblk itself
# finds what a word can be, quotes it, and ends a word that is complete with a space.

_qblk()
{
    local program=${1/#\~\//$HOME/}

    mapfile -t COMPREPLY < <("$program" __complete bash -- \
        "$COMP_WORDBREAKS" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}

complete -o nospace -F _qblk qblk
