import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../runCommand.ts';
import { bridgeOf, leftBridges } from './bridges.ts';
import { clusterImages, provideClusterImages } from './images.ts';
import { clusterMissing, clusterProgram } from './programs.ts';

export interface ProvidedCluster {
  /** Of somebody who may do everything. */
  readonly kubeconfig: string;
  /** Ends everything; nothing of it is left on the machine. */
  stop(): Promise<void>;
}

interface ClusterOptions {
  /** For many pods on nodes that are none: its controllers ask as fast as they can, and no node is given up. */
  readonly quick?: boolean;
}

/** They ask 20 times a second otherwise. */
const unhurried = ['--kube-api-qps=1000', '--kube-api-burst=2000'];
const startMs = 60_000;
const token = 'muster-test-admin';
interface Place {
  readonly dir: string;
  readonly api: number;
  readonly etcd: number;
  readonly peers: number;
  readonly node: number;
  readonly bridge: string;
  /** Of pods, its first three numbers; seldom anybody else's. The node is its first address: it may not be a loopback one. */
  readonly net: string;
}

/**
 * A Kubernetes cluster of one node: etcd, API server, controllers, scheduler, containerd and kubelet, as they are, in a folder of their
 * own. Where it cannot be had this throws, with the reason that the skipped suite shows.
 */
export async function startCluster({ quick = false }: ClusterOptions = {}): Promise<ProvidedCluster> {
  const missing = clusterMissing();
  if (missing !== undefined) throw new Error(missing);
  const dir = await mkdtemp(join(tmpdir(), 'muster-cluster-'));
  const [api = 0, etcd = 0, peers = 0, node = 0] = await freePorts(4);
  const cluster = new Cluster({
    dir,
    api,
    etcd,
    peers,
    node,
    bridge: bridgeOf(process.pid),
    net: `10.213.${node % 250}`,
  });
  try {
    await cluster.start(quick);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

class Cluster implements ProvidedCluster {
  readonly #place: Place;
  readonly #processes = new Map<string, ChildProcess>();
  #isUp = false;

  constructor(place: Place) {
    this.#place = place;
  }

  get kubeconfig(): string {
    return join(this.#place.dir, 'kubeconfig');
  }

  async start(quick: boolean): Promise<void> {
    const { dir, bridge, net } = this.#place;
    await removeLeftBridges();
    await writeFiles(this.#place, this.kubeconfig);
    await runCommand('ip', ['link', 'add', 'name', bridge, 'type', 'bridge']);
    await runCommand('ip', ['address', 'add', `${net}.1/24`, 'dev', bridge]);
    await runCommand('ip', ['link', 'set', bridge, 'up']);
    await letPodsMeet('--insert', bridge);
    const key = join(dir, 'service-accounts.key');
    await runCommand('openssl', ['genrsa', '-out', key, '2048'], { output: 'capture' });
    const images = await provideClusterImages(dir);
    this.#startEtcd();
    this.#startApiServer();
    this.#run('containerd', '/usr/bin/containerd', ['--config', join(dir, 'containerd.toml')]);
    await this.#until('the API server', () => this.#ask('/readyz'));
    const own = ['--kubeconfig', this.kubeconfig];
    const controllers = ['--service-account-private-key-file', key, '--use-service-account-credentials=true'];
    this.#run('controllers', clusterProgram('kube-controller-manager'), [
      ...own,
      ...controllers,
      '--secure-port=0',
      '--leader-elect=false',
      ...(quick ? [...unhurried, '--controllers=*,-node-lifecycle-controller'] : []),
    ]);
    this.#run('scheduler', clusterProgram('kube-scheduler'), [
      ...own,
      ...(quick ? unhurried : []),
      '--secure-port=0',
      '--leader-elect=false',
    ]);
    await this.#until('containerd', async () => (await this.#ctr(['version'], [0, 1])).exitCode === 0);
    for (const image of images) await this.#ctr(['images', 'import', image]);
    this.#startKubelet();
    await this.#until('the node', async () =>
      ((await this.#get('/api/v1/nodes/muster-node')) ?? '').includes('"reason":"KubeletReady"'),
    );
    await this.#until('the service account', () => this.#ask('/api/v1/namespaces/default/serviceaccounts/default'));
    this.#isUp = true;
  }

  async stop(): Promise<void> {
    this.#isUp = false;
    const { dir, bridge } = this.#place;
    for (const name of ['kubelet', 'scheduler', 'controllers', 'apiserver', 'etcd']) await this.#end(name);
    if (this.#processes.has('containerd')) {
      const { stdout } = await this.#ctr(['tasks', 'ls', '-q'], [0, 1]);
      for (const task of stdout.split('\n').filter(Boolean))
        await this.#ctr(['tasks', 'delete', '--force', task], [0, 1]);
    }
    await this.#end('containerd');
    const mounted = (await readFile('/proc/mounts', 'utf8')).split('\n').map(line => line.split(' ')[1] ?? '');
    // The innermost first.
    for (const path of mounted.filter(each => each.startsWith(`${dir}/`)).toReversed())
      await runCommand('umount', ['--lazy', path], { output: 'capture', accept: [0, 1, 32] });
    await removeBridge(bridge).catch(() => undefined);
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }

  #startEtcd(): void {
    const { dir, etcd, peers } = this.#place;
    const own = `http://127.0.0.1:${peers}`;
    this.#run('etcd', '/usr/bin/etcd', [
      `--data-dir=${join(dir, 'etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${etcd}`,
      `--advertise-client-urls=http://127.0.0.1:${etcd}`,
      `--listen-peer-urls=${own}`,
      `--initial-advertise-peer-urls=${own}`,
      `--initial-cluster=default=${own}`,
    ]);
  }

  #startApiServer(): void {
    const { dir, api, etcd } = this.#place;
    const key = join(dir, 'service-accounts.key');
    this.#run('apiserver', clusterProgram('kube-apiserver'), [
      `--etcd-servers=http://127.0.0.1:${etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${api}`,
      `--cert-dir=${join(dir, 'api-certs')}`,
      `--service-account-key-file=${key}`,
      `--service-account-signing-key-file=${key}`,
      '--service-account-issuer=https://muster.test',
      `--token-auth-file=${join(dir, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.214.0.0/24',
      '--kubelet-preferred-address-types=InternalIP',
      '--allow-privileged=true',
    ]);
    // Clusters start theirs again, too.
    this.#processes.get('apiserver')?.once('exit', () => {
      if (this.#isUp) this.#startApiServer();
    });
  }

  #startKubelet(): void {
    const { dir, net } = this.#place;
    this.#run('kubelet', clusterProgram('kubelet'), [
      `--config=${join(dir, 'kubelet.json')}`,
      `--kubeconfig=${this.kubeconfig}`,
      `--root-dir=${join(dir, 'kubelet')}`,
      `--cert-dir=${join(dir, 'kubelet-certs')}`,
      '--hostname-override=muster-node',
      `--node-ip=${net}.1`,
    ]);
  }

  #run(name: string, program: string, args: readonly string[]): void {
    const log = openSync(join(this.#place.dir, `${name}.log`), 'a');
    this.#processes.set(name, spawn(program, args, { stdio: ['ignore', log, log] }));
    closeSync(log);
  }

  async #end(name: string): Promise<void> {
    const child = this.#processes.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await promise;
    clearTimeout(limit);
  }

  async #until(what: string, isThere: () => Promise<boolean>): Promise<void> {
    const began = performance.now();
    while (!(await isThere())) {
      const dead = [...this.#processes].find(([, { exitCode }]) => exitCode !== null)?.[0];
      if (dead === undefined && performance.now() - began < startMs) {
        await sleep(200);
        continue;
      }
      const log = await readFile(join(this.#place.dir, `${dead ?? 'kubelet'}.log`), 'utf8').catch(() => '');
      throw new Error(
        `${what} did not start${dead ? `, ${dead} ended` : ''}: ${log.trim().split('\n').slice(-2).join(' ')}`,
      );
    }
  }

  async #ask(path: string): Promise<boolean> {
    return (await this.#get(path)) !== undefined;
  }

  /** By curl, which can be told to believe a certificate that the server has just made. */
  async #get(path: string): Promise<string | undefined> {
    const url = `https://127.0.0.1:${this.#place.api}${path}`;
    const args = [
      '--silent',
      '--insecure',
      '--fail',
      '--max-time',
      '5',
      '--header',
      `Authorization: Bearer ${token}`,
      url,
    ];
    const { exitCode, stdout } = await runCommand('curl', args, {
      output: 'capture',
      accept: [0, 7, 22, 28, 35, 52, 56],
    });
    return exitCode === 0 ? stdout.replaceAll(/:\s+"/g, ':"') : undefined;
  }

  #ctr(args: readonly string[], accept: readonly number[] = [0]) {
    const address = join(this.#place.dir, 'containerd.sock');
    return runCommand('/usr/bin/ctr', ['--address', address, '--namespace', 'k8s.io', ...args], {
      output: 'capture',
      accept,
    });
  }
}

/** Those of clusters that were killed. */
async function removeLeftBridges(): Promise<void> {
  const { stdout } = await runCommand('ip', ['-oneline', 'link', 'show', 'type', 'bridge'], { output: 'capture' });
  for (const bridge of leftBridges(stdout, pid => existsSync(`/proc/${pid}`))) await removeBridge(bridge);
}

async function removeBridge(bridge: string): Promise<void> {
  await letPodsMeet('--delete', bridge);
  await runCommand('ip', ['link', 'delete', bridge], { output: 'capture', accept: [0, 1] });
}

/** Where Docker is, everything that is forwarded is dropped, also between ports of a bridge that is not its own. */
async function letPodsMeet(how: '--insert' | '--delete', bridge: string): Promise<void> {
  const rule = ['--in-interface', bridge, '--out-interface', bridge, '--jump', 'ACCEPT'];
  // Without the program nobody has forbidden anything.
  await runCommand('iptables', [how, 'FORWARD', ...rule], { output: 'capture', accept: [0, 1, 2, 3, 4] }).catch(
    () => undefined,
  );
}

async function writeFiles(place: Place, kubeconfig: string): Promise<void> {
  const { dir, api, node, bridge, net } = place;
  const file = async (name: string, text: string): Promise<void> =>
    await writeFile(join(dir, name), text, { mode: 0o600 });
  await mkdir(join(dir, 'cni'));
  await file('tokens.csv', `${token},admin,admin,"system:masters"\nmuster-test-limited,limited,limited,\n`);
  await writeFile(
    kubeconfig,
    JSON.stringify({
      'apiVersion': 'v1',
      'kind': 'Config',
      'current-context': 'test',
      'clusters': [
        { name: 'test', cluster: { 'server': `https://127.0.0.1:${api}`, 'insecure-skip-tls-verify': true } },
      ],
      'users': [
        { name: 'admin', user: { token } },
        { name: 'limited', user: { token: 'muster-test-limited' } },
      ],
      'contexts': [
        { name: 'test', context: { cluster: 'test', user: 'admin' } },
        { name: 'limited', context: { cluster: 'test', user: 'limited', namespace: 'default' } },
      ],
    }),
    { mode: 0o600 },
  );
  await file(
    'containerd.toml',
    `version = 2
root = "${dir}/containerd"
state = "${dir}/containerd-state"
[grpc]
  address = "${dir}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${clusterImages.pause}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "${dir}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
`,
  );
  const ipam = {
    type: 'host-local',
    dataDir: join(dir, 'addresses'),
    ranges: [[{ subnet: `${net}.0/24` }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  const plugins = [{ type: 'bridge', bridge, isGateway: true, ipMasq: false, ipam }];
  await file('cni/10-muster.conflist', JSON.stringify({ cniVersion: '0.4.0', name: 'muster', plugins }));
  await file(
    'kubelet.json',
    JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      address: `${net}.1`,
      port: node,
      healthzPort: 0,
      containerRuntimeEndpoint: `unix://${dir}/containerd.sock`,
      cgroupDriver: 'cgroupfs',
      cgroupsPerQOS: false,
      enforceNodeAllocatable: [],
      failSwapOn: false,
      authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
      authorization: { mode: 'AlwaysAllow' },
      podLogsDir: join(dir, 'pod-logs'),
      evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
    }),
  );
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      const { promise, resolve } = Promise.withResolvers<void>();
      server.listen(0, '127.0.0.1', resolve);
      await promise;
      return server;
    }),
  );
  return await Promise.all(
    servers.map(async server => {
      const address = server.address();
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      await promise;
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
}

async function sleep(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
}
