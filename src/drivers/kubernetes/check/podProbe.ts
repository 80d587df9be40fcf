import { randomBytes } from 'node:crypto';
import { untilAborted, within } from '../../../base/async.js';
import { isAppError } from '../../../base/errors.js';
import { makeId, type RunId } from '../../../base/ids.js';
import type { KubernetesSpec } from '../../../compose/projectSpec.js';
import type { FindingStatus, PlaceFinding, PlaceWatching } from '../../../core/sandboxes/placeCheck.js';
import type { SandboxSpec } from '../../../core/sandboxes/sandboxDriver.js';
import { startInside } from '../insidePod.js';
import { whyOf } from '../kubernetesCluster.js';
import { keeperOf, presentPod, removeRun, type PodPlace, type RunPod } from '../podContainer.js';
import { lacks, lookAround } from '../podScripts.js';
import { untilReady } from '../podStart.js';
import { runJob } from '../runJob.js';
import { finding, type Looking } from './clusterLooks.js';
import { enforcement, openPort, reaches, type Enforcement } from './networkProbe.js';

/** A large image from a slow registry. */
const longestStartMs = 5 * 60_000;
/** What the cluster says that it waits for seldom passes while somebody looks on. */
const longestWaitMs = 20_000;
/** A pod that nobody comes back for is not kept. */
const longestPodSeconds = 15 * 60;
const keptJobSeconds = 60;
/** For the removal of what was made, also when whoever asked has gone. */
const longestRemovalMs = 15_000;

export interface Probing {
  readonly place: PodPlace;
  /** By which the pods of this look alone are found. */
  readonly state: string;
  readonly looking: Looking;
  /** What the agent's provider starts. */
  readonly command: string;
  readonly watching: PlaceWatching;
  /** Whether the policy that keeps pods in is there. */
  readonly hasPolicy: boolean;
}

/** A job that was asked for. */
interface MadeJob {
  readonly run: RunId;
  /** Settles when the cluster has answered. */
  readonly asked: Promise<unknown>;
}

/**
 * Makes pods as a run would have them, and looks from inside. Whatever keeps a run from beginning keeps them. All are removed, whatever
 * comes of it; those that the cluster makes after nobody waits for them any more are too. Errors: the signal's reason.
 */
export async function lookByPods(probing: Probing): Promise<void> {
  const { watching, looking, hasPolicy } = probing;
  const { driver, spec } = looking;
  const made: MadeJob[] = [];
  try {
    const own = await begun(probing, made, { spec, driver });
    watching.onFinding(own.finding);
    if (!own.pod) return;
    watching.onFinding(await lookAtImage(probing, own.pod));
    if (hasPolicy) watching.onFinding(await lookAtNetwork(probing, made, own.pod));
  } finally {
    await Promise.all(made.map(each => removed(probing, each)));
  }
}

/** Never rejects: what is left is told. */
async function removed({ place, watching }: Probing, { run, asked }: MadeJob): Promise<void> {
  const removing = asked.then(
    () => removeRun(place, run),
    // It may be there all the same.
    () => removeRun(place, run),
  );
  const tell = (found: string): void =>
    watching.onFinding(
      finding('warn', {
        name: 'cleaning up',
        tried: 'remove the job of this look',
        found,
        advice: `kubectl --namespace ${place.cluster.namespace} delete job --selector muster.dev/run=${run}. It ends by itself in a quarter of an hour.`,
      }),
    );
  if ((await within(removing, { ms: longestRemovalMs, clock: place.clock })) === 'late')
    tell('the cluster does not answer; the job is removed when it does');
  else await removing.catch((error: unknown) => tell(whyOf(error)));
}

interface Begun {
  readonly finding: PlaceFinding;
  /** Missing: it did not come to run. */
  readonly pod?: RunPod;
}

/** Errors: the signal's reason. */
async function begun(
  { place, state, watching }: Probing,
  made: MadeJob[],
  { spec, driver }: { readonly spec: SandboxSpec; readonly driver: KubernetesSpec },
): Promise<Begun> {
  const { cluster, clock } = place;
  const { namespace } = cluster;
  const run: RunId = makeId<'run'>(randomBytes(16));
  const image = spec.image?.name ?? '';
  const words = { name: 'pod', tried: `make a job like that of a run, with the image ${image}` };
  const begins = clock.awake();
  const limit = patience({ clock, watching });
  let waits = '';
  try {
    const body = runJob(run, { spec, driver, state });
    if (body.spec) {
      body.spec.activeDeadlineSeconds = longestPodSeconds;
      body.spec.ttlSecondsAfterFinished = keptJobSeconds;
    }
    const asked = cluster.call(() => cluster.batch.createNamespacedJob({ namespace, body }));
    made.push({ run, asked });
    await untilAborted(asked, limit.signal);
    await untilReady(place, {
      run,
      image,
      signal: limit.signal,
      onStep: ({ text }) => {
        waits = text;
        limit.shorten();
      },
    });
    const seconds = ((clock.awake() - begins) / 1000).toFixed(1);
    return {
      pod: presentPod(place, run),
      finding: finding('ok', { ...words, found: `it was there after ${seconds} s` }),
    };
  } catch (error) {
    watching.signal.throwIfAborted();
    const found = limit.signal.aborted ? waits || 'it did not begin in five minutes, and the cluster says nothing' : '';
    const status: FindingStatus = found !== '' && waits !== '' ? 'warn' : 'fail';
    return { finding: finding(status, { ...words, found: found || whyOf(error), advice: adviceFor(error, waits) }) };
  } finally {
    limit.dispose();
  }
}

function adviceFor(error: unknown, waits: string): string {
  if (isAppError(error, 'image.failed'))
    return 'Push the image to a registry that the nodes reach, and name a pull secret where it needs one (driver.kubernetes.image_pull_secrets).';
  if (waits !== '')
    return 'A run would wait until there is room. Ask for less (resources), name other nodes (node_selector, tolerations), or have nodes or quota added.';
  return 'It is the cluster that refuses: mend what it names, or show it to whoever runs the cluster.';
}

/** Ends by itself: late, or soon after somebody hears what is waited for. */
function patience({ clock, watching }: { readonly clock: PodPlace['clock']; readonly watching: PlaceWatching }) {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, watching.signal]);
  const end = (ms: number): void => {
    // Its own end is what it waits beside.
    clock.sleep(ms, signal).then(
      () => over.abort(),
      () => undefined,
    );
  };
  end(longestStartMs);
  return { signal, shorten: () => end(longestWaitMs), dispose: () => over.abort() };
}

async function lookAtImage({ place, looking, command, watching }: Probing, pod: RunPod): Promise<PlaceFinding> {
  const { image, network } = looking.spec;
  const { signal } = watching;
  const name = image?.name ?? '';
  const words = { name: 'image', tried: `look for sh, tar, setsid, git, ${command} and node in ${name}` };
  const ask = async (asked: string, relay: boolean): Promise<number | undefined> => {
    const program = await startInside(
      keeperOf(place, pod),
      lookAround({ command: asked, path: undefined, relay }),
      'output',
      signal,
    );
    program.output.resume();
    const { code } = await program.ended;
    program.end();
    signal.throwIfAborted();
    return code;
  };
  try {
    const codes = [await ask(command, false), await ask('git', false), await ask('sh', true)];
    const missing = [
      ...(codes.includes(lacks.tools) ? ['tar or setsid'] : []),
      ...(codes[0] === lacks.command ? [command] : []),
      ...(codes[1] === lacks.command ? ['git'] : []),
    ];
    const advice = `Add it to ${name}: \`muster image build\` shows how Muster's own image is made.`;
    if (missing.length > 0) return finding('fail', { ...words, found: `it has no ${missing.join(', no ')}`, advice });
    if (codes[2] !== lacks.relay) return finding('ok', { ...words, found: 'it has all of them' });
    const found = 'it has no node, which leads agents to models and allowed hosts through this machine';
    return finding(network === 'none' || network === 'full' ? 'warn' : 'fail', { ...words, found, advice });
  } catch (error) {
    signal.throwIfAborted();
    return finding('fail', {
      ...words,
      found: `the pod cannot be entered: ${whyOf(error)}`,
      advice: 'Runs are sent and followed by way of pods/exec: the API server must reach the kubelet of each node.',
    });
  }
}

const told: Readonly<Record<Enforcement, readonly [FindingStatus, string, string]>> = {
  enforced: ['ok', 'it was kept from a pod that another pod reached', ''],
  open: [
    'fail',
    'it reached another pod all the same: nobody enforces network policies here, and agents reach whatever the network has',
    'Use a network plugin that enforces them (Calico, Cilium, kube-router …), or write sandbox: {network: full} where you mean it.',
  ],
  unreachable: [
    'unknown',
    'pods do not reach one another, policy or not',
    'Nothing is known of the policy by this. Look with whoever runs the cluster.',
  ],
};

/** Two more pods, under no policy: one that is to be reached, and one that shows that it can be. */
async function lookAtNetwork(probing: Probing, made: MadeJob[], closed: RunPod): Promise<PlaceFinding> {
  const { place, looking, watching } = probing;
  const { signal } = watching;
  const words = {
    name: 'network policy enforcement',
    tried: 'reach a pod from one under the policy, and from one under none',
  };
  const free: SandboxSpec = {
    ...looking.spec,
    network: 'full',
    resources: { memoryBytes: 64 * 1024 ** 2 },
    mounts: [],
  };
  const pods: RunPod[] = [];
  try {
    for (let number = 0; number < 2; number++) {
      const other = await begun(probing, made, { spec: free, driver: { ...looking.driver, storage: undefined } });
      if (!other.pod) return { ...other.finding, ...words, status: 'unknown' };
      pods.push(other.pod);
    }
    const [target, control] = pods;
    const address = target && place.watch.podOf(target.run)?.status?.podIP;
    if (!target || !control || address === undefined)
      return finding('unknown', { ...words, found: 'a pod has no address' });
    const port = await openPort(keeperOf(place, target), signal);
    try {
      const from = (pod: RunPod) => () => reaches(keeperOf(place, pod), address, signal);
      const [status, found, advice] =
        told[await enforcement({ free: from(control), closed: from(closed) }, place.clock, signal)];
      return finding(status, { ...words, found, advice });
    } finally {
      port.dispose();
    }
  } catch (error) {
    signal.throwIfAborted();
    return finding('unknown', {
      ...words,
      found: whyOf(error),
      advice: 'Look again with an image that has node, perl or python3.',
    });
  }
}
