#!/bin/bash
# deploy/slurm on a real Slurm: two nodes on this host, 8 shards, one node killed in the middle, its shard requeued and resumed,
# a shard that is told its time is up, the dependent merge, and the merged result held to that of one process, byte for byte.
# Then what merge must refuse.
#     STRIAE=target/release/striae scripts/test-slurm.sh
# Root only (slurmd starts jobs as their user). Debian's slurm-wlm and munge are installed where they are missing. Some four
# minutes. Nothing of an installed Slurm is touched: own folder, keys, ports and sockets, all on 127.0.0.1, in namespaces of
# network and processes of its own where the system allows (STRIAE_TEST_NAMESPACES=no: without). KEEP=1 leaves the folder with
# its logs.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
. scripts/lib.sh
say() { printf 'slurm: %4d s: %s\n' "$SECONDS" "$*"; }
die() { printf 'slurm: %s\n' "$*" >&2; exit 1; }

striae=$(realpath "${STRIAE:-${CARGO_TARGET_DIR:-target}/release/striae}")
python=${STRIAE_PYTHON:-$venv/bin/python}
# Sizes of the run that is cut into shards, and of those that are refused.
rows=${ROWS:-4000} few=400
[ -x "$striae" ] || die "$striae is not there: make build, or STRIAE=path/to/striae"
"$python" -c 'import h5py' || die "h5py is missing: scripts/setup.sh test"

if [ -z "${STRIAE_TEST_INSIDE:-}" ]; then
    [ "$(id -u)" = 0 ] || die "only root can start slurmd"
    if ! { have slurmctld && have slurmd && have munged && have ip; }; then
        say "installing slurm-wlm, munge and iproute2 with apt-get"
        have apt-get || die "Slurm is missing, and there is no apt-get: install slurmctld, slurmd, munge and iproute2"
        log=$tools/apt-slurm.log
        mkdir -p "$tools"
        install="env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends slurm-wlm munge iproute2"
        $install >"$log" 2>&1 </dev/null || { apt-get update && $install; } >"$log" 2>&1 </dev/null || {
            tail -n 3 "$log" >&2
            die "apt-get failed: see $log"
        }
    fi
    export STRIAE_TEST_INSIDE=yes
    # Whatever happens to this script, the end of the namespace ends all that it started.
    inside=()
    if [ "${STRIAE_TEST_NAMESPACES:-}" != no ] && unshare --net --pid --fork --mount-proc true 2>/dev/null; then
        inside=(unshare --net --pid --fork --mount-proc --kill-child)
        export STRIAE_TEST_INSIDE=namespace
    fi
    exec timeout --kill-after=30 1200 "${inside[@]}" "$root/scripts/test-slurm.sh"
fi
if [ "$STRIAE_TEST_INSIDE" = namespace ]; then
    ip link set lo up
    # The resolver takes names for IPv4 only where there is an address beside 127.0.0.1.
    ip address add 127.0.0.2/8 dev lo
fi

D=$(mktemp -d "${TMPDIR:-/tmp}/striae-slurm.XXXXXX")
mkdir "$D"/{state,spool.n1,spool.n2,log,work}
export SLURM_CONF=$D/slurm.conf
# Variables of a job that this may run in would steer sbatch.
for name in $(compgen -e | grep -E '^(SLURM_|SBATCH_|SQUEUE_|SCONTROL_)' | grep -v '^SLURM_CONF$' || true); do unset "$name"; done

# Processes with this Slurm's configuration in their environment, and the steps that they belong to: ours, and nobody else's.
ours() {
    for process in /proc/[0-9]*; do
        pid=${process#/proc/}
        case $pid in "$$" | "$BASHPID") continue ;; esac
        grep -qzxF "SLURM_CONF=$SLURM_CONF" "$process/environ" 2>/dev/null || continue
        [ $# = 0 ] || grep -qzxF "$1" "$process/environ" 2>/dev/null || continue
        printf '%s\n' "$pid"
        parent=$(awk '/^PPid:/ { print $2 }' "$process/status" 2>/dev/null || true)
        if [ -n "$parent" ] && grep -qaE '^slurmstepd: \[' "/proc/$parent/cmdline" 2>/dev/null; then printf '%s\n' "$parent"; fi
    done | sort -u
}
stop_pids() { for pid in "$@"; do kill -"$signal" "$pid" 2>/dev/null || true; done; }
finish() {
    code=$?
    trap - EXIT INT TERM
    for signal in TERM KILL; do
        # Only what has this test's SLURM_CONF, or was started as its munged.
        # shellcheck disable=SC2046
        stop_pids $(ours) $(cat "$D"/{munged,ctld,slurmd.n1,slurmd.n2}.pid 2>/dev/null || true)
        [ "$signal" = KILL ] || sleep 2
    done
    if [ "$code" != 0 ]; then
        say "failed; the last of the logs:"
        tail -n 15 "$D"/log/ctld.log "$D"/work/*.shards/log/*.log 2>/dev/null || true
    fi
    if [ -n "${KEEP:-}" ]; then say "kept: $D"; else rm -rf "$D"; fi
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# within SECONDS WHAT COMMAND…: tries until it is true.
within() {
    local limit=$1 what=$2 start=$SECONDS
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $((SECONDS - start)) -lt "$limit" ] || die "$what: not within $limit s"
        sleep 0.3
    done
}

host=$(hostname)
sed "s|@D@|$D|g; s|@HOST@|$host|g" scripts/slurm/slurm.conf.in >"$SLURM_CONF"
echo CgroupPlugin=autodetect >"$D/cgroup.conf"
(umask 077; head -c 1024 /dev/urandom >"$D/munge.key")
munged --force --num-threads=2 --socket "$D/munge.sock" --key-file "$D/munge.key" --pid-file "$D/munged.pid" \
    --log-file "$D/log/munged.log" --seed-file "$D/munge.seed"
slurmctld
slurmd -N n1
slurmd -N n2
idle() { [ "$(sinfo --noheader --format %T --nodes "$1")" = idle ]; }
within 30 "node n1 is idle" idle n1
within 30 "node n2 is idle" idle n2
listening=$(ss --listening --tcp --numeric --no-header | awk '{ print $4 }' | grep -E ':(16817|16901|16902)$' || true)
[ "$(printf '%s\n' "$listening" | wc -l)" = 3 ] || die "three ports were to be listened at, not: $listening"
if printf '%s' "$listening" | grep -qv '^127\.0\.0\.1:'; then die "Slurm listens beyond loopback: $listening"; fi
say "$(sinfo --version) runs with two nodes"

cd "$D/work"
compare=(compare archive.h5:/toolmarks --metric ccf --top-k 10 --backend cpu)
"$striae" simulate --exhibits "$rows" --seed 3 --only toolmarks --output archive.h5 >/dev/null
began=$(date +%s.%N)
"$striae" "${compare[@]}" --memory 1GiB --threads 2 --output one.h5 >one.log 2>&1 || {
    cat one.log >&2
    die "the single process failed"
}
say "one process, two threads: $(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }') s for $rows marks"

# What submit.sh must refuse before anything is queued.
submit() { STRIAE=$striae "$root/deploy/slurm/submit.sh" "$@"; }
refused() { # refused CODE WORDS COMMAND…
    local code=$1 words=$2 got=0
    shift 2
    "$@" >refused.log 2>&1 || got=$?
    grep -qxE "$code" <<<"$got" || { cat refused.log >&2; die "exit $got where $code was due: $*"; }
    grep -qiE "$words" refused.log || { cat refused.log >&2; die "said nothing of '$words': $*"; }
}
refused 2 MaxArraySize submit --shards 500 --output x.h5 -- archive.h5 --metric ccf -k 1
refused 2 'for submit.sh' submit --shards 8 --output x.h5 -- archive.h5 --metric ccf -k 1 --memory 3GiB
refused 2 'already there' submit --shards 8 --output one.h5 -- archive.h5 --metric ccf -k 1
refused 2 'no size' submit --shards 8 --output x.h5 --memory much -- archive.h5 --metric ccf -k 1

run=(--shards 8 --output merged.h5 --memory 512MiB --cpus 1 --time 30 --checkpoint 0.5s --)
began=$(date +%s)
submit "${run[@]}" "${compare[@]:1}" | tee submitted
array=$(awk '$1 == "array" { print $2 }' submitted) merge=$(awk '$1 == "merge" { print $2 }' submitted)
refused 2 'already queued' submit "${run[@]}" "${compare[@]:1}"

logs=$D/work/merged.h5.shards/log
# task_on NODE: the array task that runs there and has committed something, as TASK JOB.
task_on() {
    while read -r job task; do
        [ -s "merged.h5.shards/shard-$task-of-8.h5.journal" ] || continue
        echo "$task $job" >"running.$1"
        return 0
    done < <(squeue --noheader --jobs "$array" --states R --nodelist "$1" --format '%A %K')
    return 1
}
within 120 "a shard on n1 has a journal" task_on n1
read -r warned _ <running.n1
# scancel sends it at once, and again while the task is on its way back into the queue.
timeout 2 scancel --signal USR1 --batch "${array}_$warned" || true
say "shard $warned on n1 was told that its time is nearly up"

within 120 "a shard on n2 has a journal" task_on n2
read -r killed job <running.n2
# shellcheck disable=SC2046
signal=KILL stop_pids "$(cat slurmd.n2.pid 2>/dev/null || cat "$D/slurmd.n2.pid")" $(ours "SLURM_JOB_ID=$job")
committed=$(stat -c %s "merged.h5.shards/shard-$killed-of-8.h5.journal")
dead() { [ -z "$(ours "SLURM_JOB_ID=$job")" ]; }
within 10 "job $job on n2 is dead" dead
say "node n2 was killed with shard $killed (journal of $committed bytes)"
down() { sinfo --noheader --format %T --nodes n2 | grep -q '^down'; }
within 120 "n2 is seen to be down" down
say "n2 is down after $(($(date +%s) - began)) s; it is started again"
slurmd -N n2

state() { scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p'; }
ended() {
    local now
    now=$(state "$merge")
    [ -n "$now" ] || return 1
    case $now in PENDING | RUNNING | CONFIGURING | COMPLETING | SUSPENDED | REQUEUED) return 1 ;; esac
}
within 600 "the merge has ended" ended
[ "$(state "$merge")" = COMPLETED ] || die "the merge is $(state "$merge"): $(cat "$logs/merge.log")"
say "merged after $(($(date +%s) - began)) s"
[ -z "$(squeue --noheader)" ] || die "something is left in the queue: $(squeue)"
[ "$(scontrol show job "$array" | grep -c 'JobState=COMPLETED')" = 8 ] || die "not all shards are complete"

grep -q 'start 2,' "$logs/shard-$killed.log" || die "shard $killed was not started a second time"
grep -q 'start 2,' "$logs/shard-$warned.log" || die "shard $warned was not started a second time"
grep -q 'ended with 4' "$logs/shard-$warned.log" || die "shard $warned did not end with 4"
grep -q 'requeued' "$logs/shard-$warned.log" || die "shard $warned did not put itself back into the queue"
for shard in "$killed" "$warned"; do
    sed '1,/start 2,/d' "$logs/shard-$shard.log" >second
    grep -qiE 'going on with|resumed' second || die "shard $shard says nothing of going on: $(cat "$logs/shard-$shard.log")"
done
if ls merged.h5.shards/*.journal >/dev/null 2>&1; then die "journals are left: $(ls merged.h5.shards)"; fi
"$python" "$root/scripts/slurm/same.py" merged.h5 one.h5
# Every score of a query anew by its definition: some seconds.
"$striae" verify --sample 1 merged.h5

# The same command once more: shards end at once, the result is made again.
began=$(date +%s)
submit --overwrite "${run[@]}" "${compare[@]:1}" >submitted
merge=$(awk '$1 == "merge" { print $2 }' submitted)
within 120 "the second merge has ended" ended
[ "$(state "$merge")" = COMPLETED ] || die "the second merge is $(state "$merge"): $(cat "$logs/merge.log")"
"$python" "$root/scripts/slurm/same.py" merged.h5 one.h5
say "the same command again took $(($(date +%s) - began)) s"

# A shard that is refused: the merge leaves the queue by itself. And scancel is not undone by the script.
small=(--shards 2 --memory 512MiB --cpus 1 --time 30 --checkpoint 0.5s)
submit "${small[@]}" --output refused.h5 -- archive.h5:/nothing-here --metric ccf --top-k 1 >submitted
merge=$(awk '$1 == "merge" { print $2 }' submitted)
within 60 "the merge of refused shards has ended" ended
[ "$(state "$merge")" = CANCELLED ] || die "the merge of refused shards is $(state "$merge")"
submit "${small[@]}" --output cancelled.h5 -- archive.h5:/toolmarks --metric ccf --top-k 3 --backend cpu >submitted
array=$(awk '$1 == "array" { print $2 }' submitted) merge=$(awk '$1 == "merge" { print $2 }' submitted)
running() { [ -s "cancelled.h5.shards/shard-1-of-2.h5.journal" ]; }
within 60 "a shard to be cancelled has a journal" running
scancel "$array"
within 60 "the merge of cancelled shards has ended" ended
empty() { [ -z "$(squeue --noheader)" ]; }
within 60 "cancelled shards have left the queue" empty
sleep 3
empty || die "a cancelled shard came back: $(squeue)"
[ -s cancelled.h5.shards/shard-1-of-2.h5.journal ] || die "a cancelled shard left no journal to go on from"
say "refused and cancelled shards leave the queue, and their merge with them"

# What merge refuses, by hand: four shards of a small archive.
"$striae" simulate --exhibits "$few" --seed 5 --only toolmarks --output small.h5 >/dev/null
shards() { # shards NAME COUNT OPTION…
    local name=$1 count=$2 i
    shift 2
    for ((i = 1; i <= count; i++)); do
        "$striae" compare small.h5:/toolmarks --metric ccf --backend cpu --shard "$i/$count" --output "$name-$i.h5" "$@" \
            >shard.log 2>&1 || die "shard $i/$count failed: $(cat shard.log)"
    done
}
shards right 4 --top-k 5
shards fewer 4 --top-k 4
shards three 3 --top-k 5
"$striae" merge right-{3,1,4,2}.h5 --output good.h5 >/dev/null || die "shards in another order were refused"
refused 2 'already there' "$striae" merge right-{1,2,3,4}.h5 --output good.h5
"$python" - <<'END'
import h5py
with h5py.File("small.h5", "r+") as f:
    f["toolmarks/values"][7, 5] += 0.25
END
shards later 4 --top-k 5
merge_refused() { # merge_refused WORDS FILE…
    local words=$1
    shift
    refused 3 "$words" "$striae" merge "$@" --output bad.h5
    [ ! -e bad.h5 ] || die "merge refused, and yet wrote: $*"
    say "refused: $(tail -n 1 refused.log)"
}
merge_refused 'missing' right-1.h5 right-2.h5 right-4.h5
merge_refused 'missing' merged.h5.shards/shard-{1,2,3,4,5,6,7}-of-8.h5
merge_refused 'are both shard|duplicate' right-1.h5 right-2.h5 right-2.h5 right-3.h5 right-4.h5
merge_refused '(another run|foreign).*(mode|top.?k|\bk\b)' right-1.h5 right-2.h5 fewer-3.h5 right-4.h5
merge_refused 'another run|foreign' right-1.h5 right-2.h5 three-3.h5 right-4.h5
merge_refused 'stale.*values' right-1.h5 right-2.h5 later-3.h5 right-4.h5
merge_refused 'shard' right-1.h5 right-2.h5 one.h5 right-4.h5
# What stands beside scores of ccf is read off the rows again: these are not any more what was compared.
merge_refused 'values' right-1.h5 right-2.h5 right-3.h5 right-4.h5
say "8 shards, 2 nodes, 1 killed: the same bytes as one process"
