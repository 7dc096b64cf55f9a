#!/bin/bash
# Submits a comparison to Slurm as an array of shards, and the merge that depends on it. Prints the ids of both jobs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

usage() {
    cat <<'END'
submit.sh [OPTION…] --shards N --output FILE.h5 -- QUERY [REFERENCE] --metric … (--top-k K | --threshold T) …

  --shards N         parts, each a task of the array
  --output FILE.h5   the merged result
  --scratch DIR      where shards, journals and logs lie; every node must see it (default: FILE.h5.shards)
  --memory SIZE      what striae may use on a node, such as 4GiB (default 2GiB); Slurm is asked for more, see README.md
  --cpus N           cores of a task (default 4)
  --time T           time limit of a task (default 8:00:00); when it is near, the work is kept and the task goes back into the
                     queue
  --checkpoint T     at most this much work is lost when a node dies (default 60s)
  --at-once M        at most M tasks at the same time
  --overwrite        replace FILE.h5
  --sbatch OPTION    one more option for sbatch, for both jobs, such as --sbatch=--account=lab; any number of times
  --shard-sbatch OPTION   the same for the array alone, such as --shard-sbatch=--gres=gpu:1
  STRIAE=PROGRAM     the program (default: the one in PATH); every node must have it there

The same command again goes on where it was stopped: complete shards end at once. After "--" stand the arguments of striae
compare, without --output, --memory, --threads, --shard, --resume and --checkpoint.
END
}
die() { printf 'submit.sh: %s\n' "$*" >&2; exit 2; }

shards='' output='' scratch='' memory=2GiB cpus=4 time=8:00:00 checkpoint=60s at_once='' overwrite=() both=() array_only=()
while [ $# -gt 0 ]; do
    case $1 in
        --help | -h) usage; exit 0 ;;
        --overwrite) overwrite=(--overwrite); shift; continue ;;
        --) shift; break ;;
        --*=*) name=${1%%=*} value=${1#*=}; shift ;;
        --*) [ $# -ge 2 ] || die "$1 needs a value"; name=$1 value=$2; shift 2 ;;
        *) die "$1 is no option; the arguments of striae compare stand after --" ;;
    esac
    case $name in
        --shards) shards=$value ;;
        --output) output=$value ;;
        --scratch) scratch=$value ;;
        --memory) memory=$value ;;
        --cpus) cpus=$value ;;
        --time) time=$value ;;
        --checkpoint) checkpoint=$value ;;
        --at-once) at_once=$value ;;
        --sbatch) both+=("$value") ;;
        --shard-sbatch) array_only+=("$value") ;;
        *) die "$name is no option; see --help" ;;
    esac
done
[ $# -gt 0 ] || die "nothing to compare: the arguments of striae compare stand after --"
[ -n "$output" ] || die "--output is missing"
[[ $shards =~ ^[1-9][0-9]*$ ]] || die "--shards must be a number from 1, not '$shards'"
for given in "$@"; do
    case $given in
        --output | --output=* | -o | --memory | --memory=* | --threads | --threads=* | -j)
            die "$given is for submit.sh to give, before --" ;;
        --shard | --shard=* | --resume | --checkpoint | --checkpoint=*)
            die "$given is for submit.sh to give, before --" ;;
        --dense) die "--dense cannot be cut into shards" ;;
    esac
done
striae=$(command -v "${STRIAE:-striae}") || die "there is no program ${STRIAE:-striae}; name it with STRIAE="
striae=$(realpath "$striae")
output=$(realpath -m "$output")
scratch=$(realpath -m "${scratch:-$output.shards}")
[ ${#overwrite[@]} -gt 0 ] || [ ! -e "$output" ] || die "$output: already there; name another file, or give --overwrite"

# Slurm counts what a job's processes use: what striae promises, the program itself and its reader, and the stacks of threads.
megabytes=$(awk -v text="$memory" 'BEGIN {
    if (!match(text, /^[0-9.]+/)) exit 1
    number = substr(text, 1, RLENGTH); unit = toupper(substr(text, RLENGTH + 1)); sub(/I?B$/, "", unit)
    scale[""] = 1 / 1048576; scale["K"] = 1 / 1024; scale["M"] = 1; scale["G"] = 1024; scale["T"] = 1048576
    if (!(unit in scale)) exit 1
    printf "%d", number * scale[unit] * 1.125 + 256
}') || die "--memory $memory is no size; give one such as 4GiB"

# A number above what the site allows would be refused by sbatch without saying what is allowed.
most=$(scontrol show config | awk '$1 == "MaxArraySize" { print $3 - 1 }')
[ -n "$most" ] || die "Slurm does not answer (scontrol show config)"
[ "$shards" -le "$most" ] || die "this Slurm takes arrays of at most $most tasks (MaxArraySize); give --shards $most or less"

# Two arrays on one scratch folder would write the same shards.
name=striae-$(basename "$output" .h5)-$(printf %s "$scratch" | cksum | cut -c1-6)
queued=$(squeue --noheader --me --name "$name" --format %F | sort -u | tr '\n' ' ')
[ -z "$queued" ] || die "already queued as job $queued(scancel $queued ends it)"

mkdir -p "$scratch/log"
printf 'striae compare' >"$scratch/command"
printf ' %q' "$@" >>"$scratch/command"
printf '\n' >>"$scratch/command"

each=(--parsable --job-name "$name" --mem "${megabytes}M" --time "$time" "${both[@]}")
array=$(sbatch "${each[@]}" --array "1-$shards${at_once:+%$at_once}" --cpus-per-task "$cpus" \
    --output "$scratch/log/shard-%a.log" "${array_only[@]}" \
    "$here/shards.sbatch" "$striae" "$scratch" "$shards" "$checkpoint" "$memory" -- "$@")
array=${array%%;*}
# A merge whose shards failed could never start; it is taken out of the queue then, and the same command submits both again.
merge=$(sbatch "${each[@]}" --dependency "afterok:$array" --kill-on-invalid-dep=yes --output "$scratch/log/merge.log" \
    "$here/merge.sbatch" "$striae" "$scratch" "$shards" "$memory" "$output" "${overwrite[@]}") || {
    scancel "$array"
    die "the merge could not be submitted; the array was cancelled"
}
printf 'array %s\nmerge %s\nlogs  %s/log\n' "$array" "${merge%%;*}" "$scratch"
