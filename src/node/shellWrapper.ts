/**
 * The program between the host and the CLI, on every system that has a POSIX shell (containers included).
 * It forwards nothing and watches nothing: it makes the start happen at most once, says who it is, connects the CLI to the
 * files of the run directory, outlives a SIGTERM to the group, and writes down how the CLI ended.
 *
 * Every interleaving of a start with the death of the host that ordered it and the adoption by the next one:
 *
 * | the old host died…                     | run directory            | the next host finds…        | and so                                |
 * |----------------------------------------|--------------------------|-----------------------------|---------------------------------------|
 * | before it spawned                      | no `started`             | claims `started`            | never ran (`lost`, not started)       |
 * | after it gave the order to the spawner | no `started`             | claims `started`            | the wrapper cannot say that it is there, or finds it taken: never ran |
 * | 〃, and nobody took it up               | no `started`             | claims `started`            | the spawner ended with the host: never ran |
 * | after fork, before it made `started`   | no `started`             | claims `started` first      | wrapper finds it taken and stops: never ran |
 * | 〃                                      | 〃                        | wrapper was first: taken    | next two rows                         |
 * | between `started` and `pid`            | `started`                | a process with the run's id | watches on; `pid` and output follow   |
 * | 〃, and the wrapper died too            | `started`                | nothing alive               | `lost`; the CLI had not begun         |
 * | between `pid` and the CLI              | `started`, `pid`         | wrapper alive               | watches on                            |
 * | 〃, and the wrapper died too            | `started`, `pid`         | nothing alive               | `lost`                                |
 * | while the CLI runs                     | `started`, `pid`         | wrapper alive               | watches on                            |
 * | 〃, and the wrapper died alone          | `started`, `pid`         | CLI alive (group or run's id) | watches until it ends, then `lost`  |
 * | after the CLI ended                    | …, no `exit.json` yet    | wrapper alive               | `exit.json` comes in a moment         |
 * | after `exit.json`                      | …, `exit.json`           | the exit                    | concludes from it                     |
 * | after it claimed `started` itself      | `started`, a directory   | nothing alive               | never ran                             |
 * | while it stopped a run for a person    | whatever came of it      | that the database says so   | stops it, `cancelled`                 |
 *
 * "Nothing alive" can be trusted because whoever made `started` carried the run's id in its environment from exec on: the
 * process table is read after `started` was found taken, and read twice, because a table is not read in one instant.
 *
 * A wrapper makes `started` as a file and a host as a directory, both in one step that fails on whatever has the name: what kind
 * it is tells the next host who was first. Whoever wrote `pid` has begun all the same.
 *
 * `pid` and `exit.json` are there from the start, blank: "no `pid`" means that nothing is written in it yet. Each is written
 * in one piece that fills it, so that a reader at any moment finds blanks, or a piece that is no JSON, or the whole.
 *
 * Called as `sh -c <this> MUSTER_RUN_ID=<run> <run directory> <file for stdin> <command> <arguments…>`. The first argument
 * is only there to be seen in process lists, on systems that hide the environment of `/bin/sh`.
 *
 * Traps in the shell that shaped it:
 * - the CLI runs in the foreground, because a background child of a script gets SIGINT ignored and /dev/null as input;
 *   a trapped signal then waits until the CLI has ended, which is what "survives SIGTERM" asks for;
 * - caught signals are reset in the CLI, ignored ones would not be: hence `trap :` and never `trap ''`;
 * - assigning to an exported variable changes what the CLI sees: hence the prefix on every name, and PATH is put back;
 * - whoever waits for an agent waits for each program that is started on the way, one or two milliseconds: `started` is made by
 *   the shell itself (`set -C` opens with O_EXCL, and fails on whatever has that name), what is written is written in place;
 * - a redirection that fails ends the shell with `:`, which is a special builtin, and not with `true`;
 * - shells drop environment variables whose names are not identifiers (`a.b`);
 * - it reports the death by signal N as 128 + N, and so does a CLI that ends like that by itself.
 */
export const shellWrapper = String.raw`
trap 'muster_hit=1' HUP INT QUIT TERM
trap : USR1 USR2 ALRM XFSZ
muster_hit= muster_dir=$1 muster_input=$2 muster_path=$PATH
shift 2
PATH=/usr/bin:/bin:/usr/sbin:/sbin${'$'}{PATH:+:$PATH}

set -C
true 2>/dev/null >"$muster_dir/started" || exit 0
set +C

muster_identify() {
  if [ -r "/proc/$$/stat" ]; then
    read -r muster_stat <"/proc/$$/stat"
    read -r muster_boot </proc/sys/kernel/random/boot_id
    set -- ${'$'}{muster_stat##*) }
    muster_group=$3 muster_start=${'$'}{20}
  else
    muster_boot=$(sysctl -n kern.bootsessionuuid)
    set -- $(LC_ALL=C TZ=UTC0 ps -o pgid= -o lstart= -p $$)
    muster_group=$1
    shift
    muster_start=$*
  fi
}

# Over what was reserved and without truncating it: a full disk has no other room.
muster_write() {
  printf '%-255s\n' "$2" 1<>"$muster_dir/$1"
}

muster_identify 2>/dev/null
muster_write pid "{\"pid\":$$,\"group\":$muster_group,\"start\":\"$muster_start\",\"boot\":\"$muster_boot\"}" || exit 1

if [ "$muster_hit" ]; then
  muster_code=143
else
  (
    [ "$muster_hit" ] && exit 143
    PATH=$muster_path
    exec "$@"
  ) <"$muster_input" >>"$muster_dir/stdout.ndjson" 2>>"$muster_dir/stderr.log"
  muster_code=$?
fi

if [ "$muster_code" -gt 128 ] && [ "$muster_code" -lt 160 ]; then
  muster_exit="{\"signal\":$((muster_code - 128))}"
else
  muster_exit="{\"code\":$muster_code}"
fi
# A full disk is waited for.
muster_tries=0
until muster_write exit.json "$muster_exit"; do
  muster_tries=$((muster_tries + 1))
  [ "$muster_tries" -lt 60 ] && [ -d "$muster_dir" ] || exit 1
  sleep 1
done
`;
