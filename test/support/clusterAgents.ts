import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { archiveOf, provideNodeLayers } from '../../src/build/provision/cluster/images.ts';
import { presentCluster } from './cluster.ts';
import { tempDirectory } from './tempDirectory.ts';

/** An image with Node, Claude Code and Codex, which the nodes of the cluster under test have from then on. `clis`: the folder of their programs. */
export async function agentImage(clis: string): Promise<string> {
  const name = 'muster.test/agents:1';
  const scratch = tempDirectory('muster-agent-image');
  const programs = join(scratch, 'usr/local/bin');
  mkdirSync(programs, { recursive: true });
  symlinkSync('/opt/node_modules/@anthropic-ai/claude-code/bin/claude.exe', join(programs, 'claude'));
  symlinkSync('/opt/node_modules/@openai/codex/bin/codex.js', join(programs, 'codex'));
  const layer = join(scratch, 'agents.tar');
  const modules = dirname(dirname(clis));
  const packed = ['node_modules/@anthropic-ai', 'node_modules/@openai'];
  execFileSync('tar', [
    '-cf',
    layer,
    '-C',
    scratch,
    'usr',
    '--transform=s,^node_modules,opt/node_modules,',
    '-C',
    modules,
    ...packed,
  ]);
  const path = join(scratch, 'image.tar');
  await archiveOf(path, { name, layers: [...(await provideNodeLayers(scratch)), layer] });
  const address = join(dirname(presentCluster().kubeconfig), 'containerd.sock');
  execFileSync('/usr/bin/ctr', ['--address', address, '--namespace', 'k8s.io', 'images', 'import', path], {
    stdio: 'ignore',
  });
  return name;
}
