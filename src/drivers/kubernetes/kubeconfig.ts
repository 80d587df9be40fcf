import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
// Not the whole client library: a terminal in a pod needs no more.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { errorMessage } from '../../base/errors.js';
import { JsonFields } from '../../base/jsonFields.js';
import { fieldOf, textField } from '../../base/unknownFields.js';

type Environment = Readonly<Record<string, string>>;

const inClusterToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** The files that are looked into, as KUBECONFIG has them. */
export function configFiles({ KUBECONFIG: listed = '', HOME: home = '' }: Environment): string {
  return listed === '' ? join(home, '.kube', 'config') : listed;
}

/** As kubectl finds it, by the person's own environment: that of the host may be another. Errors: in words, when there is none. */
export function findKubeconfig(environment: Environment): KubeConfig {
  const listed = configFiles(environment);
  const [first, ...others] = listed.split(delimiter).filter(file => file !== '' && existsSync(file));
  const config = new KubeConfig();
  if (first === undefined) {
    if (!existsSync(inClusterToken)) throw new Error(`there is neither ${listed} nor a service account of a pod`);
    config.loadFromCluster();
    return config;
  }
  config.loadFromFile(first);
  for (const file of others) {
    const more = new KubeConfig();
    more.loadFromFile(file);
    config.mergeConfig(more, true);
  }
  runAsAtLogin(config, environment);
  return config;
}

/**
 * Programs that give credentials are found, and run, as in the person's login shell, and are told what kubectl tells them. They are never
 * asked in a terminal: a host has none.
 */
function runAsAtLogin(config: KubeConfig, environment: Environment): void {
  config.users = config.users.map(user => {
    if (textField(user.exec, 'command') === '') return user;
    const exec = new JsonFields(user.exec);
    const cluster = exec.flag('provideClusterInfo') ? { cluster: clusterInfo(config) } : {};
    const told = {
      apiVersion: exec.text('apiVersion'),
      kind: 'ExecCredential',
      spec: { interactive: false, ...cluster },
    };
    const login = Object.entries({ ...environment, KUBERNETES_EXEC_INFO: JSON.stringify(told) });
    const own = exec.list('env').map(each => [each.text('name') ?? '', each.text('value') ?? ''] as const);
    const env = [...login, ...own].map(([name, value]) => ({ name, value }));
    return { ...user, exec: { ...user.exec, env } };
  });
}

function clusterInfo(config: KubeConfig): Record<string, unknown> {
  const cluster = config.getCurrentCluster();
  return {
    'server': cluster?.server,
    'certificate-authority-data': cluster?.caData,
    'insecure-skip-tls-verify': cluster?.skipTLSVerify,
  };
}

/** Why the program that gives the current user's credentials gave none; undefined when it is something else that failed. */
export function credentialTrouble(
  config: KubeConfig,
  error: unknown,
): { readonly message: string; readonly reason: string } | undefined {
  const command = textField(config.getCurrentUser()?.exec, 'command');
  if (command === '') return undefined;
  if (textField(error, 'syscall').startsWith('spawn')) {
    const why = textField(error, 'code') === 'ENOENT' ? 'is not on the PATH of your login shell' : 'cannot be started';
    return {
      message: `Your kubeconfig takes its credentials from ${command}, which ${why}. Install it, or name another user in the context.`,
      reason: `${command} ${why}`,
    };
  }
  // What a connection failed with has a cause or a code; what the program said has neither.
  const isSaid = error instanceof Error && fieldOf(error, 'cause') === undefined && textField(error, 'code') === '';
  if (!isSaid) return undefined;
  const said = errorMessage(error).trim().split('\n').at(-1) ?? '';
  return {
    message: `${command}, from which your kubeconfig takes its credentials, gave none: ${said || 'it said nothing'}. Try it in a terminal: kubectl get pods.`,
    reason: `${command} gave no credentials`,
  };
}
