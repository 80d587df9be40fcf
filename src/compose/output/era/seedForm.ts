import { withDefaults } from '../../normalize/agents.js';
import { interpolatedAt } from '../../normalize/interpolate.js';
import {
  compareText,
  entriesOf,
  flagAt,
  itemsOf,
  textAt,
  textOf,
  textsOf,
  uniqueTexts,
  verbatimAt,
} from '../../normalize/normalizeContext.js';
import { projectName } from '../../normalize/normalizeProject.js';
import type { ComposeNode, MappingEntry, MappingNode } from '../../source/composeNode.js';
import { child } from '../../source/composeNode.js';
import type { CanonicalObject } from '../canonicalValue.js';
import { filled } from '../canonicalValue.js';
import { type EraInput, eraDriver, eraTrigger, eraVariables } from './eraInput.js';

/** The normal form of agent-compose while it had sessions and one workspace for the project. */
export function seedForm(root: MappingNode, input: EraInput): CanonicalObject {
  const shared = child(root, 'workspace');
  return {
    ...filled({
      name: projectName(input.context, root),
      variables: eraVariables(input, child(root, 'variables')),
      workspace: shared && workspace(shared),
      agents: [...entriesOf(child(root, 'agents'))]
        .sort((a, b) => compareText(a.key, b.key))
        .map(entry => agent(input, root, entry)),
    }),
    network: { mode: 'default' },
  };
}

function agent(input: EraInput, root: MappingNode, entry: MappingEntry): CanonicalObject {
  const node = withDefaults(entry, child(root, 'defaults'));
  return {
    name: entry.key,
    ...filled({
      provider: textAt(node, 'provider'),
      model: interpolatedAt(input.context, node, 'model'),
      system_prompt: verbatimAt(node, 'system_prompt'),
      image: textAt(node, 'image'),
    }),
    driver: eraDriver(child(node, 'driver')),
    ...filled({
      env: eraVariables(input, child(node, 'env')),
      capset_ids: uniqueTexts(textsOf(child(node, 'capset_ids'))),
      workspace: ownWorkspace(root, child(node, 'workspace')),
      scheduler: scheduler(child(node, 'scheduler')),
    }),
  };
}

/** Its own, also one that it names in the newer way; the project's stands above. */
function ownWorkspace(root: MappingNode, node: ComposeNode | undefined): CanonicalObject | undefined {
  const name = textAt(node, 'name');
  const named = name === undefined ? undefined : child(child(root, 'workspaces'), name);
  const found = named ?? node;
  return found && workspace(found);
}

/** In the older words: `local`, `branch`, and `path` for where a clone goes. */
function workspace(node: ComposeNode): CanonicalObject | undefined {
  const written = textAt(node, 'provider');
  const provider = written?.toLowerCase() === 'file' ? 'local' : written;
  const known = provider?.toLowerCase();
  if (provider === undefined || (known !== 'local' && known !== 'git')) return undefined;
  return filled({
    provider,
    url: textAt(node, 'url'),
    branch: textAt(node, 'branch') ?? textAt(node, 'ref'),
    path: textAt(node, 'path') ?? (known === 'git' ? textAt(node, 'target') : undefined),
  });
}

function scheduler(node: ComposeNode | undefined): CanonicalObject | undefined {
  if (node?.kind !== 'mapping') return undefined;
  return {
    enabled: flagAt(node, 'enabled', true),
    ...filled({
      script: textOf(child(node, 'script')),
      triggers: itemsOf(child(node, 'triggers')).map(item => eraTrigger(item)),
    }),
  };
}
