import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesCluster } from './kubernetesCluster.js';

/** The command by which a person runs others in pods; where it runs, where and what follow. */
export function intoPods(cluster: KubernetesCluster, programs: string): readonly string[] {
  const context = cluster.name === '' ? [] : ['--context', cluster.name];
  const place = [...context, '--namespace', cluster.namespace];
  const program = join(programs, 'podTerminal.js');
  const node = nodeCommand();
  // The kubeconfig is that of the login shell: whoever runs this may have another, or none.
  if (node && existsSync(program)) return [...node, program, ...place, '--kubeconfig', cluster.files];
  return ['kubectl', ...place, 'exec', '--stdin'];
}

/** This process's own runtime; undefined where it is VS Code's, and nothing tells that in front of a command that it is to be Node. */
function nodeCommand(): readonly string[] | undefined {
  if (process.versions['electron'] === undefined) return [process.execPath];
  return process.platform === 'win32' ? undefined : ['/usr/bin/env', 'ELECTRON_RUN_AS_NODE=1', process.execPath];
}
